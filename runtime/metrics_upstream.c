#include "runtime/metrics_parts.h"

void metrics_write_upstream(struct buf *out, const struct metrics *metrics,
                            const struct metrics_gauges *gauges)
{
    metrics_text_head(out, "tsfm_attempt_total", "counter",
                      "Attempts at the model server by outcome.");
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_attempt_total", "outcome",
                              outcome_name((enum outcome)i), metrics->attempts[i]);
    }
    metrics_text_histogram(out, "tsfm_attempt_latency_seconds",
                           "Seconds from the start of an attempt to its end, of ended requests.",
                           &metrics->attempt_latency);
    metrics_text_single(out, "tsfm_retry_total", "counter",
                        "Attempts after the first of their request, of ended requests.",
                        metrics->retries);
    metrics_text_histogram(out, "tsfm_backoff_seconds", "Seconds waited before each retry.",
                           &metrics->backoff);
    metrics_text_seconds(out, "tsfm_hold_remaining_seconds", "gauge",
                         "How long a Retry-After still keeps requests from the model server.",
                         gauges->hold_left_ns);
    metrics_text_single(out, "tsfm_stale_sockets_total", "counter",
                        "Pooled upstream connections found dead before use.",
                        gauges->stale_sockets);
    metrics_text_single(out, "tsfm_pool_in_use", "gauge",
                        "Attempts at the model server under way.", gauges->engine.attempts);
    metrics_text_single(out, "tsfm_pool_waiting", "gauge",
                        "Requests waiting for a place in the pool.",
                        gauges->engine.pool_waiting);
    metrics_text_histogram(out, "tsfm_pool_wait_seconds",
                           "Seconds that requests waited for a place in the pool, of those that "
                           "had to.", &metrics->pool_wait);
}
