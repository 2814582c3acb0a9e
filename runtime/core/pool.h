#ifndef CORE_POOL_H
#define CORE_POOL_H
/* Admission to the upstream: at most `connections_max` attempts at once; the rest waits in a FIFO
 * of at most `queue_max` calls (guide 3). A waiter's deadline is the engine's affair; one that
 * gives up leaves from the middle of the queue. libcurl never queues: its limit lies above ours.
 *
 * Example, one connection and a queue of one: ask(7) GRANTED, ask(8) WAIT, ask(9) FULL; release,
 * grant -> 8. */

#include <stdbool.h>
#include <stdint.h>

struct pool_config {
    uint32_t connections_max; /* >= 1 */
    uint32_t queue_max;       /* 0: nobody waits */
};

enum pool_answer { POOL_GRANTED, POOL_WAIT, POOL_FULL };

#define POOL_NOBODY UINT32_MAX

struct pool {
    const struct pool_config *config; /* borrowed */
    uint32_t in_use;
    uint32_t waiting;
    uint32_t head, tail;   /* call ids, POOL_NOBODY when empty */
    uint32_t *next, *prev; /* owned: links by call id */
    bool *queued;          /* owned: by call id */
};

/* `config` is borrowed; call ids are below `calls_max`. */
void pool_init(struct pool *pool, const struct pool_config *config, uint32_t calls_max);
void pool_deinit(struct pool *pool);
/* Asks for a place for `call`. A waiter in the queue always goes before a newcomer. */
enum pool_answer pool_ask(struct pool *pool, uint32_t call);
/* Gives a place back. */
void pool_release(struct pool *pool);
/* `call` stops waiting (its deadline passed, its client left). */
void pool_leave(struct pool *pool, uint32_t call);
/* Whether a place is free and someone waits. */
bool pool_can_grant(const struct pool *pool);
/* Takes the first waiter out and gives it the free place; POOL_NOBODY when there is none. */
uint32_t pool_grant(struct pool *pool);

#endif
