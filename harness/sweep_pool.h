#ifndef HARNESS_SWEEP_POOL_H
#define HARNESS_SWEEP_POOL_H
/* Tries many points, spread over processes. Each process takes the next task when it has finished
 * one and leaves its measures in shared memory; the parent keeps them, in the journal too, as they
 * come. What is found does not depend on how many there are: measures are kept by point and block.
 *
 * Processes and not threads, because then a simulation that crashes says which point and scenario
 * did it, and nothing in the engine has to be safe for threads. With one job all is done in this
 * process. */

#include "harness/sweep_store.h"

struct sweep_task {
    const struct sweep_point *point; /* borrowed */
    const uint32_t *blocks;          /* borrowed; those that the store has already are left out */
    size_t block_count;
    bool stop_early; /* the blocks behind the first that is not feasible are left out */
};

struct sweep_pool {
    struct sweep_world *world; /* borrowed */
    struct sweep_store *store; /* borrowed */
    unsigned jobs;
    void (*on_done)(void *context, size_t tries); /* so many more measures; NULL: nobody asks */
    void (*on_turn)(void *context);               /* several times a second */
    void *context;
};

/* Fails when a journal cannot be written, a process dies, or the sweep is interrupted (interrupt.h:
 * ERR_LIMIT). */
MUST_USE enum err sweep_pool_run(const struct sweep_pool *pool, const struct sweep_task *tasks,
                                 size_t count, struct err_note *note);
/* How many measures the store does not have yet. */
size_t sweep_pool_missing(const struct sweep_pool *pool, const struct sweep_task *tasks,
                          size_t count);

#endif
