#include <stdio.h>

#include "runtime/metrics_parts.h"

enum { PPM = 1000000 };

/* In milliseconds. */
static const struct metrics_bound latency_bounds[METRICS_LATENCY_BOUNDS] = {
    { 50 * NS_PER_MS, "50" },     { 100 * NS_PER_MS, "100" },   { 200 * NS_PER_MS, "200" },
    { 300 * NS_PER_MS, "300" },   { 400 * NS_PER_MS, "400" },   { 800 * NS_PER_MS, "800" },
    { 1500 * NS_PER_MS, "1500" }, { 3000 * NS_PER_MS, "3000" },
};

/* The rules of the transform keep the width within 0.02 .. 0.6. */
static const struct metrics_bound width_bounds[METRICS_WIDTH_BOUNDS] = {
    { 20000, "0.02" }, { 50000, "0.05" }, { 100000, "0.1" }, { 200000, "0.2" },
    { 300000, "0.3" }, { 400000, "0.4" }, { 500000, "0.5" }, { 600000, "0.6" },
};

/* In seconds, around the objective of 60 s for the top N markets. */
static const struct metrics_bound cycle_bounds[METRICS_CYCLE_BOUNDS] = {
    { 1 * NS_PER_S, "1" },   { 5 * NS_PER_S, "5" },   { 10 * NS_PER_S, "10" },
    { 20 * NS_PER_S, "20" }, { 30 * NS_PER_S, "30" }, { 45 * NS_PER_S, "45" },
    { 60 * NS_PER_S, "60" }, { 90 * NS_PER_S, "90" }, { 120 * NS_PER_S, "120" },
};

static const char *const status_names[METRICS_STATUS_COUNT] = {
    [METRICS_SUCCESS] = "success",
    [METRICS_ERROR] = "error",
    [METRICS_INVALID] = "invalid",
    [METRICS_ABANDONED] = "abandoned",
};

static const char *const route_names[METRICS_ROUTE_COUNT] = {
    [METRICS_ROUTE_MODEL] = "model",
    [METRICS_ROUTE_BASELINE] = "baseline",
};

static const char *const step_names[METRICS_PATH_STEPS] = {
#define STEP_TEXT(name, text) [name] = text,
    PATH_LIST(STEP_TEXT)
#undef STEP_TEXT
};

void metrics_count_latency(struct metrics *metrics, uint64_t latency_ns)
{
    metrics->latency_buckets[metrics_bucket(latency_bounds, METRICS_LATENCY_BOUNDS, latency_ns)]++;
    metrics->latency_sum_ns += latency_ns;
    histogram_count(&metrics->latency, latency_ns);
}

void metrics_on_forecast(struct metrics *metrics, uint64_t width_ppm)
{
    metrics->widths[metrics_bucket(width_bounds, METRICS_WIDTH_BOUNDS, width_ppm)]++;
    metrics->width_sum_ppm += width_ppm;
}

void metrics_on_cycle(struct metrics *metrics, uint64_t length_ns)
{
    metrics->cycles[metrics_bucket(cycle_bounds, METRICS_CYCLE_BOUNDS, length_ns)]++;
    metrics->cycle_sum_ns += length_ns;
}

