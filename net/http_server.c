#include "net/http_server.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_server_private.h"

enum {
    SERVER_CONNECTION_BYTES_MAX = 32 * 1024, /* heads and libmicrohttpd's buffers */
};

static enum MHD_Result server_on_access(void *context, struct MHD_Connection *connection,
                                        const char *url, const char *method, const char *version,
                                        const char *bytes, size_t *length, void **request)
{
    struct http_server *server = context;
    struct http_exchange *exchange = *request;
    if (exchange != NULL && exchange->state == EXCHANGE_ENDED) {
        if (*length == 0 || exchange->response == NULL) return http_exchange_queue_late(exchange);
        *length = 0; /* the rest of a body that on_head did not want */
        return MHD_YES;
    }
    if (server->closing) return MHD_NO;
    if (exchange == NULL) { /* the head is complete */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        exchange = http_exchange_open(info->socket_context, connection);
        exchange->method = method;
        exchange->path = url;
        exchange->version = version;
        *request = exchange;
        return http_exchange_show_head(exchange);
    }
    switch (exchange->state) {
    case EXCHANGE_RECEIVING:
        if (*length > 0) return http_exchange_take(exchange, bytes, length);
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
    if (*request == NULL) return;
    struct http_exchange *exchange = *request;
    http_exchange_tell_end(exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    http_connection_enter(exchange->on, HTTP_PHASE_IDLE);
    http_exchange_release(exchange);
    *request = NULL;
}

static void server_on_connection(void *context, struct MHD_Connection *connection,
                                 void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    (void)connection;
    struct http_server *server = context;
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED: *socket_context = http_connection_open(server); break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        http_connection_closed(*socket_context);
        *socket_context = NULL;
        break;
    }
}

/* The request line has come. */
static void *server_on_line(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *on = info->socket_context;
    if (on->patience.phase == HTTP_PHASE_IDLE) http_connection_enter(on, HTTP_PHASE_HEAD);
    on->line_seen = true;
    on->uri_bytes = strlen(uri);
    if (on->server->config.keep_target) {
        mem_free(on->target);
        on->target = mem_copy_string(uri);
    }
    return NULL;
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
    if (server->waiting_answers > 0) {
        server->waiting_answers = 0;
        MHD_run(server->daemon);
    }
    server->running = false;
    http_connections_close_left(server);
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES) {
        uv_timer_stop(&server->timer);
    } else if (timeout_ms == 0) {
        http_server_run_soon(server);
    } else {
        uv_timer_start(&server->timer, server_on_timer, timeout_ms, 0);
    }
}

static struct MHD_Daemon *server_start(struct http_server *server)
{
    const struct http_server_config *config = &server->config;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        server_on_access, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        config->connection_bytes > 0 ? config->connection_bytes
                                     : (size_t)SERVER_CONNECTION_BYTES_MAX,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(config->connections_max + HTTP_SERVER_CONNECTIONS_SPARE),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, server_on_line, server,
        MHD_OPTION_NOTIFY_COMPLETED, server_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        server_on_connection, server, MHD_OPTION_END);
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
    http_connections_init(server);
    http_accept_start(server);
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
    int hold = -1;
    enum err err = http_accept_listen(&address, config->share, &fd,
                                      config->on_take != NULL ? &hold : NULL, note);
    if (err != ERR_OK) return err;

    struct http_server *server = mem_alloc(1, sizeof *server);
    *server = (struct http_server){
        .config = *config, .address = address, .listen_fd = fd, .hold_fd = hold
    };
    server->daemon = server_start(server);
    if (server->daemon == NULL) {
        close(fd);
        if (hold >= 0) close(hold);
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

struct http_server_stats http_server_stats(const struct http_server *server)
{
    struct http_server_stats stats = server->stats;
    stats.connections = server->connections;
    return stats;
}

void http_server_drain(struct http_server *server)
{
    if (server->draining) return;
    server->draining = true;
    http_accept_stop(server);
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
    for (uint32_t i = 0; i < server->body_count; i++) buf_deinit(&server->bodies[i]);
    mem_free(server);
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) return;
    assert(server->pending == 0);
    assert(!server->running);
    server->closing = true;
    server_run(server); /* lets the last answers out */
    http_accept_stop(server);
    uv_close((uv_handle_t *)&server->poll, server_on_closed);
    uv_close((uv_handle_t *)&server->timer, server_on_closed);
    uv_close((uv_handle_t *)&server->again, server_on_closed);
    uv_close((uv_handle_t *)&server->sweep, server_on_closed);
    uv_close((uv_handle_t *)&server->accept_poll, server_on_closed);
    uv_close((uv_handle_t *)&server->accept_timer, server_on_closed);
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
}
