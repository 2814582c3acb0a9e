/* tollama's HTTP interface: its routes, and the answers about the server itself. */
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "base/mem.h"
#include "mock/attempt.h"
#include "mock/control.h"
#include "mock/forecast.h"
#include "mock/models.h"
#include "mock/proxy.h"
#include "mock/timestamp.h"

static const char CONTROL_PREFIX[] = "/__mock/";

const char *api_echo_of(struct http_exchange *exchange)
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
    const char *echo = api_echo_of(exchange);
    if (echo != NULL) headers[count++] = (struct http_header){ "X-Request-ID", echo };
    if (answer->extra.name != NULL) headers[count++] = answer->extra;
    const char *type = answer->content_type != NULL ? answer->content_type : "application/json";
    http_reply(exchange, &(struct http_response){
                             .status = answer->status,
                             .content_type = type,
                             .headers = headers,
                             .header_count = count,
                             .body = answer->body,
                             .body_length = strlen(answer->body),
                             .ownership = HTTP_BODY_COPY,
                         });
}

void api_reply_buf(struct http_exchange *exchange, struct buf *body)
{
    api_reply(exchange, &(struct api_answer){ .status = 200, .body = buf_text(body) });
    buf_deinit(body);
}

void api_reply_hint(struct http_exchange *exchange, unsigned status, const char *sentence,
                    const char *hint)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    forecast_write_error_hint(&body, status, sentence, hint);
    api_reply(exchange, &(struct api_answer){ .status = status, .body = buf_text(&body) });
    buf_deinit(&body);
}

void api_reply_error(struct http_exchange *exchange, unsigned status, const char *sentence)
{
    api_reply_hint(exchange, status, sentence, NULL);
}

void api_reply_wrong_method(struct http_exchange *exchange, const char *allowed)
{
    api_reply(exchange, &(struct api_answer){ .status = 405,
                                              .body = "{\"detail\":\"Method Not Allowed\"}",
                                              .extra = { "Allow", allowed } });
}

const cJSON *api_read_body(struct http_exchange *exchange, struct arena *arena)
{
    size_t length = 0;
    size_t at = 0;
    cJSON *document = NULL;
    const char *body = http_exchange_body(exchange, &length);
    if (http_exchange_body_too_large(exchange)) {
        api_reply_error(exchange, 413, "the request body is too large");
    } else if (json_read(body, length, arena, &document, &at) != NULL) {
        api_reply_error(exchange, 400, "the request body is not JSON");
    } else {
        return document;
    }
    return NULL;
}

void api_json_moment(struct json *json, const struct mock *mock, instant_ns when)
{
    char text[TIMESTAMP_TEXT_MAX];
    if (when == INSTANT_NEVER) {
        json_null(json);
        return;
    }
    uint64_t since_ms = instant_until(when, mock->created) / NS_PER_MS;
    json_string(json, timestamp_utc(mock->created_wall_ms + since_ms, text));
}

void api_drop(struct player_order *order)
{
    player_order_free_texts(order);
    if (order->on_end != NULL) order->on_end(order->owner);
    api_reply_error(order->exchange, 503, "too many requests are open in the mock");
}

void api_play(struct mock *mock, struct player_order *order)
{
    if (!player_start(&mock->player, order)) api_drop(order);
}

static void on_health(struct mock *mock, struct http_exchange *exchange)
{
    (void)mock;
    api_reply(exchange, &(struct api_answer){ .status = 200, .body = "{\"status\":\"ok\"}" });
}

static void on_version(struct mock *mock, struct http_exchange *exchange)
{
    (void)mock;
    api_reply(exchange, &(struct api_answer){
                            .status = 200, .body = "{\"version\":\"" TOLLGATE_VERSION "+mock\"}" });
}

static unsigned count_loaded(struct mock *mock)
{
    unsigned count = 0;
    registry_expire(&mock->registry, clock_now());
    for (size_t i = 0; i < mock->registry.count; i++)
        count += mock->registry.models[i].loaded;
    return count;
}

static void on_ready(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    const char *healthy = mock->unready ? "false" : "true";
    buf_init(&body, BUF_UNBOUNDED);
    buf_printf(&body,
               "{\"status\":\"%s\",\"healthy\":%s,"
               "\"disk\":{\"healthy\":true,\"path\":\"/\",\"free_bytes\":1099511627776},"
               "\"runner_manager\":{\"healthy\":%s,\"configured_runners\":1,"
               "\"running_runners\":%u,\"restart_total\":0}}",
               mock->unready ? "unhealthy" : "ok", healthy, healthy, count_loaded(mock));
    api_reply(exchange,
              &(struct api_answer){ .status = mock->unready ? 503 : 200, .body = buf_text(&body) });
    buf_deinit(&body);
}

static void on_metrics(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    metrics_write(&body, &mock->metrics,
                  &(struct metrics_now){ .models_loaded = count_loaded(mock),
                                         .open = player_open(&mock->player),
                                         .generation = mock->show.generation,
                                         .ledger = &mock->ledger });
    api_reply(exchange,
              &(struct api_answer){ .status = 200,
                                    .body = buf_text(&body),
                                    .content_type = "text/plain; version=0.0.4; charset=utf-8" });
    buf_deinit(&body);
}

