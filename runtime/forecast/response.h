#ifndef FORECAST_RESPONSE_H
#define FORECAST_RESPONSE_H
/* The answer to the caller: the forecast's part, which is what the cache keeps, and `meta`, which
 * is made anew for each answer. And the typed error, application/problem+json (RFC 9457). */

#include <stdint.h>

#include "base/buf.h"
#include "core/record.h"
#include "forecast/request.h"
#include "forecast/transform.h"

/* {"market_id":..,"as_of_ts":..,"freq":..,"horizon_steps":..,"quantiles":[..],"yhat_q":{..} without
 * the closing brace. This text is what a cache slot holds. */
void response_write_forecast(struct buf *out, const struct forecast_request *request,
                             const struct forecast_values *values);

struct response_meta {
    const struct call_record *record; /* finished */
    const struct forecast_request *request;
    const char *request_id;
    const char *baseline; /* baseline_name(), used when served == SERVED_BASELINE */
    uint32_t warnings;    /* bits of the request and of the values */
    instant_ns now;
};

/* ,"meta":{..}} : completes response_write_forecast(). Names of the Python service (runtime,
 * model_name, model_version, input_len, transform, latency_ms, warnings, fallback_used,
 * fallback_reason, cache_hit, cache_stale, circuit_breaker_state) and code, cause, cache_tier,
 * cache_state, age_s, request_id, attempts, path. fallback_reason is CACHE_STALE_SERVED for a stale
 * answer and the cause for a baseline. */
void response_write_meta(struct buf *out, const struct response_meta *meta);

struct response_problem {
    unsigned status; /* the HTTP status */
    enum code code;
    enum code cause;    /* CODE_NONE: written as null */
    const char *detail; /* a sentence */
    const char *request_id;
    const struct call_record *record; /* NULL: no attempts to show */
};

/* {"type":"about:blank","title":..,"status":..,"detail":..,"code":..,"cause":..,"request_id":..,
 *  "attempts":[..],"path":[..]} */
void response_write_problem(struct buf *out, const struct response_problem *problem);

/* The status of a typed error: 400 INPUT_*, 504 RUNTIME_TIMEOUT, 502 RUNTIME_NETWORK and
 * RUNTIME_BAD_RESPONSE_SCHEMA, 503 for the rest. */
unsigned response_status(enum code code);

#endif
