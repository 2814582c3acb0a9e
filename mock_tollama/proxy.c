#include "mock/proxy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/proxy_private.h"
#include "scenario/plan_state.h"

void forward_record(struct forward *forward, const char *response)
{
    size_t length = 0;
    if (forward->proxy->record.fd < 0) return;
    const char *body = http_exchange_body(forward->exchange, &length);
    bool kept = response == NULL && forward->kept.length > 0;
    record_add(&forward->proxy->record,
               &(struct record_call){
                   .start = forward->start,
                   .first_byte = forward->first_byte,
                   .end = clock_now(),
                   .method = http_exchange_method(forward->exchange),
                   .path = http_exchange_path(forward->exchange),
                   .request = body,
                   .request_bytes = length,
                   .response = kept ? buf_text(&forward->kept) : response,
                   .response_kept = kept ? forward->kept.length : (size_t)forward->body_bytes,
                   .response_bytes = forward->body_bytes,
                   .status = forward->status,
                   .ended = forward->ended,
               });
}

void forward_free(struct forward *forward)
{
    struct proxy *proxy = forward->proxy;
    uint32_t index = (uint32_t)(forward - proxy->forwards);
    assert(forward->call == NULL);
    timers_clear(&proxy->timers, index);
    buf_deinit(&forward->kept);
    buf_deinit(&forward->rest);
    forward->state = FORWARD_UNUSED;
    forward->exchange = NULL;
    proxy->idle[proxy->idle_count++] = index;
}

void forward_cancel(struct forward *forward)
{
    http_client_cancel(forward->call);
    forward->call = NULL;
}

/* The answer is whole, or there is none: the exchange and the order are somebody else's then. */
static void forward_finish(struct forward *forward, const struct proxy_outcome *outcome)
{
    struct mock *mock = forward->proxy->mock;
    struct http_exchange *exchange = forward->exchange;
    bool is_attempt = forward->is_attempt;
    struct reply_plan plan = forward->plan;
    struct player_order order = forward->order;
    const struct http_result *result = outcome->result;
    forward->ended = outcome->ended;
    forward->status = outcome->status;
    forward->body_bytes = result != NULL ? result->body_length : 0;
    forward_record(forward, result != NULL ? result->body : NULL);
    order.plan = &plan;
    proxy_answer_fill(&order, outcome);
    order.upstream = outcome->ended;
    order.upstream_ns = instant_until(clock_now(), forward->start);
    http_exchange_set_user(exchange, NULL);
    forward_free(forward);
    if (!is_attempt) {
        proxy_answer_reply(exchange, &order);
        return;
    }
    order.above_ns = instant_until(clock_now(), order.read_at);
    plan.steps[0].after_ns += order.above_ns;
    api_play(mock, &order);
}

const char *proxy_end_text(enum http_end end)
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

/* How an answer ends that is being passed on, or is as far as it came. */
static enum source_state state_of_end(enum http_end end)
{
    if (end == HTTP_END_COMPLETE) return SOURCE_WHOLE;
    return end == HTTP_END_READ_ERROR ? SOURCE_RESET : SOURCE_CLOSED;
}

static void forward_end_stream(struct forward *forward, const struct http_result *result)
{
    forward->ended = proxy_end_text(result->end);
    forward->end = clock_now();
    forward_keep(forward, result->body, result->body_length);
    buf_init(&forward->rest, BUF_UNBOUNDED);
    buf_put(&forward->rest, result->body, result->body_length);
    forward_record(forward, NULL);
    timers_clear(&forward->proxy->timers, (uint32_t)(forward - forward->proxy->forwards));
}

