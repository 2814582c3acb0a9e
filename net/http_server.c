#include "net/http_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_server_private.h"

enum {
    SERVER_CONNECTION_BYTES_MAX = 32 * 1024, /* heads and libmicrohttpd's buffers */
    SERVER_DROPPED_BYTES_MAX = 64 << 20,     /* of a body too large; then the connection closes */
    SERVER_CONNECTIONS_SPARE = 64,           /* being refused at one time */
    SERVER_BACKLOG = 4096,
};

static enum MHD_Result server_on_access(void *context, struct MHD_Connection *connection,
                                        const char *url, const char *method, const char *version,
                                        const char *bytes, size_t *length, void **request)
{
    (void)version;
    struct http_server *server = context;
    struct http_exchange *exchange = *request;
    if (exchange != NULL && exchange->state == EXCHANGE_ENDED) return http_exchange_queue(exchange);
    if (server->closing) return MHD_NO;
    if (exchange == NULL) { /* the head is complete */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        *request = http_exchange_open(info->socket_context, connection);
        return MHD_YES;
    }
    switch (exchange->state) {
    case EXCHANGE_RECEIVING:
        if (*length > 0) {
            http_exchange_receive(exchange, bytes, *length);
            *length = 0;
            size_t dropped_max = server->config.body_bytes_max + SERVER_DROPPED_BYTES_MAX;
            return exchange->received > dropped_max ? MHD_NO : MHD_YES;
        }
        exchange->method = method;
        exchange->path = url;
        return http_exchange_hand_over(exchange);
    case EXCHANGE_HANDED:
    case EXCHANGE_SUSPENDED:
    case EXCHANGE_ENDED: break;
    }
    assert(false && "the daemon runs inside on_request, or woke a suspended connection");
    return MHD_NO;
}

static void server_on_completed(void *context, struct MHD_Connection *connection, void **request,
                                enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    if (*request == NULL) return;
    http_exchange_release(*request);
    *request = NULL;
}

static void server_on_connection(void *context, struct MHD_Connection *connection,
                                 void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    (void)connection;
    struct http_server *server = context;
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED: {
        struct http_connection *on = mem_alloc(1, sizeof *on);
        on->server = server;
        *socket_context = on;
        server->connections++;
        break;
    }
    case MHD_CONNECTION_NOTIFY_CLOSED:
        http_connection_watch_close(*socket_context);
        *socket_context = NULL;
        server->connections--;
        break;
    }
}

/* libmicrohttpd would leave the ones too many in the backlog, where they wait without a sign. */
static enum MHD_Result server_on_accept(void *context, const struct sockaddr *from,
                                        socklen_t from_length)
{
    (void)from;
    (void)from_length;
    struct http_server *server = context;
    return server->connections < server->config.connections_max ? MHD_YES : MHD_NO;
}

static void server_run(struct http_server *server);

static void server_on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(poll->data);
}

static void server_on_timer(uv_timer_t *timer)
{
    server_run(timer->data);
}

static void server_on_again(uv_idle_t *again)
{
    uv_idle_stop(again);
    server_run(again->data);
}

void http_server_run_soon(struct http_server *server)
{
    uv_idle_start(&server->again, server_on_again);
}

static void server_run(struct http_server *server)
{
    server->running = true;
    MHD_run(server->daemon);
    server->running = false;
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES) {
        uv_timer_stop(&server->timer);
    } else if (timeout_ms == 0) {
        http_server_run_soon(server);
    } else {
        uv_timer_start(&server->timer, server_on_timer, timeout_ms, 0);
    }
}

static socklen_t server_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET6, address->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address->port);
        return sizeof *v6;
    }
    *out = (struct sockaddr_storage){ .ss_family = AF_INET };
    int rc = inet_pton(AF_INET, address->host, &v4->sin_addr);
    assert(rc == 1);
    v4->sin_port = htons(address->port);
    return sizeof *v4;
}

