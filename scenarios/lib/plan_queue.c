#include "scenario/plan_queue.h"

#include <assert.h>

#include "base/instant.h"
#include "base/mem.h"

struct plan_queue {
    struct capacity capacity;
    uint64_t *free_at; /* owned: a heap of when each worker is free, the first at its root */
    uint64_t *starts;  /* owned: a ring of when each waiting request begins, in order */
    uint32_t first;    /* of the ring */
    uint32_t waiting;
    uint64_t now_ns;
};

struct plan_queue *plan_queue_create(const struct capacity *capacity)
{
    assert(capacity->workers > 0);
    struct plan_queue *queue = mem_alloc(1, sizeof *queue);
    *queue = (struct plan_queue){
        .capacity = *capacity,
        .free_at = mem_alloc(capacity->workers, sizeof *queue->free_at),
        .starts = mem_alloc((size_t)capacity->queue + 1, sizeof *queue->starts),
    };
    return queue;
}

void plan_queue_destroy(struct plan_queue *queue)
{
    if (queue == NULL) return;
    mem_free(queue->free_at);
    mem_free(queue->starts);
    mem_free(queue);
}

void plan_queue_reset(struct plan_queue *queue)
{
    for (uint32_t i = 0; i < queue->capacity.workers; i++)
        queue->free_at[i] = 0;
    queue->first = 0;
    queue->waiting = 0;
    queue->now_ns = 0;
}

static uint64_t settle(struct plan_queue *queue, uint64_t now_ns)
{
    queue->now_ns = u64_max(queue->now_ns, now_ns);
    while (queue->waiting > 0 && queue->starts[queue->first] <= queue->now_ns) {
        queue->first = (queue->first + 1) % (queue->capacity.queue + 1);
        queue->waiting--;
    }
    return queue->now_ns;
}

bool plan_queue_is_full(struct plan_queue *queue, uint64_t now_ns)
{
    uint64_t now = settle(queue, now_ns);
    return queue->free_at[0] > now && queue->waiting == queue->capacity.queue;
}

/* The root has grown: down to its place. */
static void sink(uint64_t *heap, uint32_t count)
{
    uint64_t value = heap[0];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
}

uint64_t plan_queue_take(struct plan_queue *queue, uint64_t now_ns, uint64_t service_ns)
{
    uint64_t now = settle(queue, now_ns);
    uint64_t begin = u64_max(now, queue->free_at[0]);
    queue->free_at[0] = instant_add(begin, service_ns);
    sink(queue->free_at, queue->capacity.workers);
    if (begin > now) {
        assert(queue->waiting < queue->capacity.queue);
        uint32_t at = (queue->first + queue->waiting) % (queue->capacity.queue + 1);
        queue->starts[at] = begin;
        queue->waiting++;
    }
    /* Waiting counts from when this request came, although others may have come later. */
    return begin - now;
}
