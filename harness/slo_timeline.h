#ifndef HARNESS_SLO_TIMELINE_H
#define HARNESS_SLO_TIMELINE_H
/* A run's events by the second in which they were seen, set into healthy traffic of the run's own
 * mean rate: before the scenario, and again behind its end. For service levels and rollbacks;
 * nobody else includes this. */

#include "harness/run.h"

struct slo_timeline {
    double rate_per_s;   /* of the healthy traffic */
    double length_s;     /* of the scenario */
    size_t seconds;      /* nothing of the run is seen later */
    uint64_t *n;         /* owned: [t] events seen before second t, 0 <= t <= seconds */
    uint64_t *bad;       /* owned: of those */
};

/* Whether an answer counts, and if so whether it is bad. A client that hung up is owed none: only
 * that it waited too long may count. */
enum slo_event { SLO_EVENT_NONE, SLO_EVENT_GOOD, SLO_EVENT_BAD };
typedef enum slo_event slo_judge(const struct run *run, const struct run_answer *answer);

void slo_timeline_init(struct slo_timeline *timeline, const struct run *run, slo_judge *judge);
void slo_timeline_deinit(struct slo_timeline *timeline);

/* The share of bad events among those seen in the `window_s` seconds before second `t`. */
double slo_timeline_share(const struct slo_timeline *timeline, uint64_t t, uint64_t window_s);

/* When an answer was seen by monitoring: when it was complete, when its client hung up, or when it
 * had to be there. */
uint64_t slo_seen_ns(const struct run *run, const struct run_answer *answer);

#endif
