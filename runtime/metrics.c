#include "runtime/metrics.h"

static const uint32_t latency_bounds_ms[METRICS_LATENCY_BOUNDS] = {
    50, 100, 200, 300, 400, 800, 1500, 3000,
};

static const char *const status_names[METRICS_STATUS_COUNT] = {
    [METRICS_SUCCESS] = "success",
    [METRICS_ERROR] = "error",
    [METRICS_INVALID] = "invalid",
    [METRICS_ABANDONED] = "abandoned",
};

static void count_latency(struct metrics *metrics, uint64_t latency_ns)
{
    unsigned bucket = 0;
    while (bucket < METRICS_LATENCY_BOUNDS &&
           latency_ns > latency_bounds_ms[bucket] * NS_PER_MS) {
        bucket++;
    }
    metrics->latency_buckets[bucket]++;
    metrics->latency_sum_ns += latency_ns;
}

void metrics_on_answer(struct metrics *metrics, const struct call_record *record)
{
    metrics->served[record->served]++;
    switch (record->served) {
    case SERVED_NOBODY: metrics->requests[METRICS_ABANDONED]++; return;
    case SERVED_ERROR: metrics->requests[METRICS_ERROR]++; break;
    case SERVED_UPSTREAM: metrics->requests[METRICS_SUCCESS]++; break;
    case SERVED_CACHE:
        metrics->requests[METRICS_SUCCESS]++;
        metrics->cache_hits++;
        break;
    case SERVED_STALE:
        metrics->requests[METRICS_SUCCESS]++;
        metrics->cache_hits++;
        metrics->fallbacks[CODE_CACHE_STALE_SERVED]++;
        break;
    case SERVED_BASELINE:
        metrics->requests[METRICS_SUCCESS]++;
        metrics->fallbacks[record->cause]++;
        break;
    }
    if (record->breaker == BREAKER_OPEN) metrics->breaker_open++;
    count_latency(metrics, record->finished - record->arrived);
}

void metrics_on_refusal(struct metrics *metrics, enum metrics_status status)
{
    metrics->requests[status]++;
}

void metrics_on_attempt(struct metrics *metrics, enum outcome outcome)
{
    metrics->attempts[outcome]++;
}

void metrics_on_transition(struct metrics *metrics, const struct breaker_transition *transition)
{
    metrics->transitions[transition->from][transition->to]++;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void plain(struct buf *out, const char *name, uint64_t value)
{
    buf_puts(out, name);
    buf_putc(out, ' ');
    buf_put_u64(out, value);
    buf_putc(out, '\n');
}

static void labelled(struct buf *out, const char *name, const char *label, const char *text,
                     uint64_t value)
{
    buf_printf(out, "%s{%s=\"%s\"} ", name, label, text);
    buf_put_u64(out, value);
    buf_putc(out, '\n');
}

static void write_requests(struct buf *out, const struct metrics *metrics)
{
    head(out, "tsfm_request_total", "counter", "Forecast requests by how they ended.");
    for (unsigned i = 0; i < METRICS_STATUS_COUNT; i++) {
        labelled(out, "tsfm_request_total", "status", status_names[i], metrics->requests[i]);
    }
    head(out, "tsfm_served_total", "counter", "Answers by what was served.");
    for (unsigned i = 0; i < SERVED_COUNT; i++) {
        labelled(out, "tsfm_served_total", "served", served_name((enum served)i),
                 metrics->served[i]);
    }
    head(out, "tsfm_fallback_total", "counter",
         "Answers other than the fresh forecast, by reason.");
    for (unsigned i = 1; i < CODE_COUNT; i++) {
        labelled(out, "tsfm_fallback_total", "reason", code_name((enum code)i),
                 metrics->fallbacks[i]);
    }
}

static void write_latency(struct buf *out, const struct metrics *metrics)
{
    head(out, "tsfm_request_latency_ms", "histogram",
         "Milliseconds from the arrival of a request to its answer.");
    uint64_t below = 0;
    for (unsigned i = 0; i < METRICS_LATENCY_BOUNDS; i++) {
        below += metrics->latency_buckets[i];
        buf_printf(out, "tsfm_request_latency_ms_bucket{le=\"%u\"} ", latency_bounds_ms[i]);
        buf_put_u64(out, below);
        buf_putc(out, '\n');
    }
    below += metrics->latency_buckets[METRICS_LATENCY_BOUNDS];
    labelled(out, "tsfm_request_latency_ms_bucket", "le", "+Inf", below);
    buf_printf(out, "tsfm_request_latency_ms_sum %.6f\n",
               (double)metrics->latency_sum_ns / (double)NS_PER_MS);
    plain(out, "tsfm_request_latency_ms_count", below);
}

static void write_upstream(struct buf *out, const struct metrics *metrics)
{
    head(out, "tsfm_attempt_total", "counter", "Attempts at the model server by outcome.");
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        labelled(out, "tsfm_attempt_total", "outcome", outcome_name((enum outcome)i),
                 metrics->attempts[i]);
    }
    head(out, "tsfm_breaker_transitions_total", "counter", "Moves of the circuit breaker.");
    for (unsigned from = 0; from < METRICS_BREAKER_STATES; from++) {
        for (unsigned to = 0; to < METRICS_BREAKER_STATES; to++) {
            if (from == to) continue;
            buf_printf(out, "tsfm_breaker_transitions_total{from=\"%s\",to=\"%s\"} ",
                       breaker_state_name((enum breaker_state)from),
                       breaker_state_name((enum breaker_state)to));
            buf_put_u64(out, metrics->transitions[from][to]);
            buf_putc(out, '\n');
        }
    }
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    head(out, name, type, help);
    plain(out, name, value);
}

