#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/player_private.h"

static void player_set_alarm(struct player *player)
{
    if (!player->ringing) alarm_set(&player->alarm, timers_next(&player->timers));
}

void play_wake_at(struct play *play, instant_ns when)
{
    struct player *player = play->player;
    timers_set(&player->timers, (uint32_t)(play - player->plays), when);
    player_set_alarm(player);
}

static void play_forget_preparing(struct play *play)
{
    struct player *player = play->player;
    if (!play->is_unprepared) return;
    play->is_unprepared = false;
    TAILQ_REMOVE(&player->unprepared, play, unprepared);
    if (TAILQ_EMPTY(&player->unprepared)) uv_idle_stop(&player->prepare);
}

void play_prepare(struct play *play)
{
    if (!play->is_unprepared) return;
    play_forget_preparing(play);
    play->order.prepare(&play->order);
    http_exchange_body_done(play->exchange);
}

/* One per turn of the loop, so that requests and answers that are due get theirs in between. */
static void player_on_idle(uv_idle_t *idle)
{
    struct player *player = idle->data;
    struct play *play = TAILQ_FIRST(&player->unprepared);
    assert(play != NULL);
    play_prepare(play);
}

static void play_tell_delays(const struct play *play)
{
    realised_delays_add(play->order.delays,
                        &(struct realised_wait){ .plan = &play->plan,
                                                 .above_ns = play->order.above_ns,
                                                 .begun = play->step > 0 || play->begun,
                                                 .late_ns = play->late_ns,
                                                 .pauses_known = true,
                                                 .pause_late_ns = play->late_max_ns });
}

static void play_note(struct play *play, enum ledger_end end)
{
    struct player_order *order = &play->order;
    if (play->cut_above && (end == LEDGER_RESET || end == LEDGER_CLOSE)) end = LEDGER_UPSTREAM_CUT;
    if (order->tell_upstream != NULL) order->tell_upstream(order, end);
    if (order->unlisted) return;
    if (order->delays != NULL) play_tell_delays(play);
    bool plain = play->state == PLAY_SENDING;
    struct ledger_entry entry = {
        .id = order->id,
        .attempt = order->attempt,
        .at_ns = order->at_ns,
        .path = order->path,
        .plan = &play->plan,
        .status = order->status,
        .answer = order->answer,
        .asked_ns = play->plan.steps[0].after_ns,
        .late_ns = play->late_ns,
        .late_max_ns = play->late_max_ns,
        .first_ns = play->first_ns,
        .last_ns = play->last_ns,
        .head_bytes = plain && !play->reply_known ? LEDGER_NONE : play->reply.head_bytes,
        .body_bytes = play->reply.body_bytes,
        .other_bytes = play->other_bytes + play->insert_sent,
        .upstream = order->upstream,
        .upstream_ns = order->upstream_ns,
        .end = end,
    };
    if (play->has_response) {
        entry.head_bytes = response_head_sent(&play->response, play->sent);
        entry.body_bytes = response_body_sent(&play->response, play->sent);
        entry.other_bytes += u64_min(play->sent, play->response.interim_length);
    }
    if (play->stream.source != NULL) entry.body_bytes = play_stream_body_sent(&play->stream);
    ledger_add(play->player->ledger, &entry);
}

void player_order_free_texts(struct player_order *order)
{
    if (!order->id_is_lent) mem_free(order->id);
    if (!order->echo_id_is_lent) mem_free(order->echo_id);
    mem_free(order->body);
}

static void play_forget(struct play *play)
{
    struct player *player = play->player;
    struct player_order *order = &play->order;
    play_forget_preparing(play);
    play_wake_at(play, INSTANT_NEVER);
    player_order_free_texts(order);
    if (order->on_end != NULL) order->on_end(order->owner);
    mem_free(play->garbage);
    if (play->has_response) response_deinit(&play->response);
    if (play->has_insert) spool_deinit(&play->insert);
    play_stream_free(play);
    play->exchange = NULL;
    player->idle[player->idle_count++] = (uint32_t)(play - player->plays);
}

