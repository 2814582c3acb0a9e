#include "scenario/pace.h"

#include <assert.h>

#include "base/mem.h"

static bool is_cycle(const struct pace_source *source)
{
    return source->workload->arrival == ARRIVAL_CYCLE;
}

static uint64_t cycle_due_ns(const struct pace_source *source, uint32_t cycle)
{
    return source->workload->from_ns + cycle * source->workload->every_ns;
}

static void lane_set(struct pace *pace, uint32_t lane, uint32_t request, instant_ns at)
{
    pace->lanes[lane].request = request;
    pace->lane_of[request - pace->schedule->open_count] = lane;
    timers_set(&pace->due, lane, at);
}

/* The next slot of a cycle's source goes to a lane that is free. */
static void cycle_step(struct pace *pace, struct pace_source *source, uint32_t lane, instant_ns at)
{
    lane_set(pace, lane, source->first_request + source->next++, at);
    source->running++;
}

/* Begins the cycle whose first slot is the next one: nothing of the source is under way. */
static void cycle_begin(struct pace *pace, struct pace_source *source, instant_ns now)
{
    if (source->next == source->request_count) return;
    const struct workload *workload = source->workload;
    uint64_t due_ns = cycle_due_ns(source, source->next / workload->size);
    instant_ns at = due_ns > now ? due_ns : now;
    for (uint32_t i = 0; i < workload->concurrency; i++) {
        cycle_step(pace, source, source->first_lane + i, at);
    }
}

static void cycle_done(struct pace *pace, struct pace_source *source, uint32_t lane, instant_ns now)
{
    source->running--;
    bool within = source->next % source->workload->size != 0;
    if (within)
        cycle_step(pace, source, lane, now);
    else if (source->running == 0)
        cycle_begin(pace, source, now);
}

static void client_begin(struct pace *pace, struct pace_source *source, uint32_t client)
{
    uint32_t request = source->first_request + client * source->each;
    uint64_t at_ns = pace->schedule->items[request].at_ns;
    if (at_ns >= source->workload->to_ns) return; /* the window is shorter than a think time */
    lane_set(pace, source->first_lane + client, request, at_ns);
}

static void client_done(struct pace *pace, struct pace_source *source, uint32_t lane,
                        instant_ns now)
{
    uint32_t end = source->first_request + (lane - source->first_lane + 1) * source->each;
    uint32_t next = pace->lanes[lane].request + 1;
    instant_ns at = instant_add(now, source->workload->think_ns);
    if (next == end || at >= source->workload->to_ns) return;
    lane_set(pace, lane, next, at);
}

static void source_init(struct pace *pace, const struct workload *workload, uint32_t first_lane,
                        uint32_t first_request)
{
    uint32_t index = pace->source_count++;
    uint32_t count = (uint32_t)workload_paced_requests(workload);
    pace->sources[index] = (struct pace_source){
        .workload = workload,
        .first_lane = first_lane,
        .first_request = first_request,
        .request_count = count,
        .each = count / workload->size,
    };
    for (uint32_t i = 0; i < workload_lanes(workload); i++) {
        pace->lanes[first_lane + i].source = index;
    }
}

void pace_init(struct pace *pace, const struct scenario *scenario, const struct schedule *schedule)
{
    uint32_t lanes = 0;
    *pace = (struct pace){ .schedule = schedule };
    for (size_t i = 0; i < scenario->workload_count; i++) {
        lanes += workload_lanes(&scenario->workloads[i]);
    }
    if (lanes == 0) return;
    pace->lanes = mem_alloc(lanes, sizeof *pace->lanes);
    pace->lane_of = mem_alloc(schedule->count - schedule->open_count, sizeof *pace->lane_of);
    timers_init(&pace->due, lanes);
    uint32_t lane = 0;
    uint32_t request = (uint32_t)schedule->open_count;
    for (size_t i = 0; i < scenario->workload_count; i++) {
        const struct workload *workload = &scenario->workloads[i];
        if (!workload_is_paced(workload)) continue;
        source_init(pace, workload, lane, request);
        lane += workload_lanes(workload);
        request += (uint32_t)workload_paced_requests(workload);
    }
    assert(request == schedule->count);
    for (uint32_t i = 0; i < pace->source_count; i++) {
        struct pace_source *source = &pace->sources[i];
        if (is_cycle(source)) cycle_begin(pace, source, 0);
        for (uint32_t c = 0; !is_cycle(source) && c < source->workload->size; c++) {
            client_begin(pace, source, c);
        }
    }
}

void pace_deinit(struct pace *pace)
{
    if (pace->lanes == NULL) return;
    timers_deinit(&pace->due);
    mem_free(pace->lane_of);
    mem_free(pace->lanes);
    pace->lanes = NULL;
}

void pace_skip_open(struct pace *pace)
{
    pace->next_open = pace->schedule->open_count;
}

uint32_t pace_lane(const struct pace *pace, uint32_t request)
{
    assert(request >= pace->schedule->open_count);
    return pace->lane_of[request - pace->schedule->open_count];
}

uint32_t pace_lane_count(const struct pace *pace)
{
    return pace->lanes == NULL ? 0 : pace->due.capacity;
}

static instant_ns next_open(const struct pace *pace)
{
    const struct schedule *schedule = pace->schedule;
    return pace->next_open == schedule->open_count ? INSTANT_NEVER
                                                   : schedule->items[pace->next_open].at_ns;
}

instant_ns pace_next(const struct pace *pace)
{
    instant_ns open = next_open(pace);
    return pace->lanes == NULL ? open : instant_min(open, timers_next(&pace->due));
}

uint32_t pace_take(struct pace *pace)
{
    instant_ns open = next_open(pace);
    if (pace->lanes == NULL || open <= timers_next(&pace->due)) {
        assert(open != INSTANT_NEVER);
        return (uint32_t)pace->next_open++;
    }
    uint32_t lane = timers_pop(&pace->due, timers_next(&pace->due));
    return pace->lanes[lane].request;
}

void pace_done(struct pace *pace, uint32_t request, instant_ns now)
{
    if (request < pace->schedule->open_count) return;
    uint32_t lane = pace_lane(pace, request);
    struct pace_source *source = &pace->sources[pace->lanes[lane].source];
    assert(pace->lanes[lane].request == request);
    if (is_cycle(source))
        cycle_done(pace, source, lane, now);
    else
        client_done(pace, source, lane, now);
}
