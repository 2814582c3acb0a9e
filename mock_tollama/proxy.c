#include "mock/proxy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timers.h"
#include "mock/proxy_answer.h"
#include "net/alarm.h"
#include "net/http_client.h"

enum {
    PROXY_CALLS_MAX = MOCK_CONNECTIONS_MAX,
    PROXY_KEEPALIVE_MAX = 128,
    PROXY_KEEPALIVE_EXPIRY_S = 4, /* uvicorn closes an idle connection after 5 */
    PROXY_URL_MAX = 512,
    PROXY_HEADER_MAX = 1024,
};

struct forward {
    struct proxy *proxy;
    struct http_exchange *exchange; /* NULL: not in use */
    struct http_call *call;
    bool is_attempt; /* else passed on, without a plan */
    struct player_order order;
    struct reply_plan plan;
    instant_ns start, first_byte;
    bool sent;
};

struct proxy {
    struct mock *mock;
    struct http_client *client;
    char url[PROXY_URL_MAX]; /* without a slash at its end */
    uint64_t timeout_ns;
    struct record record;
    struct alarm alarm;
    struct timers timers; /* by index into forwards */
    struct forward *forwards;
    uint32_t *idle;
    uint32_t idle_count;
};

static void forward_record(const struct forward *forward, const struct proxy_outcome *outcome)
{
    const struct http_result *result = outcome->result;
    size_t length = 0;
    if (forward->proxy->record.fd < 0) return;
    const char *body = http_exchange_body(forward->exchange, &length);
    record_add(&forward->proxy->record,
               &(struct record_call){
                   .start = forward->start,
                   .first_byte = forward->first_byte,
                   .end = clock_now(),
                   .method = http_exchange_method(forward->exchange),
                   .path = http_exchange_path(forward->exchange),
                   .request = body,
                   .request_bytes = length,
                   .response = result != NULL ? result->body : NULL,
                   .response_bytes = result != NULL ? result->body_length : 0,
                   .status = outcome->status,
                   .ended = outcome->ended,
               });
}

/* Gives the place back; the exchange and the order are somebody else's from here on. */
static void forward_free(struct forward *forward)
{
    struct proxy *proxy = forward->proxy;
    uint32_t index = (uint32_t)(forward - proxy->forwards);
    timers_clear(&proxy->timers, index);
    http_exchange_set_user(forward->exchange, NULL);
    forward->call = NULL;
    forward->exchange = NULL;
    proxy->idle[proxy->idle_count++] = index;
}

static void forward_finish(struct forward *forward, const struct proxy_outcome *outcome)
{
    struct mock *mock = forward->proxy->mock;
    struct http_exchange *exchange = forward->exchange;
    bool is_attempt = forward->is_attempt;
    struct reply_plan plan = forward->plan;
    struct player_order order = forward->order;
    forward_record(forward, outcome);
    order.plan = &plan;
    proxy_answer_fill(&order, outcome);
    order.upstream = outcome->ended;
    order.upstream_ns = instant_until(clock_now(), forward->start);
    forward_free(forward);
    if (!is_attempt) {
        proxy_answer_reply(exchange, &order);
        return;
    }
    plan.steps[0].after_ns += instant_until(clock_now(), order.read_at);
    api_play(mock, &order);
}

static const char *end_text(enum http_end end)
{
    switch (end) {
    case HTTP_END_COMPLETE: return "complete";
    case HTTP_END_CONNECT_ERROR: return "connect_error";
    case HTTP_END_WRITE_ERROR: return "write_error";
    case HTTP_END_READ_ERROR: return "read_error";
    case HTTP_END_PROTOCOL_ERROR: return "protocol_error";
    case HTTP_END_DECODING_ERROR: return "decoding_error";
    case HTTP_END_TOO_LARGE: return "too_large";
    }
    assert(false && "unknown end");
    return "";
}

static void forward_on_done(void *context, const struct http_result *result)
{
    struct forward *forward = context;
    bool whole = result->end == HTTP_END_COMPLETE && result->status >= 200;
    char detail[PROXY_URL_MAX + 256];
    snprintf(detail, sizeof detail, "the upstream %s failed: %s", forward->proxy->url,
             whole ? "" : result->detail);
    forward_finish(forward, &(struct proxy_outcome){ .ended = end_text(result->end),
                                                     .status = whole ? result->status : 0,
                                                     .result = whole ? result : NULL,
                                                     .detail = detail });
}

static void forward_on_sent(void *context)
{
    struct forward *forward = context;
    forward->sent = true;
}

static void forward_on_progress(void *context)
{
    struct forward *forward = context;
    if (forward->sent && forward->first_byte == INSTANT_NEVER) forward->first_byte = clock_now();
}

