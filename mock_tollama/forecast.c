#include "mock/forecast.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/instant.h"
#include "base/json.h"
#include "mock/timestamp.h"

enum {
    TREND_STEPS = 12,
    SPREAD_STEPS = ASK_RECENT_MAX - 1,
    VALUE_TEXT_MAX = DECIMAL_TEXT_MAX + 1, /* with its sign */
    VALUE_ROOM = VALUE_TEXT_MAX + 1,       /* and a comma */
    ROOTS_MAX = 64,
};

/* Room that is asked for at once; more is found when it is needed. */
enum { VALUE_BYTES_LIKELY = 10, DOCUMENT_BYTES_LIKELY = 512, EXPECTED_VALUES_MAX = 100000 };

/* ln(9) / 1.2815515655: makes the logistic's 90 % point the normal's. */
#define LOGISTIC_SCALE 1.7145

struct outlook {
    double level, trend, spread; /* finite */
};

static double finite_or(double value, double otherwise)
{
    return isfinite(value) ? value : otherwise;
}

static struct outlook outlook_make(const struct ask_series *series)
{
    size_t steps = series->recent_count - 1;
    size_t trend_steps = steps < TREND_STEPS ? steps : TREND_STEPS;
    size_t spread_steps = steps < SPREAD_STEPS ? steps : SPREAD_STEPS;
    double last = series->recent[steps];
    double moved = 0;
    for (size_t i = 0; i < spread_steps; i++) {
        moved += fabs(series->recent[steps - i] - series->recent[steps - i - 1]);
    }
    double trend = 0;
    if (trend_steps > 0)
        trend = 0.1 * (last - series->recent[steps - trend_steps]) / (double)trend_steps;
    double spread = spread_steps > 0 ? moved / (double)spread_steps : 0;
    return (struct outlook){
        .level = last,
        .trend = finite_or(trend, 0),
        .spread = fmax(finite_or(spread, 0), 0.001 * fmax(fabs(last), 1)),
    };
}

static double quantile_z(double quantile)
{
    return log(quantile / (1 - quantile)) / LOGISTIC_SCALE;
}

/* Six decimals where they say enough: the general conversion costs several times as much, and these
 * numbers are most of the work of a healthy answer. Rounding keeps the order of values. */
static inline size_t format_value(char out[VALUE_TEXT_MAX], double value)
{
    double size = fabs(value);
    if (size < 1e-3 || size >= 1e9) return decimal_write(value, out);
    size_t sign = value < 0;
    out[0] = '-';
    return sign + decimal_write_millionths((uint64_t)(size * 1e6 + 0.5), out + sign);
}

struct writer {
    struct json json;
    const struct ask *ask;
    const struct forecast_reply *reply;
    size_t values;           /* per list */
    double roots[ROOTS_MAX]; /* of the first steps */
};

/* `root` of the step; `spread`: z times the outlook's. */
static inline double outlook_at(const struct outlook *outlook, size_t step, double root,
                                double spread)
{
    double value = outlook->level + (double)step * outlook->trend + spread * root;
    return finite_or(value, outlook->level);
}

/* Each list needs the same ones. */
static double root_of(const struct writer *writer, size_t step)
{
    return step < ROOTS_MAX ? writer->roots[step] : sqrt((double)step);
}

/* In place: this is most of the work of a healthy answer. */
static void write_plain_values(struct writer *writer, const struct outlook *outlook, double z)
{
    struct buf *out = writer->json.out;
    const struct outlook here = *outlook;
    const double spread = z * here.spread;
    size_t step = 1;
    assert(writer->values > 0);
    json_raw(&writer->json, "[", 1);
    while (step <= writer->values) {
        char *room = buf_room(out, VALUE_ROOM);
        assert(room != NULL);
        const char *last = out->data + out->capacity - VALUE_ROOM - 1; /* where one still fits */
        char *at = room;
        for (; step <= writer->values && at <= last; step++) {
            at += format_value(at, outlook_at(&here, step, root_of(writer, step), spread));
            *at++ = ',';
        }
        buf_added(out, (size_t)(at - room));
    }
    out->data[out->length - 1] = ']';
}

