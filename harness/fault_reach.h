#ifndef HARNESS_FAULT_REACH_H
#define HARNESS_FAULT_REACH_H
/* How far a fault of a phase reached: whether enough attempts met it for the run to say anything.
 *
 *     "status 502 40%" over 300 requests that nearly all found a fresh entry:
 *     met by 2 of 6 attempts; of 121 requests that it was meant for 114 needed nobody -> scant
 *
 * A fault is meant for a request when it would have hit the request's first attempt, had there been
 * one: its draw, its model, its burst and its counter say so. That few of them asked is no reason
 * by itself: an open breaker and a hold spare them, which is what they are for, and one call stands
 * for all that wait for it. It is scant when most never needed the upstream: fresh entries and
 * baselines that are given at once. */

#include "harness/run.h"

struct fault_reach {
    bool known;        /* false: nothing tells (connections of a service that gives no trace) */
    uint64_t eligible; /* attempts that it could have hit */
    uint64_t hit;
    /* Of requests, and only looked for when `hit` is small. */
    uint64_t meant;    /* that it was meant for */
    uint64_t needless; /* of these: had a fresh entry, or were not for the model */
    bool scant;
};

/* `phase` and `fault` are indices. */
struct fault_reach fault_reach_find(const struct run *run, size_t phase, size_t fault);

/* The phase's fault at connect that such an attempt met; -1: none. The upstream does not note
 * these, but the attempt's start and its outcome tell. */
int fault_reach_at_connect(const struct run *run, const struct run_attempt *attempt, size_t phase);

/* "; 114 of the 121 requests that it was meant for did not need the upstream: it hardly tried the
 * service; ..." and what to do. Returns `out`. */
enum { FAULT_REACH_TEXT_MAX = 256 };
const char *fault_reach_advice(const struct fault_reach *reach, char out[FAULT_REACH_TEXT_MAX]);

#endif
