#include "harness/report_openmetrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "harness/report_samples.h"
#include "harness/report_text.h"

enum { STEPS_WISHED = 600 };

struct series {
    const char *scenario;
    const struct run *run;
    struct samples samples;
};

struct writer {
    struct buf *out;
    uint64_t started_ms;
    struct series *series; /* owned */
    size_t count;
};

static uint64_t step_of(const struct scenario *scenario)
{
    uint64_t seconds = scenario->duration_ns / STEPS_WISHED / NS_PER_S;
    return u64_max(seconds, 1) * NS_PER_S;
}

static void add_series(struct writer *writer, const struct suite_scenario *item,
                       const struct suite_world *world)
{
    if (!world->present || world->run.invalid) return;
    struct series *series = &writer->series[writer->count++];
    series->scenario = item->scenario.name;
    series->run = &world->run;
    samples_make(&series->samples, &world->run, step_of(&item->scenario));
}

static void put_head(struct writer *writer, const char *name, const char *type, const char *help)
{
    buf_printf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `name{scenario="...",world="..."`, and the caller's own label. */
static void put_name(struct writer *writer, const char *name, const struct series *series,
                     const char *label, const char *value)
{
    struct buf *out = writer->out;
    buf_printf(out, "%s{scenario=\"", name);
    report_text_label(out, series->scenario);
    buf_printf(out, "\",world=\"%s\"", world_name(series->run->world));
    if (label != NULL) buf_printf(out, ",%s=\"%s\"", label, value);
    buf_puts(out, "} ");
}

static void put_moment(struct writer *writer, const struct series *series, size_t step)
{
    uint64_t ms = writer->started_ms + step * (series->samples.step_ns / NS_PER_MS);
    buf_printf(writer->out, " %" PRIu64 ".%03" PRIu64 "\n", ms / 1000, ms % 1000);
}

static void put_served(struct writer *writer)
{
    put_head(writer, "tsfm_served", "counter", "Answers by what was served.");
    for (size_t i = 0; i < writer->count; i++) {
        const struct series *series = &writer->series[i];
        for (unsigned served = 0; served < SERVED_COUNT; served++) {
            for (size_t step = 0; step < series->samples.count; step++) {
                put_name(writer, "tsfm_served_total", series, "served",
                         served_name((enum served)served));
                buf_put_u64(writer->out, series->samples.items[step].served[served]);
                put_moment(writer, series, step);
            }
        }
    }
}

static uint64_t succeeded(const struct sample *sample)
{
    return sample->succeeded;
}

static uint64_t failed(const struct sample *sample)
{
    return sample->failed;
}

static uint64_t routed(const struct sample *sample)
{
    return sample->routed;
}

/* One value of a counter's label, over all runs and moments. */
struct counter {
    const char *name, *label, *value;
    uint64_t (*read)(const struct sample *sample);
};

static void put_counter(struct writer *writer, const struct counter *counter)
{
    for (size_t i = 0; i < writer->count; i++) {
        const struct series *series = &writer->series[i];
        for (size_t step = 0; step < series->samples.count; step++) {
            put_name(writer, counter->name, series, counter->label, counter->value);
            buf_put_u64(writer->out, counter->read(&series->samples.items[step]));
            put_moment(writer, series, step);
        }
    }
}

static void put_requests(struct writer *writer)
{
    static const struct counter success = { "tsfm_request_total", "status", "success", succeeded };
    static const struct counter error = { "tsfm_request_total", "status", "error", failed };
    static const struct counter model = { "tsfm_route_selected_total", "route", "model", routed };
    put_head(writer, "tsfm_request", "counter", "Forecast requests by how they ended.");
    put_counter(writer, &success);
    put_counter(writer, &error);
    put_head(writer, "tsfm_route_selected", "counter",
             "Valid requests by where they were sent first.");
    put_counter(writer, &model);
}

static const char *bound_text(size_t bound, char out[24])
{
    if (bound == SAMPLES_BOUNDS) return "+Inf";
    uint64_t ms = samples_bounds_ns[bound] / NS_PER_MS;
    snprintf(out, 24, "%g", (double)ms / 1000);
    return out;
}

/* Each moment whole: buckets, count and sum of one point stand together. */
static void put_histogram_point(struct writer *writer, const struct series *series, size_t step)
{
    const struct sample *sample = &series->samples.items[step];
    char text[24];
    for (size_t bound = 0; bound <= SAMPLES_BOUNDS; bound++) {
        put_name(writer, "tsfm_request_latency_seconds_bucket", series, "le",
                 bound_text(bound, text));
        buf_put_u64(writer->out,
                    bound == SAMPLES_BOUNDS ? sample->answered : sample->within[bound]);
        put_moment(writer, series, step);
    }
    put_name(writer, "tsfm_request_latency_seconds_count", series, NULL, NULL);
    buf_put_u64(writer->out, sample->answered);
    put_moment(writer, series, step);
    put_name(writer, "tsfm_request_latency_seconds_sum", series, NULL, NULL);
    buf_printf(writer->out, "%" PRIu64 ".%06" PRIu64, sample->latency_us / 1000000,
               sample->latency_us % 1000000);
    put_moment(writer, series, step);
}

static void put_latencies(struct writer *writer)
{
    put_head(writer, "tsfm_request_latency_seconds", "histogram",
             "Seconds from when a request was due to its answer.");
    for (size_t i = 0; i < writer->count; i++) {
        const struct series *series = &writer->series[i];
        for (size_t step = 0; step < series->samples.count; step++)
            put_histogram_point(writer, series, step);
    }
}

static void put_breaker(struct writer *writer)
{
    put_head(writer, "tsfm_breaker_state", "gauge", "1 for the state of the circuit breaker.");
    for (size_t i = 0; i < writer->count; i++) {
        const struct series *series = &writer->series[i];
        for (int state = BREAKER_CLOSED; state <= BREAKER_HALF_OPEN; state++) {
            for (size_t step = 0; step < series->samples.count; step++) {
                put_name(writer, "tsfm_breaker_state", series, "state",
                         breaker_state_name((enum breaker_state)state));
                buf_putc(writer->out,
                         (int)series->samples.items[step].breaker == state ? '1' : '0');
                put_moment(writer, series, step);
            }
        }
    }
}

void report_write_openmetrics(struct buf *out, const struct suite *suite)
{
    struct writer writer = { .out = out, .started_ms = suite->started_wall_ms };
    writer.series = mem_alloc(2 * suite->count + 1, sizeof *writer.series);
    for (size_t i = 0; i < suite->count; i++) {
        add_series(&writer, &suite->scenarios[i], &suite->scenarios[i].sim);
        add_series(&writer, &suite->scenarios[i], &suite->scenarios[i].real);
    }
    put_requests(&writer);
    put_served(&writer);
    put_latencies(&writer);
    put_breaker(&writer);
    buf_puts(out, "# EOF\n");
    for (size_t i = 0; i < writer.count; i++)
        samples_deinit(&writer.series[i].samples);
    mem_free(writer.series);
}
