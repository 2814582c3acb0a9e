#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H
/* Counters of one process, written as Prometheus text (exposition format 0.0.4). The names that the
 * dashboards of the Python service use are kept; every metric that is listed is fed. */

#include <stdint.h>

#include "base/buf.h"
#include "core/engine.h"

enum {
    METRICS_LATENCY_BOUNDS = 8,
    METRICS_BREAKER_STATES = BREAKER_HALF_OPEN + 1,
};

/* tsfm_request_total{status}: how a POST /tsfm/forecast ended. */
enum metrics_status {
    METRICS_SUCCESS,   /* a forecast, of whatever source */
    METRICS_ERROR,     /* a typed error of ours, or no room */
    METRICS_INVALID,   /* refused: 400, 413 */
    METRICS_ABANDONED, /* the client left before the answer */
};

enum { METRICS_STATUS_COUNT = METRICS_ABANDONED + 1 };

struct metrics {
    uint64_t requests[METRICS_STATUS_COUNT];
    uint64_t served[SERVED_COUNT];
    uint64_t fallbacks[CODE_COUNT];
    uint64_t attempts[OUTCOME_COUNT];
    uint64_t transitions[METRICS_BREAKER_STATES][METRICS_BREAKER_STATES];
    uint64_t latency_buckets[METRICS_LATENCY_BOUNDS + 1]; /* not cumulative; the last is +Inf */
    uint64_t latency_sum_ns;
    uint64_t breaker_open;
    uint64_t cache_hits;
    uint64_t quantile_crossings;
    uint64_t invalid_outputs;
};

/* Counts an answered call. */
void metrics_on_answer(struct metrics *metrics, const struct call_record *record);
/* A request that never became a call. */
void metrics_on_refusal(struct metrics *metrics, enum metrics_status status);
void metrics_on_attempt(struct metrics *metrics, enum outcome outcome);
void metrics_on_transition(struct metrics *metrics, const struct breaker_transition *transition);

/* What is not a counter of ours comes from the engine and the client. */
struct metrics_gauges {
    struct engine_stats engine;
    uint64_t stale_sockets;
};

void metrics_write(struct buf *out, const struct metrics *metrics,
                   const struct metrics_gauges *gauges);

#endif
