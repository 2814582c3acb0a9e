#ifndef HARNESS_REFERENCE_PRIVATE_H
#define HARNESS_REFERENCE_PRIVATE_H
/* What the two halves of the reference breaker share; nobody else includes this.
 *
 *     reference_breaker.c   cuts the run into stays, one per state; OPEN and HALF_OPEN
 *     reference_closed.c    CLOSED: the window and its two rules */

#include "harness/reference.h"

struct referee_result {
    uint64_t started_ns;
    uint64_t finished_ns;
    enum verdict verdict;
    uint32_t request;
};

/* One stay in one state. */
struct referee_stay {
    enum breaker_state state;
    uint64_t from_ns;
    uint64_t to_ns;                       /* INSTANT_NEVER: until the end */
    const struct breaker_transition *end; /* NULL: until the end */
};

struct referee {
    const struct breaker_config *config; /* borrowed */
    struct reference_tolerance tolerance;
    struct referee_result *results; /* owned; by finish */
    size_t count;
    uint64_t longest_ns;            /* of a result, from start to finish */
    struct referee_stay stay;       /* the one that is looked at */
    size_t first, last;             /* results[first .. last-1] finish within it, or near it */
    struct reference_finding *out;  /* borrowed; the first finding stays */
};

void referee_find(struct referee *referee, uint32_t request, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether a moment may, or must, lie within the stay. */
bool referee_may_belong(const struct referee *referee, uint64_t at_ns);
bool referee_must_belong(const struct referee *referee, uint64_t at_ns);
/* Whether the stay ended at about this moment, so that it may be the one that ended it. */
bool referee_may_end(const struct referee *referee, uint64_t at_ns);
double referee_seconds(uint64_t ns);

void referee_check_closed(struct referee *referee);

#endif
