#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H
/* Deadlines of many things: an indexed binary heap. Each thing is a number below `capacity` and has
 * at most one deadline. Equal deadlines come out first-set, first-out (as libuv's timers do). */

#include <stdint.h>

#include "base/instant.h"

struct timers {
    uint32_t capacity;
    uint32_t count;
    uint64_t sequence;     /* ties: the smaller was set earlier */
    uint32_t *heap;        /* owned: ids */
    uint32_t *position;    /* owned: id -> place in heap + 1; 0: not set */
    instant_ns *deadline;  /* owned: by id */
    uint64_t *order;       /* owned: by id */
};

#define TIMERS_NONE UINT32_MAX

void timers_init(struct timers *timers, uint32_t capacity);
void timers_deinit(struct timers *timers);
/* Sets or moves the deadline of `id`; INSTANT_NEVER clears it. */
void timers_set(struct timers *timers, uint32_t id, instant_ns deadline);
void timers_clear(struct timers *timers, uint32_t id);
/* The deadline of `id`, INSTANT_NEVER when it has none. */
instant_ns timers_at(const struct timers *timers, uint32_t id);
/* The earliest deadline, INSTANT_NEVER when there is none. */
instant_ns timers_next(const struct timers *timers);
/* Takes out the earliest id whose deadline is <= now; TIMERS_NONE when none is due. */
uint32_t timers_pop(struct timers *timers, instant_ns now);

#endif