static void write_singles(struct buf *out, const struct metrics *metrics,
                          const struct metrics_gauges *gauges)
{
    const struct engine_stats *engine = &gauges->engine;
    single(out, "tsfm_breaker_open_total", "counter",
           "Answers given while the circuit breaker was open.", metrics->breaker_open);
    single(out, "tsfm_cache_hit_total", "counter", "Answers from the cache, fresh or stale.",
           metrics->cache_hits);
    single(out, "tsfm_quantile_crossing_total", "counter",
           "Forecasts whose quantiles crossed and were sorted.", metrics->quantile_crossings);
    single(out, "tsfm_invalid_output_total", "counter",
           "Forecasts that were not served because their values break the rules.",
           metrics->invalid_outputs);
    single(out, "tsfm_breaker_late_results_total", "counter",
           "Attempt results that came after the breaker had moved on.", engine->late_results);
    single(out, "tsfm_stale_sockets_total", "counter",
           "Pooled upstream connections found dead before use.", gauges->stale_sockets);
    single(out, "tsfm_inflight", "gauge", "Requests in work.", engine->calls);
    single(out, "tsfm_pool_in_use", "gauge", "Attempts at the model server under way.",
           engine->attempts);
    single(out, "tsfm_pool_waiting", "gauge", "Requests waiting for a place in the pool.",
           engine->pool_waiting);
    single(out, "tsfm_cache_entries", "gauge", "Answers in the cache.", engine->cache_entries);
    single(out, "tsfm_cache_bytes", "gauge", "Bytes of the answers in the cache.",
           engine->cache_bytes);
}

void metrics_write(struct buf *out, const struct metrics *metrics,
                   const struct metrics_gauges *gauges)
{
    write_requests(out, metrics);
    write_latency(out, metrics);
    write_upstream(out, metrics);
    write_singles(out, metrics, gauges);
    head(out, "tsfm_breaker_state", "gauge", "1 for the state the circuit breaker is in.");
    for (unsigned i = 0; i < METRICS_BREAKER_STATES; i++) {
        labelled(out, "tsfm_breaker_state", "state", breaker_state_name((enum breaker_state)i),
                 gauges->engine.breaker == (enum breaker_state)i ? 1 : 0);
    }
}
