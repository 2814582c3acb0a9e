#include "net/redis_patience.h"

#include "base/instant.h"

/* Whole milliseconds, rounded up: libuv's timers have no others. */
static void set_timer(struct redis_patience *patience, uint64_t wait_ns)
{
    patience->overdue = false;
    patience->wait_ms = (wait_ns + NS_PER_MS - 1) / NS_PER_MS;
}

static void wait_for_try(struct redis_patience *patience, uint64_t wait_ns)
{
    patience->state = REDIS_STATE_WAITING;
    set_timer(patience, wait_ns);
}

void redis_patience_begin(struct redis_patience *patience, uint64_t connect_timeout_ns)
{
    *patience = (struct redis_patience){ .connect_timeout_ns = connect_timeout_ns };
    wait_for_try(patience, 0);
}

void redis_patience_try(struct redis_patience *patience)
{
    patience->state = REDIS_STATE_RESOLVING;
    set_timer(patience, patience->connect_timeout_ns);
}

void redis_patience_connect(struct redis_patience *patience)
{
    patience->state = REDIS_STATE_CONNECTING;
}

void redis_patience_watch(struct redis_patience *patience, uint32_t inflight)
{
    if (inflight > 0) {
        set_timer(patience, patience->connect_timeout_ns);
    } else {
        patience->overdue = false;
        patience->wait_ms = REDIS_WAIT_NONE;
    }
}

void redis_patience_greeted(struct redis_patience *patience)
{
    patience->state = REDIS_STATE_READY;
    patience->failures = 0;
    redis_patience_watch(patience, 0);
}

uint32_t redis_patience_count_failure(struct redis_patience *patience)
{
    if (patience->failures < UINT32_MAX) patience->failures++;
    return patience->failures;
}

void redis_patience_fail(struct redis_patience *patience, uint64_t wait_ns)
{
    wait_for_try(patience, wait_ns);
}

enum redis_move redis_patience_on_timer(struct redis_patience *patience)
{
    if (patience->state == REDIS_STATE_WAITING) return REDIS_MOVE_TRY;
    if (patience->overdue) return REDIS_MOVE_GIVE_UP;
    set_timer(patience, NS_PER_MS);
    patience->overdue = true;
    return REDIS_MOVE_NONE;
}

bool redis_patience_admits(const struct redis_patience *patience, uint32_t inflight,
                           uint32_t inflight_max)
{
    return patience->state == REDIS_STATE_READY && inflight < inflight_max;
}