static void write_counts(struct buf *out, const struct metrics *metrics)
{
    metrics_text_head(out, "tsfm_request_total", "counter",
                      "Forecast requests by how they ended.");
    for (unsigned i = 0; i < METRICS_STATUS_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_request_total", "status", status_names[i],
                              metrics->requests[i]);
    }
    metrics_text_head(out, "tsfm_route_selected_total", "counter",
                      "Valid requests by where they were sent first: the chain around the model, "
                      "or straight to the baseline.");
    for (unsigned i = 0; i < METRICS_ROUTE_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_route_selected_total", "route", route_names[i],
                              metrics->routes[i]);
    }
    metrics_text_head(out, "tsfm_served_total", "counter", "Answers by what was served.");
    for (unsigned i = 0; i < SERVED_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_served_total", "served", served_name((enum served)i),
                              metrics->served[i]);
    }
    metrics_text_head(out, "tsfm_fallback_total", "counter",
                      "Answers other than the fresh forecast, by reason.");
    for (unsigned i = 1; i < CODE_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_fallback_total", "reason", code_name((enum code)i),
                              metrics->fallbacks[i]);
    }
    metrics_text_head(out, "tsfm_chain_step_total", "counter",
                      "Words of meta.path, over all ended requests.");
    for (unsigned i = 0; i < METRICS_PATH_STEPS; i++) {
        /* How attempts ended is tsfm_attempt_total. */
        if (i == PATH_ATTEMPT) continue;
        metrics_text_labelled(out, "tsfm_chain_step_total", "step", step_names[i],
                              metrics->steps[i]);
    }
}

static void write_latency(struct buf *out, const struct metrics *metrics)
{
    metrics_text_head(out, "tsfm_request_latency_ms", "histogram",
                      "Milliseconds from the arrival of a request to its answer.");
    uint64_t below = metrics_text_buckets(out, "tsfm_request_latency_ms_bucket", latency_bounds,
                                          METRICS_LATENCY_BOUNDS, metrics->latency_buckets);
    buf_printf(out, "tsfm_request_latency_ms_sum %.6f\n",
               (double)metrics->latency_sum_ns / (double)NS_PER_MS);
    metrics_text_plain(out, "tsfm_request_latency_ms_count", below);
    metrics_text_histogram(out, "tsfm_request_latency_seconds",
                           "Seconds from the arrival of a request to its answer.",
                           &metrics->latency);
}

static void write_widths(struct buf *out, const struct metrics *metrics)
{
    const char *name = "tsfm_forecast_interval_width_ratio";
    metrics_text_head(out, name, "histogram",
                      "Mean distance of the 0.1 and 0.9 quantiles of each forecast made.");
    uint64_t below = metrics_text_buckets(out, "tsfm_forecast_interval_width_ratio_bucket",
                                          width_bounds, METRICS_WIDTH_BOUNDS, metrics->widths);
    double sum = (double)metrics->width_sum_ppm / PPM;
    buf_printf(out, "%s_sum %.6f\n", name, sum);
    metrics_text_plain(out, "tsfm_forecast_interval_width_ratio_count", below);
    metrics_text_head(out, "tsfm_interval_width", "gauge",
                      "The same as a mean over all forecasts made since the start; 0: none.");
    buf_printf(out, "tsfm_interval_width %.6f\n", below == 0 ? 0 : sum / (double)below);
}

static void write_cycles(struct buf *out, const struct metrics *metrics)
{
    metrics_text_head(out, "tsfm_cycle_time_seconds", "histogram",
                      "Seconds from the first request for an as_of_ts to the last answer for it.");
    uint64_t below = metrics_text_buckets(out, "tsfm_cycle_time_seconds_bucket", cycle_bounds,
                                          METRICS_CYCLE_BOUNDS, metrics->cycles);
    buf_puts(out, "tsfm_cycle_time_seconds_sum ");
    metrics_text_put_seconds(out, metrics->cycle_sum_ns);
    metrics_text_plain(out, "tsfm_cycle_time_seconds_count", below);
}

void metrics_write_requests(struct buf *out, const struct metrics *metrics,
                            const struct metrics_gauges *gauges)
{
    write_counts(out, metrics);
    write_latency(out, metrics);
    write_widths(out, metrics);
    write_cycles(out, metrics);
    metrics_text_single(out, "tsfm_quantile_crossing_total", "counter",
                        "Forecasts whose quantiles crossed and were sorted.",
                        metrics->quantile_crossings);
    metrics_text_single(out, "tsfm_invalid_output_total", "counter",
                        "Forecasts that were not served because their values break the rules.",
                        metrics->invalid_outputs);
    metrics_text_single(out, "tsfm_inflight", "gauge", "Requests in work.",
                        gauges->engine.calls);
}
