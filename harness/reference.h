#ifndef HARNESS_REFERENCE_H
#define HARNESS_REFERENCE_H
/* The guide a second time: what an attempt's outcome means, how long a backoff may be, and when the
 * breaker has to move. Written from the guide's text alone and never calling core's policies, so
 * that a mistake in those (or a change made on purpose) cannot hide in the judge as well. */

#include "harness/run.h"

struct reference_rule {
    enum code code;       /* guide 7: its class */
    bool retryable;       /* guide 2.2 */
    enum verdict verdict; /* what the breaker hears */
};

const struct reference_rule *reference_outcome(enum outcome outcome);

/* Guide 2.2: min(cap, base * 2^retry); `retry` is 0 for the first retry. */
uint64_t reference_backoff_ceiling_ns(const struct backoff_config *config, uint32_t retry);

/* How exact the times of a run are. */
struct reference_tolerance {
    uint64_t order_ns; /* two moments closer than this may have come in either order; sim: 0 */
    uint64_t timer_ns; /* a timer may fire this much too late; sim: 0 */
};

struct reference_finding {
    bool wrong;
    char sentence[320]; /* which transition, what was due instead */
    uint32_t request;   /* that shows it; UINT32_MAX: none */
};

/* The breaker as an automaton (guide 4), fed with the run's attempts, each of known start: every
 * observed transition must have been due, and none may be missing. An attempt counts in the state
 * in which it started, which is what a permit's generation means. The window is exact; the breaker
 * may forget by whole thirtieths of it, so a rule must hold for the longest window to be allowed,
 * and for the shortest to be missed.
 *
 * Example (N = 3): failures at 1 s, 2 s and 3 s and no transition then: "the breaker did not open
 * at 3.000 s, where the count rule was true: ..." */
void reference_breaker_check(const struct run *run, struct reference_tolerance tolerance,
                             struct reference_finding *out);

#endif
