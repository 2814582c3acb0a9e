#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "forecast/response.h"
#include "runtime/openapi.h"
#include "runtime/state.h"

#define ROUTES "POST /tsfm/forecast, GET /health/live, GET /health/ready, GET /metrics, " \
               "GET /openapi.json"

/* Request ids. */

static bool is_sane_id(const char *id)
{
    size_t length = 0;
    for (; id[length] != '\0'; length++) {
        unsigned char c = (unsigned char)id[length];
        if (length == REQUEST_ID_MAX) return false;
        if (!(c < 0x80 && isalnum(c)) && strchr("._:-", c) == NULL) return false;
    }
    return length > 0;
}

/* The caller's X-Request-Id when it can be logged and sent on as it is, else a new one. */
static void choose_id(struct service *service, struct http_exchange *exchange,
                      char out[REQUEST_ID_MAX + 1])
{
    const char *given = http_exchange_header(exchange, "X-Request-Id");
    if (given != NULL && is_sane_id(given)) {
        text_put(out, REQUEST_ID_MAX + 1, 0, given);
        return;
    }
    uint64_t drawn = draw(service->config->engine.seed, rng_stream("request_id"),
                          service->ids_made++, 0);
    text_put_hex(out, REQUEST_ID_MAX + 1, text_put(out, REQUEST_ID_MAX + 1, 0, "t"), drawn);
}

/* The caller's trace, when its headers are valid. */
static void take_trace(struct http_exchange *exchange, struct job *job)
{
    trace_headers_read(exchange, &job->trace);
    if (job->trace.trace_id[0] == '\0') return;
    job->tracestate = trace_headers_state(exchange, &job->arena);
}

/* POST /tsfm/forecast */

static void refuse_with(struct service *service, struct http_exchange *exchange,
                        const struct response_problem *problem, const struct http_header *extra)
{
    metrics_on_refusal(&service->metrics,
                       problem->status < 500 ? METRICS_INVALID : METRICS_ERROR);
    struct trace_context trace;
    trace_headers_read(exchange, &trace);
    request_log_refusal(&service->request_log, problem, &trace);
    reply_problem(exchange, problem, extra);
}

static void refuse(struct service *service, struct http_exchange *exchange,
                   const struct response_problem *problem)
{
    refuse_with(service, exchange, problem, NULL);
}

static void refuse_invalid(struct service *service, struct http_exchange *exchange,
                           const char *id, const char *sentence)
{
    bool too_large = http_exchange_body_too_large(exchange);
    refuse(service, exchange, &(struct response_problem){
        .status = too_large ? 413 : 400,
        .code = CODE_INPUT_INVALID,
        .detail = sentence,
        .request_id = id,
    });
}

static void refuse_overloaded(struct service *service, struct http_exchange *exchange,
                              const char *id, const char *sentence)
{
    refuse(service, exchange, &(struct response_problem){
        .status = 503,
        .code = CODE_RUNTIME_OVERLOADED,
        .detail = sentence,
        .request_id = id,
    });
}

/* The job's request from the exchange's body; otherwise the exchange was answered. */
static bool parse(struct service *service, struct http_exchange *exchange, struct job *job)
{
    struct err_note note = { 0 };
    size_t length;
    const char *body = http_exchange_body(exchange, &length);
    const struct forecast_config *config = &service->config->forecast;
    job->memo = request_memo_find(&service->memo, config, body, length);
    if (job->memo != NULL) {
        job->request = job->memo->request;
        return true;
    }
    enum err rc =
        forecast_request_parse(body, length, config, &job->arena, &job->request, &note);
    if (rc == ERR_OK) {
        if (service->config->engine.cache.families) forecast_request_make_family(&job->request);
        if (request_memo_met(&service->memo, body, length)) {
            request_memo_add(&service->memo, body, length, &job->request);
        }
        return true;
    }
    refuse_invalid(service, exchange, job->request_id, note.sentence);
    return false;
}

static void on_forecast(struct service *service, struct http_exchange *exchange)
{
    char id[REQUEST_ID_MAX + 1];
    char sentence[128];
    choose_id(service, exchange, id);
    if (http_exchange_body_too_large(exchange)) {
        snprintf(sentence, sizeof sentence,
                 "the body is larger than %llu bytes, the limit that body_bytes_max sets",
                 (unsigned long long)service->config->server.body_bytes_max);
        refuse_invalid(service, exchange, id, sentence);
        return;
    }
    if (service->draining) {
        refuse_overloaded(service, exchange, id,
                          "this process is shutting down; ask another one, or again in a second");
        return;
    }
    uint32_t inflight_max = service->config->engine.calls_max;
    bool room = jobs_in_use(&service->jobs) < inflight_max;
    struct job *job = room ? jobs_take(&service->jobs) : NULL;
    if (job == NULL) {
        snprintf(sentence, sizeof sentence,
                 "%u requests are in work, as many as max_inflight allows; try again in a second",
                 (unsigned)inflight_max);
        refuse_overloaded(service, exchange, id, sentence);
        return;
    }
    text_put(job->request_id, sizeof job->request_id, 0, id);
    take_trace(exchange, job);
    if (!parse(service, exchange, job)) {
        jobs_release(&service->jobs, job);
        return;
    }
    metrics_on_route(&service->metrics, job->request.baseline_only);
    job->exchange = exchange;
    http_exchange_set_user(exchange, job);
    service_push(service, &(struct engine_input){
        .kind = ENGINE_REQUEST,
        .call = job->id,
        .request_key = hash_text(job->request_id),
        .cache_key = job->request.key,
        .has_family = service->config->engine.cache.families,
        .family_key = job->request.family_key,
        .baseline_only = job->request.baseline_only,
    });
    /* At once, so that what needs no waiting (a cached answer, a baseline) is answered while the
     * connection is at hand. libmicrohttpd's callback is no place of libcurl's: all is allowed. */
    if (!service->in_turn) service_turn(service);
}