/* `spoiled`: the list that carries the value that is not finite. */
static void write_values(struct writer *writer, const struct outlook *outlook, double z,
                         bool spoiled)
{
    char text[VALUE_TEXT_MAX];
    if (!spoiled && writer->reply->fault != ANSWER_WRONG_TYPES) {
        write_plain_values(writer, outlook, z);
        return;
    }
    json_open(&writer->json, '[');
    for (size_t step = 1; step <= writer->values; step++) {
        double value = outlook_at(outlook, step, root_of(writer, step), z * outlook->spread);
        size_t length = format_value(text, value);
        if (spoiled && step == (writer->values + 1) / 2) {
            /* Not JSON at all, or JSON whose number no double holds: clients fall for either. */
            if (writer->reply->luck % 2 == 0)
                json_raw(&writer->json, "NaN", 3);
            else
                json_raw(&writer->json, "1e999", 5);
        } else if (writer->reply->fault == ANSWER_WRONG_TYPES) {
            json_string(&writer->json, text);
        } else {
            json_raw(&writer->json, text, length);
        }
    }
    json_close(&writer->json, ']');
}

/* As decimal_write() has it. The common ones have few decimals, and no other text as short is read
 * as the same number. */
static void write_quantile_key(struct json *json, double quantile)
{
    enum { UNIT = 1000000 };
    char key[DECIMAL_TEXT_MAX];
    uint64_t millionths = (uint64_t)(quantile * UNIT + 0.5);
    bool same = !((double)millionths / UNIT < quantile) && !((double)millionths / UNIT > quantile);
    if (same && millionths > 0) {
        size_t length = decimal_write_millionths(millionths, key);
        while (key[length - 1] == '0') length--;
        key[length] = '\0';
    } else {
        decimal_write(quantile, key);
    }
    json_key(json, key);
}

static void write_quantiles(struct writer *writer, const struct outlook *outlook)
{
    const struct ask *ask = writer->ask;
    enum answer_fault fault = writer->reply->fault;
    size_t missing = ask->quantile_count;
    if (fault == ANSWER_MISSING_QUANTILE && missing > 0) {
        missing = (size_t)(writer->reply->luck % ask->quantile_count);
    }
    json_open(&writer->json, '{');
    for (size_t i = 0; i < ask->quantile_count; i++) {
        if (i == missing) continue;
        size_t from = fault == ANSWER_CROSSED_QUANTILES ? ask->quantile_count - 1 - i : i;
        write_quantile_key(&writer->json, ask->quantiles[i]);
        write_values(writer, outlook, quantile_z(ask->quantiles[from]),
                     fault == ANSWER_NOT_FINITE && i == ask->quantile_count / 2);
    }
    json_close(&writer->json, '}');
}

static void write_series(struct writer *writer, const struct ask_series *series)
{
    const struct ask *ask = writer->ask;
    struct json *json = &writer->json;
    struct outlook outlook = outlook_make(series);
    char start[TIMESTAMP_TEXT_MAX];
    bool spoil_mean = writer->reply->fault == ANSWER_NOT_FINITE && ask->quantile_count == 0;
    json_open(json, '{');
    JSON_KEY(json, "id");
    json_string(json, writer->reply->fault == ANSWER_WRONG_ID ? "another-series" : series->id);
    JSON_KEY(json, "freq");
    json_string(json, series->freq);
    JSON_KEY(json, "start_timestamp");
    json_string(json, timestamp_next(series->before_last_timestamp, series->last_timestamp,
                                     series->freq, start));
    JSON_KEY(json, "mean");
    write_values(writer, &outlook, 0, spoil_mean);
    if (ask->quantile_count > 0) {
        JSON_KEY(json, "quantiles");
        write_quantiles(writer, &outlook);
    }
    json_close(json, '}');
}

static void write_forecasts(struct writer *writer)
{
    struct json *json = &writer->json;
    json_open(json, '{');
    JSON_KEY(json, "model");
    json_string(json, writer->ask->model);
    JSON_KEY(json, "forecasts");
    json_open(json, '[');
    for (size_t i = 0; i < writer->ask->series_count; i++) {
        write_series(writer, &writer->ask->series[i]);
    }
    json_close(json, ']');
    JSON_KEY(json, "timing");
    json_open(json, '{');
    JSON_KEY(json, "model_load_ms");
    json_u64(json, 0);
}

static void write_timeseries(struct writer *writer)
{
    struct json *json = &writer->json;
    struct outlook outlook = outlook_make(&writer->ask->series[0]);
    json_open(json, '{');
    JSON_KEY(json, "model");
    json_string(json, writer->ask->model);
    JSON_KEY(json, "quantiles");
    write_quantiles(writer, &outlook);
    JSON_KEY(json, "meta");
    json_open(json, '{');
    JSON_KEY(json, "model_version");
    json_string(json, writer->ask->model_version);
}