void play_free(struct play *play, enum ledger_end end)
{
    play_note(play, end);
    play_forget(play);
}

void play_end_raw(struct play *play, enum http_raw_end how, enum ledger_end end)
{
    struct http_exchange *exchange = play->exchange;
    if (play->wire.fd < 0) wire_take(&play->wire, http_exchange_raw(exchange));
    wire_release(&play->wire);
    play_free(play, end);
    http_exchange_raw_end(exchange, how);
}

static size_t reply_headers(const struct play *play, struct http_header *headers, size_t most,
                            char date[HEAD_DATE_MAX])
{
    const struct player_order *order = &play->order;
    const struct reply_plan *plan = &play->plan;
    size_t count = 0;
    if (order->echo_id != NULL) {
        headers[count++] = (struct http_header){ "X-Request-ID", order->echo_id };
    }
    if (plan->has_retry_after) {
        uint64_t wall_ms = plan->retry_after_is_date ? clock_wall_ms() : 0;
        headers[count++] =
            (struct http_header){ "Retry-After", head_retry_after(plan, wall_ms, date) };
    }
    for (size_t i = 0; i < order->header_count && count < most; i++) {
        headers[count++] = (struct http_header){ order->headers[i].name, order->headers[i].value };
    }
    for (size_t i = 0; i < plan->header_count && count < most; i++) {
        headers[count++] = (struct http_header){ plan->headers[i].name, plan->headers[i].value };
    }
    return count;
}

void play_reply(struct play *play)
{
    enum { HEADERS_MAX = 64 };
    struct player_order *order = &play->order;
    struct http_header headers[HEADERS_MAX];
    char date[HEAD_DATE_MAX];
    struct http_response response = {
        .status = order->status,
        .content_type = order->content_type,
        .headers = headers,
        .header_count = reply_headers(play, headers, HEADERS_MAX, date),
        .body = order->body,
        .body_length = order->body_length,
        .ownership = HTTP_BODY_TAKE,
    };
    order->body = NULL;
    play->state = PLAY_SENDING;
    if (ledger_writes(play->player->ledger)) {
        play->first_ns = instant_until(clock_now(), order->read_at);
        http_exchange_watch_sent(play->exchange);
    }
    http_reply(play->exchange, &response);
}

static void player_on_due(void *context)
{
    struct player *player = context;
    instant_ns now = clock_now();
    player->ringing = true;
    for (;;) {
        uint32_t index = timers_pop(&player->timers, now);
        if (index == TIMERS_NONE) break;
        play_advance(&player->plays[index]);
    }
    player->ringing = false;
    player_set_alarm(player);
}

static void play_on_wire(void *context, int events)
{
    struct play *play = context;
    if ((events & UV_DISCONNECT) != 0) {
        play_on_gone(play);
        return;
    }
    (void)wire_wait(&play->wire, 0);
    play_advance(play);
}

void player_init(struct player *player, uv_loop_t *loop, struct ledger *ledger, uint32_t capacity)
{
    *player = (struct player){
        .loop = loop,
        .ledger = ledger,
        .plays = mem_alloc(capacity, sizeof(struct play)),
        .idle = mem_alloc(capacity, sizeof(uint32_t)),
        .idle_count = capacity,
        .capacity = capacity,
    };
    for (uint32_t i = 0; i < capacity; i++)
        player->idle[i] = capacity - 1 - i;
    TAILQ_INIT(&player->unprepared);
    timers_init(&player->timers, capacity);
    alarm_init(&player->alarm, loop, player_on_due, player);
    int rc = uv_idle_init(loop, &player->prepare);
    assert(rc == 0);
    player->prepare.data = player;
}

static bool plan_sends(const struct reply_plan *plan)
{
    for (unsigned i = 0; i < plan->step_count; i++) {
        enum plan_step_kind kind = plan->steps[i].kind;
        if (kind == PLAN_HEAD_PART || kind == PLAN_HEAD || kind == PLAN_BODY) return true;
    }
    return false;
}

