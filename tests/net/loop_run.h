#ifndef TESTS_NET_LOOP_RUN_H
#define TESTS_NET_LOOP_RUN_H
/* Runs a loop until something is true. The limit only ends a test that hangs. */

#include <assert.h>
#include <stdbool.h>
#include <uv.h>

#include "base/clock.h"

enum { LOOP_RUN_LIMIT_S = 20, LOOP_RUN_TURNS_MAX = 10000000 };

static inline void loop_on_tick(uv_timer_t *tick)
{
    (void)tick;
}

/* True when `done(context)` became true within the limit. */
static inline bool loop_run_until(uv_loop_t *loop, bool (*done)(void *context), void *context)
{
    uv_timer_t tick; /* so that each turn comes back soon */
    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, loop_on_tick, 5, 5);
    instant_ns limit = instant_add(clock_now(), LOOP_RUN_LIMIT_S * NS_PER_S);
    bool reached = false;
    for (int turn = 0; turn < LOOP_RUN_TURNS_MAX; turn++) {
        reached = done(context);
        if (reached || clock_now() > limit) break;
        uv_run(loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return reached;
}

/* Everything must have been closed: runs the loop empty and frees it. */
static inline void loop_finish(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(loop);
    assert(rc == 0);
}

#endif
