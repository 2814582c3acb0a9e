#include "base/timers.h"

#include <assert.h>
#include <stdbool.h>

#include "base/mem.h"

void timers_init(struct timers *timers, uint32_t capacity)
{
    *timers = (struct timers){
        .capacity = capacity,
        .heap = mem_alloc(capacity, sizeof(uint32_t)),
        .position = mem_alloc(capacity, sizeof(uint32_t)),
        .deadline = mem_alloc(capacity, sizeof(instant_ns)),
        .order = mem_alloc(capacity, sizeof(uint64_t)),
    };
}

void timers_deinit(struct timers *timers)
{
    mem_free(timers->heap);
    mem_free(timers->position);
    mem_free(timers->deadline);
    mem_free(timers->order);
    *timers = (struct timers){ .capacity = 0 };
}

static bool timers_before(const struct timers *timers, uint32_t a, uint32_t b)
{
    if (timers->deadline[a] != timers->deadline[b]) {
        return timers->deadline[a] < timers->deadline[b];
    }
    return timers->order[a] < timers->order[b];
}

static void timers_place(struct timers *timers, uint32_t at, uint32_t id)
{
    timers->heap[at] = id;
    timers->position[id] = at + 1;
}

static void timers_up(struct timers *timers, uint32_t at, uint32_t id)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!timers_before(timers, id, timers->heap[parent])) break;
        timers_place(timers, at, timers->heap[parent]);
        at = parent;
    }
    timers_place(timers, at, id);
}

static void timers_down(struct timers *timers, uint32_t at, uint32_t id)
{
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= timers->count) break;
        if (child + 1 < timers->count &&
            timers_before(timers, timers->heap[child + 1], timers->heap[child])) {
            child++;
        }
        if (!timers_before(timers, timers->heap[child], id)) break;
        timers_place(timers, at, timers->heap[child]);
        at = child;
    }
    timers_place(timers, at, id);
}

void timers_clear(struct timers *timers, uint32_t id)
{
    assert(id < timers->capacity);
    if (timers->position[id] == 0) return;
    uint32_t at = timers->position[id] - 1;
    timers->position[id] = 0;
    uint32_t last = timers->heap[--timers->count];
    if (last == id) return;
    if (at > 0 && timers_before(timers, last, timers->heap[(at - 1) / 2])) {
        timers_up(timers, at, last);
    } else {
        timers_down(timers, at, last);
    }
}

void timers_set(struct timers *timers, uint32_t id, instant_ns deadline)
{
    timers_clear(timers, id);
    if (deadline == INSTANT_NEVER) return;
    timers->deadline[id] = deadline;
    timers->order[id] = timers->sequence++;
    timers_up(timers, timers->count++, id);
}

instant_ns timers_at(const struct timers *timers, uint32_t id)
{
    assert(id < timers->capacity);
    return timers->position[id] == 0 ? INSTANT_NEVER : timers->deadline[id];
}

instant_ns timers_next(const struct timers *timers)
{
    return timers->count == 0 ? INSTANT_NEVER : timers->deadline[timers->heap[0]];
}

uint32_t timers_pop(struct timers *timers, instant_ns now)
{
    if (timers_next(timers) > now || timers->count == 0) return TIMERS_NONE;
    uint32_t id = timers->heap[0];
    timers_clear(timers, id);
    return id;
}
