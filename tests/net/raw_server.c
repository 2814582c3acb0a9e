#include "raw_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static void raw_forget(struct raw_connection *connection)
{
    uv_poll_stop(&connection->poll);
    close(connection->fd);
    connection->fd = -1;
    mem_free(connection->in);
    connection->in = NULL;
}

void raw_close(struct raw_connection *connection)
{
    if (connection->fd < 0) return;
    shutdown(connection->fd, SHUT_WR);
    raw_forget(connection);
}

void raw_reset(struct raw_connection *connection)
{
    if (connection->fd < 0) return;
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    int rc = connect(connection->fd, &nobody, sizeof nobody);
    assert(rc == 0);
    raw_forget(connection);
}

void raw_send_bytes(struct raw_connection *connection, const void *bytes, size_t length)
{
    if (connection->fd < 0) return;
    ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    (void)sent;
}

void raw_send(struct raw_connection *connection, const char *text)
{
    raw_send_bytes(connection, text, strlen(text));
}

/* The length of the complete request at the beginning of `in`, 0 when there is none. */
static size_t raw_request_length(const struct raw_connection *connection)
{
    const char *end = strstr(connection->in, "\r\n\r\n");
    if (end == NULL) return 0;
    size_t length = (size_t)(end - connection->in) + 4;
    const char *field = strcasestr(connection->in, "\r\nContent-Length:");
    if (field != NULL && field < end) length += strtoul(field + 17, NULL, 10);
    return connection->in_length >= length ? length : 0;
}

static void raw_take_requests(struct raw_connection *connection)
{
    while (connection->fd >= 0) {
        size_t length = raw_request_length(connection);
        if (length == 0) return;
        connection->requests++;
        connection->server->requests++;
        connection->server->on_request(connection);
        if (connection->fd < 0) return;
        connection->in_length -= length;
        memmove(connection->in, connection->in + length, connection->in_length + 1);
    }
}

static void raw_on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct raw_connection *connection = poll->data;
    if (connection->server->deaf) {
        uv_poll_stop(poll);
        return;
    }
    size_t room = RAW_REQUEST_BYTES_MAX - connection->in_length;
    ssize_t got = recv(connection->fd, connection->in + connection->in_length, room, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        connection->ended = true;
        connection->server->ended++;
        raw_forget(connection);
        return;
    }
    connection->in_length += (size_t)got;
    connection->in[connection->in_length] = '\0';
    raw_take_requests(connection);
}

void raw_listen_again(struct raw_server *server)
{
    server->deaf = false;
    for (unsigned i = 0; i < server->accepted; i++) {
        struct raw_connection *connection = &server->connections[i];
        if (connection->fd >= 0) uv_poll_start(&connection->poll, UV_READABLE, raw_on_readable);
    }
}

static void raw_on_accept(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct raw_server *server = poll->data;
    int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    assert(server->accepted < RAW_CONNECTIONS_MAX);
    struct raw_connection *connection = &server->connections[server->accepted++];
    *connection = (struct raw_connection){ .server = server, .fd = fd };
    connection->in = mem_alloc(RAW_REQUEST_BYTES_MAX + 1, 1);
    int rc = uv_poll_init(server->loop, &connection->poll, fd);
    assert(rc == 0);
    connection->poll.data = connection;
    uv_poll_start(&connection->poll, UV_READABLE, raw_on_readable);
}

void raw_server_init(struct raw_server *server, uv_loop_t *loop,
                     void (*on_request)(struct raw_connection *connection))
{
    *server = (struct raw_server){ .loop = loop, .on_request = on_request };
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc = bind(server->fd, (struct sockaddr *)&at, length);
    assert(rc == 0);
    rc = listen(server->fd, 128);
    assert(rc == 0);
    rc = getsockname(server->fd, (struct sockaddr *)&at, &length);
    assert(rc == 0);
    server->port = ntohs(at.sin_port);
    rc = uv_poll_init(loop, &server->poll, server->fd);
    assert(rc == 0);
    server->poll.data = server;
    uv_poll_start(&server->poll, UV_READABLE, raw_on_accept);
}

void raw_server_deinit(struct raw_server *server)
{
    for (unsigned i = 0; i < server->accepted; i++) {
        raw_close(&server->connections[i]);
        uv_close((uv_handle_t *)&server->connections[i].poll, NULL);
    }
    uv_close((uv_handle_t *)&server->poll, NULL);
    close(server->fd);
}
