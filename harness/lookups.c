#include "harness/lookups.h"

#include "base/mem.h"
#include "base/sort.h"

void lookups_init(struct lookups *lookups, const struct run *run)
{
    uint32_t calls_max = run->config->engine.calls_max;
    *lookups = (struct lookups){
        .run = run,
        .asked_ns = mem_alloc(calls_max, sizeof *lookups->asked_ns),
    };
    for (uint32_t i = 0; i < calls_max; i++) lookups->asked_ns[i] = INSTANT_NEVER;
}

void lookups_asked(struct lookups *lookups, uint64_t call, uint64_t at_ns)
{
    const struct redis_phase *phase = redis_story_phase_at(&lookups->run->scenario->redis, at_ns);
    bool hangs = phase != NULL && phase->effect == REDIS_HANG;
    if (call >= lookups->run->config->engine.calls_max) return; /* a trace that is not ours */
    lookups->asked_ns[call] = hangs ? INSTANT_NEVER : at_ns;
}

void lookups_answered(struct lookups *lookups, uint64_t call, uint64_t at_ns)
{
    if (call >= lookups->run->config->engine.calls_max) return;
    if (lookups->asked_ns[call] == INSTANT_NEVER) return;
    if (lookups->count == lookups->capacity) {
        lookups->capacity = lookups->capacity == 0 ? 256 : 2 * lookups->capacity;
        lookups->took_ns =
            mem_resize(lookups->took_ns, lookups->capacity, sizeof *lookups->took_ns);
    }
    lookups->took_ns[lookups->count++] = instant_until(at_ns, lookups->asked_ns[call]);
    lookups->asked_ns[call] = INSTANT_NEVER;
}

uint64_t lookups_finish(struct lookups *lookups)
{
    size_t count = lookups->count;
    uint64_t p99_ns = 0;
    if (count > 0) {
        sort_u64(lookups->took_ns, count);
        p99_ns = lookups->took_ns[(count * 99 + 99) / 100 - 1];
    }
    mem_free(lookups->took_ns);
    mem_free(lookups->asked_ns);
    return p99_ns;
}
