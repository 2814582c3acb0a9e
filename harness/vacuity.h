#ifndef HARNESS_VACUITY_H
#define HARNESS_VACUITY_H
/* Do a scenario's expectations say anything?
 *
 * Two questions, one without running anything, one by simulation:
 *
 *   can it fail? An expectation that holds in every run that keeps the invariants says nothing.
 *       Runs are made up in which every answer is the same: fresh at once, from the cache, stale as
 *       old as allowed, a baseline, an error, or of the code that is expected; the bad ones as late
 *       as the deadline and after as many attempts as allowed. What passes in all of them can never
 *       fail (order, breaker, backoff and canary.invalid_output always can). A latency gate that is
 *       not even sure when no answer is slow has too few requests: it can never pass. Neither can
 *       one that asks for more answers or attempts of a kind than the run in which all are so has.
 *   do the faults matter? The scenario is simulated with its faults and without them. Then one of
 *       its expectations must fail that did not, or at least one request must be served
 *       differently; else its faults might as well not be there. */

#include "harness/suite.h"

struct vacuity_item {
    bool never_fails;
    bool never_passes;
    bool asks_for_many;  /* of some kind of answer or attempt; else never_passes is a gate's */
    bool fails_without;  /* vacuity_simulate: the verdict is worse without the faults */
    bool untouched;      /* vacuity_simulate: the same verdict and the same figures without them */
};

struct vacuity {
    struct vacuity_item *items; /* owned; by scenario.expects */
    size_t count;
    bool simulated;
    bool has_faults;     /* that a simulation could show */
    size_t failing;      /* expectations that fail without the faults */
    size_t differing;    /* requests that are served differently without them */
};

/* Answers the first question. `item` has its schedule and configuration. */
void vacuity_find(const struct suite_scenario *item, struct vacuity *out);
/* Answers the second too; `out` has been found before. */
MUST_USE enum err vacuity_simulate(const struct suite_scenario *item, struct vacuity *out,
                                   struct err_note *note);
void vacuity_deinit(struct vacuity *vacuity);

/* Whether the scenario would be the same without its faults. */
bool vacuity_is_empty(const struct vacuity *vacuity);

#endif
