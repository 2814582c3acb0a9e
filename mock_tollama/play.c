/* One play on its socket: exact bytes, at their moments, and how the connection ends. */
#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/player_private.h"

void play_wait(struct play *play, int events)
{
    if (wire_wait(&play->wire, events)) return;
    play_wake_at(play, instant_add(clock_now(), PLAYER_RETRY_MS * NS_PER_MS));
}

static void play_take_socket(struct play *play)
{
    if (play->wire.fd >= 0) return;
    wire_take(&play->wire, http_exchange_raw(play->exchange));
    play->state = PLAY_RAW;
}

static void play_make_response(struct play *play)
{
    const struct player_order *order = &play->order;
    if (play->has_response) return;
    play_prepare(play);
    struct head head = {
        .status = order->status,
        .content_type = order->content_type,
        .request_id = order->echo_id,
        .plan = &play->plan,
        .extra = order->headers,
        .extra_count = order->header_count,
    };
    if (order->source != NULL) {
        head.content_length = order->source->length;
        response_init_head(&play->response, &head, clock_wall_ms());
    } else {
        response_init(&play->response, &head, order->body, order->body_length, clock_wall_ms());
    }
    play->has_response = true;
}

enum play_progress play_push(struct play *play, const struct spool *spool, uint64_t target,
                             uint64_t *sent)
{
    uint64_t before = *sent;
    enum wire_result result = wire_send(&play->wire, spool, target, sent);
    if (*sent > before) {
        play->last_ns = instant_until(clock_now(), play->order.read_at);
        if (play->first_ns == LEDGER_NONE) play->first_ns = play->last_ns;
    }
    switch (result) {
    case WIRE_DONE: return PLAY_NEXT;
    case WIRE_FULL: play_wait(play, UV_WRITABLE | UV_DISCONNECT); return PLAY_PAUSED;
    case WIRE_GONE: play_end_raw(play, HTTP_RAW_FIN, LEDGER_CLIENT_GONE); return PLAY_ENDED;
    }
    assert(false && "unknown result");
    return PLAY_ENDED;
}

/* A head and the body at the same moment are one packet, as from any server. */
static bool step_joins_next(const struct play *play)
{
    if (play->step + 1 >= play->plan.step_count) return false;
    const struct plan_step *next = &play->plan.steps[play->step + 1];
    bool sends = next->kind == PLAN_HEAD || next->kind == PLAN_BODY || next->kind == PLAN_END;
    return sends && next->after_ns == 0 && next->piece_bytes == 0;
}

/* What belongs to no answer is one packet with the answer before it. Else a client might see that
 * alone, ask the next question on this connection, and take the rest for its answer. */
static bool step_is_followed_by_surplus(const struct play *play)
{
    if (play->step + 1 >= play->plan.step_count) return false;
    const struct plan_step *next = &play->plan.steps[play->step + 1];
    return (next->kind == PLAN_GARBAGE || next->kind == PLAN_STRAY) && next->after_ns == 0;
}

static enum play_progress play_send_pieces(struct play *play, const struct plan_step *step,
                                           uint64_t target)
{
    if (play->pieces == 0) {
        play->piece_from = u64_max(play->sent, play->response.interim_length);
    }
    for (;;) {
        instant_ns now = clock_now();
        instant_ns due = instant_add(play->begun_at, play->pieces * step->piece_ns);
        if (now < due) {
            (void)wire_wait(&play->wire, UV_DISCONNECT);
            play_wake_at(play, due);
            return PLAY_PAUSED;
        }
        uint64_t end = play->piece_from + (play->pieces + 1) * step->piece_bytes;
        play->target = u64_min(end, target);
        if (play->sent < play->target) {
            enum play_progress progress =
                play_push(play, &play->response.spool, play->target, &play->sent);
            if (progress != PLAY_NEXT) return progress;
            play->late_max_ns = u64_max(play->late_max_ns, now - due);
        }
        if (play->target == target) return PLAY_NEXT;
        play->pieces++;
    }
}

static enum play_progress play_send(struct play *play, const struct plan_step *step)
{
    play_take_socket(play);
    play_make_response(play);
    bool in_head = step->kind == PLAN_HEAD || step->kind == PLAN_HEAD_PART;
    if (play->stream.source != NULL && !in_head) return play_stream_step(play, step);
    uint64_t target = u64_max(play->target, response_target(&play->response, step));
    if (step->piece_bytes > 0) return play_send_pieces(play, step, target);
    play->target = target;
    if (step_joins_next(play)) return PLAY_NEXT;
    play->wire.more = step_is_followed_by_surplus(play);
    enum play_progress progress = play_push(play, &play->response.spool, target, &play->sent);
    play->wire.more = false;
    return progress;
}

/* The answer to a request that nobody made. */
static void write_stray(struct spool *out)
{
    static const char body[] = "{\"model\":\"stray\",\"forecasts\":[]}";
    buf_printf(&out->text,
               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
               "X-Request-ID: stray-answer\r\n\r\n%s",
               sizeof body - 1, body);
    spool_cut_text(out);
}

