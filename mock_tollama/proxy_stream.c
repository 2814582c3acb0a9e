/* Answers that are passed on while they come. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/proxy_private.h"
#include "scenario/plan_state.h"

enum { PPM_ALL = 1000000 };

static bool step_needs_length(const struct plan_step *step)
{
    return step->kind == PLAN_BODY && !step->to_is_bytes && step->to_ppm != 0 &&
           step->to_ppm != PPM_ALL;
}

bool forward_can_stream(const struct forward *forward, const struct http_result *head)
{
    const struct reply_plan *plan = &forward->plan;
    if (plan->malform != MALFORM_NONE || plan->body_pad_bytes > 0) return false;
    if (plan->answer != ANSWER_GOOD && head->status == 200) return false;
    for (unsigned i = 0; i < plan->step_count; i++) {
        if (head->announced == HTTP_LENGTH_UNKNOWN && step_needs_length(&plan->steps[i])) {
            return false;
        }
    }
    return true;
}

void forward_keep(struct forward *forward, const char *bytes, size_t length)
{
    forward->body_bytes += length;
    if (!forward->proxy->record.bodies || forward->kept.length >= MOCK_BODY_BYTES_MAX) return;
    buf_put(&forward->kept, bytes,
            (size_t)u64_min(length, MOCK_BODY_BYTES_MAX - forward->kept.length));
}

static const char *source_bytes(struct source *source, size_t *length)
{
    struct forward *forward = (struct forward *)source;
    if (forward->call != NULL) return http_call_body(forward->call, length);
    *length = forward->rest.length - forward->rest_taken;
    return buf_text(&forward->rest) + forward->rest_taken;
}

static void source_take(struct source *source, size_t length)
{
    struct forward *forward = (struct forward *)source;
    if (forward->call == NULL) {
        forward->rest_taken += length;
        return;
    }
    size_t waiting = 0;
    forward_keep(forward, http_call_body(forward->call, &waiting), length);
    bool was_full = http_call_is_full(forward->call);
    http_call_take(forward->call, length);
    if (was_full) forward_touch(forward);
}

/* Why the server's part ended, as its play did; while it was still sending, that is our doing. */
static const char *ended_by(enum ledger_end end)
{
    switch (end) {
    case LEDGER_CLIENT_GONE: return "client_gone";
    case LEDGER_STOPPED: return "stopped";
    case LEDGER_COMPLETE:
    case LEDGER_RESET:
    case LEDGER_CLOSE:
    case LEDGER_STALLED:
    case LEDGER_UPSTREAM_CUT:
    case LEDGER_END_COUNT: break;
    }
    return "cut";
}

static void stream_tell_upstream(struct player_order *order, enum ledger_end end)
{
    struct forward *forward = (struct forward *)order->source;
    if (forward->ended == NULL) {
        forward->ended = ended_by(end);
        forward->end = clock_now();
    }
    order->upstream = forward->ended;
    order->upstream_ns = instant_until(forward->end, forward->start);
}

static void stream_on_play_end(void *owner)
{
    struct forward *forward = owner;
    void (*on_end)(void *owner) = forward->on_end;
    void *inner = forward->owner;
    if (forward->ended == NULL) forward->ended = "stopped"; /* no place for its play */
    if (forward->call != NULL) {
        forward_cancel(forward);
        forward_record(forward, NULL);
    }
    forward_free(forward);
    if (on_end != NULL) on_end(inner);
}

/* The plan knows of a length or not; the client, of chunks or not. */
static void stream_set_framing(struct forward *forward, uint64_t announced)
{
    struct reply_plan *plan = &forward->plan;
    if (plan->framing == FRAMING_LENGTH && announced == HTTP_LENGTH_UNKNOWN) {
        plan->framing = FRAMING_CHUNKED;
    }
    if (plan->framing == FRAMING_CHUNKED && !http_exchange_is_http11(forward->exchange)) {
        plan->framing = FRAMING_UNTIL_CLOSE;
    }
}

void forward_stream(struct forward *forward, const struct http_result *head)
{
    struct mock *mock = forward->proxy->mock;
    instant_ns now = clock_now();
    bool is_head = strcmp(http_exchange_method(forward->exchange), "HEAD") == 0;
    forward->state = FORWARD_STREAMING;
    forward->status = head->status;
    forward->source.length = head->announced;
    forward->source.bodiless = is_head;
    forward->source.last = http_exchange_is_last(forward->exchange);
    forward->source.bytes = source_bytes;
    forward->source.take = source_take;
    stream_set_framing(forward, head->announced);
    struct player_order order = forward->order;
    order.plan = &forward->plan;
    proxy_answer_head(&order, &(struct proxy_outcome){ .status = head->status, .result = head },
                      forward->source.last);
    forward->on_end = order.on_end;
    forward->owner = order.owner;
    order.owner = forward;
    order.on_end = stream_on_play_end;
    order.source = &forward->source;
    order.tell_upstream = stream_tell_upstream;
    order.unlisted = !forward->is_attempt;
    order.above_ns = instant_until(now, order.read_at);
    forward->plan.steps[0].after_ns += order.above_ns;
    if (forward->call != NULL) {
        http_call_set_window(forward->call, PROXY_WINDOW_BYTES);
        forward_touch(forward);
    }
    http_exchange_set_user(forward->exchange, NULL);
    api_play(mock, &order);
}

void forward_stream_ended(struct forward *forward, enum source_state state)
{
    forward->source.state = state;
    player_moved(&forward->proxy->mock->player, forward->exchange);
}
