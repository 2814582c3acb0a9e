/* Answers of a real server that pass through the mock while they come: each byte when it was sent,
 * faults at their exact places, and ends told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "upstream.h"
#include "wire_peer.h"

enum { FIRST = 12, SECOND = 18, BODY = FIRST + SECOND };

static const char LINES[] = "{\"line\": 1}\n{\"line\": \"last\"}\r\n";

/* `option`: one of the mock's and its value; NULL: none. */
static void begin_with(struct upstream *upstream, struct wire_peer *peer, const char *fault,
                       const char *const option[2])
{
    struct buf request;
    upstream_start(upstream, fault, option);
    wire_open(peer, &upstream->mock);
    wire_request(&request, "r000001", 0);
    wire_send(peer, request.data, request.length);
    buf_deinit(&request);
    upstream_take(upstream, NULL);
}

static void begin(struct upstream *upstream, struct wire_peer *peer, const char *fault)
{
    begin_with(upstream, peer, fault, NULL);
}

static void end(struct upstream *upstream, struct wire_peer *peer)
{
    wire_close(peer);
    upstream_stop(upstream);
}

static void send_first(struct upstream *upstream)
{
    char text[FIRST + 1];
    snprintf(text, sizeof text, "%.*s", FIRST, LINES);
    upstream_send(upstream, text);
}

static void send_second(struct upstream *upstream)
{
    upstream_send(upstream, LINES + FIRST);
}

/* The head, which announces so many bytes, and the first line have passed, with `more` bytes that
 * the fault adds to it; the head's length. */
static size_t begin_faulty_body(struct upstream *upstream, struct wire_peer *peer,
                                const char *fault, unsigned announced, size_t more)
{
    begin(upstream, peer, fault);
    upstream_send_head(upstream, announced);
    send_first(upstream);
    size_t head = wire_read_head(peer);
    wire_read(peer, head + FIRST + more, CLIENT_PATIENCE_MS);
    return head;
}

static size_t begin_body(struct upstream *upstream, struct wire_peer *peer)
{
    return begin_faulty_body(upstream, peer, NULL, BODY, 0);
}

/* The head of an answer with this fault in it has passed; its length. */
static size_t begin_head(struct upstream *upstream, struct wire_peer *peer, const char *fault)
{
    begin(upstream, peer, fault);
    upstream_send_head(upstream, BODY);
    return wire_read_head(peer);
}

/* Exactly so many bytes of the body came, and nothing more for a while or at the end. */
static void expect_body(struct wire_peer *peer, size_t head, size_t bytes)
{
    if (peer->end == END_SILENT) wire_read(peer, head + bytes + 1, CLIENT_SILENCE_MS);
    assert_int_equal(peer->bytes.length, head + bytes);
    assert_memory_equal(peer->bytes.data + head, LINES, bytes);
}

/* The mock's last ledger line has both. */
static void expect_ledger(const struct upstream *upstream, const char *ended_above,
                          const char *ended)
{
    struct answer answer;
    char text[96];
    client_control(&upstream->mock,
                   &(struct request){ .method = "GET", .path = "/__mock/ledger/1" }, &answer);
    snprintf(text, sizeof text, "\"upstream\":\"%s\",", ended_above);
    assert_non_null(strstr(buf_text(&answer.body), text));
    snprintf(text, sizeof text, "\"end\":\"%s\"", ended);
    assert_non_null(strstr(buf_text(&answer.body), text));
    answer_free(&answer);
}

static void the_first_line_is_seen_before_the_last_is_sent(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    size_t head = begin_body(&upstream, &peer);
    expect_body(&peer, head, FIRST);
    assert_non_null(strstr(peer.bytes.data, "\r\nContent-Length: 30\r\n"));
    assert_non_null(strstr(peer.bytes.data, "\r\nContent-Type: application/x-ndjson\r\n"));
    send_second(&upstream);
    wire_read(&peer, head + BODY, CLIENT_PATIENCE_MS);
    expect_body(&peer, head, BODY);
    wire_expect_quiet(&peer);
    expect_ledger(&upstream, "complete", "complete");
    end(&upstream, &peer);
}