/* All but what forecast_write_end() adds. */
static void write_document(struct writer *writer)
{
    for (size_t step = 1; step <= writer->values && step < ROOTS_MAX; step++)
        writer->roots[step] = sqrt((double)step);
    switch (writer->ask->api) {
    case ASK_V1: write_forecasts(writer); break;
    case ASK_OLLAMA:
        if (writer->ask->stream) {
            json_open(&writer->json, '{');
            JSON_KEY(&writer->json, "done");
            json_bool(&writer->json, true);
            JSON_KEY(&writer->json, "response");
        }
        write_forecasts(writer);
        break;
    case ASK_TIMESERIES: write_timeseries(writer); break;
    }
}

static size_t horizon_written(const struct ask *ask, enum answer_fault fault)
{
    if (fault != ANSWER_WRONG_HORIZON) return ask->horizon;
    return ask->horizon > 1 ? ask->horizon - 1 : ask->horizon + 1;
}

/* Nanoseconds as the milliseconds of a JSON number. */
static void put_ms(struct buf *out, const char *key, uint64_t ns)
{
    struct json json;
    buf_puts(out, key);
    json_init(&json, out);
    json_ms(&json, ns);
}

void forecast_write_end(struct buf *out, enum ask_api api, bool stream, uint64_t latency_ns)
{
    if (api == ASK_TIMESERIES) {
        put_ms(out, ",\"latency_ms\":", latency_ns);
    } else {
        put_ms(out, ",\"inference_ms\":", latency_ns);
        put_ms(out, ",\"total_ms\":", latency_ns);
    }
    buf_puts(out, stream ? "}}}\n" : "}}");
}

static void write_status_lines(struct buf *out, const struct ask *ask)
{
    if (!ask->stream) return;
    buf_puts(out, "{\"status\":\"loading model\"}\n{\"status\":\"running forecast\"}\n");
}

void forecast_write(struct buf *out, const struct ask *ask, const struct forecast_reply *reply)
{
    if (reply->fault == ANSWER_EMPTY) return;
    if (reply->fault == ANSWER_NOT_JSON) {
        buf_puts(out, "<html><body><h1>Service temporarily unavailable</h1></body></html>\n");
        return;
    }
    if (reply->fault == ANSWER_ERROR_OBJECT) {
        forecast_write_error(out, 500, "runner returned no forecast");
        return;
    }
    write_status_lines(out, ask);
    struct writer writer = {
        .ask = ask,
        .reply = reply,
        .values = horizon_written(ask, reply->fault),
    };
    size_t start = out->length;
    json_init(&writer.json, out);
    write_document(&writer);
    forecast_write_end(out, ask->api, ask->stream, reply->latency_ns);
    assert(!out->overflow);
    if (reply->fault == ANSWER_TRUNCATED_JSON) {
        out->length = start + (out->length - start) / 2;
        out->data[out->length] = '\0';
    }
}

void forecast_write_start(struct buf *out, const struct ask *ask)
{
    static const struct forecast_reply good = { .fault = ANSWER_GOOD };
    struct writer writer = { .ask = ask, .reply = &good, .values = ask->horizon };
    size_t lists = ask->series_count * (ask->quantile_count + 1);
    if (ask->horizon * lists < EXPECTED_VALUES_MAX) {
        buf_expect(out, ask->horizon * lists * VALUE_BYTES_LIKELY + DOCUMENT_BYTES_LIKELY);
    }
    write_status_lines(out, ask);
    json_init(&writer.json, out);
    write_document(&writer);
    assert(!out->overflow);
}

const char *forecast_content_type(bool stream, enum answer_fault fault)
{
    if (fault == ANSWER_NOT_JSON) return "text/html";
    return stream ? "application/x-ndjson" : "application/json";
}

static const char *default_sentence(unsigned status)
{
    switch (status) {
    case 400: return "the request is not valid";
    case 401: return "missing or invalid API key";
    case 403: return "the model's licence is not accepted";
    case 404: return "the model is not installed";
    case 409: return "the model is being changed";
    case 413: return "the request is too large";
    case 429: return "rate limit exceeded";
    case 500: return "internal server error";
    case 502: return "the runner returned an invalid forecast";
    case 503: return "the runner is not available";
    case 504: return "the runner did not answer in time";
    default: return "refused by the scenario";
    }
}

void forecast_write_error_hint(struct buf *out, unsigned status, const char *sentence,
                               const char *hint)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "detail");
    json_string(&json, sentence != NULL ? sentence : default_sentence(status));
    if (hint != NULL) {
        json_key(&json, "hint");
        json_string(&json, hint);
    }
    json_close(&json, '}');
}

void forecast_write_error(struct buf *out, unsigned status, const char *sentence)
{
    forecast_write_error_hint(out, status, sentence, NULL);
}
