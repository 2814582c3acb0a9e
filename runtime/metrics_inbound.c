#include "runtime/metrics_parts.h"

void metrics_on_guard(struct metrics *metrics, enum guard_verdict verdict)
{
    metrics->guard[verdict]++;
}

static void write_refused(struct buf *out, const struct metrics *metrics)
{
    static const char name[] = "tsfm_guard_refused_total";
    metrics_text_head(out, name, "counter", "Requests refused by their head, by reason.");
    for (unsigned i = GUARD_PASS + 1; i < GUARD_VERDICT_COUNT; i++) {
        metrics_text_labelled(out, name, "reason", guard_verdict_name((enum guard_verdict)i),
                              metrics->guard[i]);
    }
}

static void write_closed(struct buf *out, const struct http_server_stats *server)
{
    static const char name[] = "tsfm_inbound_timeouts_total";
    metrics_text_head(out, name, "counter",
                      "Callers' connections closed for keeping us waiting, by phase.");
    for (unsigned i = 0; i < HTTP_PHASE_COUNT; i++) {
        if (i == HTTP_PHASE_WORK) continue;
        metrics_text_labelled(out, name, "phase", http_phase_name((enum http_phase)i),
                              server->timeouts[i]);
    }
}

static void write_turned_away(struct buf *out, const struct http_server_stats *server)
{
    static const char name[] = "tsfm_inbound_refused_connections_total";
    metrics_text_head(out, name, "counter", "Callers' connections refused at accept, by limit.");
    metrics_text_labelled(out, name, "limit", "all", server->refused_full);
    metrics_text_labelled(out, name, "limit", "client", server->refused_client);
}

void metrics_write_inbound(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges)
{
    const struct http_server_stats *server = &gauges->server;
    write_refused(out, metrics);
    metrics_text_single(out, "tsfm_inbound_connections", "gauge", "Callers connected now.",
                        server->connections);
    metrics_text_single(out, "tsfm_inbound_accepted_total", "counter",
                        "Callers' connections accepted.", server->accepted);
    write_turned_away(out, server);
    metrics_text_single(out, "tsfm_inbound_evicted_total", "counter",
                        "Connections that waited longest and gave their place to a newcomer.",
                        server->evicted);
    metrics_text_single(out, "tsfm_inbound_accept_errors_total", "counter",
                        "Pauses of accepting after an error, such as running out of descriptors.",
                        server->accept_errors);
    write_closed(out, server);
}