static void forward_on_done(void *context, const struct http_result *result)
{
    struct forward *forward = context;
    bool whole = result->end == HTTP_END_COMPLETE && result->status >= 200;
    bool cut = !whole && result->status >= 200 && !result->refused;
    bool bodiless = strcmp(http_exchange_method(forward->exchange), "HEAD") == 0;
    char detail[PROXY_URL_MAX + 256];
    forward->call = NULL;
    if (forward->state == FORWARD_STREAMING) {
        forward_end_stream(forward, result);
        forward_stream_ended(forward, state_of_end(result->end));
        return;
    }
    /* The client sees as much of the answer as came, whether or not that was at one time. */
    if ((cut && forward_can_stream(forward, result)) || (whole && bodiless)) {
        forward->status = result->status;
        forward_end_stream(forward, result);
        forward->source.state = state_of_end(result->end);
        forward_stream(forward, result);
        return;
    }
    snprintf(detail, sizeof detail, "the upstream %s failed: %s", forward->proxy->url,
             whole ? "" : result->detail);
    forward_finish(forward, &(struct proxy_outcome){ .ended = proxy_end_text(result->end),
                                                     .status = whole ? result->status : 0,
                                                     .result = whole ? result : NULL,
                                                     .detail = detail });
}

static void forward_refuse_large(struct forward *forward)
{
    char detail[PROXY_URL_MAX + 256];
    forward_cancel(forward);
    snprintf(detail, sizeof detail,
             "the answer of the upstream %s is over %d bytes, and the fault at hand needs all of "
             "it", forward->proxy->url, (int)MOCK_BODY_BYTES_MAX);
    forward_finish(forward, &(struct proxy_outcome){ .ended = "too_large", .detail = detail });
}

static void forward_on_head(void *context, const struct http_result *head)
{
    struct forward *forward = context;
    if (forward_can_stream(forward, head)) {
        forward_stream(forward, head);
        return;
    }
    forward->state = FORWARD_HOLDING;
    bool large = head->announced != HTTP_LENGTH_UNKNOWN && head->announced > MOCK_BODY_BYTES_MAX;
    if (large) forward_refuse_large(forward);
}