/* Our own listening socket rather than libmicrohttpd's, which does not say why it failed. */
static enum err server_listen(struct address *address, int *out, struct err_note *note)
{
    struct sockaddr_storage at;
    socklen_t length = server_sockaddr(address, &at);
    int on = 1;
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) goto failed;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) goto failed;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) goto failed;
    if (bind(fd, (struct sockaddr *)&at, length) != 0) goto failed;
    if (listen(fd, SERVER_BACKLOG) != 0) goto failed;
    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0) goto failed;
    address->port = at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                             : ntohs(((struct sockaddr_in *)&at)->sin_port);
    *out = fd;
    return ERR_OK;

failed:;
    int why = errno;
    if (fd >= 0) close(fd);
    return err_note_set(note, ERR_NETWORK, NULL, 0, 0,
                        "cannot listen on %s port %u: %s; choose another address, or port 0 for "
                        "any free one",
                        address->host, (unsigned)address->port, strerror(why));
}

static struct MHD_Daemon *server_start(struct http_server *server, int fd)
{
    const struct http_server_config *config = &server->config;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, server_on_accept, server, server_on_access,
        server, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)SERVER_CONNECTION_BYTES_MAX, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(config->connections_max + SERVER_CONNECTIONS_SPARE),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED, server_on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, server_on_connection, server, MHD_OPTION_END);
}

static void server_attach(struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    uv_loop_t *loop = server->config.loop;
    int rc = uv_poll_init(loop, &server->poll, info->epoll_fd);
    assert(rc == 0);
    rc = uv_timer_init(loop, &server->timer);
    assert(rc == 0);
    rc = uv_idle_init(loop, &server->again);
    assert(rc == 0);
    server->handles_open = 3;
    server->poll.data = server;
    server->timer.data = server;
    server->again.data = server;
    rc = uv_poll_start(&server->poll, UV_READABLE, server_on_poll);
    assert(rc == 0);
    http_server_run_soon(server);
}

enum err http_server_create(const struct http_server_config *config, struct http_server **out,
                            struct err_note *note)
{
    assert(config->on_request != NULL);
    assert(config->connections_max > 0);
    assert(config->body_bytes_max > 0);
    *out = NULL;
    signal(SIGPIPE, SIG_IGN);
    struct address address = config->listen;
    int fd = -1;
    enum err err = server_listen(&address, &fd, note);
    if (err != ERR_OK) return err;

    struct http_server *server = mem_alloc(1, sizeof *server);
    *server = (struct http_server){ .config = *config, .address = address };
    server->daemon = server_start(server, fd);
    if (server->daemon == NULL) { /* which has closed, or not, the descriptor: leave it */
        mem_free(server);
        return err_note_set(note, ERR_NETWORK, NULL, 0, 0,
                            "libmicrohttpd refused to start on %s port %u", address.host,
                            (unsigned)address.port);
    }
    server_attach(server);
    *out = server;
    return ERR_OK;
}

struct address http_server_address(const struct http_server *server)
{
    return server->address;
}

uint32_t http_server_pending(const struct http_server *server)
{
    return server->pending;
}

void http_server_drain(struct http_server *server)
{
    if (server->draining) return;
    server->draining = true;
    MHD_socket fd = MHD_quiesce_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET) close(fd);
    http_server_run_soon(server);
}

static void server_on_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles_open > 0) return;
    while (server->free != NULL) {
        struct http_exchange *exchange = server->free;
        server->free = exchange->next_free;
        buf_deinit(&exchange->body);
        mem_free(exchange);
    }
    mem_free(server);
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) return;
    assert(server->pending == 0);
    assert(!server->running);
    server->closing = true;
    server_run(server); /* lets the last answers out */
    uv_close((uv_handle_t *)&server->poll, server_on_closed);
    uv_close((uv_handle_t *)&server->timer, server_on_closed);
    uv_close((uv_handle_t *)&server->again, server_on_closed);
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
}
