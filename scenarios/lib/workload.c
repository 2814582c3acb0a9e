#include "scenario/workload.h"

#include <assert.h>

#include "scenario/scenario.h"

uint32_t workload_market_count(const struct workload *workload)
{
    return workload->shape_count == 0 ? workload->key_count
                                      : workload->key_count / workload->shape_count;
}

const struct request_shape *workload_shape(const struct workload *workload, uint32_t key)
{
    assert(key < workload->key_count);
    return &workload->shapes[key / workload_market_count(workload)];
}

bool workload_is_paced(const struct workload *workload)
{
    return workload->arrival == ARRIVAL_CLOSED || workload->arrival == ARRIVAL_CYCLE;
}

uint32_t workload_lanes(const struct workload *workload)
{
    switch (workload->arrival) {
    case ARRIVAL_CLOSED: return workload->size;
    case ARRIVAL_CYCLE: return workload->concurrency;
    case ARRIVAL_CONSTANT:
    case ARRIVAL_POISSON:
    case ARRIVAL_BURST:
    case ARRIVAL_RAMP: return 0;
    }
    assert(false && "no such arrival");
    return 0;
}

uint64_t workload_paced_requests(const struct workload *workload)
{
    uint64_t window_ns = workload->to_ns - workload->from_ns;
    switch (workload->arrival) {
    case ARRIVAL_CLOSED: /* no more than if each answer came at once */
        return workload->size * (window_ns / workload->think_ns + 1);
    case ARRIVAL_CYCLE:
        return workload->size * ((window_ns + workload->every_ns - 1) / workload->every_ns);
    case ARRIVAL_CONSTANT:
    case ARRIVAL_POISSON:
    case ARRIVAL_BURST:
    case ARRIVAL_RAMP: return 0;
    }
    assert(false && "no such arrival");
    return 0;
}