static enum play_progress play_insert(struct play *play, const struct plan_step *step)
{
    play_take_socket(play);
    if (!play->has_insert) {
        spool_init(&play->insert);
        play->has_insert = true;
        if (step->kind == PLAN_STRAY) {
            write_stray(&play->insert);
        } else {
            size_t length = (size_t)step->to_bytes;
            play->garbage = mem_alloc(length + 1, 1);
            plan_garbage(&play->plan, play->garbage, length);
            bool chunk = play_stream_cuts_chunks(play);
            if (chunk) buf_printf(&play->insert.text, "%zx\r\n", length);
            spool_borrow(&play->insert, play->garbage, length);
            if (chunk) spool_borrow(&play->insert, "\r\n", 2);
        }
    }
    enum play_progress progress =
        play_push(play, &play->insert, play->insert.length, &play->insert_sent);
    if (progress != PLAY_NEXT) return progress;
    play->other_bytes += play->insert_sent;
    play->insert_sent = 0;
    spool_deinit(&play->insert);
    play->has_insert = false;
    mem_free(play->garbage);
    play->garbage = NULL;
    return PLAY_NEXT;
}

static bool play_settled(const struct play *play, instant_ns now)
{
    uint64_t waited_ns = instant_until(now, play->since);
    switch (wire_unsent(&play->wire)) {
    case WIRE_ACKNOWLEDGED: return true;
    case WIRE_TRANSMITTED: return waited_ns >= PLAYER_SETTLE_TRANSMITTED_MS * NS_PER_MS;
    case WIRE_HELD: return waited_ns >= PLAYER_SETTLE_MAX_MS * NS_PER_MS;
    }
    assert(false && "unknown state");
    return true;
}

static enum play_progress play_reset(struct play *play, instant_ns now)
{
    play_take_socket(play);
    if (play->state == PLAY_RAW) {
        play->state = PLAY_SETTLING;
        play->since = now;
    }
    if (play->sent + play->other_bytes > 0 && !play_settled(play, now)) {
        play_wake_at(play, instant_add(now, PLAYER_SETTLE_STEP_US * NS_PER_US));
        return PLAY_PAUSED;
    }
    play_end_raw(play, HTTP_RAW_RST, LEDGER_RESET);
    return PLAY_ENDED;
}

static enum play_progress play_close(struct play *play, instant_ns now)
{
    bool whole = play->plan.framing == FRAMING_UNTIL_CLOSE && play->has_response &&
                 play->sent == play->response.spool.length &&
                 (play->stream.source == NULL || play_stream_is_out(play));
    play_take_socket(play);
    if (!http_exchange_stopped(play->exchange)) {
        play_end_raw(play, HTTP_RAW_FIN, whole ? LEDGER_COMPLETE : LEDGER_CLOSE);
        return PLAY_ENDED;
    }
    if (play->state == PLAY_RAW) {
        play->state = PLAY_LINGERING;
        play->since = now;
        wire_finish(&play->wire);
    }
    instant_ns end = instant_add(play->since, PLAYER_LINGER_MS * NS_PER_MS);
    if (now >= end) {
        play_end_raw(play, HTTP_RAW_FIN, LEDGER_CLOSE);
        return PLAY_ENDED;
    }
    (void)wire_wait(&play->wire, UV_DISCONNECT);
    play_wake_at(play, end);
    return PLAY_PAUSED;
}

static enum play_progress play_stall(struct play *play)
{
    play_take_socket(play);
    play->state = PLAY_STALLED;
    wire_stall(&play->wire);
    play_wait(play, UV_DISCONNECT);
    return PLAY_PAUSED;
}

static enum play_progress play_step(struct play *play, instant_ns now)
{
    const struct plan_step *step = &play->plan.steps[play->step];
    switch (step->kind) {
    case PLAN_HEAD_PART:
    case PLAN_HEAD:
    case PLAN_BODY:
    case PLAN_END: return play_send(play, step);
    case PLAN_GARBAGE:
    case PLAN_STRAY: return play_insert(play, step);
    case PLAN_RESET: return play_reset(play, now);
    case PLAN_CLOSE: return play_close(play, now);
    case PLAN_STALL: return play_stall(play);
    }
    assert(false && "unknown step");
    return PLAY_ENDED;
}

enum play_progress play_end_early(struct play *play)
{
    play->plan.step_count = (uint8_t)(play->step + 1);
    return play_step(play, clock_now());
}

/* The step's moment has come. */
static void play_begin(struct play *play, instant_ns now)
{
    uint64_t late_ns = now - play->due;
    if (play->step == 0) play->late_ns = late_ns;
    play->late_max_ns = u64_max(play->late_max_ns, late_ns);
    play->begun = true;
    play->begun_at = now;
    play->pieces = 0;
}

void play_advance(struct play *play)
{
    for (;;) {
        if (play->step == play->plan.step_count) {
            bool last = play->stream.source != NULL && play->stream.source->last;
            play_end_raw(play, last ? HTTP_RAW_FIN : HTTP_RAW_KEEP, LEDGER_COMPLETE);
            return;
        }
        instant_ns now = clock_now();
        if (now < play->due) {
            if (play->wire.fd >= 0) (void)wire_wait(&play->wire, UV_DISCONNECT);
            play_wake_at(play, play->due);
            return;
        }
        if (!play->begun) play_begin(play, now);
        if (play->plain) {
            play_prepare(play);
            play_reply(play);
            return;
        }
        if (play_step(play, now) != PLAY_NEXT) return;
        play->step++;
        play->begun = false;
        if (play->step == play->plan.step_count) continue;
        uint64_t after_ns = play->plan.steps[play->step].after_ns;
        /* Since the step before was really done: no pause is shorter than was asked for. */
        play->due = after_ns > 0 ? instant_add(clock_now(), after_ns) : now;
    }
}

void play_on_gone(struct play *play)
{
    enum ledger_end end = LEDGER_CLIENT_GONE;
    if (play->state == PLAY_STALLED) end = LEDGER_STALLED;
    if (play->state == PLAY_LINGERING) end = LEDGER_CLOSE;
    play_end_raw(play, HTTP_RAW_FIN, end);
}
