#include <assert.h>
#include <stdio.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "scenario/scenario.h"
#include "scenario/workload.h"

/* Probabilities are written in ten-thousandths, and wander between these. */
enum { Y_LOW = 500, Y_HIGH = 9500, Y_STEP = 60 };

enum {
    FREQ_MINUTES = 5,
    MINUTES_PER_DAY = 24 * 60,
    Y_TOO_LONG = 20001,
    /* 2026-01-01, the day of as_of_ts, in days since 1970. */
    AS_OF_DAY = 20454,
};

/* Not the scenario's seed: the same request is the same bytes in every run, so that runs with other
 * seeds ask the same questions in another order. */
static const uint64_t y_seed = 1;

const char *const bad_request_names[] = {
    [BAD_NOTHING] = "nothing",
    [BAD_NOT_JSON] = "not_json",
    [BAD_EMPTY] = "empty",
    [BAD_MISSING_Y] = "missing_y",
    [BAD_NAN] = "nan",
    [BAD_WRONG_TYPE] = "wrong_type",
    [BAD_TOO_SHORT] = "too_short",
    [BAD_TOO_LONG] = "too_long",
    [BAD_FREQ] = "bad_freq",
    [BAD_HORIZON] = "bad_horizon",
    [BAD_UNKNOWN_FIELD] = "unknown_field",
    [BAD_COUNT] = NULL,
};

const char *const request_values_names[] = { "plausible", "extreme", NULL };

static uint32_t value_count(const struct request_shape *shape)
{
    if (shape->bad == BAD_TOO_SHORT) return 1;
    return shape->bad == BAD_TOO_LONG ? Y_TOO_LONG : shape->y_len;
}

static void write_y(struct json *json, const struct request_shape *shape, uint64_t subject)
{
    uint64_t stream = rng_stream("y");
    int64_t value = 2000 + (int64_t)draw_below(draw(y_seed, stream, subject, 0), 6000);
    json_open(json, '[');
    for (uint32_t i = 1; i <= value_count(shape); i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "0.%04d", (int)value);
        if (shape->extreme) length = snprintf(text, sizeof text, "%s1e308", i % 2 ? "" : "-");
        if (shape->bad == BAD_NAN && i == 2)
            json_raw(json, "NaN", 3);
        else
            json_raw(json, text, (size_t)length);
        uint64_t uniform = draw(y_seed, stream, subject, i);
        value += (int64_t)draw_below(uniform, 2 * Y_STEP + 1) - Y_STEP;
        if (value < Y_LOW) value = 2 * Y_LOW - value;
        if (value > Y_HIGH) value = 2 * Y_HIGH - value;
    }
    json_close(json, ']');
}

/* "2025-12-31T23:55:00Z" for so many minutes before as_of_ts; the date by the shift of eras (days
 * from 0000-03-01, in which a leap day ends a year). */
static void write_moment(struct json *json, uint64_t minutes_before)
{
    uint64_t minutes = (uint64_t)AS_OF_DAY * MINUTES_PER_DAY - minutes_before;
    uint64_t days = minutes / MINUTES_PER_DAY + 719468;
    uint64_t era_day = days % 146097;
    uint64_t year_of_era = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    uint64_t day = era_day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t shifted_month = (5 * day + 2) / 153;
    unsigned month = (unsigned)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    unsigned year = (unsigned)(year_of_era + days / 146097 * 400 + (month <= 2));
    unsigned minute = (unsigned)(minutes % MINUTES_PER_DAY);
    char text[40];
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:00Z", year, month,
             (unsigned)(day - (153 * shifted_month + 2) / 5 + 1), minute / 60, minute % 60);
    json_string(json, text);
}

/* A value every freq, up to as_of_ts, but for one gap in the middle. */
static void write_y_ts(struct json *json, const struct request_shape *shape)
{
    uint32_t count = value_count(shape);
    json_open(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        uint64_t before = (uint64_t)(count - 1 - i) * FREQ_MINUTES;
        if (i < count / 2) before += shape->gap_minutes - FREQ_MINUTES;
        write_moment(json, before);
    }
    json_close(json, ']');
}

static void write_series(struct json *json, const struct request_shape *shape, uint64_t subject)
{
    if (shape->bad == BAD_MISSING_Y) return;
    json_key(json, "y");
    if (shape->bad == BAD_WRONG_TYPE) {
        json_string(json, "0.5 0.6");
        return;
    }
    write_y(json, shape, subject);
    if (shape->gap_minutes == 0) return;
    json_key(json, "y_ts");
    write_y_ts(json, shape);
}

static void write_options(struct json *json, const struct request_shape *shape)
{
    if (shape->liquidity_bucket != NULL) {
        json_key(json, "liquidity_bucket");
        json_string(json, shape->liquidity_bucket);
    }
    if (shape->has_max_gap) {
        json_key(json, "max_gap_minutes");
        json_u64(json, shape->max_gap_minutes);
    }
    if (shape->model != NULL) {
        json_key(json, "model");
        json_open(json, '{');
        json_key(json, "model_name");
        json_string(json, shape->model);
        json_close(json, '}');
    }
    if (shape->extreme) {
        json_key(json, "transform"); /* the other one clips */
        json_open(json, '{');
        json_key(json, "space");
        json_string(json, "none");
        json_close(json, '}');
    }
    if (shape->bad == BAD_UNKNOWN_FIELD) {
        json_key(json, "horizon_stepz");
        json_u64(json, shape->horizon_steps);
    }
}

const char *workload_market_name(const struct scenario *scenario, uint32_t workload, uint32_t key,
                                 char *out, size_t size)
{
    const struct workload *load = &scenario->workloads[workload];
    const struct request_shape *shape = workload_shape(load, key);
    uint32_t market = key % workload_market_count(load);
    size_t at = shape->market != NULL
                    ? text_put(out, size, 0, shape->market)
                    : text_put_u64(out, size, text_put(out, size, 0, "w"), workload);
    at = text_put(out, size, at, "-m");
    text_put_u64(out, size, at, market);
    return out;
}

void workload_write_request(struct buf *out, const struct scenario *scenario, uint32_t workload,
                            uint32_t key)
{
    assert(workload < scenario->workload_count);
    const struct workload *load = &scenario->workloads[workload];
    const struct request_shape *shape = workload_shape(load, key);
    uint32_t market = key % workload_market_count(load);
    if (shape->bad == BAD_EMPTY) return;
    char name[WORKLOAD_MARKET_MAX];
    workload_market_name(scenario, workload, key, name, sizeof name);
    size_t begin = out->length;
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "market_id");
    json_string(&json, name);
    json_key(&json, "as_of_ts");
    json_string(&json, "2026-01-01T00:00:00Z");
    json_key(&json, "freq");
    json_string(&json, shape->bad == BAD_FREQ ? "5 minutes" : "5m");
    json_key(&json, "horizon_steps");
    json_u64(&json, shape->bad == BAD_HORIZON ? 0 : shape->horizon_steps);
    write_series(&json, shape, ((uint64_t)workload << 32) | market);
    write_options(&json, shape);
    json_close(&json, '}');
    if (shape->bad == BAD_NOT_JSON) {
        out->length = begin + (out->length - begin) / 2;
        out->data[out->length] = '\0';
    }
}
