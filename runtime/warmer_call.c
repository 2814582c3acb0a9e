#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forecast/answer.h"
#include "forecast/model_request.h"
#include "runtime/warmer_private.h"

enum {
    SYNTHETIC_POINTS = 48,
    SYNTHETIC_HORIZON = 2, /* more would only cost time; with one, a wrong count looks right */
};

/* The request. */

static void make_id(struct warmer *warmer, const char *name)
{
    char clean[WARMER_ID_MAX / 2];
    size_t length = 0;
    for (; name[length] != '\0' && length + 1 < sizeof clean; length++) {
        unsigned char c = (unsigned char)name[length];
        clean[length] = (char)(c < 0x80 && (isalnum(c) || c == '.' || c == '_') ? c : '-');
    }
    clean[length] = '\0';
    snprintf(warmer->id, sizeof warmer->id, "warmup-%s-%llu", clean,
             (unsigned long long)warmer->action.number);
}

/* A wave around 0.5, as a caller would send it. */
static void write_synthetic(struct buf *out, const struct forecast_config *config, const char *name)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "market_id");
    json_string(&json, "warmup");
    json_key(&json, "as_of_ts");
    json_string(&json, "2026-01-01T00:00:00Z");
    json_key(&json, "horizon_steps");
    json_u64(&json, u64_min(SYNTHETIC_HORIZON, config->horizon_max));
    if (strcmp(name, config->default_model) != 0) {
        json_key(&json, "model");
        json_open(&json, '{');
        json_key(&json, "model_name");
        json_string(&json, name);
        json_close(&json, '}');
    }
    json_key(&json, "y");
    json_open(&json, '[');
    for (int i = 0; i < SYNTHETIC_POINTS; i++) {
        int height = i % 12 < 6 ? i % 12 : 12 - i % 12;
        json_double(&json, 0.35 + 0.05 * height);
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

void warmer_call_log(struct warmer *warmer, const char *outcome, unsigned status,
                     const char *detail)
{
    bool forecast = warmer->action.kind == WARMUP_CALL_FORECAST;
    struct warmer_profile *news = &warmer->profiles[warmer->action.profile];
    if (forecast) snprintf(news->last, sizeof news->last, "%s", outcome);
    bool ok = strcmp(outcome, outcome_name(OUTCOME_OK)) == 0;
    struct log *log = warmer->service->setup.log;
    struct log_line line;
    if (ok ? !log_begin(log, &line, LOG_LEVEL_DEBUG, "warmup")
           : !log_begin_limited(log, &line, LOG_LEVEL_WARN, "warmup")) {
        return;
    }
    log_text(&line, "request_id", warmer->id);
    log_text(&line, "model", forecast ? news->name : NULL);
    log_text(&line, "outcome", outcome);
    log_u64(&line, "status", status);
    log_text(&line, "detail", detail);
    log_end(log, &line);
}

/* The answer. */

static enum warmup_result result_of(enum outcome outcome)
{
    bool cut_off = outcome == OUTCOME_CONNECT_ERROR || outcome == OUTCOME_READ_ERROR ||
                   outcome == OUTCOME_WRITE_ERROR || outcome == OUTCOME_PROTOCOL_ERROR;
    if (outcome == OUTCOME_OK) return WARMUP_OK;
    return cut_off ? WARMUP_UNREACHABLE : WARMUP_FAILED;
}

/* The answer is judged as that of a real attempt, by the same functions. */
static void on_forecast_done(void *context, const struct http_result *result)
{
    struct warmer *warmer = context;
    warmer->http = NULL;
    const char *detail = result->detail;
    struct err_note note = { 0 };
    enum outcome outcome = upstream_judge_transfer(result);
    if (outcome == OUTCOME_OK && result->request_id != NULL &&
        strcmp(result->request_id, warmer->id) != 0) {
        outcome = OUTCOME_WRONG_ID;
    }
    if (outcome == OUTCOME_OK) {
        struct forecast_values values =
            forecast_values_create(&warmer->arena, warmer->request.horizon);
        if (answer_parse(result->body, result->body_length, &warmer->request, &values, &note) !=
            ERR_OK) {
            outcome = OUTCOME_BAD_SCHEMA;
            detail = note.sentence;
        }
    }
    warmer_call_log(warmer, outcome_name(outcome), result->status, detail);
    warmer_report(warmer, PENDING_RESULT, result_of(outcome));
}

/* A server without a health page is asked for its version; whatever it says to that, it is there:
 * the forecast decides. */
static void on_health_done(void *context, const struct http_result *result)
{
    struct warmer *warmer = context;
    warmer->http = NULL;
    enum outcome outcome = upstream_judge_transfer(result);
    if (outcome == OUTCOME_HTTP_4XX) {
        warmer_report(warmer, PENDING_VERSION, WARMUP_OK);
        return;
    }
    warmer_call_log(warmer, outcome_name(outcome), result->status, result->detail);
    warmer_report(warmer, PENDING_RESULT, result_of(outcome));
}

static void on_version_done(void *context, const struct http_result *result)
{
    struct warmer *warmer = context;
    warmer->http = NULL;
    enum outcome outcome = upstream_judge_transfer(result);
    if (outcome == OUTCOME_HTTP_4XX) outcome = OUTCOME_OK;
    warmer_call_log(warmer, outcome_name(outcome), result->status, result->detail);
    warmer_report(warmer, PENDING_RESULT, result_of(outcome));
}

/* Starting and ending. */

static void ask(struct warmer *warmer, const char *url,
                void (*on_done)(void *context, const struct http_result *result))
{
    struct service *service = warmer->service;
    char id_header[WARMER_ID_MAX + 32];
    snprintf(id_header, sizeof id_header, "X-Request-ID: %s", warmer->id);
    warmer->http = http_client_start(service->client, &(struct http_call_config){
        .url = url,
        .method = "GET",
        .headers = { id_header, "Accept: application/json" },
        .response_bytes_max = service->config->server.response_bytes_max,
        .on_done = on_done,
        .context = warmer,
    });
}

static void start_forecast(struct warmer *warmer)
{
    struct service *service = warmer->service;
    const struct forecast_config *config = &service->config->forecast;
    const char *name = warmer->profiles[warmer->action.profile].name;
    struct err_note note = { 0 };
    make_id(warmer, name);
    arena_deinit(&warmer->arena);
    buf_clear(&warmer->sent);
    write_synthetic(&warmer->sent, config, name);
    if (forecast_request_parse(buf_text(&warmer->sent), warmer->sent.length, config,
                               &warmer->arena, &warmer->request, &note) != ERR_OK) {
        warmer_call_log(warmer, "input_invalid", 0, note.sentence);
        warmer_report(warmer, PENDING_RESULT, WARMUP_FAILED);
        return;
    }
    buf_clear(&warmer->sent);
    model_request_write(&warmer->sent, &warmer->request, config, warmer->action.timeout_ns, NULL);

    char id_header[WARMER_ID_MAX + 32];
    snprintf(id_header, sizeof id_header, "X-Request-ID: %s", warmer->id);
    warmer->http = http_client_start(service->client, &(struct http_call_config){
        .url = service->attempt_url,
        .method = "POST",
        .headers = { id_header, "X-Attempt: 0", "Content-Type: application/json",
                     "Accept: application/json" },
        .body = buf_text(&warmer->sent),
        .body_length = warmer->sent.length,
        .response_bytes_max = service->config->server.response_bytes_max,
        .on_done = on_forecast_done,
        .context = warmer,
    });
}

void warmer_call_start(struct warmer *warmer, const struct warmup_action *action)
{
    warmer->action = *action;
    if (action->kind == WARMUP_CALL_FORECAST) {
        start_forecast(warmer);
        return;
    }
    make_id(warmer, "health");
    ask(warmer, warmer->health_url, on_health_done);
}

void warmer_call_version(struct warmer *warmer)
{
    ask(warmer, warmer->version_url, on_version_done);
}

void warmer_call_cancel(struct warmer *warmer)
{
    if (warmer->http != NULL) http_client_cancel(warmer->http);
    warmer->http = NULL;
    warmer->pending = PENDING_NOTHING;
}
