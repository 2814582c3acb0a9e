#include "scenario/arrival_open.h"

#include <assert.h>

#include "base/fixed.h"
#include "base/rng.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t window_ns(const struct workload *workload)
{
    return workload->to_ns - workload->from_ns;
}

/* The integral of a ramp's rate over its first t ns, times OPEN_LOOP_RATE_SCALE. t * t / 2T is made
 * whole ns first, so that all fits 128 bits, and so that the integral comes out smaller: what is
 * not quite reached is not sent. That is at most 1 ns of error, and it never goes back: t/T <= 1.
 */
static wide ramp_integral(const struct workload *workload, uint64_t t_ns)
{
    wide rate = workload->rate_micro_per_s;
    wide rate_to = workload->rate_to_micro_per_s;
    wide twice = 2 * (wide)window_ns(workload);
    wide square = (wide)t_ns * t_ns;
    if (rate_to >= rate) return rate * t_ns + (rate_to - rate) * (square / twice);
    return rate * t_ns - (rate - rate_to) * ((square + twice - 1) / twice);
}

/* The first t >= `from_ns` at which the integral has reached `index` requests; the whole window
 * when it never does. Gallops from where the arrival before was, then halves. */
static uint64_t ramp_inverse(const struct workload *workload, uint64_t index, uint64_t from_ns)
{
    wide wanted = (wide)index * OPEN_LOOP_RATE_SCALE;
    uint64_t end_ns = window_ns(workload);
    if (ramp_integral(workload, end_ns) < wanted) return end_ns;
    uint64_t low = from_ns;
    uint64_t step = 1024;
    while (low + step < end_ns && ramp_integral(workload, low + step) < wanted) {
        low += step;
        step *= 2;
    }
    uint64_t high = low + step < end_ns ? low + step : end_ns;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (ramp_integral(workload, middle) >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static wide poisson_next(const struct open_loop *loop)
{
    uint64_t uniform = draw(loop->seed, rng_stream("arrival"), loop->number, loop->index);
    wide gap =
        (wide)fixed_exponential(uniform) * OPEN_LOOP_RATE_SCALE / loop->workload->rate_micro_per_s;
    return (wide)loop->at_ns + (gap >> 32);
}

/* Sets `at_ns` for arrival number `index`. All but Poisson count from the window's begin each time:
 * no rounding adds up. */
static void place(struct open_loop *loop)
{
    const struct workload *workload = loop->workload;
    uint64_t from_ns = workload->from_ns;
    wide next = 0;
    switch (workload->arrival) {
    case ARRIVAL_CONSTANT:
        next = from_ns + (wide)loop->index * OPEN_LOOP_RATE_SCALE / workload->rate_micro_per_s;
        break;
    case ARRIVAL_POISSON: next = poisson_next(loop); break;
    case ARRIVAL_BURST: {
        uint64_t in_burst = loop->index % workload->size;
        next = from_ns + (wide)(loop->index / workload->size) * workload->every_ns +
               (wide)in_burst * workload->spread_ns / workload->size;
        break;
    }
    case ARRIVAL_RAMP:
        next = from_ns + (wide)ramp_inverse(workload, loop->index, loop->at_ns - from_ns);
        break;
    case ARRIVAL_CLOSED:
    case ARRIVAL_CYCLE: next = workload->to_ns; break; /* nothing of theirs is known before */
    }
    loop->at_ns = next > workload->to_ns ? workload->to_ns : (uint64_t)next;
}

void open_loop_init(struct open_loop *loop, const struct workload *workload, uint32_t number,
                    uint64_t seed)
{
    *loop = (struct open_loop){
        .workload = workload,
        .seed = seed,
        .number = number,
        .at_ns = workload->from_ns,
    };
    place(loop);
}

bool open_loop_over(const struct open_loop *loop)
{
    return loop->at_ns >= loop->workload->to_ns;
}

void open_loop_next(struct open_loop *loop)
{
    loop->index++;
    place(loop);
}

/* Requests of the window's last burst may fall behind its end. */
static wide burst_count(const struct workload *workload)
{
    uint64_t window = window_ns(workload);
    uint64_t rest_ns = window % workload->every_ns;
    uint64_t last = workload->size;
    if (rest_ns > 0 && rest_ns < workload->spread_ns) {
        last = (uint64_t)(((wide)rest_ns * workload->size + workload->spread_ns - 1) /
                          workload->spread_ns);
    }
    uint64_t whole = window / workload->every_ns;
    return (wide)whole * workload->size + (rest_ns > 0 ? last : 0);
}

uint64_t open_loop_expected(const struct workload *workload)
{
    wide count = 0;
    switch (workload->arrival) {
    case ARRIVAL_CONSTANT:
    case ARRIVAL_POISSON:
        count = (wide)workload->rate_micro_per_s * window_ns(workload) / OPEN_LOOP_RATE_SCALE;
        break;
    case ARRIVAL_BURST: count = burst_count(workload); break;
    case ARRIVAL_RAMP:
        count = ramp_integral(workload, window_ns(workload)) / OPEN_LOOP_RATE_SCALE;
        break;
    case ARRIVAL_CLOSED:
    case ARRIVAL_CYCLE: break;
    }
    return count > UINT64_MAX ? UINT64_MAX : (uint64_t)count;
}