static void proxy_set_alarm(struct proxy *proxy)
{
    alarm_set(&proxy->alarm, timers_next(&proxy->timers));
}

static void proxy_on_due(void *context)
{
    struct proxy *proxy = context;
    char detail[PROXY_URL_MAX + 64];
    instant_ns now = clock_now();
    for (;;) {
        uint32_t index = timers_pop(&proxy->timers, now);
        if (index == TIMERS_NONE) break;
        struct forward *forward = &proxy->forwards[index];
        http_client_cancel(forward->call);
        snprintf(detail, sizeof detail, "the upstream %s did not answer in time", proxy->url);
        forward_finish(forward, &(struct proxy_outcome){ .ended = "timeout", .detail = detail });
    }
    proxy_set_alarm(proxy);
}

/* Headers that the upstream is to see; `texts` holds them until the call is started. */
static void collect_headers(struct http_exchange *exchange, struct http_call_config *config,
                            char texts[HTTP_CLIENT_HEADERS_MAX][PROXY_HEADER_MAX])
{
    static const char *const NAMES[] = { "Content-Type", "Authorization", "X-Request-ID",
                                         "X-Attempt",    "Accept",        "traceparent",
                                         "tracestate",   "X-API-Key" };
    size_t count = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const char *value = http_exchange_header(exchange, NAMES[i]);
        if (value == NULL || strpbrk(value, "\r\n") != NULL) continue;
        int length = snprintf(texts[count], PROXY_HEADER_MAX, "%s: %s", NAMES[i], value);
        if (length < 0 || length >= PROXY_HEADER_MAX) continue;
        config->headers[count] = texts[count];
        count++;
    }
}

static void forward_start(struct forward *forward)
{
    struct proxy *proxy = forward->proxy;
    struct http_exchange *exchange = forward->exchange;
    char url[PROXY_URL_MAX * 2];
    char texts[HTTP_CLIENT_HEADERS_MAX][PROXY_HEADER_MAX];
    bool is_get = strcmp(http_exchange_method(exchange), "GET") == 0;
    struct http_call_config config = {
        .url = url,
        .method = is_get ? "GET" : "POST",
        .response_bytes_max = MOCK_BODY_BYTES_MAX,
        .on_progress = forward_on_progress,
        .on_sent = forward_on_sent,
        .on_done = forward_on_done,
        .context = forward,
    };
    snprintf(url, sizeof url, "%s%s", proxy->url, http_exchange_path(exchange));
    if (!is_get) config.body = http_exchange_body(exchange, &config.body_length);
    collect_headers(exchange, &config, texts);
    forward->start = clock_now();
    forward->first_byte = INSTANT_NEVER;
    forward->call = http_client_start(proxy->client, &config);
    timers_set(&proxy->timers, (uint32_t)(forward - proxy->forwards),
               instant_add(forward->start, proxy->timeout_ns));
    proxy_set_alarm(proxy);
}

/* NULL when there are too many. */
static struct forward *forward_take(struct proxy *proxy, struct http_exchange *exchange)
{
    if (proxy->idle_count == 0) return NULL;
    struct forward *forward = &proxy->forwards[proxy->idle[--proxy->idle_count]];
    *forward = (struct forward){ .proxy = proxy, .exchange = exchange };
    http_exchange_set_user(exchange, forward);
    return forward;
}

bool proxy_is_asked(const struct reply_plan *plan)
{
    bool own_answer = plan->answer != ANSWER_GOOD && plan->answer != ANSWER_TRUNCATED_JSON;
    bool sends = plan->steps[0].kind == PLAN_HEAD || plan->steps[0].kind == PLAN_HEAD_PART;
    return plan->status == 200 && !own_answer && sends;
}

void proxy_forward(struct proxy *proxy, const struct player_order *order)
{
    struct forward *forward = forward_take(proxy, order->exchange);
    if (forward == NULL) {
        api_drop(order);
        return;
    }
    forward->is_attempt = true;
    forward->order = *order;
    forward->plan = *order->plan;
    forward_start(forward);
}

void proxy_pass(struct proxy *proxy, struct http_exchange *exchange)
{
    const char *method = http_exchange_method(exchange);
    const char *path = http_exchange_path(exchange);
    const char *echo = api_echo_of(exchange);
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0) {
        api_reply_error(exchange, 501, "mock-tollama forwards GET and POST only");
        return;
    }
    if (http_exchange_body_too_large(exchange) || strlen(path) >= PROXY_URL_MAX) {
        api_reply_error(exchange, 413, "the request is too large to be forwarded");
        return;
    }
    struct forward *forward = forward_take(proxy, exchange);
    if (forward == NULL) {
        api_reply_error(exchange, 503, "too many requests are open in the mock");
        return;
    }
    forward->order = (struct player_order){
        .exchange = exchange,
        .read_at = clock_now(),
        .echo_id = echo != NULL ? mem_copy_string(echo) : NULL,
    };
    forward_start(forward);
}

