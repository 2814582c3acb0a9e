#include "harness/sim_arrivals.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"

struct sim_arrival {
    uint64_t at_ns;
    uint32_t request; /* index in the schedule */
};

static int arrival_compare(const void *a, const void *b)
{
    const struct sim_arrival *left = a;
    const struct sim_arrival *right = b;
    if (left->at_ns != right->at_ns) return left->at_ns > right->at_ns ? 1 : -1;
    return (left->request > right->request) - (left->request < right->request);
}

uint64_t sim_late_ns(const struct sim_options *options, uint64_t stream, uint64_t subject,
                     uint64_t number, uint64_t jitter_ns)
{
    if (options->stall_ns > 0) {
        uint64_t which = draw(options->jitter_seed, rng_stream("parity-stall") ^ stream, subject,
                              number);
        if (draw_below(which, SIM_STALL_ONE_IN) == 0) {
            jitter_ns = u64_max(jitter_ns, options->stall_ns);
        }
    }
    if (jitter_ns == 0) return 0;
    return draw_below(draw(options->jitter_seed, stream, subject, number), jitter_ns + 1);
}

/* How long after it is sent a request arrives. */
static uint64_t delay_ns(const struct sim_arrivals *arrivals, uint32_t request)
{
    const struct sim_options *options = arrivals->options;
    const struct run *run = arrivals->run;
    uint64_t upload_ns = schedule_upload_ns(run->scenario, &run->plan->items[request]);
    return upload_ns + sim_late_ns(options, rng_stream("parity-arrival"), request, 0,
                                   options->arrival_jitter_ns);
}

static bool has_delays(const struct run *run, const struct sim_options *options)
{
    bool delays = options->arrival_jitter_ns > 0 || options->stall_ns > 0;
    for (size_t i = 0; i < run->scenario->workload_count; i++) {
        delays = delays || run->scenario->workloads[i].client.slow_ppm > 0;
    }
    return delays;
}

/* Requests that come late may be overtaken by others. */
static struct sim_arrival *delayed_open(const struct sim_arrivals *arrivals)
{
    const struct schedule *plan = arrivals->run->plan;
    struct sim_arrival *open = mem_alloc(plan->open_count, sizeof *open);
    for (size_t i = 0; i < plan->open_count; i++) {
        open[i].at_ns = plan->items[i].at_ns + delay_ns(arrivals, (uint32_t)i);
        open[i].request = (uint32_t)i;
    }
    qsort(open, plan->open_count, sizeof *open, arrival_compare);
    return open;
}

void sim_arrivals_init(struct sim_arrivals *arrivals, struct run *run,
                       const struct sim_options *options)
{
    *arrivals = (struct sim_arrivals){
        .run = run,
        .options = options,
        .delayed = has_delays(run, options),
    };
    pace_init(&arrivals->pace, run->scenario, run->plan);
    if (!arrivals->delayed) return;
    pace_skip_open(&arrivals->pace);
    arrivals->open = delayed_open(arrivals);
    uint32_t lanes = pace_lane_count(&arrivals->pace);
    if (lanes > 0) timers_init(&arrivals->on_way, lanes);
}

void sim_arrivals_deinit(struct sim_arrivals *arrivals)
{
    if (arrivals->on_way.capacity > 0) timers_deinit(&arrivals->on_way);
    pace_deinit(&arrivals->pace);
    mem_free(arrivals->open);
}

static instant_ns next_open(const struct sim_arrivals *arrivals)
{
    return arrivals->next_open == arrivals->run->plan->open_count
               ? INSTANT_NEVER
               : arrivals->open[arrivals->next_open].at_ns;
}

static instant_ns next_on_way(const struct sim_arrivals *arrivals)
{
    return arrivals->on_way.capacity == 0 ? INSTANT_NEVER : timers_next(&arrivals->on_way);
}

instant_ns sim_arrivals_next(const struct sim_arrivals *arrivals)
{
    instant_ns paced = pace_next(&arrivals->pace);
    if (!arrivals->delayed) return paced;
    return instant_min(paced, instant_min(next_open(arrivals), next_on_way(arrivals)));
}

/* One of pace: an open loop's arrives at once, a slot when its delay is over. */
static uint32_t take_paced(struct sim_arrivals *arrivals, instant_ns now)
{
    uint32_t request = pace_take(&arrivals->pace);
    struct run_answer *answer = &arrivals->run->answers[request];
    if (request < arrivals->run->plan->open_count) return request;
    answer->intended_ns =
        now + schedule_upload_ns(arrivals->run->scenario, &arrivals->run->plan->items[request]);
    uint64_t delay = delay_ns(arrivals, request);
    if (delay == 0) return request;
    timers_set(&arrivals->on_way, pace_lane(&arrivals->pace, request), now + delay);
    return UINT32_MAX;
}

uint32_t sim_arrivals_take(struct sim_arrivals *arrivals, instant_ns now)
{
    uint32_t request;
    if (arrivals->delayed && next_open(arrivals) == now) {
        request = arrivals->open[arrivals->next_open++].request;
    } else if (arrivals->delayed && next_on_way(arrivals) == now) {
        uint32_t lane = timers_pop(&arrivals->on_way, now);
        request = arrivals->pace.lanes[lane].request;
    } else {
        request = take_paced(arrivals, now);
    }
    if (request != UINT32_MAX) arrivals->run->answers[request].sent_ns = now;
    return request;
}

void sim_arrivals_done(struct sim_arrivals *arrivals, uint32_t request, instant_ns at)
{
    if (request >= arrivals->run->plan->open_count) pace_done(&arrivals->pace, request, at);
}
