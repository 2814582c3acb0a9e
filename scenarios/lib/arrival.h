#ifndef SCENARIO_ARRIVAL_H
#define SCENARIO_ARRIVAL_H
/* The open-loop schedule: when each request is meant to be sent, computed before the run from keyed
 * draws, in integers. Latency counts from `at_ns`, whatever the generator does. */

#include <stddef.h>
#include <stdint.h>

#include "scenario/scenario.h"

struct arrival {
    uint64_t at_ns;    /* offset from the scenario's start */
    uint32_t workload; /* index */
    uint32_t key;      /* 0 .. key_count-1: which distinct request */
};

struct schedule {
    struct arrival *items; /* owned; ordered by at_ns, ties by workload */
    size_t count;
};

/* Poisson: exponential gaps from fixed_exponential(); constant: i / rate. Keys by Zipf with keyed
 * draws. At most SCENARIO_ARRIVALS_MAX (a scenario with more is refused when parsed). */
void schedule_create(const struct scenario *scenario, uint64_t seed, struct schedule *out);
void schedule_destroy(struct schedule *schedule);

enum { REQUEST_ID_MAX = 64 };

/* The id of request number `index` of the schedule: "r000042". Its hash is the subject of every
 * draw. Returns `out`. */
const char *schedule_request_id(size_t index, char out[REQUEST_ID_MAX]);

#endif
