#include "runtime/metrics_parts.h"

void metrics_gauges_add(struct metrics_gauges *sum, const struct metrics_gauges *more)
{
    sum->engine.calls += more->engine.calls;
    sum->engine.attempts += more->engine.attempts;
    sum->engine.pool_waiting += more->engine.pool_waiting;
    sum->engine.permits_out += more->engine.permits_out;
    sum->engine.cache_entries += more->engine.cache_entries;
    sum->engine.cache_bytes += more->engine.cache_bytes;
    sum->engine.late_results += more->engine.late_results;
    sum->stale_sockets += more->stale_sockets;
    http_server_stats_add(&sum->server, &more->server);
    sum->l2_connected += more->l2_connected;
    /* Each worker holds on its own: the longest says when all serve again. */
    sum->engine.held_until = u64_max(sum->engine.held_until, more->engine.held_until);
}

void metrics_gauges_keep_counters(struct metrics_gauges *gauges)
{
    *gauges = (struct metrics_gauges){
        .engine = { .late_results = gauges->engine.late_results },
        .stale_sockets = gauges->stale_sockets,
        .server = gauges->server,
    };
    gauges->server.connections = 0;
}

static void write_breakers(struct buf *out, const struct metrics_workers *workers)
{
    for (uint32_t worker = 0; worker < workers->count; worker++) {
        for (unsigned i = 0; i < METRICS_BREAKER_STATES; i++) {
            enum breaker_state state = (enum breaker_state)i;
            buf_printf(out, "tsfm_breaker_state{worker=\"%u\",state=\"%s\"} %d\n",
                       (unsigned)worker, breaker_state_name(state),
                       workers->breakers[worker] == state);
        }
    }
}

void metrics_write_breaker_states(struct buf *out, const struct metrics_gauges *gauges)
{
    metrics_text_head(out, "tsfm_breaker_state", "gauge",
                      "1 for the state the circuit breaker is in; each worker has its own.");
    if (gauges->workers != NULL) {
        write_breakers(out, gauges->workers);
        return;
    }
    for (unsigned i = 0; i < METRICS_BREAKER_STATES; i++) {
        metrics_text_labelled(out, "tsfm_breaker_state", "state",
                              breaker_state_name((enum breaker_state)i),
                              gauges->engine.breaker == (enum breaker_state)i ? 1 : 0);
    }
}

void metrics_write_workers(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges)
{
    const struct metrics_workers *workers = gauges->workers;
    uint64_t ready = workers == NULL ? 1 : 0;
    for (uint32_t i = 0; workers != NULL && i < workers->count; i++) ready += workers->ready[i];
    metrics_text_single(out, "tsfm_workers", "gauge", "Worker processes that serve.", ready);
    metrics_text_single(out, "tsfm_worker_restarts_total", "counter",
                        "Workers that ended unasked and were started again.",
                        workers == NULL ? 0 : workers->restarts);
    metrics_text_head(out, "tsfm_config_reload_total", "counter",
                      "Times that SIGHUP had the settings read again.");
    metrics_text_labelled(out, "tsfm_config_reload_total", "result", "applied",
                          metrics->reloads[METRICS_RELOAD_APPLIED]);
    metrics_text_labelled(out, "tsfm_config_reload_total", "result", "refused",
                          metrics->reloads[METRICS_RELOAD_REFUSED]);
}
