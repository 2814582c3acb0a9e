#include "scenario/arrival.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "base/rng.h"

__extension__ typedef unsigned __int128 wide;

/* Nanoseconds per second, times the millionths in which rates are counted. */
#define RATE_SCALE UINT64_C(1000000000000000)

/* One workload's own sequence; the schedule is the merge of these. */
struct source {
    const struct workload *workload; /* borrowed */
    uint32_t number;                 /* of the workload */
    uint64_t index;                  /* of the next arrival, counted in this workload */
    uint64_t at_ns;                  /* of the next arrival; >= workload->to_ns: no more */
    uint64_t *cumulative;            /* owned: Zipf weights added up, NULL when uniform */
};

/* The weight of rank k is k^-s = 2^(-s log2 k). */
static uint64_t *zipf_table(const struct workload *workload)
{
    uint64_t *cumulative = mem_alloc(workload->key_count, sizeof *cumulative);
    uint64_t total = 0;
    for (uint32_t i = 0; i < workload->key_count; i++) {
        wide power = (wide)fixed_log2((uint64_t)i + 1) * workload->zipf_permille / 1000;
        total += fixed_exp2_negative((uint64_t)power);
        cumulative[i] = total;
    }
    return cumulative;
}

static uint32_t draw_key(const struct source *source, uint64_t seed)
{
    const struct workload *workload = source->workload;
    uint64_t uniform = draw(seed, rng_stream("key"), source->number, source->index);
    if (source->cumulative == NULL) return (uint32_t)draw_below(uniform, workload->key_count);
    uint64_t wanted = draw_below(uniform, source->cumulative[workload->key_count - 1]);
    uint32_t low = 0;
    uint32_t high = workload->key_count - 1;
    while (low < high) { /* the first rank whose sum is over `wanted` */
        uint32_t middle = low + (high - low) / 2;
        if (source->cumulative[middle] > wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Sets `at_ns` for arrival number `index`. */
static void source_move(struct source *source, uint64_t seed)
{
    const struct workload *workload = source->workload;
    wide next = 0;
    switch (workload->arrival) {
    case ARRIVAL_CONSTANT: /* from the start each time: no rounding adds up */
        next =
            (wide)workload->from_ns + (wide)source->index * RATE_SCALE / workload->rate_micro_per_s;
        break;
    case ARRIVAL_POISSON: {
        uint64_t uniform = draw(seed, rng_stream("arrival"), source->number, source->index);
        wide gap = (wide)fixed_exponential(uniform) * RATE_SCALE / workload->rate_micro_per_s;
        next = (wide)source->at_ns + (gap >> 32);
        break;
    }
    }
    source->at_ns = next > workload->to_ns ? workload->to_ns : (uint64_t)next;
}

static struct source *earliest(struct source *sources, size_t count)
{
    struct source *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (sources[i].at_ns >= sources[i].workload->to_ns) continue;
        if (best == NULL || sources[i].at_ns < best->at_ns) best = &sources[i];
    }
    return best;
}

void schedule_create(const struct scenario *scenario, uint64_t seed, struct schedule *out)
{
    struct source sources[SCENARIO_WORKLOADS_MAX];
    size_t capacity = 0;
    assert(scenario->workload_count <= SCENARIO_WORKLOADS_MAX);
    *out = (struct schedule){ .items = NULL };
    for (uint32_t i = 0; i < scenario->workload_count; i++) {
        const struct workload *workload = &scenario->workloads[i];
        sources[i] = (struct source){
            .workload = workload,
            .number = i,
            .at_ns = workload->from_ns,
            .cumulative = workload->zipf_permille == 0 ? NULL : zipf_table(workload),
        };
        source_move(&sources[i], seed);
    }
    for (;;) { /* ends: every turn moves one source on towards its end */
        struct source *source = earliest(sources, scenario->workload_count);
        if (source == NULL) break;
        assert(out->count < SCENARIO_ARRIVALS_MAX);
        if (out->count == capacity) {
            capacity = capacity == 0 ? 1024 : capacity * 2;
            out->items = mem_resize(out->items, capacity, sizeof *out->items);
        }
        out->items[out->count++] = (struct arrival){ .at_ns = source->at_ns,
                                                     .workload = source->number,
                                                     .key = draw_key(source, seed) };
        source->index++;
        source_move(source, seed);
    }
    for (size_t i = 0; i < scenario->workload_count; i++)
        mem_free(sources[i].cumulative);
}

void schedule_destroy(struct schedule *schedule)
{
    if (schedule == NULL) return;
    mem_free(schedule->items);
    *schedule = (struct schedule){ .items = NULL };
}

const char *schedule_request_id(size_t index, char out[REQUEST_ID_MAX])
{
    snprintf(out, REQUEST_ID_MAX, "r%06zu", index);
    return out;
}