static void plan_copy(struct reply_plan *to, const struct reply_plan *from)
{
    memcpy(to, from,
           offsetof(struct reply_plan, steps) + from->step_count * sizeof(struct plan_step));
}

static struct play *play_open(struct player *player, const struct player_order *order)
{
    struct play *play = &player->plays[player->idle[--player->idle_count]];
    memset(play, 0, offsetof(struct play, response));
    play->player = player;
    play->exchange = order->exchange;
    play->order = *order;
    play->first_ns = play->last_ns = LEDGER_NONE;
    play->due = instant_add(order->read_at, order->plan->steps[0].after_ns);
    plan_copy(&play->plan, order->plan);
    play->order.plan = &play->plan;
    bool chunked = play->plan.framing == FRAMING_CHUNKED && play->plan.malform == MALFORM_NONE;
    if (chunked && !http_exchange_is_http11(order->exchange)) {
        play->plan.framing = FRAMING_UNTIL_CLOSE;
    }
    play->plain =
        plan_steps_are_plain(order->plan) && order->status >= 200 && order->source == NULL;
    play->stream.source = order->source;
    buf_init(&play->stream.frame, BUF_UNBOUNDED);
    wire_init(&play->wire, player->loop, play_on_wire, play);
    http_exchange_set_user(order->exchange, play);
    return play;
}

bool player_start(struct player *player, const struct player_order *order)
{
    if (player->idle_count == 0) return false;
    assert(order->plan->step_count > 0);
    struct play *play = play_open(player, order);
    if (order->source != NULL) {
        /* The request may still be on its way to the server. */
    } else if (order->prepare == NULL) {
        http_exchange_body_done(order->exchange);
    } else if (plan_sends(order->plan)) {
        if (TAILQ_EMPTY(&player->unprepared)) uv_idle_start(&player->prepare, player_on_idle);
        TAILQ_INSERT_TAIL(&player->unprepared, play, unprepared);
        play->is_unprepared = true;
    }
    /* Only a reply can be made inside this request's callback. */
    if (play->plain)
        play_advance(play);
    else
        play_wake_at(play, play->due);
    return true;
}

static struct play *play_of(const struct player *player, struct http_exchange *exchange)
{
    struct play *play = http_exchange_user(exchange);
    assert(play != NULL && play->player == player && play->exchange == exchange);
    return play;
}

void player_gone(struct player *player, struct http_exchange *exchange)
{
    play_on_gone(play_of(player, exchange));
}

void player_done(struct player *player, struct http_exchange *exchange, bool whole)
{
    struct play *play = play_of(player, exchange);
    assert(play->state == PLAY_SENDING);
    if (ledger_writes(player->ledger)) {
        play->last_ns = instant_until(clock_now(), play->order.read_at);
        play->reply_known = http_exchange_sent(exchange, &play->reply);
    }
    enum ledger_end cut = player->stopping ? LEDGER_STOPPED : LEDGER_CLIENT_GONE;
    play_free(play, whole ? LEDGER_COMPLETE : cut);
}

void player_moved(struct player *player, struct http_exchange *exchange)
{
    struct play *play = play_of(player, exchange);
    if (!play->stream.awaits) return;
    play->stream.awaits = false;
    play_advance(play);
}

uint32_t player_open(const struct player *player)
{
    return player->capacity - player->idle_count;
}

void player_stop(struct player *player)
{
    player->stopping = true;
    for (uint32_t i = 0; i < player->capacity; i++) {
        struct play *play = &player->plays[i];
        if (play->exchange == NULL || play->state == PLAY_SENDING) continue;
        play_end_raw(play, HTTP_RAW_FIN,
                     play->state == PLAY_STALLED ? LEDGER_STALLED : LEDGER_STOPPED);
    }
}

void player_deinit(struct player *player)
{
    assert(player_open(player) == 0);
    alarm_close(&player->alarm);
    uv_close((uv_handle_t *)&player->prepare, NULL);
    timers_deinit(&player->timers);
    mem_free(player->plays);
    mem_free(player->idle);
}
