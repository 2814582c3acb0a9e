#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "forecast/answer.h"
#include "forecast/baseline.h"
#include "forecast/model_request.h"
#include "forecast/response.h"
#include "forecast/transform.h"
#include "runtime/state.h"

/* What transform_finish() promises, looked at once more before anything is served. */
static bool is_servable(const struct forecast_values *values)
{
    for (uint32_t step = 0; step < values->horizon; step++) {
        double low = values->q[0][step];
        double middle = values->q[1][step];
        double high = values->q[2][step];
        /* Each comparison is false for a NaN. */
        if (!(0.0 <= low && low <= middle && middle <= high && high <= 1.0)) return false;
    }
    return true;
}

/* Mean distance of the outer quantiles, in millionths. */
static uint64_t width_ppm(const struct forecast_values *values)
{
    double sum = 0;
    for (uint32_t step = 0; step < values->horizon; step++) {
        sum += values->q[FORECAST_QUANTILES - 1][step] - values->q[0][step];
    }
    return (uint64_t)(sum / (double)values->horizon * 1e6 + 0.5);
}

/* Makes finished values the job's forecast; false when they may not be served. */
static bool keep_forecast(struct job *job, const struct forecast_values *values, uint32_t warnings)
{
    struct metrics *metrics = &job->service->metrics;
    if (!is_servable(values)) {
        metrics->invalid_outputs++;
        return false;
    }
    if ((warnings & (1u << WARNING_QUANTILE_CROSSING_FIXED)) != 0) metrics->quantile_crossings++;
    metrics_on_forecast(metrics, width_ppm(values));

    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    response_write_forecast(&text, &job->request, values);
    size_t length = text.length;
    body_release(job->body);
    job->body = body_create(buf_take(&text), length, warnings);
    return true;
}

static void log_attempt(const struct job *job, enum log_level level, enum outcome outcome,
                        const char *detail)
{
    request_log_attempt(&job->service->request_log, job, level, outcome, detail);
}

static enum outcome judge_forecast(struct job *job, const struct http_result *result)
{
    if (result->request_id != NULL && strcmp(result->request_id, job->nonce) != 0) {
        log_attempt(job, LOG_LEVEL_WARN, OUTCOME_WRONG_ID,
                    "the answer carries another X-Request-ID than was sent");
        return OUTCOME_WRONG_ID;
    }
    struct err_note note = { 0 };
    struct forecast_values values = forecast_values_create(&job->arena, job->request.horizon);
    if (answer_parse(result->body, result->body_length, &job->request, &values, &note) != ERR_OK) {
        log_attempt(job, LOG_LEVEL_WARN, OUTCOME_BAD_SCHEMA, note.sentence);
        return OUTCOME_BAD_SCHEMA;
    }
    uint32_t warnings = transform_finish(job->request.transform, &values);
    return keep_forecast(job, &values, warnings) ? OUTCOME_OK : OUTCOME_BAD_SCHEMA;
}

enum outcome upstream_judge_transfer(const struct http_result *result)
{
    switch (result->end) {
    case HTTP_END_COMPLETE: break;
    case HTTP_END_CONNECT_ERROR: return OUTCOME_CONNECT_ERROR;
    case HTTP_END_WRITE_ERROR: return OUTCOME_WRITE_ERROR;
    case HTTP_END_READ_ERROR: return OUTCOME_READ_ERROR;
    case HTTP_END_PROTOCOL_ERROR: return OUTCOME_PROTOCOL_ERROR;
    case HTTP_END_DECODING_ERROR: return OUTCOME_DECODING_ERROR;
    case HTTP_END_TOO_LARGE: return OUTCOME_TOO_LARGE;
    }
    return classify_status(result->status);
}

static enum outcome judge(struct job *job, const struct http_result *result)
{
    enum outcome outcome = upstream_judge_transfer(result);
    return outcome == OUTCOME_OK ? judge_forecast(job, result) : outcome;
}

static void report(struct job *job, enum engine_input_kind kind)
{
    service_push(job->service, &(struct engine_input){
        .kind = kind,
        .call = job->id,
        .attempt = job->attempt,
    });
}

static void on_connected(void *context)
{
    report(context, ENGINE_ATTEMPT_CONNECTED);
}

/* All reports of one turn reach the engine with the same `now`: one of them is enough. */
static void on_progress(void *context)
{
    struct job *job = context;
    if (job->progress_turn == job->service->turn) return;
    job->progress_turn = job->service->turn;
    report(job, ENGINE_ATTEMPT_PROGRESS);
}

static void on_sent(void *context)
{
    report(context, ENGINE_ATTEMPT_SENT);
}

