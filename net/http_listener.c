#include "net/http_listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/http_server_private.h"

enum { FILLER_WAIT_MS = 100 };

static enum err listener_failed(const struct http_server *server, const char *what,
                                struct err_note *note)
{
    int why = errno;
    return err_note_set(note, ERR_NETWORK, NULL, 0, 0, "cannot %s %s port %u: %s", what,
                        server->address.host, (unsigned)server->address.port, strerror(why));
}

/* What the number listen_fd stands for from here on; the poll on it must be stopped. */
static void listener_replace(struct http_server *server, int fd)
{
    int rc = dup3(fd, server->listen_fd, O_CLOEXEC);
    assert(rc == server->listen_fd);
}

static enum err listener_open(struct http_server *server, struct err_note *note)
{
    struct address address = server->address;
    int fd = -1;
    enum err rc = http_accept_listen(&address, server->config.share, &fd, NULL, note);
    if (rc != ERR_OK) return rc;
    listener_replace(server, fd);
    close(fd);
    return ERR_OK;
}

/* A connection completed by the kernel alone waits in the queue of the listening socket. */
static bool listener_is_full(const struct http_server *server)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    int rc = getsockopt(server->listen_fd, IPPROTO_TCP, TCP_INFO, &info, &length);
    assert(rc == 0);
    return info.tcpi_unacked > info.tcpi_sacked; /* of a listening socket: waiting, and at most */
}

/* The address that is listened on, as a client on this machine reaches it. */
static socklen_t listener_address(const struct http_server *server, struct sockaddr_storage *at)
{
    socklen_t length = sizeof *at;
    int rc = getsockname(server->listen_fd, (struct sockaddr *)at, &length);
    assert(rc == 0);
    struct sockaddr_in *v4 = (struct sockaddr_in *)at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;
    if (at->ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY)) {
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (at->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) {
        v6->sin6_addr = in6addr_loopback;
    }
    return length;
}

static void listener_unfill(struct http_server *server)
{
    while (server->filler_count > 0) {
        /* They are the first in the queue: since then nobody got in. */
        int accepted = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) close(accepted);
        close(server->fillers[--server->filler_count]);
    }
}

static enum err listener_fill(struct http_server *server, struct err_note *note)
{
    struct sockaddr_storage at;
    socklen_t length = listener_address(server, &at);
    if (listen(server->listen_fd, 0) != 0) return listener_failed(server, "close", note);
    while (!listener_is_full(server) && server->filler_count < HTTP_FILLERS_MAX) {
        int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) break;
        server->fillers[server->filler_count++] = fd;
        /* The kernel talks to itself; should it drop this SYN, the loop must not wait for long. */
        struct timeval most = { .tv_usec = FILLER_WAIT_MS * 1000 };
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
        if (connect(fd, (struct sockaddr *)&at, length) != 0) break;
    }
    if (listener_is_full(server)) return ERR_OK;
    enum err rc = listener_failed(server, "fill the queue of", note);
    (void)listen(server->listen_fd, HTTP_ACCEPT_BACKLOG);
    listener_unfill(server);
    return rc;
}

/* Back to a socket that listens and is not polled. */
static enum err listener_restore(struct http_server *server, struct err_note *note)
{
    switch (server->listen) {
    case HTTP_LISTEN_REFUSE: return listener_open(server, note);
    case HTTP_LISTEN_DROP_SYN:
        listener_unfill(server);
        if (listen(server->listen_fd, HTTP_ACCEPT_BACKLOG) == 0) return ERR_OK;
        return listener_failed(server, "listen again on", note);
    case HTTP_LISTEN_OPEN:
    case HTTP_LISTEN_TAKE: http_accept_pause(server); return ERR_OK;
    }
    assert(false && "unknown way to listen");
    return ERR_OK;
}

bool http_server_is_running(const struct http_server *server)
{
    return server->running;
}

enum err http_server_listen(struct http_server *server, enum http_listen how, struct err_note *note)
{
    assert(server->listen_fd >= 0 && server->hold_fd >= 0);
    assert(!server->running);
    if (how == server->listen) return ERR_OK;
    bool accepts = server->listen == HTTP_LISTEN_OPEN || server->listen == HTTP_LISTEN_TAKE;
    if (accepts) http_accept_waiting(server);
    enum err rc = listener_restore(server, note);
    if (rc != ERR_OK) return rc;
    server->listen = HTTP_LISTEN_OPEN;
    switch (how) {
    case HTTP_LISTEN_REFUSE: listener_replace(server, server->hold_fd); break;
    case HTTP_LISTEN_DROP_SYN: rc = listener_fill(server, note); break;
    case HTTP_LISTEN_OPEN:
    case HTTP_LISTEN_TAKE: break;
    }
    if (rc == ERR_OK) server->listen = how;
    accepts = server->listen == HTTP_LISTEN_OPEN || server->listen == HTTP_LISTEN_TAKE;
    if (accepts) http_accept_resume(server);
    return rc;
}

void http_server_hang_up(struct http_server *server, bool last)
{
    struct http_connection *on;
    server->last_answers = last;
    LIST_FOREACH(on, &server->all, link)
    {
        bool fresh = on->patience.phase == HTTP_PHASE_HEAD && !on->line_seen;
        if (on->dying || (on->patience.phase != HTTP_PHASE_IDLE && !fresh)) continue;
        http_connection_give_up(on);
    }
}

void http_listener_stop(struct http_server *server)
{
    while (server->filler_count > 0)
        close(server->fillers[--server->filler_count]);
    if (server->hold_fd >= 0) close(server->hold_fd);
    server->hold_fd = -1;
}
