#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H
/* Counters of one process, written as Prometheus text (exposition format 0.0.4). The names that the
 * dashboards of the Python service use are kept; every metric that is listed is fed. */

#include <stdint.h>

#include "base/buf.h"
#include "core/engine.h"
#include "runtime/metrics_text.h"

#define METRICS_ONE_MORE(name, text) +1

enum {
    METRICS_LATENCY_BOUNDS = 8,
    METRICS_WIDTH_BOUNDS = 8,
    METRICS_BREAKER_STATES = BREAKER_HALF_OPEN + 1,
    METRICS_BREAKER_RULES = BREAKER_RULE_PROBES_PASSED + 1,
    METRICS_PATH_STEPS = 0 PATH_LIST(METRICS_ONE_MORE),
};

#undef METRICS_ONE_MORE

/* tsfm_request_total{status}: how a POST /tsfm/forecast ended. */
enum metrics_status {
    METRICS_SUCCESS,   /* a forecast, of whatever source */
    METRICS_ERROR,     /* a typed error of ours, or no room */
    METRICS_INVALID,   /* refused: 400, 413 */
    METRICS_ABANDONED, /* the client left before the answer */
};

enum { METRICS_STATUS_COUNT = METRICS_ABANDONED + 1 };

/* tsfm_route_selected_total{route}: where a valid request was sent first. */
enum metrics_route { METRICS_ROUTE_MODEL, METRICS_ROUTE_BASELINE };

enum { METRICS_ROUTE_COUNT = METRICS_ROUTE_BASELINE + 1 };

/* Plain data of a fixed size, nothing but uint64_t: processes are summed word by word. */
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
    uint64_t routes[METRICS_ROUTE_COUNT];
    uint64_t steps[METRICS_PATH_STEPS];       /* words of `path`, over all ended requests */
    uint64_t rules[METRICS_BREAKER_RULES];
    struct histogram latency;                 /* arrival to answer */
    struct histogram attempt_latency;         /* of attempts of ended requests, as the next three */
    struct histogram backoff;
    struct histogram pool_wait;               /* of requests that had to wait for a place */
    uint64_t retries;
    uint64_t widths[METRICS_WIDTH_BOUNDS + 1]; /* not cumulative; the last is +Inf */
    uint64_t width_sum_ppm;
};

_Static_assert(sizeof(struct metrics) % sizeof(uint64_t) == 0, "summed word by word");

/* Counts an answered call. */
void metrics_on_answer(struct metrics *metrics, const struct call_record *record);
/* A request that never became a call. */
void metrics_on_refusal(struct metrics *metrics, enum metrics_status status);
void metrics_on_attempt(struct metrics *metrics, enum outcome outcome);
void metrics_on_transition(struct metrics *metrics, const struct breaker_transition *transition);
/* A valid request, before the chain. `baseline_only` as in struct engine_input. */
void metrics_on_route(struct metrics *metrics, enum code baseline_only);
/* A forecast was made; `width_ppm`: mean distance of its outer quantiles, in millionths. */
void metrics_on_forecast(struct metrics *metrics, uint64_t width_ppm);

/* What is not a counter of ours comes from the engine and the client. */
struct metrics_gauges {
    struct engine_stats engine;
    uint64_t stale_sockets;
    uint64_t hold_left_ns; /* 0: no hold */
};

void metrics_write(struct buf *out, const struct metrics *metrics,
                   const struct metrics_gauges *gauges);

#endif
