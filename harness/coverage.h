#ifndef HARNESS_COVERAGE_H
#define HARNESS_COVERAGE_H
/* Behaviour coverage: which behaviours of the service the runs of a suite have reached, and which
 * not, by name. A list of groups, each with its items:
 *
 *     code          each code of the taxonomy, as an answer's code or its cause
 *     served        what an answer was: cache, upstream, stale, baseline, error
 *     outcome       how an attempt ended
 *     attempt       how many attempts a request came to: "1st", "2nd", ... up to the most that any
 *                   scenario's retry_count allows
 *     breaker       each transition by its rule: "closed > open, count"
 *     chain         each word that a path can have
 *     cache         the state of the entry that was looked up
 *     fault         each effect, each wrong answer, each malformed framing that fired upstream
 *     fault x position     each effect that has a choice, at each part of the exchange: "reset at
 *                   response_body"
 *     cause x served       what a request got, by why it got no forecast: "CIRCUIT_OPEN > stale"
 *     breaker x cache      the breaker's state when a request was answered, by the cache's
 *     fault on a retry     each effect on another attempt than a request's first
 *
 * What cannot be (a code that is only ever a code and never a cause, say) is no item, and what no
 * scenario can ask for is one only when it was reached all the same (coverage_excuses()). Invalid
 * runs reach nothing. The share is over all items alike.
 *
 * gcovr's figures stand beside it when there are some (coverage_code_read()). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct suite;

struct coverage_item {
    const char *group; /* borrowed: static, or of an arena */
    const char *name;
    uint64_t count;     /* requests, attempts, ... that reached it; 0: not reached */
    uint32_t scenarios; /* so many scenarios did */
};

struct coverage {
    struct coverage_item *items; /* owned; group by group */
    size_t count;                /* 0: not known */
    size_t reached;
    /* Of the program's own tests, in thousandths, when gcovr's report was found. */
    bool has_code;
    uint32_t line_permille, branch_permille;
    uint64_t lines_valid, branches_valid;
};

/* What no scenario can ask for, and why. */
struct coverage_excuse {
    const char *group, *name, *reason; /* static */
};
const struct coverage_excuse *coverage_excuses(size_t *count);

/* Of all runs in the suite; released by coverage_deinit(). Needs the faults as parsed, so it is
 * made before result.json is written and read back from there. */
void coverage_make(struct coverage *out, const struct suite *suite);
/* The same of a suite that holds each scenario `runs` times, one after another: counts are over all
 * of them, and they are one scenario. */
void coverage_make_repeated(struct coverage *out, const struct suite *suite, uint32_t runs);
void coverage_deinit(struct coverage *coverage);

/* 100 * reached / count, rounded down to a thousandth part: 913 of 1,000 is 91.3 %. */
uint32_t coverage_permille(const struct coverage *coverage);

/* Line and branch rates out of a Cobertura report, as gcovr writes it. False: it is none. */
bool coverage_code_parse(const char *text, struct coverage *out);
/* The same of a file; nothing happens when it is not there or is no report. */
void coverage_code_read(const char *path, struct coverage *out);

#endif
