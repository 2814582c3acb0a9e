#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H
/* Counters of one process, written as Prometheus text (exposition format 0.0.4). The names that the
 * dashboards of the Python service use are kept; every metric that is listed is fed. */

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "core/engine.h"
#include "core/warmup.h"
#include "net/http_server.h"
#include "runtime/guard.h"
#include "runtime/metrics_text.h"

#define METRICS_ONE_MORE(name, text) +1

enum {
    METRICS_LATENCY_BOUNDS = 8,
    METRICS_WIDTH_BOUNDS = 8,
    METRICS_CYCLE_BOUNDS = 9,
    METRICS_BREAKER_STATES = BREAKER_HALF_OPEN + 1,
    METRICS_BREAKER_RULES = BREAKER_RULE_PROBES_PASSED + 1,
    METRICS_CACHE_TIERS = CACHE_TIER_L2 + 1,
    METRICS_CACHE_STATES = CACHE_STALE + 1,
    METRICS_PATH_STEPS = 0 PATH_LIST(METRICS_ONE_MORE),
};

#undef METRICS_ONE_MORE

/* tsfm_request_total{status}: how a POST /tsfm/forecast ended. */
enum metrics_status {
    METRICS_SUCCESS,   /* a forecast, of whatever source */
    METRICS_ERROR,     /* a typed error of ours, or no room */
    METRICS_INVALID,   /* refused: 400, 401, 413, 414, 429, 431 */
    METRICS_ABANDONED, /* the client left before the answer */
};

enum { METRICS_STATUS_COUNT = METRICS_ABANDONED + 1 };

/* tsfm_route_selected_total{route}: where a valid request was sent first. */
enum metrics_route { METRICS_ROUTE_MODEL, METRICS_ROUTE_BASELINE };

enum { METRICS_ROUTE_COUNT = METRICS_ROUTE_BASELINE + 1 };

/* tsfm_config_reload_total{result} */
enum metrics_reload { METRICS_RELOAD_APPLIED, METRICS_RELOAD_REFUSED };

enum { METRICS_RELOAD_COUNT = METRICS_RELOAD_REFUSED + 1, METRICS_WORKERS_MAX = 64 };

/* tsfm_l2_total{result}: how a lookup in the second level ended. */
enum metrics_l2 {
    METRICS_L2_HIT_FRESH,
    METRICS_L2_HIT_STALE,
    METRICS_L2_MISS,
    METRICS_L2_ERROR,   /* not connected, lost, refused, or too many at once */
    METRICS_L2_TIMEOUT, /* the engine did not wait any longer */
    METRICS_L2_GARBAGE, /* something lies there that is not ours */
};

/* tsfm_l2_put_total{result} */
enum metrics_l2_put {
    METRICS_L2_PUT_STORED,
    METRICS_L2_PUT_REFUSED, /* by Redis: it is full, say; or the connection was lost */
    METRICS_L2_PUT_DROPPED, /* not sent: not connected, too many at once, too large */
};

enum {
    METRICS_L2_COUNT = METRICS_L2_GARBAGE + 1,
    METRICS_L2_PUT_COUNT = METRICS_L2_PUT_DROPPED + 1,
};

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
    uint64_t cache_answers[METRICS_CACHE_TIERS][METRICS_CACHE_STATES];
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
    uint64_t cycles[METRICS_CYCLE_BOUNDS + 1]; /* not cumulative; the last is +Inf */
    uint64_t cycle_sum_ns;
    uint64_t guard[GUARD_VERDICT_COUNT];
    uint64_t reloads[METRICS_RELOAD_COUNT];
    uint64_t l2[METRICS_L2_COUNT];
    uint64_t l2_puts[METRICS_L2_PUT_COUNT];
    uint64_t warmup[WARMUP_RESULT_COUNT];
};

_Static_assert(sizeof(struct metrics) % sizeof(uint64_t) == 0, "summed word by word");

/* Counts an answered call. */
void metrics_on_answer(struct metrics *metrics, const struct call_record *record);
/* Counts a call that this process ended itself, after it had told the caller so. */
void metrics_on_cut(struct metrics *metrics, const struct call_record *record);
/* A request that never became a call. */
void metrics_on_refusal(struct metrics *metrics, enum metrics_status status);
void metrics_on_guard(struct metrics *metrics, enum guard_verdict verdict);
void metrics_on_attempt(struct metrics *metrics, enum outcome outcome);
void metrics_on_transition(struct metrics *metrics, const struct breaker_transition *transition);
/* A valid request, before the chain. `baseline_only` as in struct engine_input. */
void metrics_on_route(struct metrics *metrics, enum code baseline_only);
/* A forecast was made; `width_ppm`: mean distance of its outer quantiles, in millionths. */
void metrics_on_forecast(struct metrics *metrics, uint64_t width_ppm);

/* A cycle of the caller is over (runtime/cycles.h). */
void metrics_on_cycle(struct metrics *metrics, uint64_t length_ns);

/* On the page of several workers (runtime/workers.h), by worker. */
struct metrics_workers {
    uint32_t count;
    bool ready[METRICS_WORKERS_MAX];
    enum breaker_state breakers[METRICS_WORKERS_MAX];
    pid_t pids[METRICS_WORKERS_MAX]; /* 0: not running */
    uint64_t restarts;
};

/* What is not a counter of ours comes from the engine and the client. A new field also has a line
 * in metrics_gauges_add(), and one that only grows in metrics_gauges_keep_counters(). */
struct metrics_gauges {
    struct engine_stats engine;
    uint64_t stale_sockets;
    uint64_t hold_left_ns; /* of engine.held_until, when the page is written; 0: no hold */
    uint64_t pid;          /* of the process; 0 in a sum and when it has ended */
    uint64_t l2_connected; /* processes whose second-level cache is connected */
    struct http_server_stats server;
    const struct metrics_workers *workers; /* NULL: one process; else the rest is their sum */
};

/* Adds one process to the sum of several. */
void metrics_gauges_add(struct metrics_gauges *sum, const struct metrics_gauges *more);
/* Leaves of a process that ended what it had counted. */
void metrics_gauges_keep_counters(struct metrics_gauges *gauges);

void metrics_write(struct buf *out, const struct metrics *metrics,
                   const struct metrics_gauges *gauges);

#endif
