/* Faults of the listening socket, on schedule, and what becomes of the connections of before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire_peer.h"

enum { WINDOW_FROM_MS = 150, WINDOW_TO_MS = 400, TRIES_MAX = 20000 };

/* A fault from 150 ms to 400 ms; requests take 300 ms. The zero is an hour ahead. */
static void start(struct mock_process *mock, const char *fault)
{
    char text[512];
    snprintf(text, sizeof text,
             "upstream:\n  latency: 300ms\n  phases:\n"
             "    - { name: window, from: %dms, to: %dms, faults: [ %s ] }\n",
             WINDOW_FROM_MS, WINDOW_TO_MS, fault);
    mock_start_scenario(mock, text);
    client_set_start(mock, INT64_C(3600) * 1000000000);
}

static int begin_connect(const struct mock_process *mock)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(mock->port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    if (errno != EINPROGRESS) assert_int_equal(errno, ECONNREFUSED);
    return fd;
}

/* 0: connected; else the error, or EINPROGRESS. */
static int connect_result(int fd, int wait_ms)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct pollfd writable = { .fd = fd, .events = POLLOUT };
    if (poll(&writable, 1, wait_ms) == 0) return EINPROGRESS;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    if (error == 0 && wire_tcp_state(fd) == TCP_CLOSE) return ECONNREFUSED; /* told already */
    return error;
}

/* Connects again and again until it has this result; when that was, since `zero`. */
static uint64_t when_result_is(const struct mock_process *mock, int wanted, uint64_t zero)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        int fd = begin_connect(mock);
        int result = connect_result(fd, 5);
        uint64_t at = clock_now();
        close(fd);
        if (result == wanted) return at - zero;
        poll(NULL, 0, 1);
    }
    fail_msg("no connection had the result %d", wanted);
    return 0;
}

static uint64_t set_zero(const struct mock_process *mock)
{
    uint64_t before = clock_now();
    client_set_start(mock, 0);
    return before;
}

static void connections_are_refused_from_the_windows_begin_to_its_end(void **state)
{
    (void)state;
    struct mock_process mock;
    start(&mock, "{ at: connect, do: refuse }");
    uint64_t zero = set_zero(&mock);
    assert_true(when_result_is(&mock, ECONNREFUSED, zero) >= WINDOW_FROM_MS * NS_PER_MS);
    assert_true(when_result_is(&mock, 0, zero) >= WINDOW_TO_MS * NS_PER_MS);
    client_expect_alive(&mock);
    mock_stop(&mock);
}

static void a_patient_client_gets_in_when_syns_are_answered_again(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    start(&mock, "{ at: connect, do: syn_drop }");
    uint64_t zero = set_zero(&mock);
    assert_true(when_result_is(&mock, EINPROGRESS, zero) >= WINDOW_FROM_MS * NS_PER_MS);
    int fd = begin_connect(&mock);
    assert_int_equal(connect_result(fd, CLIENT_PATIENCE_MS), 0);
    assert_true(clock_now() - zero >= WINDOW_TO_MS * NS_PER_MS);
    client_send(fd, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" });
    client_read(fd, &answer, CLIENT_PATIENCE_MS);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(buf_text(&answer.body), "\"syn_drop\":1"));
    answer_free(&answer);
    close(fd);
    mock_stop(&mock);
}

static void a_busy_connection_is_answered_first_and_then_closed(void **state)
{
    (void)state;
    struct mock_process mock;
    struct wire_peer peer;
    struct buf request;
    start(&mock, "{ at: connect, do: refuse }");
    wire_open(&peer, &mock);
    wire_use_once(&peer);
    wire_request(&request, "r000001~0", 0);
    (void)set_zero(&mock);
    wire_send(&peer, request.data, request.length);
    buf_deinit(&request);
    wire_read(&peer, SIZE_MAX, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.end, END_FIN);
    assert_int_equal(peer.tcp_state, TCP_CLOSE_WAIT);
    assert_true(strncmp(buf_text(&peer.bytes), "HTTP/1.1 200 OK\r\n", 17) == 0);
    assert_non_null(strstr(peer.bytes.data, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(peer.bytes.data, "\"forecasts\""));
    wire_close(&peer);
    mock_stop(&mock);
}

static void connections_that_are_taken_end_with_the_mock(void **state)
{
    (void)state;
    enum { MANY = 50 };
    struct mock_process mock;
    int fds[MANY];
    char byte;
    start(&mock, "{ at: connect, do: stall }");
    /* The window is now, and long. */
    client_set_start(&mock, -(int64_t)(WINDOW_FROM_MS + 1) * (int64_t)NS_PER_MS);
    for (int i = 0; i < MANY; i++)
        fds[i] = client_connect(&mock);
    mock_stop(&mock);
    for (int i = 0; i < MANY; i++) {
        assert_true(recv(fds[i], &byte, 1, 0) <= 0);
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_refused_from_the_windows_begin_to_its_end),
        cmocka_unit_test(a_patient_client_gets_in_when_syns_are_answered_again),
        cmocka_unit_test(a_busy_connection_is_answered_first_and_then_closed),
        cmocka_unit_test(connections_that_are_taken_end_with_the_mock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
