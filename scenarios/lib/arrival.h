#ifndef SCENARIO_ARRIVAL_H
#define SCENARIO_ARRIVAL_H
/* The schedule: which requests a scenario sends. Those of open loops are computed before the run
 * from keyed draws, in integers, with the moment at which each is meant to be sent: latency counts
 * from `at_ns`, whatever the generator does. Those of closed loops and cycles come behind them as
 * slots: what each is, is known before the run; when it is sent, if at all, scenario/pace.h tells
 * while it runs. */

#include <stddef.h>
#include <stdint.h>

#include "scenario/scenario.h"

#define ARRIVAL_NO_CYCLE UINT32_MAX

struct arrival {
    uint64_t at_ns;    /* offset from the scenario's start; of a slot: not before */
    uint32_t number;   /* of the request, in its id: its index in the schedule before the run */
    uint32_t workload; /* index */
    uint32_t key;      /* 0 .. key_count-1: which distinct request */
    uint32_t cycle;    /* which of its workload's cycles; ARRIVAL_NO_CYCLE: no cycle */
    uint32_t manner;   /* enum client_manner */
};

struct schedule {
    struct arrival *items; /* owned; the open ones ordered by at_ns, ties by workload */
    size_t count;
    size_t open_count; /* so many are those of open loops; the others are slots, in the order of
                        * workloads: client by client, cycle by cycle */
};

/* Poisson: exponential gaps from fixed_exponential(); constant: i / rate; ramp: the moment at which
 * the integral of the rate reaches i; burst: size * (i / size) ... spread evenly. Keys by Zipf,
 * shapes of a mix and clients' manners with keyed draws, each its own stream. At most
 * SCENARIO_ARRIVALS_MAX (a scenario with more is refused when parsed). */
void schedule_create(const struct scenario *scenario, uint64_t seed, struct schedule *out);
void schedule_destroy(struct schedule *schedule);
/* "up to " when the run itself decides how many requests are sent: closed loops; else "". */
const char *schedule_up_to(const struct scenario *scenario);

enum { REQUEST_ID_MAX = 64 };

/* The id of the request with this number: "r000042". Its hash is the subject of every draw. Returns
 * `out`. */
const char *schedule_request_id(size_t number, char out[REQUEST_ID_MAX]);
/* That hash. */
uint64_t schedule_request_key(size_t number);

/* When its client has sent all of it, after the moment at which it began: 0 but for a slow one. */
uint64_t schedule_upload_ns(const struct scenario *scenario, const struct arrival *arrival);

#endif
