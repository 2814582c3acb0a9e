#ifndef TESTS_SCENARIO_FIXTURE_H
#define TESTS_SCENARIO_FIXTURE_H
/* A valid scenario, and variants of it with one thing changed. */

#include "scenario/scenario.h"

/* The scenario that the header of scenario.h shows. */
extern const char fixture_text[];

/* `fixture_text` with `old` (which occurs once) replaced by `new`. The character '^' in `new` is
 * left out and marks a place: its line and column go to `line` and `column` (0 when there is no
 * mark). Owned by the caller: mem_free(). */
char *fixture_edit(const char *old, const char *new, int *line, int *column);

/* One change that must be refused at the mark, with a sentence that holds `sentence`. */
struct refusal {
    const char *old;
    const char *new; /* with one '^' */
    const char *sentence;
};

/* Fails the test unless every one of them is refused as it says. */
void fixture_check_refusals(const struct refusal *refusals, size_t count);

#endif