static void forward_on_body(void *context)
{
    struct forward *forward = context;
    if (forward->state == FORWARD_STREAMING) {
        forward_touch(forward);
        player_moved(&forward->proxy->mock->player, forward->exchange);
    } else if (http_call_is_full(forward->call)) {
        forward_refuse_large(forward);
    }
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

void forward_touch(struct forward *forward)
{
    struct proxy *proxy = forward->proxy;
    bool waits = http_call_is_full(forward->call);
    timers_set(&proxy->timers, (uint32_t)(forward - proxy->forwards),
               waits ? INSTANT_NEVER : instant_add(clock_now(), proxy->timeout_ns));
    proxy_set_alarm(proxy);
}

static void forward_on_late(struct forward *forward)
{
    char detail[PROXY_URL_MAX + 64];
    if (forward->state != FORWARD_STREAMING) {
        forward_cancel(forward);
        snprintf(detail, sizeof detail, "the upstream %s did not answer in time",
                 forward->proxy->url);
        forward_finish(forward, &(struct proxy_outcome){ .ended = "timeout", .detail = detail });
        return;
    }
    size_t length = 0;
    const char *bytes = http_call_body(forward->call, &length);
    buf_init(&forward->rest, BUF_UNBOUNDED);
    buf_put(&forward->rest, bytes, length);
    forward_keep(forward, bytes, length);
    forward_cancel(forward);
    forward->ended = "timeout";
    forward->end = clock_now();
    forward_record(forward, NULL);
    forward_stream_ended(forward, SOURCE_CLOSED);
}

static void proxy_on_due(void *context)
{
    struct proxy *proxy = context;
    instant_ns now = clock_now();
    for (;;) {
        uint32_t index = timers_pop(&proxy->timers, now);
        if (index == TIMERS_NONE) break;
        forward_on_late(&proxy->forwards[index]);
    }
    proxy_set_alarm(proxy);
}

static void forward_start(struct forward *forward, const struct proxy_lines *lines)
{
    struct proxy *proxy = forward->proxy;
    struct http_exchange *exchange = forward->exchange;
    struct buf url;
    struct http_call_config config = {
        .method = http_exchange_method(exchange),
        .response_bytes_max = MOCK_BODY_BYTES_MAX,
        .keep_head = true,
        .on_progress = forward_on_progress,
        .on_sent = forward_on_sent,
        .on_head = forward_on_head,
        .on_body = forward_on_body,
        .on_done = forward_on_done,
        .context = forward,
    };
    buf_init(&url, BUF_UNBOUNDED);
    buf_printf(&url, "%s%s", proxy->url, http_exchange_target(exchange));
    config.url = buf_text(&url);
    config.body = http_exchange_body(exchange, &config.body_length);
    bool posts = strcmp(config.method, "POST") == 0 || strcmp(config.method, "PUT") == 0;
    if (config.body_length == 0 && !posts) config.body = NULL;
    for (size_t i = 0; i < lines->count; i++)
        config.headers[i] = lines->text.data + lines->at[i];
    forward->state = FORWARD_CALLING;
    forward->start = clock_now();
    forward->first_byte = INSTANT_NEVER;
    forward->call = http_client_start(proxy->client, &config);
    timers_set(&proxy->timers, (uint32_t)(forward - proxy->forwards),
               instant_add(forward->start, proxy->timeout_ns));
    proxy_set_alarm(proxy);
    buf_deinit(&url);
}

/* What cannot be forwarded as it is: the status and the sentence of the refusal; 0: nothing. */
static unsigned refusal_of(struct http_exchange *exchange, const struct proxy_lines *lines,
                           const char **sentence)
{
    const char *target = http_exchange_target(exchange);
    if (strcmp(http_exchange_method(exchange), "CONNECT") == 0 || target[0] != '/') {
        *sentence = "mock-tollama forwards to its --upstream only; ask for a path";
        return 400;
    }
    if (strlen(target) > PROXY_TARGET_MAX || http_exchange_body_too_large(exchange)) {
        *sentence = "the request is too large to be forwarded";
        return 413;
    }
    if (!lines->too_many) return 0;
    *sentence = "the request has too many headers to be forwarded";
    return 431;
}

/* NULL: it was refused, or there are too many; the order is over then. */
static struct forward *forward_take(struct proxy *proxy, struct player_order *order)
{
    struct http_exchange *exchange = order->exchange;
    struct proxy_lines lines;
    const char *sentence = "too many requests are open in the mock";
    proxy_lines_collect(&lines, exchange);
    unsigned status = refusal_of(exchange, &lines, &sentence);
    if (status == 0 && proxy->idle_count == 0) status = 503;
    if (status != 0) {
        if (order->on_end != NULL) order->on_end(order->owner);
        mem_free(order->id);
        mem_free(order->echo_id);
        buf_deinit(&lines.text);
        api_reply_error(exchange, status, sentence);
        return NULL;
    }
    struct forward *forward = &proxy->forwards[proxy->idle[--proxy->idle_count]];
    *forward = (struct forward){ .proxy = proxy, .exchange = exchange, .order = *order };
    forward->plan = *order->plan;
    buf_init(&forward->kept, BUF_UNBOUNDED);
    buf_init(&forward->rest, BUF_UNBOUNDED);
    http_exchange_set_user(exchange, forward);
    forward_start(forward, &lines);
    buf_deinit(&lines.text);
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
    struct player_order own = *order;
    struct forward *forward = forward_take(proxy, &own);
    if (forward != NULL) forward->is_attempt = true;
}

void proxy_pass(struct proxy *proxy, struct http_exchange *exchange)
{
    static const struct plan_fate healthy = { 0, 0 };
    static const struct plan_query query = { .path = "" };
    const char *echo = api_echo_of(exchange);
    struct reply_plan plan;
    plan_compose(NULL, 0, &query, &healthy, &plan);
    struct player_order order = {
        .exchange = exchange,
        .plan = &plan,
        .read_at = clock_now(),
        .echo_id = echo != NULL ? mem_copy_string(echo) : NULL,
    };
    (void)forward_take(proxy, &order);
}

/* Without an answer, and without anybody who waits for one. */
static void forward_abandon(struct forward *forward, const char *ended, enum ledger_end end)
{
    struct mock *mock = forward->proxy->mock;
    struct http_exchange *exchange = forward->exchange;
    struct player_order order = forward->order;
    forward_cancel(forward);
    forward->ended = ended;
    forward_record(forward, NULL);
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
        mem_free(order.id);
    }
    if (order.on_end != NULL) order.on_end(order.owner);
    mem_free(order.echo_id);
    http_exchange_set_user(exchange, NULL);
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
        if (proxy->forwards[i].state == FORWARD_UNUSED) continue;
        assert(proxy->forwards[i].state != FORWARD_STREAMING);
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
