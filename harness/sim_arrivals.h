#ifndef HARNESS_SIM_ARRIVALS_H
#define HARNESS_SIM_ARRIVALS_H
/* When requests reach the simulated runtime: when scenario/pace.h says that they are sent, and
 * later by a slow upload and by the parity check's jitter. */

#include "base/timers.h"
#include "harness/sim.h"
#include "scenario/pace.h"

/* How much later than it would an event comes: a keyed draw up to `jitter_ns`, or up to
 * options->stall_ns when it stalls. */
uint64_t sim_late_ns(const struct sim_options *options, uint64_t stream, uint64_t subject,
                     uint64_t number, uint64_t jitter_ns);

struct sim_arrival;

struct sim_arrivals {
    struct run *run;                   /* borrowed: intended and sent are filled in */
    const struct sim_options *options; /* borrowed */
    struct pace pace;                  /* owned */
    bool delayed;                      /* some arrive later than they are sent */
    struct sim_arrival *open;          /* owned: the open loops', in order; only when delayed */
    size_t next_open;
    struct timers on_way; /* owned: by lane; only when delayed and paced */
};

void sim_arrivals_init(struct sim_arrivals *arrivals, struct run *run,
                       const struct sim_options *options);
void sim_arrivals_deinit(struct sim_arrivals *arrivals);
/* When sim_arrivals_take() has something to do; INSTANT_NEVER when nothing is to come by itself. */
instant_ns sim_arrivals_next(const struct sim_arrivals *arrivals);
/* The request that arrives at sim_arrivals_next(), which is `now`; UINT32_MAX when one was only
 * sent then. */
uint32_t sim_arrivals_take(struct sim_arrivals *arrivals, instant_ns now);
/* The client has its answer, or has left, at `at`, which may lie ahead. */
void sim_arrivals_done(struct sim_arrivals *arrivals, uint32_t request, instant_ns at);

#endif
