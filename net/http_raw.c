/* What HTTP cannot express: requests of which only a part is read, and sockets that somebody else
 * writes on. */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server_private.h"

enum { RAW_DRAIN_READS_MAX = 64 };

void http_exchange_stop_at(struct http_exchange *exchange, size_t body_bytes)
{
    assert(exchange->state == EXCHANGE_HANDED);
    exchange->stops = true;
    exchange->stop_at = body_bytes;
}

bool http_exchange_stopped(const struct http_exchange *exchange)
{
    return exchange->stopped;
}

int http_exchange_raw(struct http_exchange *exchange)
{
    assert(exchange->state == EXCHANGE_HANDED || exchange->state == EXCHANGE_SUSPENDED);
    http_connection_unwatch(exchange->on);
    exchange->raw = true;
    return http_exchange_fd(exchange);
}

/* Puts a socket without a peer under the number `fd`; what was there goes on under the number that
 * is returned, or -1: no descriptor is left, and nothing was changed. */
static int swap_socket(int fd)
{
    int nobody = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int kept = nobody < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (kept >= 0) {
        int rc = dup3(nobody, fd, O_CLOEXEC);
        assert(rc == fd);
    }
    if (nobody >= 0) close(nobody);
    return kept;
}

/* libmicrohttpd cannot be told that an answer has been sent by somebody else: it would send its own
 * or close the connection. So it gets a socket without a peer in the place of the connection's,
 * closes that, and meets the connection again as a new one. What it had read behind the request (a
 * client that does not wait for answers) is lost. */
static void raw_keep(struct http_exchange *exchange, int fd)
{
    struct http_server *server = exchange->server;
    struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
    socklen_t length = sizeof from;
    /* Without a peer or a descriptor it ends here, as any connection does. */
    if (getpeername(fd, (struct sockaddr *)&from, &length) != 0) return;
    int kept = swap_socket(fd);
    if (kept < 0) {
        shutdown(fd, SHUT_WR);
        return;
    }
    server->accepting = (struct http_accepting){ .fd = kept, .peer = exchange->on->peer };
    /* Closes `kept` when it fails. */
    (void)MHD_add_connection(server->daemon, (MHD_socket)kept, (const struct sockaddr *)&from,
                             length);
    http_server_run_soon(server);
}

/* Unread bytes would turn the FIN of close() into a reset. */
static void raw_drain(int fd)
{
    char bytes[4096];
    for (int i = 0; i < RAW_DRAIN_READS_MAX; i++) {
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return;
    }
}

void http_exchange_raw_end(struct http_exchange *exchange, enum http_raw_end end)
{
    assert(exchange->raw);
    int fd = http_exchange_fd(exchange);
    bool last = exchange->server->draining || exchange->server->last_answers ||
                http_exchange_is_last(exchange);
    if (end == HTTP_RAW_KEEP && last) end = HTTP_RAW_FIN;
    switch (end) {
    case HTTP_RAW_KEEP:
        assert(!exchange->stopped);
        raw_keep(exchange, fd);
        break;
    case HTTP_RAW_FIN:
        /* The daemon reads on where it stopped: it is to see an end there. */
        shutdown(fd, exchange->stopped ? SHUT_RDWR : SHUT_WR);
        raw_drain(fd);
        break;
    case HTTP_RAW_RST: {
        struct sockaddr nobody = { .sa_family = AF_UNSPEC };
        /* Fails only when the peer has closed it already. */
        (void)connect(fd, &nobody, sizeof nobody);
        break;
    }
    }
    http_exchange_end(exchange);
}
