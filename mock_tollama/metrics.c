#include "mock/metrics.h"

#include "base/instant.h"

static const uint64_t BUCKETS_MS[METRICS_BUCKETS] = { 5,   10,   25,   50,   100,  250,
                                                      500, 1000, 2500, 5000, 10000 };
static const char *const ENDPOINTS[METRICS_APIS] = {
    [ASK_V1] = "v1_forecast",
    [ASK_OLLAMA] = "api_forecast",
    [ASK_TIMESERIES] = "v1_timeseries_forecast",
};

void metrics_count(struct metrics *metrics, enum ask_api api, unsigned status, uint64_t planned_ns)
{
    unsigned class = status / 100 < METRICS_CLASSES ? status / 100 : 0;
    struct metrics_cell *cell = &metrics->cells[api][class];
    cell->count++;
    cell->sum_ns += planned_ns;
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        if (planned_ns > BUCKETS_MS[i] * NS_PER_MS) continue;
        cell->buckets[i]++;
        return;
    }
}

static void head(struct buf *out, const char *name, const char *kind, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_histogram(struct buf *out, const struct metrics_cell *cell, const char *labels)
{
    uint64_t below = 0;
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        below += cell->buckets[i];
        buf_printf(out, "tollama_forecast_latency_seconds_bucket{%s,le=\"%g\"} %llu\n", labels,
                   (double)BUCKETS_MS[i] / 1000, (unsigned long long)below);
    }
    buf_printf(out, "tollama_forecast_latency_seconds_bucket{%s,le=\"+Inf\"} %llu\n", labels,
               (unsigned long long)cell->count);
    buf_printf(out, "tollama_forecast_latency_seconds_sum{%s} %.9f\n", labels,
               (double)cell->sum_ns / (double)NS_PER_S);
    buf_printf(out, "tollama_forecast_latency_seconds_count{%s} %llu\n", labels,
               (unsigned long long)cell->count);
}

static void write_forecasts(struct buf *out, const struct metrics *metrics, int histogram)
{
    for (unsigned api = 0; api < METRICS_APIS; api++) {
        for (unsigned class = 0; class < METRICS_CLASSES; class ++) {
            const struct metrics_cell *cell = &metrics->cells[api][class];
            if (cell->count == 0) continue;
            struct buf labels;
            buf_init(&labels, BUF_UNBOUNDED);
            buf_printf(&labels, "endpoint=\"%s\",status_class=\"%uxx\"", ENDPOINTS[api], class);
            if (histogram) {
                write_histogram(out, cell, buf_text(&labels));
            } else {
                buf_printf(out, "tollama_forecast_requests_total{%s} %llu\n", buf_text(&labels),
                           (unsigned long long)cell->count);
            }
            buf_deinit(&labels);
        }
    }
}

void metrics_write(struct buf *out, const struct metrics *metrics, const struct metrics_now *now)
{
    head(out, "tollama_forecast_requests_total", "counter",
         "Forecast requests by endpoint and status, as planned.");
    write_forecasts(out, metrics, 0);
    head(out, "tollama_forecast_latency_seconds", "histogram",
         "Time from a forecast request to its answer, as planned.");
    write_forecasts(out, metrics, 1);
    head(out, "tollama_models_loaded", "gauge", "Models in memory.");
    buf_printf(out, "tollama_models_loaded %u\n", now->models_loaded);
    head(out, "tollama_runner_restarts_total", "counter",
         "Restarts of runners; the mock has none.");
    buf_puts(out, "tollama_runner_restarts_total 0\n");

    const struct ledger *ledger = now->ledger;
    head(out, "mock_attempts_ended_total", "counter", "Played attempts by how they ended.");
    for (unsigned i = 0; i < LEDGER_END_COUNT; i++) {
        buf_printf(out, "mock_attempts_ended_total{end=\"%s\"} %llu\n",
                   ledger_end_name((enum ledger_end)i), (unsigned long long)ledger->ends[i]);
    }
    head(out, "mock_attempts_faulted_total", "counter", "Attempts on which a fault fired.");
    buf_printf(out, "mock_attempts_faulted_total %llu\n", (unsigned long long)ledger->faulted);
    head(out, "mock_attempts_open", "gauge", "Answers under way.");
    buf_printf(out, "mock_attempts_open %u\n", now->open);
    head(out, "mock_ledger_lines_lost_total", "counter", "Ledger lines that were not written.");
    buf_printf(out, "mock_ledger_lines_lost_total %llu\n", (unsigned long long)ledger->lines_lost);
    head(out, "mock_scenario_generation", "gauge", "Changes of the scenario since the start.");
    buf_printf(out, "mock_scenario_generation %llu\n", (unsigned long long)now->generation);
}