static void on_done(void *context, const struct http_result *result)
{
    struct job *job = context;
    job->http = NULL;
    struct engine_input input = {
        .kind = ENGINE_ATTEMPT_DONE,
        .call = job->id,
        .attempt = job->attempt,
        .outcome = judge(job, result),
        .http_status = (uint16_t)(result->status > UINT16_MAX ? UINT16_MAX : result->status),
    };
    if (input.outcome == OUTCOME_OK) {
        input.body_bytes = body_weight(job->body);
    } else {
        /* Refused certificates do not mend themselves: somebody must hear of them. */
        enum log_level level = result->tls_refused ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG;
        log_attempt(job, level, input.outcome, result->detail);
    }
    if (result->end == HTTP_END_COMPLETE && result->retry_after != NULL) {
        input.has_retry_after = http_parse_retry_after(result->retry_after, clock_wall_ms(),
                                                       &input.retry_after_ns);
    }
    service_push(job->service, &input);
}

/* A span of its own per attempt, keyed as every draw; the caller's ids in the key keep two traces
 * with one request id apart. NULL, as below, when there is nothing to send. */
static const char *traceparent_header(struct job *job, char *out, size_t size)
{
    job->span_id[0] = '\0';
    if (job->trace.trace_id[0] == '\0') return NULL;
    uint64_t subject = hash_text(job->request_id) ^ hash_text(job->trace.trace_id) ^
                       hash_text(job->trace.parent_id);
    trace_span_id(draw(job->service->config->engine.seed, rng_stream("span"), subject,
                       job->attempt), job->span_id);
    char value[TRACEPARENT_LENGTH + 1];
    trace_context_format(&job->trace, job->span_id, value);
    snprintf(out, size, "traceparent: %s", value);
    return out;
}

static const char *tracestate_header(const struct job *job, char *out, size_t size)
{
    if (job->tracestate == NULL) return NULL;
    snprintf(out, size, "tracestate: %s", job->tracestate);
    return out;
}

void upstream_start(struct job *job, uint32_t attempt, instant_ns deadline)
{
    struct service *service = job->service;
    assert(job->http == NULL);
    assert(!job->attempt_live);
    job->attempt_live = true;
    job->attempt = attempt;
    job->progress_turn = 0;
    size_t at = text_put(job->nonce, sizeof job->nonce, 0, job->request_id);
    at = text_put(job->nonce, sizeof job->nonce, at, "~");
    text_put_u64(job->nonce, sizeof job->nonce, at, attempt);
    buf_clear(&job->sent);
    model_request_write(&job->sent, &job->request, &service->config->forecast,
                        instant_until(deadline, service->now), &service->value_texts);

    char id_header[NONCE_MAX + 32];
    char attempt_header[32];
    char parent_header[TRACEPARENT_LENGTH + 32];
    char state_header[TRACESTATE_LENGTH_MAX + 32];
    at = text_put(id_header, sizeof id_header, 0, "X-Request-ID: ");
    text_put(id_header, sizeof id_header, at, job->nonce);
    at = text_put(attempt_header, sizeof attempt_header, 0, "X-Attempt: ");
    text_put_u64(attempt_header, sizeof attempt_header, at, attempt);
    const struct http_call_config call = {
        .url = service->attempt_url,
        .method = "POST",
        .headers = { id_header, attempt_header, "Content-Type: application/json",
                     "Accept: application/json",
                     traceparent_header(job, parent_header, sizeof parent_header),
                     tracestate_header(job, state_header, sizeof state_header) },
        .body = buf_text(&job->sent),
        .body_length = job->sent.length,
        .response_bytes_max = service->config->server.response_bytes_max,
        .on_connected = on_connected,
        .on_progress = on_progress,
        .on_sent = on_sent,
        .on_done = on_done,
        .context = job,
    };
    job->http = http_client_start(service->client, &call);
}

void upstream_cancel(struct job *job)
{
    assert(job->attempt_live);
    job->attempt_live = false;
    /* NULL: it ended in this very turn, and its result is still on the way. */
    if (job->http != NULL) http_client_cancel(job->http);
    job->http = NULL;
}

void upstream_run_baseline(struct job *job)
{
    struct service *service = job->service;
    enum baseline_kind kind = (enum baseline_kind)service->config->forecast.baseline;
    struct forecast_values values = forecast_values_create(&job->arena, job->request.horizon);
    uint32_t warnings = 0;
    bool ok = baseline_forecast(kind, &job->request, &values, &warnings) == ERR_OK;
    if (!ok) service->metrics.invalid_outputs++;
    service_push(service, &(struct engine_input){
        .kind = ENGINE_BASELINE_DONE,
        .call = job->id,
        .baseline_ok = ok && keep_forecast(job, &values, warnings),
    });
}
