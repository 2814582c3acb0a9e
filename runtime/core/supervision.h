#ifndef CORE_SUPERVISION_H
#define CORE_SUPERVISION_H
/* When a worker process that ended is started again, and when to give up.
 *
 *     STOPPED --due--> started --its loop turns--> ready --ends--> STOPPED, due later
 *
 * The wait is exponential with full jitter (core/backoff.h), by how often in a row it ended; a life
 * of `steady_ns` after it was ready forgets that row. An end is early when the worker was not ready
 * yet, or not for `early_ns`: after `early_max` of them in a row nobody should wait for it any
 * longer. A worker that was never ready and refuses to start (it has said why) is given up at once:
 * what is wrong with its settings will be wrong again.
 *
 * Example, base 100 ms, early_max 5: killed after a minute: again after 0 .. 100 ms. Crashes while
 * it starts: again after 0 .. 100, 0 .. 200, 0 .. 400, 0 .. 800 ms, then give up. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/backoff.h"

struct supervision_config {
    uint64_t seed;               /* of the waits */
    struct backoff_config backoff;
    uint64_t steady_ns;
    uint64_t early_ns;
    uint32_t early_max; /* >= 1 */
};

enum supervised_end {
    SUPERVISED_CRASHED, /* by a signal, or in a way that says nothing */
    SUPERVISED_REFUSED, /* it ended by itself with an exit code that says that it cannot run */
};

struct supervised {
    uint64_t key;   /* of its draws: the worker's number */
    bool running;
    bool ready;     /* in this life */
    bool was_ready; /* in any life */
    instant_ns ready_at;
    uint32_t ends;  /* in a row */
    uint32_t early; /* in a row */
    instant_ns due; /* STOPPED: when to start it */
};

/* STOPPED, due at once. */
void supervised_init(struct supervised *worker, uint64_t key);
void supervised_start(struct supervised *worker);
void supervised_on_ready(struct supervised *worker, instant_ns now);
/* It ended. False: give up; else it is due again at `due`. */
bool supervised_on_end(struct supervised *worker, const struct supervision_config *config,
                       enum supervised_end end, instant_ns now);

#endif
