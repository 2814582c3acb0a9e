#include "harness/run.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"

enum { LIST_FIRST_CAPACITY = 256 };

const char *world_name(enum world world)
{
    switch (world) {
    case WORLD_SIM: return "sim";
    case WORLD_REAL: return "real";
    }
    assert(false && "no such world");
    return "";
}

void run_init(struct run *run, enum world world, const struct scenario *scenario,
              const struct schedule *schedule, const struct runtime_config *config, uint64_t seed)
{
    *run = (struct run){
        .world = world,
        .scenario = scenario,
        .plan = schedule,
        .schedule = schedule,
        .config = config,
        .seed = seed,
        .answers = mem_alloc(schedule->count, sizeof *run->answers),
    };
    for (size_t i = 0; i < schedule->count; i++) {
        const struct arrival *arrival = &schedule->items[i];
        bool open = i < schedule->open_count; /* a slot has no moment before the run */
        run->answers[i].intended_ns =
            open ? arrival->at_ns + schedule_upload_ns(scenario, arrival) : INSTANT_NEVER;
        run->answers[i].cycle = arrival->cycle;
    }
}

void run_deinit(struct run *run)
{
    if (run == NULL) return;
    schedule_destroy(run->settled);
    mem_free(run->settled);
    mem_free(run->index_of);
    mem_free(run->answers);
    mem_free(run->attempts);
    mem_free(run->path);
    mem_free(run->deliveries);
    mem_free(run->transitions);
    mem_free(run->realised_delays);
    *run = (struct run){ .world = run->world };
}

void run_set_invalid(struct run *run, const char *format, ...)
{
    if (run->invalid) return;
    run->invalid = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->invalid_reason, sizeof run->invalid_reason, format, arguments);
    va_end(arguments);
}

/* Room for one more item of `size` bytes; returns the list, moved perhaps. */
static void *grow(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return list;
    *capacity = *capacity == 0 ? LIST_FIRST_CAPACITY : *capacity * 2;
    return mem_resize(list, *capacity, size);
}

struct run_attempt *run_add_attempt(struct run *run)
{
    run->attempts =
        grow(run->attempts, run->attempt_count, &run->attempt_capacity, sizeof *run->attempts);
    struct run_attempt *attempt = &run->attempts[run->attempt_count++];
    *attempt = (struct run_attempt){ .request = 0 };
    return attempt;
}

struct path_entry *run_add_path(struct run *run)
{
    run->path = grow(run->path, run->path_count, &run->path_capacity, sizeof *run->path);
    struct path_entry *entry = &run->path[run->path_count++];
    *entry = (struct path_entry){ .step = 0 };
    return entry;
}

struct run_delivery *run_add_delivery(struct run *run)
{
    run->deliveries = grow(run->deliveries, run->delivery_count, &run->delivery_capacity,
                           sizeof *run->deliveries);
    struct run_delivery *delivery = &run->deliveries[run->delivery_count++];
    *delivery = (struct run_delivery){ .request = UINT32_MAX, .phase = UINT32_MAX };
    return delivery;
}

struct breaker_transition *run_add_transition(struct run *run)
{
    run->transitions = grow(run->transitions, run->transition_count, &run->transition_capacity,
                            sizeof *run->transitions);
    struct breaker_transition *transition = &run->transitions[run->transition_count++];
    *transition = (struct breaker_transition){ .at = 0 };
    return transition;
}

uint64_t run_latency_ns(const struct run_answer *answer)
{
    if (!answer->answered) return INSTANT_NEVER;
    return instant_until(answer->done_ns, answer->intended_ns);
}

bool run_outwaited(const struct run_answer *answer, uint64_t limit_ns)
{
    return answer->hung_up && instant_until(answer->done_ns, answer->intended_ns) > limit_ns;
}

uint64_t run_latency_quantile_ns(const struct run *run, const bool *keep, uint32_t quantile_ppm)
{
    uint64_t *latencies = mem_alloc(run->schedule->count, sizeof *latencies);
    size_t count = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (keep == NULL || keep[i]) latencies[count++] = run_latency_ns(&run->answers[i]);
    }
    uint64_t quantile_ns = 0;
    if (count > 0) {
        sort_u64(latencies, count);
        uint64_t rank = ((uint64_t)count * quantile_ppm + 999999) / 1000000;
        quantile_ns = latencies[rank == 0 ? 0 : rank - 1];
    }
    mem_free(latencies);
    return quantile_ns;
}
