/* Callers' connections: in which phase each is, which of them are given up for keeping us waiting,
 * and which gives its place to a newcomer. */
#include <assert.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/http_server_private.h"

enum {
    SWEEP_MS_MIN = 10,
    SWEEP_MS_MAX = 500,
    SWEEPS_PER_LIMIT = 8, /* so that a limit is met within an eighth of itself */
};

/* The loop's own clock: whole milliseconds, read once per turn. */
static instant_ns connection_now(const struct http_server *server)
{
    return uv_now(server->config.loop) * NS_PER_MS;
}

static bool phase_waits_for_client(enum http_phase phase)
{
    switch (phase) {
    case HTTP_PHASE_HEAD:
    case HTTP_PHASE_BODY:
    case HTTP_PHASE_IDLE: return true;
    case HTTP_PHASE_WORK:
    case HTTP_PHASE_SEND: return false;
    }
    assert(false && "not a phase");
    return false;
}

static void connection_unlink_waiting(struct http_connection *on)
{
    if (!on->waiting) return;
    on->waiting = false;
    TAILQ_REMOVE(&on->server->waiting, on, waiting_link);
}

void http_connection_enter(struct http_connection *on, enum http_phase phase)
{
    if (on->dying) return;
    http_patience_enter(&on->patience, phase, connection_now(on->server));
    connection_unlink_waiting(on);
    if (!phase_waits_for_client(phase)) return;
    on->waiting = true;
    TAILQ_INSERT_TAIL(&on->server->waiting, on, waiting_link);
}

void http_connection_progress(struct http_connection *on, size_t bytes)
{
    http_patience_progress(&on->patience, bytes, connection_now(on->server));
}

static void connection_unlink_left(struct http_connection *on)
{
    if (!on->left) return;
    on->left = false;
    TAILQ_REMOVE(&on->server->left, on, left_link);
}

/* The daemon sees the end of the socket in its next turn and closes it. */
void http_connection_give_up(struct http_connection *on)
{
    assert(!on->dying);
    connection_unlink_waiting(on);
    on->dying = true;
    on->server->dying++;
    (void)shutdown(on->fd, SHUT_RDWR);
}

void http_connection_tell(const struct http_connection *on, const char *answer)
{
    (void)send(on->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* To one who has begun a request: what it was closed for. */
static void connection_tell_timeout(const struct http_connection *on)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    bool begun = on->patience.phase == HTTP_PHASE_BODY ||
                 (on->patience.phase == HTTP_PHASE_HEAD && on->line_seen);
    if (begun) http_connection_tell(on, answer);
}

static void connection_on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    instant_ns now = connection_now(server);
    struct http_connection *on;
    LIST_FOREACH(on, &server->all, link)
    {
        if (on->dying || http_patience_end(&on->patience, &server->config.limits) > now) continue;
        server->stats.timeouts[on->patience.phase]++;
        connection_tell_timeout(on);
        http_connection_give_up(on);
    }
}

static uint64_t sweep_ms(const struct http_limits *limits)
{
    const uint64_t all_ns[] = { limits->head_ns, limits->body_ns, limits->send_ns,
                                limits->idle_ns };
    uint64_t least_ns = INSTANT_NEVER;
    for (size_t i = 0; i < sizeof all_ns / sizeof *all_ns; i++) {
        if (all_ns[i] > 0) least_ns = u64_min(least_ns, all_ns[i]);
    }
    if (least_ns == INSTANT_NEVER) return 0;
    return u64_min(u64_max(least_ns / NS_PER_MS / SWEEPS_PER_LIMIT, SWEEP_MS_MIN), SWEEP_MS_MAX);
}

void http_connections_init(struct http_server *server)
{
    LIST_INIT(&server->all);
    TAILQ_INIT(&server->waiting);
    TAILQ_INIT(&server->left);
    int rc = uv_timer_init(server->config.loop, &server->sweep);
    assert(rc == 0);
    server->handles_open++;
    server->sweep.data = server;
}

struct http_connection *http_connection_open(struct http_server *server)
{
    struct http_connection *on = mem_alloc(1, sizeof *on);
    *on = (struct http_connection){
        .server = server,
        .fd = server->accepting.fd,
        .peer = server->accepting.peer,
    };
    LIST_INSERT_HEAD(&server->all, on, link);
    http_connection_watch_open(on);
    http_connection_enter(on, HTTP_PHASE_HEAD);
    uint64_t tick_ms = sweep_ms(&server->config.limits);
    if (server->connections++ == 0 && tick_ms > 0) {
        uv_timer_start(&server->sweep, connection_on_sweep, tick_ms, tick_ms);
    }
    return on;
}

void http_connection_closed(struct http_connection *on)
{
    struct http_server *server = on->server;
    connection_unlink_waiting(on);
    connection_unlink_left(on);
    LIST_REMOVE(on, link);
    if (on->dying) server->dying--;
    if (--server->connections == 0 && !uv_is_closing((uv_handle_t *)&server->sweep)) {
        uv_timer_stop(&server->sweep);
    }
    http_connection_watch_close(on);
}

/* When a FIN comes together with bytes, the daemon reads these and is told of nothing any more: its
 * epoll reports changes, and there is none. It would keep the socket until idle_timeout_s. */
void http_connections_close_left(struct http_server *server)
{
    struct http_connection *on = TAILQ_FIRST(&server->left);
    while (on != NULL) {
        struct http_connection *next = TAILQ_NEXT(on, left_link);
        int unread = 0;
        bool reads = phase_waits_for_client(on->patience.phase);
        if (on->dying) {
            connection_unlink_left(on);
        } else if (reads && ioctl(on->fd, FIONREAD, &unread) == 0 && unread == 0) {
            connection_unlink_left(on);
            http_connection_give_up(on);
        }
        on = next;
    }
}

bool http_connection_make_room(struct http_server *server)
{
    struct http_connection *on = TAILQ_FIRST(&server->waiting);
    if (on == NULL) return false;
    server->stats.evicted++;
    http_connection_give_up(on);
    return true;
}

void http_server_stats_add(struct http_server_stats *sum, const struct http_server_stats *more)
{
    sum->connections += more->connections;
    sum->accepted += more->accepted;
    sum->refused_full += more->refused_full;
    sum->refused_client += more->refused_client;
    sum->evicted += more->evicted;
    sum->accept_errors += more->accept_errors;
    sum->refused_bodies += more->refused_bodies;
    for (unsigned i = 0; i < HTTP_PHASE_COUNT; i++) sum->timeouts[i] += more->timeouts[i];
}

bool http_connection_client_has_room(const struct http_server *server,
                                     const struct http_peer *peer)
{
    uint32_t most = server->config.connections_per_client_max;
    if (most == 0) return true;
    uint32_t seen = 0;
    const struct http_connection *on;
    LIST_FOREACH(on, &server->all, link)
    {
        if (on->dying || memcmp(&on->peer, peer, sizeof *peer) != 0) continue;
        if (++seen == most) return false;
    }
    return true;
}