static void without_a_length_it_passes_in_chunks(void **state)
{
    (void)state;
    static const char whole[] =
        "c\r\n{\"line\": 1}\n\r\n12\r\n{\"line\": \"last\"}\r\n\r\n0\r\n\r\n";
    static const size_t first = sizeof "c\r\n{\"line\": 1}\n\r\n" - 1;
    struct upstream upstream;
    struct wire_peer peer;
    begin(&upstream, &peer, NULL);
    upstream_send_head(&upstream, 0);
    upstream_send(&upstream, "c\r\n{\"line\": 1}\n\r\n");
    size_t head = wire_read_head(&peer);
    assert_non_null(strstr(peer.bytes.data, "\r\nTransfer-Encoding: chunked\r\n"));
    wire_read(&peer, head + first, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, head + first);
    upstream_send(&upstream, "12\r\n{\"line\": \"last\"}\r\n\r\n");
    wire_read(&peer, head + sizeof whole - 1 - 5, CLIENT_PATIENCE_MS);
    upstream_send(&upstream, "0\r\n\r\n");
    wire_read(&peer, head + sizeof whole - 1, CLIENT_PATIENCE_MS);
    assert_string_equal(peer.bytes.data + head, whole);
    wire_expect_quiet(&peer);
    end(&upstream, &peer);
}

/* A cut in the second piece of the body; the call above ends with it. */
static void a_cut_falls_into_the_stream(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum end end;
        const char *ended;
    } CASES[] = {
        { "{ at: response_body@20B, do: reset }", END_RESET, "reset" },
        { "{ at: response_body@20B, do: close }", END_FIN, "close" },
        { "{ at: response_body@50%, do: reset }", END_RESET, "reset" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct upstream upstream;
        struct wire_peer peer;
        size_t head = begin_faulty_body(&upstream, &peer, CASES[i].fault, 40, 0);
        expect_body(&peer, head, FIRST);
        assert_int_equal(peer.end, END_SILENT);
        send_second(&upstream);
        wire_read(&peer, head + BODY, CLIENT_PATIENCE_MS);
        expect_body(&peer, head, 20);
        assert_int_equal(peer.end, CASES[i].end);
        upstream_expect_left(&upstream);
        expect_ledger(&upstream, "cut", CASES[i].ended);
        end(&upstream, &peer);
    }
}

static void a_stall_falls_into_the_stream(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    size_t head = begin_head(&upstream, &peer, "{ at: response_body@20B, do: stall }");
    upstream_send(&upstream, LINES);
    wire_read(&peer, head + 20, CLIENT_PATIENCE_MS);
    expect_body(&peer, head, 20);
    assert_int_equal(peer.tcp_state, TCP_ESTABLISHED);
    end(&upstream, &peer);
}

static void garbage_falls_into_the_stream(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    static const char garbage[] = "{ at: response_body@5B, do: garbage, bytes: 7 }";
    size_t head = begin_faulty_body(&upstream, &peer, garbage, BODY, 7);
    send_second(&upstream);
    wire_read(&peer, head + BODY + 7, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, head + BODY + 7);
    assert_memory_equal(peer.bytes.data + head, LINES, 5);
    assert_int_equal(peer.bytes.data[head + 5], 0);
    assert_memory_equal(peer.bytes.data + head + 12, LINES + 5, BODY - 5);
    end(&upstream, &peer);
}

static void a_delay_and_a_dribble_slow_the_stream(void **state)
{
    (void)state;
    /* Four pieces of 5 bytes, three pauses; and one pause. */
    static const char *const FAULTS[] = {
        "{ at: response_body@10B, do: dribble, piece: 5B, every: 20ms }",
        "{ at: response_body@10B, do: delay, for: 60ms }",
    };
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        struct upstream upstream;
        struct wire_peer peer;
        size_t head = begin_head(&upstream, &peer, FAULTS[i]); /* it is being passed on, then */
        uint64_t sent_ns = clock_now();
        upstream_send(&upstream, LINES);
        wire_read(&peer, head + BODY, CLIENT_PATIENCE_MS);
        expect_body(&peer, head, BODY);
        assert_true(peer.moments[peer.moment_count - 1].at_ns - sent_ns >= 60 * NS_PER_MS);
        end(&upstream, &peer);
    }
}

