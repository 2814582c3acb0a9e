#include "core/pool.h"

#include <assert.h>

#include "base/mem.h"

void pool_init(struct pool *pool, const struct pool_config *config, uint32_t calls_max)
{
    assert(config->connections_max >= 1);
    *pool = (struct pool){
        .config = config,
        .head = POOL_NOBODY,
        .tail = POOL_NOBODY,
        .next = mem_alloc(calls_max, sizeof(uint32_t)),
        .prev = mem_alloc(calls_max, sizeof(uint32_t)),
        .queued = mem_alloc(calls_max, sizeof(bool)),
    };
}

void pool_deinit(struct pool *pool)
{
    mem_free(pool->next);
    mem_free(pool->prev);
    mem_free(pool->queued);
    *pool = (struct pool){ .head = POOL_NOBODY, .tail = POOL_NOBODY };
}

static void pool_append(struct pool *pool, uint32_t call)
{
    assert(!pool->queued[call]);
    pool->queued[call] = true;
    pool->next[call] = POOL_NOBODY;
    pool->prev[call] = pool->tail;
    if (pool->tail == POOL_NOBODY) {
        pool->head = call;
    } else {
        pool->next[pool->tail] = call;
    }
    pool->tail = call;
    pool->waiting++;
}

enum pool_answer pool_ask(struct pool *pool, uint32_t call)
{
    if (pool->waiting == 0 && pool->in_use < pool->config->connections_max) {
        pool->in_use++;
        return POOL_GRANTED;
    }
    if (pool->waiting >= pool->config->queue_max) return POOL_FULL;
    pool_append(pool, call);
    return POOL_WAIT;
}

void pool_release(struct pool *pool)
{
    assert(pool->in_use > 0);
    pool->in_use--;
}

void pool_leave(struct pool *pool, uint32_t call)
{
    assert(pool->queued[call]);
    uint32_t next = pool->next[call];
    uint32_t prev = pool->prev[call];
    if (prev == POOL_NOBODY) {
        pool->head = next;
    } else {
        pool->next[prev] = next;
    }
    if (next == POOL_NOBODY) {
        pool->tail = prev;
    } else {
        pool->prev[next] = prev;
    }
    pool->queued[call] = false;
    pool->waiting--;
}

bool pool_can_grant(const struct pool *pool)
{
    return pool->waiting > 0 && pool->in_use < pool->config->connections_max;
}

uint32_t pool_grant(struct pool *pool)
{
    if (!pool_can_grant(pool)) return POOL_NOBODY;
    uint32_t call = pool->head;
    pool_leave(pool, call);
    pool->in_use++;
    return call;
}
