#include "forecast/response.h"

#include <stdbool.h>

#include "base/json.h"

enum { OTHER_BYTES = 240, VALUE_BYTES = 21 }; /* as a rule */

static const char *const quantile_names[FORECAST_QUANTILES] = { "0.1", "0.5", "0.9" };

/* What was written stays open: response_write_meta() goes on there. */
static void trim_closing_brace(struct buf *out)
{
    if (out->overflow) return;
    out->length--;
    out->data[out->length] = '\0';
}

void response_write_forecast(struct buf *out, const struct forecast_request *request,
                             const struct forecast_values *values)
{
    struct json json;
    buf_expect(out, OTHER_BYTES + values->horizon * (size_t)(FORECAST_QUANTILES * VALUE_BYTES));
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "market_id");
    json_string(&json, request->market_id);
    json_key(&json, "as_of_ts");
    json_string(&json, request->as_of_ts);
    json_key(&json, "freq");
    json_string(&json, request->freq);
    json_key(&json, "horizon_steps");
    json_u64(&json, values->horizon);
    json_key(&json, "quantiles");
    json_raw(&json, "[0.1,0.5,0.9]", sizeof "[0.1,0.5,0.9]" - 1);
    json_key(&json, "yhat_q");
    json_open(&json, '{');
    for (int i = 0; i < FORECAST_QUANTILES; i++) {
        json_key(&json, quantile_names[i]);
        json_open(&json, '[');
        json_doubles(&json, values->q[i], values->horizon);
        json_close(&json, ']');
    }
    json_close(&json, '}');
    json_close(&json, '}');
    trim_closing_brace(out);
}

static void write_code(struct json *json, const char *key, enum code code)
{
    json_key(json, key);
    json_string(json, code == CODE_NONE ? NULL : code_name(code));
}

/* The taxonomy's word for how an attempt ended; the two ends without a code have words of their
 * own. */
static const char *attempt_word(enum outcome outcome)
{
    enum code code = classify(outcome)->code;
    return outcome == OUTCOME_OK || code == CODE_NONE ? outcome_name(outcome) : code_name(code);
}