/* Without an answer, and without anybody who waits for one. */
static void forward_abandon(struct forward *forward, const char *ended, enum ledger_end end)
{
    struct mock *mock = forward->proxy->mock;
    struct http_exchange *exchange = forward->exchange;
    struct player_order order = forward->order;
    http_client_cancel(forward->call);
    forward_record(forward, &(struct proxy_outcome){ .ended = ended });
    if (forward->is_attempt) {
        ledger_add(&mock->ledger, &(struct ledger_entry){
                                      .id = order.id,
                                      .attempt = order.attempt,
                                      .at_ns = order.at_ns,
                                      .path = order.path,
                                      .plan = &forward->plan,
                                      .status = forward->plan.status,
                                      .answer = ANSWER_GOOD,
                                      .asked_ns = forward->plan.steps[0].after_ns,
                                      .first_ns = LEDGER_NONE,
                                      .last_ns = LEDGER_NONE,
                                      .upstream = ended,
                                      .upstream_ns = instant_until(clock_now(), forward->start),
                                      .end = end,
                                  });
        if (order.on_end != NULL) order.on_end(order.owner);
        mem_free(order.id);
    }
    mem_free(order.echo_id);
    forward_free(forward);
    (void)http_exchange_raw(exchange);
    http_exchange_raw_end(exchange, HTTP_RAW_FIN);
}

bool proxy_gone(struct proxy *proxy, struct http_exchange *exchange)
{
    struct forward *forward = http_exchange_user(exchange);
    if (forward < proxy->forwards || forward >= proxy->forwards + PROXY_CALLS_MAX) return false;
    assert(forward->exchange == exchange);
    forward_abandon(forward, "client_gone", LEDGER_CLIENT_GONE);
    proxy_set_alarm(proxy);
    return true;
}

static enum err read_url(struct proxy *proxy, const char *url, struct err_note *note)
{
    size_t length = strlen(url);
    bool known = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!known || length >= PROXY_URL_MAX || strpbrk(url, "?#@ \t\r\n") != NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream: \"%.200s\" is not the address of a server; write "
                            "http://127.0.0.1:11435, without a query and without a password",
                            url);
    }
    while (length > 0 && url[length - 1] == '/')
        length--;
    memcpy(proxy->url, url, length);
    return ERR_OK;
}

enum err proxy_create(struct mock *mock, const struct proxy_config *config, struct proxy **out,
                      struct err_note *note)
{
    struct proxy *proxy = mem_alloc(1, sizeof *proxy);
    *proxy = (struct proxy){ .mock = mock, .timeout_ns = config->timeout_ns };
    *out = NULL;
    enum err rc = read_url(proxy, config->url, note);
    if (rc == ERR_OK) rc = record_open(&proxy->record, config->record_path, note);
    if (rc != ERR_OK) {
        mem_free(proxy);
        return rc;
    }
    proxy->record.bodies = config->record_bodies;
    proxy->client = http_client_create(&(struct http_client_config){
        .loop = mock->config.loop,
        .connections_max = PROXY_CALLS_MAX,
        .keepalive_max = PROXY_KEEPALIVE_MAX,
        .keepalive_expiry_ns = PROXY_KEEPALIVE_EXPIRY_S * NS_PER_S,
    });
    proxy->forwards = mem_alloc(PROXY_CALLS_MAX, sizeof(struct forward));
    proxy->idle = mem_alloc(PROXY_CALLS_MAX, sizeof(uint32_t));
    proxy->idle_count = PROXY_CALLS_MAX;
    for (uint32_t i = 0; i < PROXY_CALLS_MAX; i++)
        proxy->idle[i] = PROXY_CALLS_MAX - 1 - i;
    timers_init(&proxy->timers, PROXY_CALLS_MAX);
    alarm_init(&proxy->alarm, mock->config.loop, proxy_on_due, proxy);
    *out = proxy;
    return ERR_OK;
}

static void proxy_stop(struct proxy *proxy)
{
    for (uint32_t i = 0; i < PROXY_CALLS_MAX; i++) {
        if (proxy->forwards[i].exchange == NULL) continue;
        forward_abandon(&proxy->forwards[i], "stopped", LEDGER_STOPPED);
    }
}

void proxy_close(struct proxy *proxy)
{
    if (proxy == NULL) return;
    proxy_stop(proxy);
    http_client_destroy(proxy->client);
    record_close(&proxy->record);
    timers_deinit(&proxy->timers);
    mem_free(proxy->forwards);
    mem_free(proxy->idle);
    alarm_close(&proxy->alarm);
}
