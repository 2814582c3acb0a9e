#ifndef HARNESS_VERDICT_BREAKER_H
#define HARNESS_VERDICT_BREAKER_H
/* What an expectation of the breaker's path is about. */

#include "harness/run.h"

struct breaker_span {
    enum breaker_state begins; /* the state in which the window finds it */
    size_t first, count;       /* of run->transitions */
};

/* Without a window: all of the run, from closed. */
struct breaker_span breaker_span_of(const struct run *run, const struct expect *expect);

#endif
