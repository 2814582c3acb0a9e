#include "mock/listener.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mock/wire.h"
#include "net/http_listener.h"

/* A connection that stays open and is never answered. */
struct held {
    uv_poll_t poll;
    struct listener *listener;
    int fd; /* owned */
    TAILQ_ENTRY(held) link;
};

static void held_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void held_end(struct held *held)
{
    struct listener *listener = held->listener;
    TAILQ_REMOVE(&listener->held, held, link);
    listener->held_count--;
    uv_close((uv_handle_t *)&held->poll, held_on_closed);
    close(held->fd);
}

static void held_on_event(uv_poll_t *poll, int status, int events)
{
    enum { BYTES = 4096, READS_MAX = 16 };
    struct held *held = poll->data;
    char dropped[BYTES];
    bool left = status < 0 || (events & UV_DISCONNECT) != 0;
    for (int i = 0; !left && i < READS_MAX; i++) {
        ssize_t n = recv(held->fd, dropped, sizeof dropped, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        left = n <= 0;
    }
    if (left) held_end(held);
}

static void hold(struct listener *listener, int fd, int events)
{
    if (listener->held_count == LISTENER_HELD_MAX) held_end(TAILQ_FIRST(&listener->held));
    struct held *held = mem_alloc(1, sizeof *held);
    held->listener = listener;
    held->fd = fd;
    int rc = uv_poll_init(listener->loop, &held->poll, fd);
    assert(rc == 0);
    held->poll.data = held;
    TAILQ_INSERT_TAIL(&listener->held, held, link);
    listener->held_count++;
    rc = uv_poll_start(&held->poll, events, held_on_event);
    assert(rc == 0);
}

static void take_reset(int fd)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

void listener_take(struct listener *listener, int fd)
{
    struct wire wire;
    ledger_count_connect(listener->ledger, listener->now);
    switch (listener->now) {
    case CONNECT_CLOSE:
        (void)shutdown(fd, SHUT_WR);
        hold(listener, fd, UV_READABLE | UV_DISCONNECT);
        return;
    case CONNECT_STALL:
        wire_init(&wire, listener->loop, NULL, NULL);
        wire.fd = fd;
        wire_stall(&wire);
        hold(listener, fd, UV_DISCONNECT);
        return;
    case CONNECT_RESET:
    case CONNECT_OPEN:
    case CONNECT_REFUSE:
    case CONNECT_SYN_DROP: break;
    }
    take_reset(fd);
}

static enum http_listen listen_for(enum plan_connect connect)
{
    switch (connect) {
    case CONNECT_OPEN: return HTTP_LISTEN_OPEN;
    case CONNECT_REFUSE: return HTTP_LISTEN_REFUSE;
    case CONNECT_SYN_DROP: return HTTP_LISTEN_DROP_SYN;
    case CONNECT_RESET:
    case CONNECT_CLOSE:
    case CONNECT_STALL: return HTTP_LISTEN_TAKE;
    }
    assert(false && "unknown way to meet a connection");
    return HTTP_LISTEN_OPEN;
}

static void set(struct listener *listener, enum plan_connect connect)
{
    struct err_note note = { .err = ERR_OK };
    if (connect == listener->now) return;
    listener->now = connect;
    bool counts = connect == CONNECT_REFUSE || connect == CONNECT_SYN_DROP;
    if (counts) ledger_count_connect(listener->ledger, connect);
    if (http_server_listen(listener->server, listen_for(connect), &note) != ERR_OK) {
        err_note_print(stderr, &note);
    }
    http_server_hang_up(listener->server, connect != CONNECT_OPEN);
}

/* What holds at `now`, and until when. */
static enum plan_connect look(struct listener *listener, instant_ns now, instant_ns *until)
{
    struct show *show = listener->show;
    struct show_pick pick = show_pick(show, now);
    bool by_hand = show->fault != NULL;
    instant_ns zero = by_hand ? show->fault_start : show->start;
    *until = INSTANT_NEVER;
    if (by_hand) *until = instant_add(zero, show->fault->lasts_ns);
    if (pick.stage == NULL) return CONNECT_OPEN;
    if (now < zero) {
        *until = instant_min(*until, zero);
        return CONNECT_OPEN;
    }
    uint64_t next = plan_connect_next(pick.stage->plans, pick.offset_ns);
    *until = instant_min(*until, instant_add(zero, next));
    return plan_connect_at(pick.stage->plans, pick.offset_ns);
}

static void listener_on_alarm(void *context)
{
    struct listener *listener = context;
    instant_ns until = INSTANT_NEVER;
    set(listener, look(listener, clock_now(), &until));
    alarm_set(&listener->alarm, until);
}

void listener_refresh(struct listener *listener)
{
    /* The server must not be given connections while it is looking through them. */
    if (http_server_is_running(listener->server))
        alarm_set(&listener->alarm, 0);
    else
        listener_on_alarm(listener);
}

void listener_init(struct listener *listener, uv_loop_t *loop, struct http_server *server,
                   struct show *show, struct ledger *ledger)
{
    *listener = (struct listener){
        .loop = loop, .server = server, .show = show, .ledger = ledger, .now = CONNECT_OPEN
    };
    TAILQ_INIT(&listener->held);
    alarm_init(&listener->alarm, loop, listener_on_alarm, listener);
    listener_refresh(listener);
}

void listener_deinit(struct listener *listener)
{
    struct held *held;
    while ((held = TAILQ_FIRST(&listener->held)) != NULL)
        held_end(held);
    alarm_close(&listener->alarm);
}
