/* The listening socket. Connections are accepted here and given to libmicrohttpd, which by itself
 * would turn the loop without pause when descriptors run out, and would wait for one of its own
 * connections to end before it accepts again. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server_private.h"

enum {
    ACCEPTS_PER_TURN_MAX = 64, /* then those that are connected get their turn */
    ACCEPT_ROOM_MAX = 16,      /* connections given up at such an error: attempts need room too */
    ACCEPT_PAUSE_MS = 50,      /* after an error that trying again at once cannot mend */
};

/* Our own listening socket rather than libmicrohttpd's, which does not say why it failed. */
enum err http_accept_listen(struct address *address, enum port_share share, int *out, int *hold,
                            struct err_note *note)
{
    int fd = -1;
    enum err rc = port_bind(address, share, &fd, note);
    if (rc != ERR_OK) return rc;
    /* Now, because beside a socket that listens no other may be bound. */
    if (hold != NULL) rc = port_bind(address, share, hold, note);
    if (rc != ERR_OK) {
        close(fd);
        return rc;
    }
    if (listen(fd, HTTP_ACCEPT_BACKLOG) != 0) {
        int why = errno;
        close(fd);
        if (hold != NULL) close(*hold);
        return err_note_set(note, ERR_NETWORK, NULL, 0, 0, "cannot listen on %s port %u: %s",
                            address->host, (unsigned)address->port, strerror(why));
    }
    *out = fd;
    return ERR_OK;
}

/* IPv4 as IPv6 writes it, ::ffff:a.b.c.d, so that one client is one client on either socket. */
static struct http_peer accept_peer(const struct sockaddr_storage *from)
{
    struct http_peer peer = { { 0 } };
    if (from->ss_family == AF_INET6) {
        memcpy(peer.bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof peer.bytes);
    } else if (from->ss_family == AF_INET) {
        peer.bytes[10] = 0xFF;
        peer.bytes[11] = 0xFF;
        memcpy(peer.bytes + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
    }
    return peer;
}

/* Whether there is a place; one whose client keeps us waiting may lose its own for it. */
static bool accept_has_room(struct http_server *server)
{
    const struct http_server_config *config = &server->config;
    if (server->connections - server->dying < config->connections_max) return true;
    return config->make_room && http_connection_make_room(server);
}

static void accept_take(struct http_server *server, int fd, const struct sockaddr_storage *from,
                        socklen_t length)
{
    struct http_peer peer = accept_peer(from);
    if (server->listen == HTTP_LISTEN_TAKE) {
        server->config.on_take(server->config.context, fd);
        return;
    }
    if (!http_connection_client_has_room(server, &peer)) {
        server->stats.refused_client++;
        close(fd);
        return;
    }
    if (!accept_has_room(server)) {
        server->stats.refused_full++;
        close(fd);
        return;
    }
    server->accepting = (struct http_accepting){ .fd = fd, .peer = peer };
    /* Which closes it when it fails. */
    bool added = MHD_add_connection(server->daemon, (MHD_socket)fd,
                                    (const struct sockaddr *)from, length) == MHD_YES;
    if (added) {
        server->stats.accepted++;
    } else {
        server->stats.refused_full++;
    }
}

static void accept_on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    http_accept_waiting(poll->data);
}

void http_accept_resume(struct http_server *server)
{
    if (server->listen_fd < 0) return;
    uv_poll_start(&server->accept_poll, UV_READABLE, accept_on_poll);
}

void http_accept_pause(struct http_server *server)
{
    uv_poll_stop(&server->accept_poll);
    uv_timer_stop(&server->accept_timer);
}

static void accept_on_pause_end(uv_timer_t *timer)
{
    http_accept_resume(timer->data);
}

/* Out of descriptors or memory: the callers wait in the kernel's backlog meanwhile. */
static void accept_wait(struct http_server *server, int error)
{
    server->stats.accept_errors++;
    http_accept_pause(server);
    bool more = server->config.make_room;
    for (int i = 0; more && i < ACCEPT_ROOM_MAX; i++) more = http_connection_make_room(server);
    uv_timer_start(&server->accept_timer, accept_on_pause_end, ACCEPT_PAUSE_MS, 0);
    if (server->config.on_accept_error == NULL) return;
    server->config.on_accept_error(server->config.context, error);
}

/* Errors of the one connection, which was lost before we took it: accept(2), "Error handling". */
static bool accept_error_is_the_clients(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return true;
    default: return false;
    }
}

void http_accept_waiting(struct http_server *server)
{
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++) {
        /* Those given up still count for the daemon, until it has had a turn to close them. */
        if (server->dying >= HTTP_SERVER_CONNECTIONS_SPARE / 2) {
            http_server_run_soon(server);
            return;
        }
        struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
        socklen_t length = sizeof from;
        int fd = accept4(server->listen_fd, (struct sockaddr *)&from, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_take(server, fd, &from, length);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (accept_error_is_the_clients(errno)) continue;
        accept_wait(server, errno);
        return;
    }
}

void http_accept_start(struct http_server *server)
{
    uv_loop_t *loop = server->config.loop;
    int rc = uv_poll_init(loop, &server->accept_poll, server->listen_fd);
    assert(rc == 0);
    rc = uv_timer_init(loop, &server->accept_timer);
    assert(rc == 0);
    server->handles_open += 2;
    server->accept_poll.data = server;
    server->accept_timer.data = server;
    http_accept_resume(server);
}

void http_accept_stop(struct http_server *server)
{
    http_listener_stop(server);
    if (server->listen_fd < 0) return;
    http_accept_pause(server);
    close(server->listen_fd);
    server->listen_fd = -1;
}