/* Always 200: whether the forecast would be taken is the answer. */
static void on_validate(struct mock *mock, struct http_exchange *exchange)
{
    struct err_note note = { .err = ERR_OK };
    struct ask ask = { .api = ASK_OLLAMA };
    struct model *model = NULL;
    struct buf body;
    struct json json;
    const char *hint = NULL;
    size_t length = 0;
    const char *bytes = http_exchange_body(exchange, &length);
    if (http_exchange_body_too_large(exchange)) {
        api_reply_error(exchange, 413, "the request body is too large");
        return;
    }
    enum err rc = ask_parse(ASK_OLLAMA, bytes, length, &ask, &note);
    if (rc == ERR_SYNTAX) {
        api_reply_error(exchange, 400, note.sentence);
        ask_deinit(&ask);
        return;
    }
    if (rc == ERR_OK) {
        enum model_state state = registry_check(&mock->registry, ask.model, &model);
        (void)models_refusal(state, ask.model, &note, &hint);
    }
    buf_init(&body, BUF_UNBOUNDED);
    json_init(&json, &body);
    json_open(&json, '{');
    json_key(&json, "valid");
    json_bool(&json, note.err == ERR_OK);
    json_key(&json, "errors");
    json_open(&json, '[');
    if (note.err != ERR_OK) json_string(&json, note.sentence);
    json_close(&json, ']');
    json_key(&json, "warnings");
    json_raw(&json, "[]", 2);
    json_key(&json, "suggestions");
    json_open(&json, '[');
    if (hint != NULL) json_string(&json, hint);
    json_close(&json, ']');
    json_close(&json, '}');
    ask_deinit(&ask);
    api_reply_buf(exchange, &body);
}

/* To add an endpoint: one row. */
static const struct route {
    const char *path;
    const char *method;
    void (*serve)(struct mock *mock, struct http_exchange *exchange); /* NULL: a forecast */
    enum ask_api api;                                                 /* a forecast's */
} ROUTES[] = {
    { "/v1/forecast", "POST", NULL, ASK_V1 },
    { "/api/forecast", "POST", NULL, ASK_OLLAMA },
    { "/v1/timeseries/forecast", "POST", NULL, ASK_TIMESERIES },
    { "/v1/health", "GET", on_health, ASK_V1 },
    { "/health/live", "GET", on_health, ASK_V1 },
    { "/health/ready", "GET", on_ready, ASK_V1 },
    { "/api/version", "GET", on_version, ASK_V1 },
    { "/api/tags", "GET", models_on_tags, ASK_V1 },
    { "/api/ps", "GET", models_on_ps, ASK_V1 },
    { "/v1/models", "GET", models_on_models, ASK_V1 },
    { "/api/info", "GET", models_on_info, ASK_V1 },
    { "/api/show", "POST", models_on_show, ASK_V1 },
    { "/api/pull", "POST", pull_on_request, ASK_V1 },
    { "/api/validate", "POST", on_validate, ASK_V1 },
    { "/metrics", "GET", on_metrics, ASK_V1 },
};

static void on_route(struct mock *mock, struct http_exchange *exchange, const struct route *route)
{
    if (strcmp(http_exchange_method(exchange), route->method) != 0)
        api_reply_wrong_method(exchange, route->method);
    else if (route->serve != NULL)
        route->serve(mock, exchange);
    else
        attempt_on_request(mock, exchange, route->path, route->api);
}

/* True: it was answered with 401. */
static bool is_locked_out(struct mock *mock, struct http_exchange *exchange)
{
    const struct auth *auth = mock->config.auth;
    if (auth == NULL || auth->count == 0) return false;
    const char *trouble = auth_refusal(auth, http_exchange_header(exchange, "Authorization"));
    if (trouble == NULL) return false;
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    forecast_write_error(&body, 401, trouble);
    api_reply(exchange, &(struct api_answer){ .status = 401,
                                              .body = buf_text(&body),
                                              .extra = { "WWW-Authenticate", "Bearer" } });
    buf_deinit(&body);
    return true;
}

static bool is_forecast(struct http_exchange *exchange)
{
    const char *path = http_exchange_path(exchange);
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (strcmp(path, ROUTES[i].path) != 0) continue;
        return ROUTES[i].serve == NULL &&
               strcmp(http_exchange_method(exchange), ROUTES[i].method) == 0;
    }
    return false;
}

static void serve_control(struct mock *mock, struct http_exchange *exchange)
{
    if (mock->control) {
        struct address own = http_server_address(mock->server);
        control_on_request(
            &(struct control_call){ .mock = mock, .exchange = exchange, .own = &own });
        return;
    }
    api_reply_hint(exchange, 403, "this port is not on a loopback address",
                   "start mock-tollama with --control 127.0.0.1:PORT and ask there");
}

void api_on_head(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    const struct auth *auth = mock->config.auth;
    if (auth != NULL && auth->count > 0) {
        const char *token = http_exchange_header(exchange, "Authorization");
        if (auth_refusal(auth, token) != NULL) return;
    }
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        const struct route *route = &ROUTES[i];
        if (route->serve != NULL) continue;
        if (strcmp(http_exchange_path(exchange), route->path) != 0) continue;
        if (strcmp(http_exchange_method(exchange), route->method) != 0) return;
        attempt_on_head(mock, exchange, route->path);
        return;
    }
}

void api_on_request(void *context, struct http_exchange *exchange)
{
    struct mock *mock = context;
    const char *path = http_exchange_path(exchange);
    if (strncmp(path, CONTROL_PREFIX, sizeof(CONTROL_PREFIX) - 1) == 0) {
        serve_control(mock, exchange);
        return;
    }
    if (is_locked_out(mock, exchange)) return;
    if (mock->proxy != NULL && !is_forecast(exchange)) {
        proxy_pass(mock->proxy, exchange);
        return;
    }
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (strcmp(path, ROUTES[i].path) != 0) continue;
        on_route(mock, exchange, &ROUTES[i]);
        return;
    }
    api_reply_error(exchange, 404, "Not Found");
}
