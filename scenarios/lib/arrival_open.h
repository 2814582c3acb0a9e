#ifndef SCENARIO_ARRIVAL_OPEN_H
#define SCENARIO_ARRIVAL_OPEN_H
/* When the requests of one open loop are sent, one after the other; for arrival.c alone.
 *
 *     struct open_loop loop;
 *     open_loop_init(&loop, workload, 0, seed);
 *     while (!open_loop_over(&loop)) { use loop.at_ns, loop.index; open_loop_next(&loop); } */

#include <stdbool.h>
#include <stdint.h>

#include "scenario/workload.h"

struct open_loop {
    const struct workload *workload; /* borrowed */
    uint64_t seed;
    uint32_t number; /* of the workload: subject of its draws */
    uint64_t index;  /* of the arrival in this workload */
    uint64_t at_ns;  /* its moment; workload->to_ns: no more */
};

void open_loop_init(struct open_loop *loop, const struct workload *workload, uint32_t number,
                    uint64_t seed);
bool open_loop_over(const struct open_loop *loop);
void open_loop_next(struct open_loop *loop);

/* Millionths of a nanosecond-second: rate_micro_per_s * ns of one request. */
#define OPEN_LOOP_RATE_SCALE UINT64_C(1000000000000000)

/* How many requests a workload is expected to send; exactly so many but for Poisson. */
uint64_t open_loop_expected(const struct workload *workload);

#endif
