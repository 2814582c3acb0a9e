#ifndef CORE_FLIGHTS_H
#define CORE_FLIGHTS_H
/* Single flight: which keys are being asked for upstream just now, by which call (the leader), and
 * which calls wait for the outcome (first come, first served). All memory is taken at init, every
 * operation but a hash lookup is O(1).
 *
 *     start(key, 3) -> flight 0;  join(0, 7), join(0, 9)
 *     land(0, FLIGHT_OK): the key is free for another flight; pop() -> 7, then 9, each with what
 *     flight 0 ended with; then flight 0 is gone */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/cache.h"
#include "core/taxonomy.h"

#define FLIGHT_NONE UINT32_MAX

enum flight_end {
    FLIGHT_OK,     /* the answer lies in the cache, if it could be kept */
    FLIGHT_FAILED, /* no answer: `cause` */
};

struct flight_result {
    enum flight_end end;
    enum code cause;
    instant_ns at;
};

struct flight {
    struct cache_key key;
    struct flight_result result; /* once landed */
    bool landed;
    uint32_t first, last; /* waiting calls, FLIGHT_NONE when there is none */
    uint32_t next;        /* flight + 1: in the air of one bucket, landed of the queue, or free */
    uint32_t prev;        /* flight + 1: of the queue of the landed */
};

struct flights {
    struct flight *items;    /* owned: each has a leader or a waiter, so calls_max are enough */
    uint32_t *buckets;       /* owned: flight + 1; 0: empty */
    uint32_t *next, *prev;   /* owned: links of waiting calls, by call id */
    uint32_t bucket_mask;
    uint32_t used;           /* items touched so far */
    uint32_t free;           /* flight + 1 */
    uint32_t landed_first, landed_last; /* flight + 1 */
    uint32_t waiting;        /* calls */
};

void flights_init(struct flights *flights, uint32_t calls_max);
void flights_deinit(struct flights *flights);

/* The flight of `key` that is in the air; FLIGHT_NONE when there is none. */
uint32_t flights_find(const struct flights *flights, const struct cache_key *key);
/* A new flight; there is none in the air for `key`. */
uint32_t flights_start(struct flights *flights, const struct cache_key *key);
/* `call` waits for a flight in the air. */
void flights_join(struct flights *flights, uint32_t flight, uint32_t call);
/* `call` stops waiting, whether its flight has landed or not. */
void flights_leave(struct flights *flights, uint32_t flight, uint32_t call);
/* The leader has ended; its waiters can be popped. */
void flights_land(struct flights *flights, uint32_t flight, struct flight_result result);
/* The leader has gone away: takes the first waiter out, who leads from now on; FLIGHT_NONE when
 * there is none, and then the flight is gone. */
uint32_t flights_promote(struct flights *flights, uint32_t flight);
/* Whether flights_pop() has something to give. */
bool flights_has_landed(const struct flights *flights);
/* The next call that waited for a landed flight; FLIGHT_NONE when there is none. */
uint32_t flights_pop(struct flights *flights, struct flight_result *result);

#endif
