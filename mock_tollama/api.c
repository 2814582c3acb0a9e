/* tollama's HTTP interface: routes, the forecast endpoints with their fate, the fixed answers. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "mock/ask.h"
#include "mock/forecast.h"
#include "mock/head.h"
#include "mock/state.h"

enum { PPM_ALL = 1000000 };

/* Before zero no phase is in force, and none reaches to the end of time either. */
#define OFFSET_BEFORE_START UINT64_MAX

static const char CONTROL_PREFIX[] = "/__mock/";

enum route_kind { ROUTE_FIXED, ROUTE_FORECAST };

/* To add an endpoint: one row. */
static const struct route {
    const char *path;
    const char *method;
    enum route_kind kind;
    enum ask_api api; /* ROUTE_FORECAST */
    const char *body; /* ROUTE_FIXED */
} ROUTES[] = {
    { "/v1/forecast", "POST", ROUTE_FORECAST, ASK_V1, NULL },
    { "/api/forecast", "POST", ROUTE_FORECAST, ASK_OLLAMA, NULL },
    { "/v1/timeseries/forecast", "POST", ROUTE_FORECAST, ASK_TIMESERIES, NULL },
    { "/v1/health", "GET", ROUTE_FIXED, ASK_V1, "{\"status\":\"ok\"}" },
    { "/health/live", "GET", ROUTE_FIXED, ASK_V1, "{\"status\":\"ok\"}" },
    { "/health/ready", "GET", ROUTE_FIXED, ASK_V1,
      "{\"status\":\"ok\",\"healthy\":true,"
      "\"disk\":{\"healthy\":true,\"path\":\"/\",\"free_bytes\":1099511627776},"
      "\"runner_manager\":{\"healthy\":true,\"configured_runners\":1,\"running_runners\":1,"
      "\"restart_total\":0}}" },
    { "/api/version", "GET", ROUTE_FIXED, ASK_V1, "{\"version\":\"" TOLLGATE_VERSION "+mock\"}" },
    { "/api/tags", "GET", ROUTE_FIXED, ASK_V1,
      "{\"models\":[{\"name\":\"chronos\",\"model\":\"chronos\",\"size\":0,"
      "\"modified_at\":\"2026-01-01T00:00:00Z\",\"digest\":\"mock\","
      "\"details\":{\"format\":\"mock\",\"family\":\"mock\"}}]}" },
};

/* A header value that HTTP can carry back; others are not echoed. */
static const char *echo_of(struct http_exchange *exchange)
{
    const char *id = http_exchange_header(exchange, "X-Request-ID");
    for (const char *at = id; at != NULL && *at != '\0'; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F) return NULL;
    }
    return id;
}

void api_reply(struct http_exchange *exchange, const struct api_answer *answer)
{
    struct http_header headers[2];
    size_t count = 0;
    const char *echo = echo_of(exchange);
    if (echo != NULL) headers[count++] = (struct http_header){ "X-Request-ID", echo };
    if (answer->allow != NULL) headers[count++] = (struct http_header){ "Allow", answer->allow };
    http_reply(exchange, &(struct http_response){
                             .status = answer->status,
                             .content_type = "application/json",
                             .headers = headers,
                             .header_count = count,
                             .body = answer->body,
                             .body_length = strlen(answer->body),
                             .ownership = HTTP_BODY_COPY,
                         });
}

void api_reply_error(struct http_exchange *exchange, unsigned status, const char *sentence)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    forecast_write_error(&body, status, sentence);
    api_reply(exchange, &(struct api_answer){ .status = status, .body = buf_text(&body) });
    buf_deinit(&body);
}

static void plan_healthy(struct reply_plan *out)
{
    *out = (struct reply_plan){
        .status = 200,
        .answer = ANSWER_GOOD,
        .step_count = 3,
        .steps = { { .kind = PLAN_HEAD },
                   { .kind = PLAN_BODY, .to_ppm = PPM_ALL },
                   { .kind = PLAN_END } },
    };
}

static void plan_for(const struct mock *mock, const struct identity *identity, instant_ns read_at,
                     struct reply_plan *out)
{
    if (mock->config.scenario == NULL) {
        plan_healthy(out);
        return;
    }
    struct plan_query query = {
        .request_key = hash_text(identity->id),
        .attempt = identity->attempt,
        .offset_ns = read_at >= mock->start ? read_at - mock->start : OFFSET_BEFORE_START,
    };
    plan_make(mock->config.scenario, mock->config.seed, &query, out);
}

