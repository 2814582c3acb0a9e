/* One call of the upstream: what it is asked, how long, and what comes of its end. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mock/proxy_private.h"

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

/* How an answer ends that is being passed on, or is as far as it came. */
static enum source_state state_of_end(enum http_end end)
{
    if (end == HTTP_END_COMPLETE) return SOURCE_WHOLE;
    return end == HTTP_END_READ_ERROR ? SOURCE_RESET : SOURCE_CLOSED;
}

static void forward_end_stream(struct forward *forward, const struct http_result *result)
{
    forward->ended = end_text(result->end);
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
    forward_finish(forward, &(struct proxy_outcome){ .ended = end_text(result->end),
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

void proxy_set_alarm(struct proxy *proxy)
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

void proxy_on_due(void *context)
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

void forward_start(struct forward *forward, const struct proxy_lines *lines)
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