static void a_share_of_an_unknown_length_waits_for_the_end(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    begin(&upstream, &peer, "{ at: response_body@50%, do: reset }");
    upstream_send_head(&upstream, 0);
    upstream_send(&upstream, "1e\r\n");
    upstream_send(&upstream, LINES);
    wire_read(&peer, 1, CLIENT_SILENCE_MS);
    assert_int_equal(peer.bytes.length, 0);
    upstream_send(&upstream, "\r\n0\r\n\r\n");
    size_t head = wire_read_head(&peer);
    wire_read(&peer, head + BODY / 2 + 1, CLIENT_PATIENCE_MS);
    expect_body(&peer, head, BODY / 2);
    assert_int_equal(peer.end, END_RESET);
    end(&upstream, &peer);
}

static void a_server_that_fails_in_mid_body_is_seen_to_fail_so(void **state)
{
    (void)state;
    static const struct {
        void (*break_off)(struct upstream *upstream);
        enum end end;
        const char *ended;
    } CASES[] = {
        { upstream_reset, END_RESET, "read_error" },
        { upstream_close, END_FIN, "protocol_error" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct upstream upstream;
        struct wire_peer peer;
        size_t head = begin_body(&upstream, &peer);
        CASES[i].break_off(&upstream);
        wire_read(&peer, head + FIRST + 1, CLIENT_PATIENCE_MS);
        expect_body(&peer, head, FIRST);
        assert_int_equal(peer.end, CASES[i].end);
        expect_ledger(&upstream, CASES[i].ended, "upstream_cut");
        end(&upstream, &peer);
    }
}

static void a_server_that_falls_silent_in_mid_body_is_given_up(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    begin_with(&upstream, &peer, NULL, (const char *const[]){ "--upstream-timeout", "200ms" });
    upstream_send_head(&upstream, BODY);
    send_first(&upstream);
    size_t head = wire_read_head(&peer);
    wire_read(&peer, head + FIRST + 1, CLIENT_PATIENCE_MS);
    expect_body(&peer, head, FIRST);
    assert_int_equal(peer.end, END_FIN);
    expect_ledger(&upstream, "timeout", "upstream_cut");
    end(&upstream, &peer);
}

static void a_client_that_leaves_in_mid_body_ends_the_call(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    (void)begin_body(&upstream, &peer);
    close(peer.fd);
    peer.fd = -1;
    upstream_expect_left(&upstream);
    expect_ledger(&upstream, "client_gone", "client_gone");
    end(&upstream, &peer);
}

static void the_mock_may_end_in_mid_body(void **state)
{
    (void)state;
    struct upstream upstream;
    struct wire_peer peer;
    size_t head = begin_body(&upstream, &peer);
    mock_stop(&upstream.mock); /* exit code 0, also with a leak checker */
    wire_read(&peer, head + FIRST + 1, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.end, END_FIN);
    upstream_expect_left(&upstream);
    wire_close(&peer);
    upstream_close(&upstream);
    close(upstream.listener);
}

/* The most memory that the process ever had, in KiB. */
static unsigned long peak_kib(const struct mock_process *mock)
{
    char path[64];
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    snprintf(path, sizeof path, "/proc/%d/status", (int)mock->pid);
    assert_int_equal(file_read(path, 1 << 16, &text, &length, &note), ERR_OK);
    const char *at = strstr(text, "VmHWM:");
    assert_non_null(at);
    unsigned long kib = strtoul(at + 6, NULL, 10);
    mem_free(text);
    return kib;
}

static size_t read_some(int fd)
{
    static char bytes[1 << 18];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

static size_t send_some(int fd, size_t most)
{
    static char bytes[1 << 18];
    ssize_t n = send(fd, bytes, most < sizeof bytes ? most : sizeof bytes,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    return n > 0 ? (size_t)n : 0;
}

static void a_huge_answer_needs_little_memory_and_waits_for_its_client(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    enum { MORE_KIB_MAX = 65536 }; /* it keeps what was freed for a while */
#else
    enum { MORE_KIB_MAX = 4096 };
#endif
    enum { ALL = 200 << 20, STUCK_MS = 300, WAITING_MAX = 40 << 20 };
    struct upstream upstream;
    struct wire_peer peer;
    size_t sent = 0, got = 0;
    begin(&upstream, &peer, NULL);
    upstream_send_head(&upstream, ALL);
    size_t head = wire_read_head(&peer);
    unsigned long before_kib = peak_kib(&upstream.mock);
    /* Nobody reads: the server is stopped by what fits the kernel's buffers and a window. */
    for (;;) {
        struct pollfd writable = { .fd = upstream.fd, .events = POLLOUT };
        if (poll(&writable, 1, STUCK_MS) == 0) break;
        sent += send_some(upstream.fd, ALL - sent);
        assert_true(sent < WAITING_MAX);
    }
    wire_read(&peer, head + 1, CLIENT_PATIENCE_MS);
    got = peer.bytes.length - head;
    while (got < ALL) {
        struct pollfd ready[2] = { { .fd = peer.fd, .events = POLLIN },
                                   { .fd = upstream.fd, .events = sent < ALL ? POLLOUT : 0 } };
        assert_true(poll(ready, 2, CLIENT_PATIENCE_MS) > 0);
        if (ready[1].revents & POLLOUT) sent += send_some(upstream.fd, ALL - sent);
        if (ready[0].revents & POLLIN) got += read_some(peer.fd);
    }
    assert_int_equal(got, ALL);
    wire_expect_quiet(&peer);
    unsigned long after_kib = peak_kib(&upstream.mock);
    print_message("peak memory %lu KiB, after 200 MiB %lu KiB\n", before_kib, after_kib);
    assert_true(after_kib <= before_kib + MORE_KIB_MAX);
    end(&upstream, &peer);
}

/* One call passes whole; the client of the other hangs up in mid-body. */
static void a_record_has_what_streamed_by(void **state)
{
    (void)state;
    char path[64] = "/tmp/mock-stream-XXXXXX";
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    struct upstream upstream;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    upstream_start(&upstream, NULL, (const char *const[]){ "--record", path });
    for (int i = 0; i < 2; i++) {
        struct wire_peer peer;
        struct buf request;
        wire_open(&peer, &upstream.mock);
        wire_request(&request, "r000001", 0);
        wire_send(&peer, request.data, request.length);
        buf_deinit(&request);
        upstream_take(&upstream, NULL);
        upstream_send_head(&upstream, BODY);
        size_t head = wire_read_head(&peer);
        send_first(&upstream);
        wire_read(&peer, head + FIRST, CLIENT_PATIENCE_MS);
        if (i == 0) {
            send_second(&upstream);
            wire_read(&peer, head + BODY, CLIENT_PATIENCE_MS);
            upstream_close(&upstream); /* so that the next attempt does not begin on this one */
        }
        wire_close(&peer);
        if (i == 1) upstream_expect_left(&upstream);
    }
    mock_stop(&upstream.mock);
    upstream_close(&upstream);
    close(upstream.listener);
    assert_int_equal(file_read(path, 1 << 16, &text, &length, &note), ERR_OK);
    unlink(path);
    const char *second = strchr(text, '\n');
    assert_non_null(second);
    assert_non_null(strstr(text, "\"response_bytes\":30,\"status\":200,\"end\":\"complete\"}\n"));
    assert_non_null(
        strstr(second, "\"response_bytes\":12,\"status\":200,\"end\":\"client_gone\"}\n"));
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_seen_before_the_last_is_sent),
        cmocka_unit_test(without_a_length_it_passes_in_chunks),
        cmocka_unit_test(a_cut_falls_into_the_stream),
        cmocka_unit_test(a_stall_falls_into_the_stream),
        cmocka_unit_test(garbage_falls_into_the_stream),
        cmocka_unit_test(a_delay_and_a_dribble_slow_the_stream),
        cmocka_unit_test(a_share_of_an_unknown_length_waits_for_the_end),
        cmocka_unit_test(a_server_that_fails_in_mid_body_is_seen_to_fail_so),
        cmocka_unit_test(a_server_that_falls_silent_in_mid_body_is_given_up),
        cmocka_unit_test(a_client_that_leaves_in_mid_body_ends_the_call),
        cmocka_unit_test(the_mock_may_end_in_mid_body),
        cmocka_unit_test(a_record_has_what_streamed_by),
        cmocka_unit_test(a_huge_answer_needs_little_memory_and_waits_for_its_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