static void write_attempts(struct json *json, const struct call_record *record)
{
    json_key(json, "attempts");
    json_open(json, '[');
    for (uint8_t i = 0; record != NULL && i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        json_open(json, '{');
        json_key(json, "outcome");
        json_string(json, attempt_word(attempt->outcome));
        json_key(json, "class");
        json_string(json, outcome_name(attempt->outcome));
        json_key(json, "http_status");
        if (attempt->http_status == 0) {
            json_null(json);
        } else {
            json_u64(json, attempt->http_status);
        }
        json_key(json, "backoff_ms");
        json_ms(json, attempt->backoff_ns);
        json_key(json, "latency_ms");
        json_ms(json, attempt->latency_ns);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_key(json, "path");
    json_open(json, '[');
    for (uint8_t i = 0; record != NULL && i < record->path_count; i++) {
        json_string(json, path_entry_name(record->path[i]));
    }
    json_close(json, ']');
}

static void write_model(struct json *json, const struct response_meta *meta)
{
    const struct forecast_request *request = meta->request;
    const bool baseline = meta->record->served == SERVED_BASELINE;
    json_key(json, "runtime");
    json_string(json, baseline ? "baseline" : "tollama");
    json_key(json, "model_name");
    json_string(json, request->model_name);
    json_key(json, "model_version");
    json_string(json, request->model_version);
    json_key(json, "baseline");
    json_string(json, baseline ? meta->baseline : NULL);
    json_key(json, "input_len");
    json_u64(json, request->input_len);
    json_key(json, "transform");
    json_string(json, request->transform == TRANSFORM_LOGIT ? "logit" : "none");
}

static void write_warnings(struct json *json, uint32_t warnings)
{
    json_key(json, "warnings");
    json_open(json, '[');
    for (unsigned i = 0; i < FORECAST_WARNING_COUNT; i++) {
        if ((warnings & 1u << i) == 0) continue;
        json_string(json, forecast_warning_text((enum forecast_warning)i));
    }
    json_close(json, ']');
}

/* Why it is not the plain forecast, in one word; NULL when it is. */
static const char *fallback_reason(const struct call_record *record)
{
    if (record->served == SERVED_STALE) return code_name(CODE_CACHE_STALE_SERVED);
    if (record->served != SERVED_BASELINE || record->cause == CODE_NONE) return NULL;
    return code_name(record->cause);
}

/* Seconds with three decimals, rounded to nearest. */
static void write_age(struct json *json, uint64_t age_ns)
{
    struct buf *out = json->out;
    uint64_t ms = (age_ns + NS_PER_MS / 2) / NS_PER_MS;
    const char decimals[] = { '.', (char)('0' + ms / 100 % 10), (char)('0' + ms / 10 % 10),
                              (char)('0' + ms % 10) };
    json_u64(json, ms / 1000);
    buf_put(out, decimals, sizeof decimals);
}

static void write_cache(struct json *json, const struct call_record *record)
{
    const bool stale = record->served == SERVED_STALE;
    const bool hit = stale || record->served == SERVED_CACHE;
    json_key(json, "cache_hit");
    json_bool(json, hit);
    json_key(json, "cache_stale");
    json_bool(json, stale);
    json_key(json, "cache_tier");
    json_string(json, cache_tier_name(record->cache_tier));
    json_key(json, "cache_state");
    json_string(json, cache_state_name(record->cache_state));
    json_key(json, "age_s");
    write_age(json, record->age_ns);
}

void response_write_meta(struct buf *out, const struct response_meta *meta)
{
    const struct call_record *record = meta->record;
    const bool stale = record->served == SERVED_STALE;
    uint32_t warnings = meta->warnings | (stale ? 1u << WARNING_STALE_SERVED : 0);
    if (record->stale_family) warnings |= 1u << WARNING_STALE_FAMILY;
    struct json json;
    buf_puts(out, ",\"meta\":");
    json_init(&json, out);
    json_open(&json, '{');
    write_model(&json, meta);
    json_key(&json, "latency_ms");
    json_ms(&json, instant_until(meta->now, record->arrived));
    write_warnings(&json, warnings);
    json_key(&json, "fallback_used");
    json_bool(&json, stale || record->served == SERVED_BASELINE);
    json_key(&json, "fallback_reason");
    json_string(&json, fallback_reason(record));
    write_cache(&json, record);
    json_key(&json, "circuit_breaker_state");
    json_string(&json, breaker_state_name(record->breaker));
    write_code(&json, "code", record->code);
    write_code(&json, "cause", record->cause);
    json_key(&json, "request_id");
    json_string(&json, meta->request_id);
    write_attempts(&json, record);
    json_close(&json, '}');
    buf_putc(out, '}');
}

static const char *status_title(unsigned status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    }
    return "Error";
}

void response_write_problem(struct buf *out, const struct response_problem *problem)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "type");
    json_string(&json, "about:blank");
    json_key(&json, "title");
    json_string(&json, status_title(problem->status));
    json_key(&json, "status");
    json_u64(&json, problem->status);
    json_key(&json, "detail");
    json_string(&json, problem->detail);
    write_code(&json, "code", problem->code);
    write_code(&json, "cause", problem->cause);
    json_key(&json, "request_id");
    json_string(&json, problem->request_id);
    write_attempts(&json, problem->record);
    json_close(&json, '}');
}

unsigned response_status(enum code code)
{
    switch (code) {
    case CODE_INPUT_INVALID:
    case CODE_INPUT_INSUFFICIENT_HISTORY:
    case CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY: return 400;
    case CODE_RUNTIME_TIMEOUT: return 504;
    case CODE_RUNTIME_NETWORK:
    case CODE_RUNTIME_BAD_RESPONSE_SCHEMA: return 502;
    case CODE_NONE:
    case CODE_RUNTIME_RATE_LIMITED:
    case CODE_RUNTIME_5XX:
    case CODE_RUNTIME_OVERLOADED:
    case CODE_CIRCUIT_OPEN:
    case CODE_CACHE_STALE_SERVED:
    case CODE_BASELINE_FALLBACK: return 503;
    }
    return 503;
}