/* What is wrong with the request itself: 200 for nothing, and `ask` is filled; release it anyway.
 */
static unsigned check_request(struct http_exchange *exchange, enum ask_api api, struct ask *ask,
                              struct err_note *note)
{
    if (http_exchange_body_too_large(exchange)) {
        err_note_set(note, ERR_TOO_LARGE, NULL, 0, 0, "the request body is over %d bytes",
                     (int)MOCK_BODY_BYTES_MAX);
        return 413;
    }
    size_t length = 0;
    const char *body = http_exchange_body(exchange, &length);
    return ask_parse(api, body, length, ask, note) == ERR_OK ? 200 : 400;
}

/* Fills status, answer, content type and body. */
static void order_answer(struct player_order *order, const struct ask *ask, unsigned checked,
                         const char *sentence)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    bool failed = order->plan->status != 200;
    order->status = failed ? order->plan->status : checked;
    order->answer = ANSWER_GOOD;
    if (order->status == 200) {
        struct forecast_reply reply = {
            .fault = order->plan->answer,
            .luck = draw(0, rng_stream("answer"), hash_text(order->id), order->attempt),
            .latency_ns = order->plan->latency_ns,
        };
        order->answer = reply.fault;
        order->content_type = forecast_content_type(ask, reply.fault);
        forecast_write(&body, ask, &reply);
    } else if (head_has_body(order->status)) {
        order->content_type = "application/json";
        forecast_write_error(&body, order->status, failed ? NULL : sentence);
    }
    order->body_length = body.length;
    order->body = buf_take(&body);
}

static char *order_echo(struct http_exchange *exchange, const struct player_order *order)
{
    const char *echo = echo_of(exchange);
    if (echo == NULL) return NULL;
    return mem_copy_string(order->answer == ANSWER_WRONG_ID ? "another-request" : echo);
}

static void on_forecast(struct mock *mock, struct http_exchange *exchange,
                        const struct route *route)
{
    instant_ns read_at = clock_now();
    struct identity_source source = {
        .request_id = http_exchange_header(exchange, "X-Request-ID"),
        .attempt = http_exchange_header(exchange, "X-Attempt"),
    };
    source.body = http_exchange_body(exchange, &source.body_length);
    struct identity identity = identity_make(&mock->identities, &source);
    struct reply_plan plan;
    plan_for(mock, &identity, read_at, &plan);

    struct ask ask = { .api = route->api };
    struct err_note note = { .err = ERR_OK };
    /* The scenario comes first: a server that is down does not validate either. */
    unsigned checked = 200;
    if (plan.status == 200) checked = check_request(exchange, route->api, &ask, &note);
    struct player_order order = {
        .exchange = exchange,
        .plan = &plan,
        .read_at = read_at,
        .at_ns = (int64_t)(read_at - mock->start),
        .path = route->path,
        .id = identity.id,
        .attempt = identity.attempt,
    };
    order_answer(&order, &ask, checked, note.sentence);
    order.echo_id = order_echo(exchange, &order);
    ask_deinit(&ask);
    if (player_start(&mock->player, &order)) return;
    mem_free(order.id);
    mem_free(order.echo_id);
    mem_free(order.body);
    api_reply_error(exchange, 503, "too many requests are open in the mock");
}

static void on_route(struct mock *mock, struct http_exchange *exchange, const struct route *route)
{
    if (strcmp(http_exchange_method(exchange), route->method) != 0) {
        api_reply(exchange, &(struct api_answer){ .status = 405,
                                                  .body = "{\"detail\":\"Method Not Allowed\"}",
                                                  .allow = route->method });
        return;
    }
    switch (route->kind) {
    case ROUTE_FIXED:
        api_reply(exchange, &(struct api_answer){ .status = 200, .body = route->body });
        return;
    case ROUTE_FORECAST: on_forecast(mock, exchange, route); return;
    }
    assert(false && "unknown route");
}

void api_on_request(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    const char *path = http_exchange_path(exchange);
    if (strncmp(path, CONTROL_PREFIX, sizeof(CONTROL_PREFIX) - 1) == 0) {
        control_on_request(mock, exchange);
        return;
    }
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (strcmp(path, ROUTES[i].path) != 0) continue;
        on_route(mock, exchange, &ROUTES[i]);
        return;
    }
    api_reply_error(exchange, 404, "Not Found");
}
