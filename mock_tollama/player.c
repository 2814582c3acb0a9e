#include "mock/player.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/head.h"
#include "mock/wire.h"

enum { PPM_ALL = 1000000, RETRY_AFTER_TEXT_MAX = 16 };

struct play {
    struct player *player;
    struct http_exchange *exchange; /* NULL: not in use */
    struct player_order order;      /* its plan is `plan` */
    struct reply_plan plan;
    uint32_t step;    /* the next one */
    instant_ns due;   /* of the next one, as planned */
    uint64_t late_ns; /* of the first one */
    bool begun;       /* the first step was made, or tried */
    bool plain;       /* an ordinary reply does it */
    struct wire wire;
    struct buf bytes;        /* raw: head and body */
    size_t head_length;      /* raw */
    size_t target;           /* raw: bytes that shall be out by now */
    size_t sent;             /* raw: bytes that are */
    instant_ns settle_since; /* 0: not settling */
};

static bool plan_is_plain(const struct reply_plan *plan, unsigned status)
{
    const struct plan_step *steps = plan->steps;
    return status >= 200 && plan->step_count == 3 && steps[0].kind == PLAN_HEAD &&
           steps[1].kind == PLAN_BODY && steps[2].kind == PLAN_END && !steps[1].to_is_bytes &&
           steps[1].to_ppm == PPM_ALL && steps[1].after_ns == 0 && steps[2].after_ns == 0;
}

static void player_set_alarm(struct player *player)
{
    if (!player->ringing) alarm_set(&player->alarm, timers_next(&player->timers));
}

/* INSTANT_NEVER: not at all. */
static void play_wake_at(struct play *play, instant_ns when)
{
    struct player *player = play->player;
    timers_set(&player->timers, (uint32_t)(play - player->plays), when);
    player_set_alarm(player);
}

/* Without a descriptor to wait on, the step is tried again a little later. */
static void play_wait(struct play *play, int events)
{
    if (wire_wait(&play->wire, events)) return;
    play_wake_at(play, instant_add(clock_now(), PLAYER_RETRY_MS * NS_PER_MS));
}

static void play_free(struct play *play, enum ledger_end end, size_t body_bytes)
{
    struct player *player = play->player;
    const struct player_order *order = &play->order;
    uint32_t index = (uint32_t)(play - player->plays);
    ledger_add(player->ledger, &(struct ledger_entry){
                                   .id = order->id,
                                   .attempt = order->attempt,
                                   .at_ns = order->at_ns,
                                   .path = order->path,
                                   .plan = &play->plan,
                                   .status = order->status,
                                   .answer = order->answer,
                                   .asked_ns = play->plan.steps[0].after_ns,
                                   .late_ns = play->late_ns,
                                   .body_bytes = body_bytes,
                                   .end = end,
                               });
    play_wake_at(play, INSTANT_NEVER);
    mem_free(order->id);
    mem_free(order->echo_id);
    buf_deinit(&play->bytes);
    play->exchange = NULL;
    player->idle[player->idle_count++] = index;
}

static void play_take_socket(struct play *play)
{
    if (play->wire.fd < 0) wire_take(&play->wire, http_exchange_raw(play->exchange));
}

static void play_end_raw(struct play *play, enum http_raw_end how, enum ledger_end end)
{
    struct http_exchange *exchange = play->exchange;
    size_t body_bytes = play->sent > play->head_length ? play->sent - play->head_length : 0;
    play_take_socket(play);
    wire_release(&play->wire);
    mem_free(play->order.body);
    play_free(play, end, body_bytes);
    http_exchange_raw_end(exchange, how);
}

static void play_reply(struct play *play)
{
    const struct player_order *order = &play->order;
    struct http_exchange *exchange = play->exchange;
    struct http_header headers[2];
    size_t count = 0;
    char retry_after[RETRY_AFTER_TEXT_MAX];
    if (order->echo_id != NULL) {
        headers[count++] = (struct http_header){ "X-Request-ID", order->echo_id };
    }
    if (play->plan.has_retry_after) {
        snprintf(retry_after, sizeof retry_after, "%u", play->plan.retry_after_s);
        headers[count++] = (struct http_header){ "Retry-After", retry_after };
    }
    struct http_response response = {
        .status = order->status,
        .content_type = order->content_type,
        .headers = headers,
        .header_count = count,
        .body = order->body,
        .body_length = order->body_length,
        .ownership = HTTP_BODY_TAKE,
    };
    http_reply(exchange, &response);
    play_free(play, LEDGER_COMPLETE, response.body_length);
}

static void play_prepare_bytes(struct play *play)
{
    const struct player_order *order = &play->order;
    const struct plan_step *last = &play->plan.steps[play->plan.step_count - 1];
    if (play->bytes.length > 0) return;
    head_write(&play->bytes, &(struct head){
                                 .status = order->status,
                                 .content_type = order->content_type,
                                 .request_id = order->echo_id,
                                 .has_retry_after = play->plan.has_retry_after,
                                 .retry_after_s = play->plan.retry_after_s,
                                 .content_length = order->body_length,
                                 .closes = last->kind == PLAN_END,
                             });
    play->head_length = play->bytes.length;
    if (order->body_length > 0) buf_put(&play->bytes, order->body, order->body_length);
}

enum play_progress { PLAY_NEXT, PLAY_PAUSED, PLAY_ENDED };

