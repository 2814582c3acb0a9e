#ifndef HARNESS_SIM_H
#define HARNESS_SIM_H
/* The simulated world: the production engine and the same reply plans, with a queue and a number
 * instead of sockets and a clock. One scenario is one call; nothing is shared.
 *
 * What is modelled: connection set-up and transport as two constants (below), the upstream's plan,
 * every timer of the engine, and the second-level cache of a scenario that has one (sim_redis.h;
 * else it is off, whatever the configuration says). What is not: CPU time, kernel queues, DNS, TLS.
 *
 * The order of events is fixed: the earlier first; of one instant, what the second level does, then
 * the upstream (first begun, first come), then an arrival, then the engine's timers. */

#include "base/buf.h"
#include "base/err.h"
#include "harness/run.h"

enum {
    SIM_CONNECT_NS = 100 * 1000,   /* an attempt's start until it is connected and sent */
    SIM_TRANSPORT_NS = 200 * 1000, /* a plan step until the runtime has seen it; answer to client */
};

/* How the parity check finds requests whose fate hangs on a few milliseconds. */
struct sim_options {
    uint64_t arrival_jitter_ns; /* each request reaches the runtime up to this much later, */
    uint64_t
        reply_jitter_ns; /* and each attempt's reply comes up to this much later: keyed draws */
    uint64_t stall_ns; /* one in SIM_STALL_ONE_IN of both is up to this much later instead */
    uint64_t jitter_seed;
    /* Asked at every event: the signal that wants it to end (interrupt.h), 0: none. It is broken
     * off there, which leaves a run that is not complete. NULL: it goes on to its end. */
    int (*interrupt)(void);
};

enum { SIM_STALL_ONE_IN = 100 };

/* Fills `out` (initialised by run_init with WORLD_SIM). Fails only when the scenario's requests are
 * not valid for the configuration. `trace`, when not NULL, gets what a runtime's trace holds,
 * without an end mark. */
MUST_USE enum err sim_run(struct run *out, const struct sim_options *options, struct buf *trace,
                          struct err_note *note);

/* The same in two halves, for many simulations of one scenario and configuration: what its requests
 * are (parsing them costs more than simulating them), and the simulation itself. */
struct sim_requests;

/* NULL when a request is not valid for the configuration: then `note` says which and why. Only the
 * scenario, schedule and configuration of `run` are looked at. */
struct sim_requests *sim_requests_create(const struct run *run, struct err_note *note);
void sim_requests_destroy(struct sim_requests *requests);
/* `requests` were made for the same scenario, schedule and configuration. */
void sim_play(struct run *out, const struct sim_requests *requests,
              const struct sim_options *options, struct buf *trace);

#endif
