#ifndef HARNESS_AUDIT_H
#define HARNESS_AUDIT_H
/* Whether a run can be judged at all: were the faults and delays those that the scenario asks for?
 * If not, the run is INVALID, which says nothing about the service.
 *
 *   shares  of the attempts that a fault was meant for, it must have hit its share: the exact
 *           binomial test, with a chance of one in a million to blame a good run on either side. A
 *           share of 100 % must have hit all; `exact_share` and the counting rules exactly theirs.
 *           Attempts are not a fixed number (a breaker that opens ends them), but each one's draw
 *           is
 *           its own, so stopping bends nothing.
 *   delays  a reply may be AUDIT_LATE_NS later than asked; when it is certain (1 %) that more than
 *           5 % of them were later, so that a p95 says more of the machine than of the service, the
 *           run is INVALID. It counts as lagged and is played again. In the simulation nothing may
 *           be late at all.
 *
 *           The delay that the upstream meant must be the one that is drawn for that attempt, to
 *           the nanosecond, and what was drawn must follow the distribution that was asked for:
 *           p50, p90 and p99 of the latency and of each fault that delays
 *           (scenario/realised_delay.h).
 *
 * The simulation is audited alike: its plans come from the same code, its schedule from another. */

#include "harness/run.h"
#include "scenario/plan_state.h"

#define AUDIT_LATE_NS (10 * NS_PER_MS)

/* How a fault was met. */
struct audit_fault {
    bool known;        /* its share can be told: no token bucket, no cold start, not at connect */
    uint64_t eligible; /* attempts it was meant for */
    uint64_t hit;
};

/* `phase` and `fault` are indices. */
struct audit_fault audit_fault(const struct run *run, size_t phase, size_t fault);

/* What the upstream would do to the first attempts of requests, had each made one, in the order of
 * the requests. */
struct audit_asking {
    const struct run *run;    /* borrowed */
    struct plan_state *state; /* owned */
};
struct audit_asking audit_asking_begin(const struct run *run);
/* Whether the fault would fire on that of `request`, which has been intended. To be asked of each
 * request at most once. */
bool audit_asking_fires(const struct audit_asking *asking, uint32_t request, size_t phase,
                        size_t fault);
void audit_asking_end(struct audit_asking *asking);

/* Makes `run` invalid when something is wrong with it. To be called once it is complete. */
void audit_run(struct run *run);

#endif