static enum play_progress play_push(struct play *play)
{
    switch (wire_send(&play->wire, buf_text(&play->bytes), play->target, &play->sent)) {
    case WIRE_DONE: return PLAY_NEXT;
    case WIRE_FULL: play_wait(play, UV_WRITABLE | UV_DISCONNECT); return PLAY_PAUSED;
    case WIRE_GONE: play_end_raw(play, HTTP_RAW_FIN, LEDGER_CLIENT_GONE); return PLAY_ENDED;
    }
    assert(false && "unknown result");
    return PLAY_ENDED;
}

static bool play_settled(struct play *play, instant_ns now)
{
    if (play->settle_since == 0) play->settle_since = now;
    uint64_t waited_ns = instant_until(now, play->settle_since);
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
    if (play->sent > 0 && !play_settled(play, now)) {
        play_wake_at(play, instant_add(now, PLAYER_SETTLE_STEP_US * NS_PER_US));
        return PLAY_PAUSED;
    }
    play_end_raw(play, HTTP_RAW_RST, LEDGER_RESET);
    return PLAY_ENDED;
}

static enum play_progress play_write(struct play *play, const struct plan_step *step)
{
    const struct plan_step *next = step + 1;
    play_take_socket(play);
    play_prepare_bytes(play);
    play->target = play->head_length;
    if (step->kind == PLAN_BODY) play->target += plan_body_end(step, play->order.body_length);
    /* A head and the body at the same moment are one packet, as from any server. */
    if (step->kind == PLAN_HEAD && next->kind == PLAN_BODY && next->after_ns == 0) return PLAY_NEXT;
    return play_push(play);
}

static enum play_progress play_step(struct play *play, instant_ns now)
{
    const struct plan_step *step = &play->plan.steps[play->step];
    switch (step->kind) {
    case PLAN_HEAD:
    case PLAN_BODY: return play_write(play, step);
    case PLAN_END: play_end_raw(play, HTTP_RAW_FIN, LEDGER_COMPLETE); return PLAY_ENDED;
    case PLAN_RESET: return play_reset(play, now);
    case PLAN_CLOSE: play_end_raw(play, HTTP_RAW_FIN, LEDGER_CLOSE); return PLAY_ENDED;
    case PLAN_STALL:
        /* With the socket untouched the server itself tells when the client goes away. */
        if (play->wire.fd >= 0) play_wait(play, UV_DISCONNECT);
        return PLAY_PAUSED;
    }
    assert(false && "unknown step");
    return PLAY_ENDED;
}

/* Makes every step that is due. */
static void play_advance(struct play *play)
{
    for (;;) {
        instant_ns now = clock_now();
        assert(play->step < play->plan.step_count);
        if (now < play->due) {
            if (play->wire.fd >= 0) (void)wire_wait(&play->wire, UV_DISCONNECT);
            play_wake_at(play, play->due);
            return;
        }
        if (!play->begun) play->late_ns = now - play->due;
        play->begun = true;
        if (play->plain) {
            play_reply(play);
            return;
        }
        if (play_step(play, now) != PLAY_NEXT) return;
        play->step++;
        assert(play->step < play->plan.step_count);
        play->due = instant_add(play->due, play->plan.steps[play->step].after_ns);
    }
}

static void play_on_gone(struct play *play)
{
    bool stalled = play->plan.steps[play->step].kind == PLAN_STALL && clock_now() >= play->due;
    play_end_raw(play, HTTP_RAW_FIN, stalled ? LEDGER_STALLED : LEDGER_CLIENT_GONE);
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
    timers_init(&player->timers, capacity);
    alarm_init(&player->alarm, loop, player_on_due, player);
}

bool player_start(struct player *player, const struct player_order *order)
{
    if (player->idle_count == 0) return false;
    assert(order->plan->step_count > 0);
    struct play *play = &player->plays[player->idle[--player->idle_count]];
    *play = (struct play){
        .player = player,
        .exchange = order->exchange,
        .order = *order,
        .plan = *order->plan,
        .due = instant_add(order->read_at, order->plan->steps[0].after_ns),
        .plain = plan_is_plain(order->plan, order->status),
    };
    wire_init(&play->wire, player->loop, play_on_wire, play);
    buf_init(&play->bytes, BUF_UNBOUNDED);
    http_exchange_set_user(order->exchange, play);
    /* The socket is taken in a later turn: now the server is still inside this request. */
    if (play->plain)
        play_advance(play);
    else
        play_wake_at(play, play->due);
    return true;
}

void player_gone(struct player *player, struct http_exchange *exchange)
{
    struct play *play = http_exchange_user(exchange);
    assert(play != NULL && play->player == player && play->exchange == exchange);
    play_on_gone(play);
}

uint32_t player_open(const struct player *player)
{
    return player->capacity - player->idle_count;
}

void player_stop(struct player *player)
{
    for (uint32_t i = 0; i < player->capacity; i++) {
        struct play *play = &player->plays[i];
        if (play->exchange == NULL) continue;
        bool stalled = play->plan.steps[play->step].kind == PLAN_STALL && clock_now() >= play->due;
        play_end_raw(play, HTTP_RAW_FIN, stalled ? LEDGER_STALLED : LEDGER_STOPPED);
    }
}

void player_deinit(struct player *player)
{
    assert(player_open(player) == 0);
    alarm_close(&player->alarm);
    timers_deinit(&player->timers);
    mem_free(player->plays);
    mem_free(player->idle);
}
