/* Requests that are acted on before they are read: at the named byte, not one before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire_checks.h"

enum { BIG_BODY_BYTES = 8 * 1024 * 1024 };

/* Sends the request up to one byte before the place, sees that nothing happens, then that byte. */
static void send_up_to(struct wire_rig *rig, struct wire_peer *peer, bool reused, size_t body_bytes)
{
    struct buf request;
    wire_open(peer, &rig->mock);
    if (reused) wire_use_once(peer);
    wire_request(&request, "r000001~0", 0);
    size_t place = (size_t)(strstr(request.data, "\r\n\r\n") - request.data) + 4 + body_bytes;
    wire_send(peer, request.data, place - 1);
    /* Whoever is answered later was read later. */
    client_expect_alive(&rig->mock);
    client_expect_alive(&rig->mock);
    wire_expect_quiet(peer);
    wire_send(peer, request.data + place - 1, 1);
    buf_deinit(&request);
}

static void stop(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    size_t body_bytes = strlen(CLIENT_FORECAST) * check->percent / 100;
    send_up_to(rig, &peer, reused, body_bytes);
    wire_read(&peer, SIZE_MAX, check->end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, 0);
    wire_expect_end(&peer, check->end);
    wire_close(&peer);
}

/* The rest of a small request may come or not: it changes nothing. */
static void stop_within_whole(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    stop(rig, check, reused);
    wire_ask(rig, &peer, reused);
    wire_read(&peer, SIZE_MAX, check->end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, 0);
    wire_expect_end(&peer, check->end);
    wire_close(&peer);
}

/* How much of a large body the sockets take before a write blocks for good. */
static size_t send_until_blocked(struct wire_peer *peer, const struct buf *request)
{
    size_t sent = 0;
    while (sent < request->length) {
        struct pollfd writable = { .fd = peer->fd, .events = POLLOUT };
        if (poll(&writable, 1, CLIENT_SILENCE_MS) == 0) break;
        ssize_t n = send(peer->fd, request->data + sent, request->length - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) continue;
        assert_true(n > 0);
        sent += (size_t)n;
    }
    return sent;
}

/* Whether the mock's end of this connection asks now and then if its client is still there: without
 * that a client that vanished would be waited for for ever. Linux tells of the timer. */
static void expect_keepalive(const struct wire_rig *rig, const struct wire_peer *peer)
{
    enum { TIMER_KEEPALIVE = 2 };
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    char line[512];
    unsigned local, remote, timer;
    bool found = false;
    assert_int_equal(getsockname(peer->fd, (struct sockaddr *)&own, &length), 0);
    FILE *file = fopen("/proc/net/tcp", "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, " %*u: %*x:%x %*x:%x %*x %*x:%*x %x:", &local, &remote, &timer) != 3)
            continue;
        found = local == rig->mock.port && remote == ntohs(own.sin_port);
    }
    fclose(file);
    assert_true(found);
    assert_int_equal(timer, TIMER_KEEPALIVE);
}

static void stall(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    struct buf request;
    stop(rig, check, reused);
    /* A place in bytes is early in a large body, too; a share of it is not. */
    if (check->percent > 0) return;
    wire_open(&peer, &rig->mock);
    wire_request(&request, "r000002~0", BIG_BODY_BYTES);
    assert_true(send_until_blocked(&peer, &request) < request.length);
    wire_expect_quiet(&peer);
    expect_keepalive(rig, &peer);
    buf_deinit(&request);
    wire_close(&peer);
}

const struct wire_check wire_request_checks[] = {
    { .yaml = "{ at: request_head, do: reset }", .run = stop_within_whole, .end = END_RESET },
    { .yaml = "{ at: request_head, do: close }", .run = stop_within_whole, .end = END_FIN },
    { .yaml = "{ at: request_head, do: stall }", .run = stall, .end = END_SILENT },
    { .yaml = "{ at: request_body@50%, do: reset }",
      .run = stop_within_whole,
      .end = END_RESET,
      .percent = 50 },
    { .yaml = "{ at: request_body@50%, do: close }",
      .run = stop_within_whole,
      .end = END_FIN,
      .percent = 50 },
    { .yaml = "{ at: request_body@50%, do: stall }",
      .run = stall,
      .end = END_SILENT,
      .percent = 50 },
    { .yaml = NULL },
};
