#ifndef HARNESS_REPORT_SAMPLES_H
#define HARNESS_REPORT_SAMPLES_H
/* A run's timeline as the counters that a monitoring system would have collected from the service,
 * one sample per step. Used by the exports of metrics. */

#include <stddef.h>
#include <stdint.h>

#include "harness/run.h"

/* Upper bounds of the histogram, in ns: those of the runtime's tsfm_request_latency_seconds. */
enum { SAMPLES_BOUNDS = 16 };
extern const uint64_t samples_bounds_ns[SAMPLES_BOUNDS];

/* Since the start of the run, up to and including its moment. */
struct sample {
    uint64_t served[SERVED_COUNT];   /* answers; those that never came count as SERVED_NOBODY, at
                                      * the deadline */
    uint64_t within[SAMPLES_BOUNDS]; /* answers that took at most the bound */
    uint64_t answered;
    uint64_t succeeded;         /* status 200 */
    uint64_t failed;            /* 5xx or none; what is left was rightly refused */
    uint64_t routed;            /* not refused, and not to get a baseline by their nature */
    uint64_t fresh;             /* of those: from the cache or the upstream */
    uint64_t latency_us;        /* their sum */
    enum breaker_state breaker; /* at the moment */
};

struct samples {
    uint64_t step_ns;
    struct sample *items; /* owned; item i is of the moment i * step_ns; item 0 is all zeros */
    size_t count;
};

/* Steps of `step_ns`, until nothing changes any more. */
void samples_make(struct samples *out, const struct run *run, uint64_t step_ns);
void samples_deinit(struct samples *samples);

#endif
