#include "wire_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

void wire_open(struct wire_peer *peer, const struct mock_process *mock)
{
    *peer = (struct wire_peer){ .fd = client_connect(mock), .end = END_SILENT };
    peer->moments = mem_alloc(WIRE_MOMENTS_MAX, sizeof *peer->moments);
    buf_init(&peer->bytes, BUF_UNBOUNDED);
}

void wire_close(struct wire_peer *peer)
{
    if (peer->fd >= 0) close(peer->fd);
    peer->fd = -1;
    mem_free(peer->moments);
    buf_deinit(&peer->bytes);
}

void wire_send(struct wire_peer *peer, const char *bytes, size_t length)
{
    if (peer->sent_ns == 0) peer->sent_ns = clock_now();
    while (length > 0) {
        ssize_t n = send(peer->fd, bytes, length, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes += n;
        length -= (size_t)n;
    }
}

void wire_request(struct buf *out, const char *id, size_t body_bytes)
{
    size_t length = strlen(CLIENT_FORECAST);
    size_t padding = body_bytes > length ? body_bytes - length : 0;
    buf_init(out, BUF_UNBOUNDED);
    buf_printf(out,
               "POST /v1/forecast HTTP/1.1\r\nHost: mock\r\nX-Request-ID: %s\r\nX-Attempt: 0\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               id, length + padding, CLIENT_FORECAST);
    for (size_t i = 0; i < padding; i++)
        buf_putc(out, ' ');
}

int wire_tcp_state(int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    return info.tcpi_state;
}

static void note_end(struct wire_peer *peer, ssize_t n)
{
    if (n < 0) assert_int_equal(errno, ECONNRESET);
    peer->end = n < 0 ? END_RESET : END_FIN;
    peer->ended_ns = clock_now() - peer->sent_ns;
}

void wire_read(struct wire_peer *peer, size_t until, int silence_ms)
{
    static char bytes[1 << 18];
    while (peer->bytes.length < until) {
        struct pollfd readable = { .fd = peer->fd, .events = POLLIN };
        if (poll(&readable, 1, silence_ms) == 0) break;
        size_t room = until - peer->bytes.length;
        ssize_t n = recv(peer->fd, bytes, room < sizeof bytes ? room : sizeof bytes, 0);
        if (n <= 0) {
            note_end(peer, n);
            break;
        }
        buf_put(&peer->bytes, bytes, (size_t)n);
        if (peer->moment_count == WIRE_MOMENTS_MAX) continue;
        peer->moments[peer->moment_count++] =
            (struct wire_moment){ peer->bytes.length, clock_now() };
    }
    peer->tcp_state = wire_tcp_state(peer->fd);
}

size_t wire_read_head(struct wire_peer *peer)
{
    while (strstr(buf_text(&peer->bytes), "\r\n\r\n") == NULL) {
        size_t before = peer->bytes.length;
        wire_read(peer, before + 1, CLIENT_PATIENCE_MS);
        assert_int_equal(peer->bytes.length, before + 1);
    }
    return peer->bytes.length;
}

void wire_expect_quiet(struct wire_peer *peer)
{
    char byte;
    assert_int_equal(recv(peer->fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(wire_tcp_state(peer->fd), TCP_ESTABLISHED);
}

void wire_expect_usable(struct wire_peer *peer)
{
    struct answer answer;
    client_send(peer->fd, &(struct request){ .method = "GET", .path = "/v1/health" });
    client_read(peer->fd, &answer, CLIENT_PATIENCE_MS);
    assert_int_equal(answer.end, END_WHOLE);
    assert_int_equal(answer.status, 200);
    assert_string_equal(buf_text(&answer.body), "{\"status\":\"ok\"}");
    answer_free(&answer);
}

void wire_use_once(struct wire_peer *peer)
{
    wire_expect_usable(peer);
}
