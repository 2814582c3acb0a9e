#include "forecast/model_request.h"

#include <string.h>

#include "base/decimal.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/text.h"
#include "forecast/iso_time.h"
#include "forecast/transform.h"

enum {
    SECONDS_PER_MINUTE = 60,
    BATCH = 64, /* values at once */
    OTHER_BYTES = 1024, /* besides times and values, as a rule */
    VALUE_ITEM_BYTES = 22,
    TIME_ITEM_BYTES = sizeof ",\"2026-01-01T00:00:00Z\"" - 1,
};

const char *model_request_path(const struct forecast_config *config)
{
    switch ((enum upstream_api)config->upstream_api) {
    case UPSTREAM_V1: return "/v1/forecast";
    case UPSTREAM_TIMESERIES: return "/v1/timeseries/forecast";
    }
    return "";
}

static void write_quantiles(struct json *json)
{
    static const char quantiles[] = "[0.1,0.5,0.9]";
    json_key(json, "quantiles");
    json_raw(json, quantiles, sizeof quantiles - 1);
}

/* An object that is already canonical JSON; {} when there is none. */
static void write_object(struct json *json, const char *key, const char *text)
{
    const char *object = text != NULL ? text : "{}";
    json_key(json, key);
    json_raw(json, object, strlen(object));
}

static void write_values(struct json *json, const char *key, const struct forecast_request *request,
                         struct value_texts *texts)
{
    char batch[BATCH * (DECIMAL_TEXT_MAX + 1)];
    uint32_t left = request->input_len;
    const double *y = request->y + (request->y_count - left);
    json_key(json, key);
    json_open(json, '[');
    while (left > 0) {
        uint32_t count = left < BATCH ? left : BATCH;
        size_t length = value_texts_write(texts, request, y, count, batch);
        buf_put(json->out, batch, length);
        y += count;
        left -= count;
        if (left > 0) buf_putc(json->out, ',');
    }
    json_close(json, ']');
}

/* Times from the `first` of all y on, behind commas. Nothing in them needs an escape. */
static void put_times(struct buf *out, const struct forecast_request *request, uint32_t first)
{
    const int64_t step_s = (int64_t)request->freq_minutes * SECONDS_PER_MINUTE;
    struct iso_series series = { .day_length_s = 0 };
    char batch[BATCH * TIME_ITEM_BYTES];
    size_t used = 0;
    for (uint32_t i = first; i < request->y_count; i++) {
        int64_t steps_back = (int64_t)request->y_count - 1 - i;
        int64_t at_s =
            request->y_ts != NULL ? request->y_ts[i] : request->as_of_unix_s - steps_back * step_s;
        char *item = batch + used;
        item[0] = ',';
        item[1] = '"';
        memcpy(item + 2, iso_series_format(&series, at_s), ISO_TIME_TEXT_LENGTH);
        item[2 + ISO_TIME_TEXT_LENGTH] = '"';
        used += TIME_ITEM_BYTES;
        if (used < sizeof batch && i + 1 < request->y_count) continue;
        const size_t comma = i - first < BATCH ? 1 : 0; /* none before the first */
        buf_put(out, batch + comma, used - comma);
        used = 0;
    }
}

/* The caller's times when it gave them; otherwise steps of freq that end at as_of_ts. */
static void write_timestamps(struct json *json, const struct forecast_request *request)
{
    json_key(json, "timestamps");
    json_open(json, '[');
    put_times(json->out, request, request->y_count - request->input_len);
    json_close(json, ']');
}

/* "5m" is "5min" to tollama (pandas reads "m" as months); hours are the same. */
static void write_freq(struct json *json, const char *freq)
{
    char text[FORECAST_TEXT_MAX + sizeof "min"];
    size_t digits = strspn(freq, "0123456789");
    text_put(text, digits + 1, 0, freq);
    text_put(text, sizeof text, digits, freq[digits] == 'm' ? "min" : "h");
    json_key(json, "freq");
    json_string(json, text);
}

static void write_v1(struct json *json, const struct forecast_request *request, uint64_t timeout_ns,
                     struct value_texts *texts)
{
    json_key(json, "model");
    json_string(json, request->model_name);
    json_key(json, "horizon");
    json_u64(json, request->horizon);
    json_key(json, "series");
    json_open(json, '[');
    json_open(json, '{');
    json_key(json, "id");
    json_string(json, request->market_id);
    write_freq(json, request->freq);
    write_timestamps(json, request);
    write_values(json, "target", request, texts);
    if (request->x_past != NULL) write_object(json, "past_covariates", request->x_past);
    if (request->x_future != NULL) write_object(json, "future_covariates", request->x_future);
    json_close(json, '}');
    json_close(json, ']');
    write_quantiles(json);
    write_object(json, "options", request->params);
    /* tollama takes a timeout over 0 only; under a millisecond there is none worth naming. */
    uint64_t timeout_ms = timeout_ns / NS_PER_MS;
    if (timeout_ms > 0) {
        json_key(json, "timeout");
        json_double(json, (double)timeout_ms / 1000);
    }
}

static void write_timeseries(struct json *json, const struct forecast_request *request,
                             struct value_texts *texts)
{
    json_key(json, "model");
    json_string(json, request->model_name);
    json_key(json, "model_version");
    json_string(json, request->model_version);
    write_values(json, "series", request, texts);
    json_key(json, "horizon_steps");
    json_u64(json, request->horizon);
    json_key(json, "freq");
    json_string(json, request->freq);
    write_quantiles(json);
    write_object(json, "x_past", request->x_past);
    write_object(json, "x_future", request->x_future);
    write_object(json, "params", request->params);
}

void model_request_write(struct buf *out, const struct forecast_request *request,
                         const struct forecast_config *config, uint64_t timeout_ns,
                         struct value_texts *texts)
{
    struct json json;
    const size_t point_bytes = TIME_ITEM_BYTES + VALUE_ITEM_BYTES;
    buf_expect(out, OTHER_BYTES + request->input_len * point_bytes);
    json_init(&json, out);
    json_open(&json, '{');
    switch ((enum upstream_api)config->upstream_api) {
    case UPSTREAM_V1: write_v1(&json, request, timeout_ns, texts); break;
    case UPSTREAM_TIMESERIES: write_timeseries(&json, request, texts); break;
    }
    json_close(&json, '}');
}
