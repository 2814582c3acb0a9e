#include "runtime/metrics.h"

#include "runtime/metrics_parts.h"

static void count_attempts(struct metrics *metrics, const struct call_record *record)
{
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        histogram_count(&metrics->attempt_latency, attempt->latency_ns);
        if (i == 0) continue;
        histogram_count(&metrics->backoff, attempt->backoff_ns);
        metrics->retries++;
    }
    bool waited = false;
    for (unsigned i = 0; i < record->path_count; i++) {
        metrics->steps[record->path[i].step]++;
        waited = waited || record->path[i].step == PATH_POOL_WAIT;
    }
    if (waited) histogram_count(&metrics->pool_wait, record->pool_wait_ns);
}

void metrics_on_answer(struct metrics *metrics, const struct call_record *record)
{
    metrics->served[record->served]++;
    count_attempts(metrics, record);
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
    metrics->cache_answers[record->cache_tier][record->cache_state]++;
    if (record->breaker == BREAKER_OPEN) metrics->breaker_open++;
    metrics_count_latency(metrics, record->finished - record->arrived);
}

void metrics_on_cut(struct metrics *metrics, const struct call_record *record)
{
    metrics->served[SERVED_ERROR]++;
    metrics->requests[METRICS_ERROR]++;
    count_attempts(metrics, record);
    metrics_count_latency(metrics, record->finished - record->arrived);
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
    metrics->rules[transition->rule]++;
}

void metrics_on_route(struct metrics *metrics, enum code baseline_only)
{
    metrics->routes[baseline_only == CODE_NONE ? METRICS_ROUTE_MODEL : METRICS_ROUTE_BASELINE]++;
}

void metrics_write(struct buf *out, const struct metrics *metrics,
                   const struct metrics_gauges *gauges)
{
    metrics_write_requests(out, metrics, gauges);
    metrics_write_inbound(out, metrics, gauges);
    metrics_write_upstream(out, metrics, gauges);
    metrics_write_breaker(out, metrics, gauges);
    metrics_write_cache(out, metrics, gauges);
    metrics_write_warmup(out, metrics, gauges);
    metrics_write_workers(out, metrics, gauges);
    metrics_write_process(out, gauges);
}
