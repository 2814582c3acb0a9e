#include "runtime/workers.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum {
    METRICS_WORDS = sizeof(struct metrics) / sizeof(uint64_t),
    GAUGES_WORDS = (sizeof(struct metrics_gauges) + 7) / 8,
    CONFIG_READS_MAX = 64, /* a torn copy needs two reloads while it is made */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not be shared between processes");

struct worker_slot {
    _Atomic uint64_t ready; /* 1: its process serves */
    _Atomic uint64_t metrics[METRICS_WORDS];
    _Atomic uint64_t gauges[GAUGES_WORDS];
};

struct workers {
    uint32_t count;
    _Atomic uint64_t restarts;
    _Atomic uint64_t reloads[METRICS_RELOAD_COUNT];
    /* `configs[version % 2]` is the one of now; the other is written before it is. */
    _Atomic uint64_t version;
    struct runtime_config configs[2];
    struct worker_slot slots[WORKERS_MAX];
};

static void put_words(_Atomic uint64_t *to, const uint64_t *from, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        atomic_store_explicit(&to[i], from[i], memory_order_relaxed);
    }
}

static void get_words(uint64_t *to, const _Atomic uint64_t *from, size_t words)
{
    for (size_t i = 0; i < words; i++) to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

struct workers *workers_create(uint32_t count, const struct runtime_config *config)
{
    assert(count >= 1);
    assert(count <= WORKERS_MAX);
    struct workers *workers = mmap(NULL, sizeof *workers, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers == MAP_FAILED) return NULL;
    workers->count = count;
    workers->configs[0] = *config;
    return workers;
}

void workers_destroy(struct workers *workers)
{
    if (workers != NULL) (void)munmap(workers, sizeof *workers);
}

static struct worker_slot *slot_of(struct workers *workers, uint32_t worker)
{
    assert(worker < workers->count);
    return &workers->slots[worker];
}

static struct metrics_gauges get_gauges(const struct worker_slot *slot)
{
    uint64_t words[GAUGES_WORDS];
    struct metrics_gauges gauges;
    get_words(words, slot->gauges, GAUGES_WORDS);
    memcpy(&gauges, words, sizeof gauges);
    return gauges;
}

static void put_gauges(struct worker_slot *slot, const struct metrics_gauges *gauges)
{
    uint64_t words[GAUGES_WORDS] = { 0 };
    memcpy(words, gauges, sizeof *gauges);
    put_words(slot->gauges, words, GAUGES_WORDS);
}

void workers_on_ready(struct workers *workers, uint32_t worker)
{
    atomic_store(&slot_of(workers, worker)->ready, 1);
}

void workers_on_end(struct workers *workers, uint32_t worker)
{
    struct worker_slot *slot = slot_of(workers, worker);
    atomic_store(&slot->ready, 0);
    struct metrics_gauges left = get_gauges(slot);
    metrics_gauges_keep_counters(&left);
    put_gauges(slot, &left);
}

void workers_count_restart(struct workers *workers)
{
    atomic_fetch_add(&workers->restarts, 1);
}

void workers_count_reload(struct workers *workers, enum metrics_reload result)
{
    atomic_fetch_add(&workers->reloads[result], 1);
}

void workers_set_config(struct workers *workers, const struct runtime_config *config)
{
    uint64_t next = atomic_load(&workers->version) + 1;
    workers->configs[next % 2] = *config;
    atomic_store(&workers->version, next);
}

uint64_t workers_get_config(const struct workers *workers, struct runtime_config *out)
{
    for (int reads = 0; reads < CONFIG_READS_MAX; reads++) {
        uint64_t version = atomic_load(&workers->version);
        *out = workers->configs[version % 2];
        if (atomic_load(&workers->version) == version) return version;
    }
    assert(false && "nobody reloads that often");
    return 0;
}

void workers_adopt(const struct workers *workers, uint32_t worker, struct metrics *metrics,
                   struct metrics_gauges *before)
{
    assert(worker < workers->count);
    uint64_t words[METRICS_WORDS];
    get_words(words, workers->slots[worker].metrics, METRICS_WORDS);
    memcpy(metrics, words, sizeof *metrics);
    *before = get_gauges(&workers->slots[worker]);
    metrics_gauges_keep_counters(before);
}

void workers_publish(struct workers *workers, uint32_t worker, const struct metrics *metrics,
                     const struct metrics_gauges *gauges)
{
    struct worker_slot *slot = slot_of(workers, worker);
    put_words(slot->metrics, (const uint64_t *)metrics, METRICS_WORDS);
    put_gauges(slot, gauges);
}

void workers_sum(const struct workers *workers, struct metrics *metrics,
                 struct metrics_gauges *gauges, struct metrics_workers *page)
{
    uint64_t *sum = (uint64_t *)metrics;
    *metrics = (struct metrics){ .breaker_open = 0 };
    *gauges = (struct metrics_gauges){ .stale_sockets = 0 };
    *page = (struct metrics_workers){ .count = workers->count };
    for (uint32_t i = 0; i < workers->count; i++) {
        const struct worker_slot *slot = &workers->slots[i];
        uint64_t words[METRICS_WORDS];
        get_words(words, slot->metrics, METRICS_WORDS);
        for (size_t j = 0; j < METRICS_WORDS; j++) sum[j] += words[j];
        struct metrics_gauges more = get_gauges(slot);
        metrics_gauges_add(gauges, &more);
        page->breakers[i] = more.engine.breaker;
        page->pids[i] = (pid_t)more.pid;
        page->ready[i] = atomic_load(&slot->ready) == 1;
    }
    page->restarts = atomic_load(&workers->restarts);
    for (unsigned i = 0; i < METRICS_RELOAD_COUNT; i++) {
        metrics->reloads[i] += atomic_load(&workers->reloads[i]);
    }
}
