#ifndef HARNESS_SIM_REDIS_H
#define HARNESS_SIM_REDIS_H
/* The simulated second level: a Redis server that does what the scenario's `redis` section says,
 * and the runtime's connection to it. The connection's limits and waits are the runtime's own
 * (net/redis_patience.h, core/l2_reconnect.h), and what a value's age makes of it is the engine's
 * cache_state_at(); modelled here is the server: one connection, commands executed and answered in
 * order, each after the scenario's latency.
 *
 *     get at 0, latency 0.2 ms, nothing there:    0.2 ms ENGINE_L2_DONE without a hit
 *     get while there is no connection:           now, the same
 *     put at 1 s, get of that key at 3 s:         3.2 ms later a hit, 2 s old plus the latency
 *
 * While it hangs, commands wait until it is over. A connection that is given up meanwhile leaves
 * the values that it sent in the kernel's buffers, and some of them are executed afterwards: none
 * in this model, all of them in some of the perturbed runs of the parity check. */

#include "base/timers.h"
#include "core/engine.h"
#include "harness/sim.h"
#include "harness/sim_shelf.h"
#include "net/redis_patience.h"

/* One that was sent. */
struct sim_command {
    struct cache_key key;
    instant_ns due;   /* when it is executed and answered */
    instant_ns sent;
    uint32_t call;    /* whose lookup it is; SIM_NOBODY: a put, or given up */
    bool puts;
};

struct sim_redis {
    bool on;
    const struct runtime_config *config; /* borrowed */
    const struct sim_options *options;   /* borrowed */
    uint64_t seed;
    uint64_t latency_stream;
    struct redis_story story;            /* with jitter, as this run plays it */
    struct redis_phase phases[REDIS_PHASES_MAX]; /* of story */
    size_t next_phase;
    struct redis_patience patience;
    uint64_t tries;                      /* to connect */
    instant_ns timer;                    /* patience's */
    instant_ns greeting;                 /* when the try ends; INSTANT_NEVER: it does not */
    bool refused;                        /* it ends in vain */
    struct sim_shelf shelf;              /* owned */
    struct sim_command *ring;            /* owned: inflight_max, the oldest at `head` */
    uint32_t inflight_max, head, count;
    uint64_t oldest;                     /* number of the command at `head` */
    uint64_t *command_of;                /* owned: by call: the number of its command */
    struct timers missed;                /* owned: by call: lookups that end without an answer */
};

#define SIM_NOBODY UINT32_MAX

/* Off, and never asked, when the run's scenario has no redis. */
void sim_redis_init(struct sim_redis *redis, const struct run *run, uint64_t seed,
                    const struct sim_options *options);
void sim_redis_deinit(struct sim_redis *redis);

/* ENGINE_L2_GET. `request_key` is what the latency is drawn by. */
void sim_redis_get(struct sim_redis *redis, uint32_t call, const struct cache_key *key,
                   uint64_t request_key, instant_ns now);
/* ENGINE_L2_CANCEL. */
void sim_redis_cancel(struct sim_redis *redis, uint32_t call);
/* ENGINE_L2_PUT. */
void sim_redis_put(struct sim_redis *redis, const struct cache_key *key, uint64_t request_key,
                   instant_ns now);

/* When something happens next; INSTANT_NEVER: nothing will, or it is off. */
instant_ns sim_redis_next(const struct sim_redis *redis);
/* What happens at sim_redis_next(), which is `now`. True when a lookup is over: then `out` is its
 * ENGINE_L2_DONE (body_bytes is left to the caller). */
bool sim_redis_pop(struct sim_redis *redis, instant_ns now, struct engine_input *out);

#endif
