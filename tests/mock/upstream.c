#include "upstream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void upstream_start(struct upstream *upstream, const char *fault, const char *const more[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof at;
    char url[64];
    const char *arguments[12] = { "--control", "127.0.0.1:0", "--upstream", url };
    size_t count = 4;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *upstream = (struct upstream){ .fd = -1 };
    upstream->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(upstream->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(upstream->listener, 8), 0);
    assert_int_equal(getsockname(upstream->listener, (struct sockaddr *)&at, &length), 0);
    upstream->port = ntohs(at.sin_port);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", upstream->port);
    if (fault != NULL) {
        arguments[count++] = "--fault";
        arguments[count++] = fault;
    }
    for (size_t i = 0; more != NULL && i < 2; i++)
        arguments[count++] = more[i];
    mock_start_with(&upstream->mock, arguments);
}

void upstream_stop(struct upstream *upstream)
{
    mock_stop(&upstream->mock);
    upstream_close(upstream);
    close(upstream->listener);
}

static void expect_readable(int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&readable, 1, CLIENT_PATIENCE_MS), 1);
}

static bool request_is_whole(const struct buf *request)
{
    const char *end = strstr(buf_text(request), "\r\n\r\n");
    if (end == NULL) return false;
    size_t length = (size_t)(end - request->data) + 4;
    const char *field = strcasestr(request->data, "\r\nContent-Length:");
    if (field != NULL && field < end) length += strtoul(field + 17, NULL, 10);
    return request->length >= length;
}

void upstream_take(struct upstream *upstream, struct buf *request)
{
    struct buf own;
    char bytes[4096];
    buf_init(&own, BUF_UNBOUNDED);
    upstream_close(upstream);
    expect_readable(upstream->listener);
    upstream->fd = accept4(upstream->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(upstream->fd >= 0);
    while (!request_is_whole(&own)) {
        expect_readable(upstream->fd);
        ssize_t n = recv(upstream->fd, bytes, sizeof bytes, 0);
        assert_true(n > 0);
        buf_put(&own, bytes, (size_t)n);
    }
    if (request != NULL)
        *request = own;
    else
        buf_deinit(&own);
}

void upstream_send(struct upstream *upstream, const char *text)
{
    size_t length = strlen(text);
    assert_int_equal(send(upstream->fd, text, length, MSG_NOSIGNAL), length);
}

void upstream_send_head(struct upstream *upstream, unsigned length)
{
    char head[160];
    char framing[48] = "Transfer-Encoding: chunked";
    if (length > 0) snprintf(framing, sizeof framing, "Content-Length: %u", length);
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n%s\r\n\r\n", framing);
    upstream_send(upstream, head);
}

void upstream_close(struct upstream *upstream)
{
    if (upstream->fd >= 0) close(upstream->fd);
    upstream->fd = -1;
}

void upstream_reset(struct upstream *upstream)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    assert_int_equal(setsockopt(upstream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    upstream_close(upstream);
}

void upstream_expect_left(struct upstream *upstream)
{
    char byte;
    expect_readable(upstream->fd);
    assert_true(recv(upstream->fd, &byte, 1, 0) <= 0);
}
