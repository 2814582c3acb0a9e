/* Pauses, pieces and what is slipped in: all bytes in their order, none before its moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/tcp.h> /* not netinet/tcp.h, whose struct ends before some counters */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/instant.h"
#include "wire_checks.h"

/* Reads a whole answer that was played by hand; the connection lives on. */
static void read_whole(struct wire_rig *rig, struct wire_peer *peer)
{
    wire_read(peer, rig->head.length + rig->body.length, CLIENT_PATIENCE_MS);
    assert_int_equal(peer->bytes.length, rig->head.length + rig->body.length);
    wire_expect_head(rig, peer->bytes.data, rig->head.length);
    wire_expect_bytes(peer->bytes.data + rig->head.length, rig->body.data, rig->body.length);
    wire_expect_usable(peer);
}

static void delay_before_head(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    size_t head = wire_read_head(&peer);
    wire_read(&peer, head + rig->body.length, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, head + rig->body.length);
    wire_expect_bytes(peer.bytes.data + head, rig->body.data, rig->body.length);
    assert_true(wire_came_ns(&peer, 1) >= check->pause_ms * NS_PER_MS);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

static void pause_inside(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    size_t place = check->bytes;
    if (check->percent > 0) place = rig->head.length + rig->body.length * check->percent / 100;
    wire_ask(rig, &peer, reused);
    read_whole(rig, &peer);
    assert_true(wire_came_ns(&peer, place + 1) >= check->pause_ms * NS_PER_MS);
    wire_close(&peer);
}

/* The last chunk is late. */
static void pause_before_last_chunk(struct wire_rig *rig, const struct wire_check *check,
                                    bool reused)
{
    static const char last[] = "\r\n0\r\n\r\n";
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    size_t head = wire_read_head(&peer);
    size_t line = (size_t)snprintf(NULL, 0, "%zx\r\n", rig->body.length);
    size_t all = head + line + rig->body.length + sizeof last - 1;
    wire_read(&peer, all, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, all);
    wire_expect_bytes(peer.bytes.data + head + line, rig->body.data, rig->body.length);
    wire_expect_bytes(peer.bytes.data + head + line + rig->body.length, last, sizeof last - 1);
    assert_true(wire_came_ns(&peer, all - 4) >= check->pause_ms * NS_PER_MS);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

/* At each moment no more has come than was allowed to be sent: `bytes` at once and so many more
 * every `pause_ms`. */
static void pieces(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    bool in_head = check->percent == 0;
    size_t from = in_head ? 0 : rig->head.length + rig->body.length * (check->percent - 1) / 100;
    size_t to = in_head ? rig->head.length : rig->head.length + rig->body.length;
    wire_ask(rig, &peer, reused);
    read_whole(rig, &peer);
    for (size_t i = 0; i < peer.moment_count; i++) {
        const struct wire_moment *moment = &peer.moments[i];
        uint64_t turns = (moment->at_ns - peer.sent_ns) / (check->pause_ms * NS_PER_MS);
        size_t came = moment->bytes < to ? moment->bytes : to;
        if (came > from) assert_true(came - from <= (turns + 1) * check->bytes);
    }
    size_t last = (to - from - 1) / check->bytes;
    assert_true(wire_came_ns(&peer, to) >= last * check->pause_ms * NS_PER_MS);
    wire_close(&peer);
}

/* `bytes` a second in the mean, never more. */
static void rate(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    enum { PIECE_MAX = 256 };
    struct wire_peer peer;
    size_t from = check->percent == 0 ? 0 : rig->head.length;
    size_t to = check->percent == 0 ? rig->head.length : rig->head.length + rig->body.length;
    wire_ask(rig, &peer, reused);
    read_whole(rig, &peer);
    for (size_t i = 0; i < peer.moment_count; i++) {
        const struct wire_moment *moment = &peer.moments[i];
        size_t came = moment->bytes < to ? moment->bytes : to;
        uint64_t allowed = (moment->at_ns - peer.sent_ns) * check->bytes / NS_PER_S + PIECE_MAX;
        if (came > from) assert_true(came - from <= allowed);
    }
    wire_close(&peer);
}

/* What belongs to no answer comes together with the one before it: a client that sees the answer
 * alone may have asked the next question on this connection when the rest arrives. */
static void expect_one_packet(const struct wire_peer *peer, bool reused)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (reused) return;
    assert_int_equal(getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    assert_int_equal(info.tcpi_data_segs_in, 1);
}

/* `count` bytes of garbage behind `bytes` of the answer, or behind a share of its body. */
static void garbage(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    struct buf rest;
    size_t all = rig->head.length + rig->body.length;
    size_t place = check->bytes;
    if (check->percent > 0) place = rig->head.length + rig->body.length * check->percent / 100;
    wire_ask(rig, &peer, reused);
    wire_read(&peer, all + check->count, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, all + check->count);
    for (size_t i = 0; i < check->count; i++) {
        unsigned char byte = (unsigned char)peer.bytes.data[place + i];
        assert_true(byte == 0 || byte >= 0x80);
    }
    buf_init(&rest, BUF_UNBOUNDED);
    buf_put(&rest, peer.bytes.data, place);
    buf_put(&rest, peer.bytes.data + place + check->count, all - place);
    wire_expect_head(rig, rest.data, rig->head.length);
    wire_expect_bytes(rest.data + rig->head.length, rig->body.data, rig->body.length);
    buf_deinit(&rest);
    if (check->percent == 100) expect_one_packet(&peer, reused);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

static void stray(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    size_t all = rig->head.length + rig->body.length;
    (void)check;
    wire_ask(rig, &peer, reused);
    wire_read(&peer, all, CLIENT_PATIENCE_MS);
    wire_expect_head(rig, peer.bytes.data, rig->head.length);
    wire_expect_bytes(peer.bytes.data + rig->head.length, rig->body.data, rig->body.length);
    struct answer second;
    client_read(peer.fd, &second, CLIENT_PATIENCE_MS);
    assert_int_equal(second.end, END_WHOLE);
    assert_int_equal(second.status, 200);
    assert_non_null(strstr(second.head.data, "\r\nX-Request-ID: stray-answer\r\n"));
    assert_null(strstr(rig->head.data, "stray-answer"));
    answer_free(&second);
    expect_one_packet(&peer, reused);
    wire_expect_usable(&peer);
    wire_close(&peer);
}

static void slow_close(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    wire_ask(rig, &peer, reused);
    wire_read(&peer, SIZE_MAX, CLIENT_PATIENCE_MS);
    wire_expect_end(&peer, END_FIN);
    size_t head = wire_head_length(&peer);
    assert_int_equal(peer.bytes.length, head + rig->body.length);
    wire_expect_bytes(peer.bytes.data + head, rig->body.data, rig->body.length);
    peer.bytes.data[head - 1] = '\0';
    assert_non_null(strstr(peer.bytes.data, "\r\nConnection: close\r\n"));
    assert_null(strcasestr(peer.bytes.data, "content-length"));
    assert_null(strcasestr(peer.bytes.data, "transfer-encoding"));
    assert_true(peer.ended_ns >= check->pause_ms * NS_PER_MS);
    wire_close(&peer);
}

const struct wire_check wire_slow_checks[] = {
    { .yaml = "{ delay: 50ms }", .run = delay_before_head, .pause_ms = 50 },
    { .yaml = "{ at: response_head@20B, do: delay, for: 50ms }",
      .run = pause_inside,
      .bytes = 20,
      .pause_ms = 50 },
    { .yaml = "{ at: response_body@40%, do: delay, for: 50ms }",
      .run = pause_inside,
      .percent = 40,
      .pause_ms = 50 },
    { .yaml = "{ at: response_end, do: delay, for: 50ms }",
      .run = pause_before_last_chunk,
      .pause_ms = 50 },
    { .yaml = "{ at: response_head, do: dribble, piece: 8B, every: 2ms }",
      .run = pieces,
      .bytes = 8,
      .pause_ms = 2 },
    { .yaml = "{ at: response_body@50%, do: dribble, piece: 16B, every: 2ms }",
      .run = pieces,
      .bytes = 16,
      .percent = 51,
      .pause_ms = 2 },
    { .yaml = "{ at: response_head, do: throttle, rate: 4KiB/s }", .run = rate, .bytes = 4096 },
    { .yaml = "{ at: response_body@0%, do: throttle, rate: 8KiB/s }",
      .run = rate,
      .bytes = 8192,
      .percent = 1 },
    { .yaml = "{ at: response_head, do: garbage, bytes: 64 }", .run = garbage, .count = 64 },
    { .yaml = "{ at: response_head@20B, do: garbage, bytes: 64 }",
      .run = garbage,
      .bytes = 20,
      .count = 64 },
    { .yaml = "{ at: response_body@40%, do: garbage, bytes: 64 }",
      .run = garbage,
      .percent = 40,
      .count = 64 },
    { .yaml = "{ at: response_end, do: garbage, bytes: 64 }",
      .run = garbage,
      .percent = 100,
      .count = 64 },
    { .yaml = "{ at: response_end, do: stray_answer }", .run = stray },
    { .yaml = "{ at: response_end, do: slow_close, for: 50ms }",
      .run = slow_close,
      .pause_ms = 50 },
    { .yaml = "{ cold_start: 100ms }",
      .run = delay_before_head,
      .pause_ms = 100,
      .new_only = true },
    { .yaml = "{ cold_start: { load: 100ms, idle: 30s } }",
      .run = delay_before_head,
      .pause_ms = 100,
      .new_only = true },
    { .yaml = NULL },
};