/* The rest. */

static void on_live(struct service *service, struct http_exchange *exchange)
{
    (void)service;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "{\"status\":\"ok\"}");
    reply_text(exchange, 200, "application/json", &text);
    buf_deinit(&text);
}

static void on_ready(struct service *service, struct http_exchange *exchange)
{
    struct buf text;
    struct json json;
    bool warm = warmer_is_ready(service->warmer);
    buf_init(&text, BUF_UNBOUNDED);
    json_init(&json, &text);
    json_open(&json, '{');
    json_key(&json, "status");
    json_string(&json, service->draining ? "draining" : warm ? "ready" : "warming");
    json_key(&json, "breaker");
    json_string(&json, breaker_state_name(engine_stats(service->engine).breaker));
    warmer_write_status(service->warmer, &json);
    json_close(&json, '}');
    reply_text(exchange, service->draining || !warm ? 503 : 200, "application/json", &text);
    buf_deinit(&text);
}

static void on_metrics(struct service *service, struct http_exchange *exchange)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    page_write(service, &text);
    warmer_write_metrics(service->warmer, &text);
    reply_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    buf_deinit(&text);
}

static void on_openapi(struct service *service, struct http_exchange *exchange)
{
    (void)service;
    http_reply(exchange, &(struct http_response){
        .status = 200,
        .content_type = "application/json",
        .body = openapi_text,
        .body_length = openapi_text_length,
        .ownership = HTTP_BODY_STATIC,
    });
}

/* To add a route: one row, a word in ROUTES, its answers in openapi.json. GET rows answer HEAD
 * too. */
static const struct route {
    const char *path;
    const char *method;
    const char *allow;
    void (*handle)(struct service *service, struct http_exchange *exchange);
} routes[] = {
    { "/tsfm/forecast", "POST", "POST", on_forecast },
    { "/health/live", "GET", "GET, HEAD", on_live },
    { "/health/ready", "GET", "GET, HEAD", on_ready },
    { "/metrics", "GET", "GET, HEAD", on_metrics },
    { "/openapi.json", "GET", "GET, HEAD", on_openapi },
};

static void refuse_route(struct service *service, struct http_exchange *exchange,
                         const struct route *route)
{
    char id[REQUEST_ID_MAX + 1];
    char detail[256];
    const struct http_header allow = { .name = "Allow", .value = route ? route->allow : NULL };
    choose_id(service, exchange, id);
    if (route == NULL) {
        snprintf(detail, sizeof detail, "nothing is served at %.80s; there are %s",
                 http_exchange_path(exchange), ROUTES);
    } else {
        snprintf(detail, sizeof detail, "%.20s is not served at %s; use %s",
                 http_exchange_method(exchange), route->path, route->allow);
    }
    reply_problem(exchange, &(struct response_problem){
        .status = route == NULL ? 404 : 405,
        .code = CODE_INPUT_INVALID,
        .detail = detail,
        .request_id = id,
    }, route == NULL ? NULL : &allow);
}

void inbound_on_request(void *context, struct http_exchange *exchange)
{
    struct service *service = context;
    const char *path = http_exchange_path(exchange);
    const char *method = http_exchange_method(exchange);
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(path, routes[i].path) != 0) continue;
        if (strcmp(method, routes[i].method) == 0) {
            routes[i].handle(service, exchange);
        } else {
            refuse_route(service, exchange, &routes[i]);
        }
        return;
    }
    refuse_route(service, exchange, NULL);
}

void inbound_on_head(void *context, struct http_exchange *exchange)
{
    struct service *service = context;
    bool open = guard_is_open(service->guard); /* then nobody needs to look for tokens */
    const struct guard_request request = {
        .path = http_exchange_path(exchange),
        .authorization = open ? NULL : http_exchange_header(exchange, "Authorization"),
        .api_key = open ? NULL : http_exchange_header(exchange, "X-API-Key"),
        .peer = *http_exchange_peer(exchange),
        .size = http_exchange_head_size(exchange),
    };
    struct guard_decision decision = guard_judge(service->guard, &request, clock_now());
    metrics_on_guard(&service->metrics, decision.verdict);
    if (decision.verdict == GUARD_PASS) return;

    struct guard_refusal refusal;
    char id[REQUEST_ID_MAX + 1];
    guard_refuse(service->guard, decision, &refusal);
    choose_id(service, exchange, id);
    refuse_with(service, exchange, &(struct response_problem){
        .status = refusal.status,
        .code = refusal.code,
        .detail = refusal.detail,
        .request_id = id,
    }, refusal.header.name == NULL ? NULL : &refusal.header);
}

void inbound_on_accept_error(void *context, int error)
{
    struct service *service = context;
    struct log_line line;
    if (!log_begin_limited(service->setup.log, &line, LOG_LEVEL_WARN, "accept_failed")) return;
    log_text(&line, "error", strerror(error));
    log_u64(&line, "connections", http_server_stats(service->server).connections);
    log_end(service->setup.log, &line);
}

void inbound_on_gone(void *context, struct http_exchange *exchange)
{
    struct job *job = http_exchange_user(exchange);
    if (job == NULL) return;
    service_push(context, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = job->id });
}
