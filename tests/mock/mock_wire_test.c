/* Each fault as a client meets it: the bytes, and how the connection ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"

#define HOUR_NS ((int64_t)3600 * 1000000000)

static const struct request ONE = { .id = "r000001~0", .attempt = "0" };

/* The body that the same request gets before the scenario starts. The zero is now afterwards. */
static void learn_healthy(const struct mock_process *mock, struct answer *healthy)
{
    client_set_start(mock, HOUR_NS);
    client_call(mock, &ONE, healthy);
    assert_int_equal(healthy->end, END_WHOLE);
    assert_int_equal(healthy->status, 200);
    client_set_start(mock, 0);
}

enum connection { CONNECTION_NEW, CONNECTION_REUSED };

/* `cut` is a position and effect; the client must read `share_ppm` of the body (or `bytes`, when
 * not 0), the very bytes of the healthy one, and then `end`. */
struct cut {
    const char *fault;
    uint32_t share_ppm;
    size_t bytes;
    bool at_head;
    enum end end;
};

static void expect_cut(const struct cut *cut, enum connection connection)
{
    struct mock_process mock;
    struct answer healthy, answer;
    mock_start(&mock, cut->fault, "2ms");
    learn_healthy(&mock, &healthy);
    int fd = client_connect(&mock);
    if (connection == CONNECTION_REUSED) {
        client_send(fd, &(struct request){ .method = "GET", .path = "/api/version" });
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        assert_int_equal(answer.end, END_WHOLE);
        answer_free(&answer);
    }
    client_send(fd, &ONE);
    client_read(fd, &answer, cut->end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
    if (cut->at_head) {
        assert_int_equal(answer.status, 0);
        assert_int_equal(answer.end, cut->end);
    } else {
        size_t expected = healthy.body.length * (size_t)cut->share_ppm / 1000000;
        if (cut->bytes > 0) expected = cut->bytes;
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.announced, healthy.body.length);
        assert_int_equal(answer.body.length, expected);
        assert_memory_equal(buf_text(&answer.body), healthy.body.data, expected);
        assert_int_equal(answer.end == END_WHOLE ? client_read_end(fd, CLIENT_PATIENCE_MS)
                                                 : answer.end,
                         cut->end);
    }
    if (cut->end == END_SILENT) { /* and still open */
        char byte;
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
    }
    close(fd);
    answer_free(&healthy);
    answer_free(&answer);
    client_expect_alive(&mock);
    mock_stop(&mock);
}

static void expect_cut_on_both(const struct cut *cut)
{
    expect_cut(cut, CONNECTION_NEW);
    expect_cut(cut, CONNECTION_REUSED);
}

static void reset_at_the_head_sends_no_byte(void **state)
{
    (void)state;
    expect_cut_on_both(&(struct cut){ "{ at: response_head, do: reset }", 0, 0, true, END_RESET });
}

static void close_at_the_head_sends_no_byte(void **state)
{
    (void)state;
    expect_cut_on_both(&(struct cut){ "{ at: response_head, do: close }", 0, 0, true, END_FIN });
}

static void stall_at_the_head_sends_no_byte_and_keeps_the_connection(void **state)
{
    (void)state;
    expect_cut_on_both(&(struct cut){ "{ at: response_head, do: stall }", 0, 0, true, END_SILENT });
}

static void reset_at_a_share_of_the_body_sends_exactly_that_share(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@40%, do: reset }", 400000, 0, false, END_RESET });
}

static void reset_at_a_byte_of_the_body_sends_exactly_those_bytes(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@37B, do: reset }", 0, 37, false, END_RESET });
}

static void reset_before_the_first_body_byte_sends_the_whole_head(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@0%, do: reset }", 0, 0, false, END_RESET });
}

static void reset_after_the_last_body_byte_sends_the_whole_body(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@1MiB, do: reset }", 1000000, 0, false, END_RESET });
}

static void close_in_the_body_sends_exactly_that_share(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@70%, do: close }", 700000, 0, false, END_FIN });
}

static void stall_in_the_body_sends_exactly_that_share_and_keeps_the_connection(void **state)
{
    (void)state;
    expect_cut_on_both(
        &(struct cut){ "{ at: response_body@50%, do: stall }", 500000, 0, false, END_SILENT });
}

static void status_fault_has_its_status_a_detail_and_retry_after(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    mock_start(&mock, "{ status: 503, retry_after: 7s }", "0s");
    int fd = client_connect(&mock);
    for (int i = 0; i < 3; i++) { /* and the connection lives on */
        client_send(fd, &ONE);
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        assert_int_equal(answer.end, END_WHOLE);
        assert_int_equal(answer.status, 503);
        assert_true(answer_header(&answer, "Retry-After", value, sizeof value));
        assert_string_equal(value, "7");
        assert_true(answer_header(&answer, "X-Request-ID", value, sizeof value));
        assert_string_equal(value, "r000001~0");
        assert_true(strncmp(buf_text(&answer.body), "{\"detail\":\"", 11) == 0);
        answer_free(&answer);
    }
    close(fd);
    mock_stop(&mock);
}

static void status_without_retry_after_sends_none(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    mock_start(&mock, "{ status: 429 }", "0s");
    client_call(&mock, &ONE, &answer);
    assert_int_equal(answer.status, 429);
    assert_false(answer_header(&answer, "Retry-After", value, sizeof value));
    assert_string_equal(buf_text(&answer.body), "{\"detail\":\"rate limit exceeded\"}");
    answer_free(&answer);
    mock_stop(&mock);
}

static void status_and_cut_together_cut_the_error_body(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    mock_start(&mock, "{ status: 502, retry_after: 2s }, { at: response_body@50%, do: reset }",
               "0s");
    client_call(&mock, &ONE, &answer);
    assert_int_equal(answer.status, 502);
    assert_int_equal(answer.end, END_RESET);
    assert_int_equal(answer.body.length, answer.announced / 2);
    assert_true(answer_header(&answer, "Retry-After", value, sizeof value));
    assert_string_equal(value, "2");
    answer_free(&answer);
    mock_stop(&mock);
}

static void expect_not_early(const char *faults, const char *latency, uint64_t least_ns)
{
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, faults, latency);
    int fd = client_connect(&mock);
    for (int i = 0; i < 20; i++) {
        uint64_t sent = clock_now();
        client_send(fd, &ONE);
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        assert_int_equal(answer.end, END_WHOLE);
        assert_true(answer.first_ns >= sent + least_ns);
        answer_free(&answer);
    }
    close(fd);
    mock_stop(&mock);
}

static void latency_and_delay_add_up_and_are_never_early(void **state)
{
    (void)state;
    expect_not_early("{ status: 503, share: 0% }", "7ms", 7 * NS_PER_MS);
    expect_not_early("{ delay: 8ms }", "3ms", 11 * NS_PER_MS);
}

static void a_stalled_answer_holds_up_nobody_else(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ at: response_head, do: stall }", "0s");
    int stalled[20];
    for (int i = 0; i < 20; i++) {
        stalled[i] = client_connect(&mock);
        client_send(stalled[i], &ONE);
    }
    client_set_start(&mock, HOUR_NS);
    client_call(&mock, &ONE, &answer);
    assert_int_equal(answer.status, 200);
    for (int i = 0; i < 20; i++)
        close(stalled[i]);
    answer_free(&answer);
    mock_stop(&mock);
}

static void healthy_answers_keep_the_connection(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer first, answer;
    mock_start(&mock, NULL, "");
    int fd = client_connect(&mock);
    client_send(fd, &ONE);
    client_read(fd, &first, CLIENT_PATIENCE_MS);
    for (int i = 0; i < 50; i++) {
        client_send(fd, &ONE);
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        assert_int_equal(answer.end, END_WHOLE);
        assert_int_equal(answer.status, 200);
        assert_string_equal(buf_text(&answer.body), buf_text(&first.body));
        answer_free(&answer);
    }
    close(fd);
    answer_free(&first);
    mock_stop(&mock);
}

/* The kernel takes such a body only piece by piece, so the mock has to wait for room. */
static void a_slow_reader_gets_every_byte_of_a_long_body_before_the_reset(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    struct buf body;
    int small = 16384;
    buf_init(&body, BUF_UNBOUNDED);
    buf_puts(&body, "{\"model\":\"m\",\"horizon_steps\":60000,\"series\":[1,2,3],\"quantiles\":"
                    "[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]}");
    mock_start(&mock, "{ at: response_body@1000000000B, do: reset }", "0s");
    int fd = client_connect(&mock);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    client_send(fd, &(struct request){ .path = "/v1/timeseries/forecast",
                                       .id = "r000001",
                                       .body = buf_text(&body) });
    client_expect_alive(&mock);
    client_read(fd, &answer, CLIENT_PATIENCE_MS);
    assert_int_equal(answer.end, END_WHOLE);
    assert_true(answer.body.length > 4u * 1024 * 1024);
    assert_int_equal(client_read_end(fd, CLIENT_PATIENCE_MS), END_RESET);
    close(fd);
    answer_free(&answer);
    buf_deinit(&body);
    mock_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_at_the_head_sends_no_byte),
        cmocka_unit_test(close_at_the_head_sends_no_byte),
        cmocka_unit_test(stall_at_the_head_sends_no_byte_and_keeps_the_connection),
        cmocka_unit_test(reset_at_a_share_of_the_body_sends_exactly_that_share),
        cmocka_unit_test(reset_at_a_byte_of_the_body_sends_exactly_those_bytes),
        cmocka_unit_test(reset_before_the_first_body_byte_sends_the_whole_head),
        cmocka_unit_test(reset_after_the_last_body_byte_sends_the_whole_body),
        cmocka_unit_test(close_in_the_body_sends_exactly_that_share),
        cmocka_unit_test(stall_in_the_body_sends_exactly_that_share_and_keeps_the_connection),
        cmocka_unit_test(status_fault_has_its_status_a_detail_and_retry_after),
        cmocka_unit_test(status_without_retry_after_sends_none),
        cmocka_unit_test(status_and_cut_together_cut_the_error_body),
        cmocka_unit_test(latency_and_delay_add_up_and_are_never_early),
        cmocka_unit_test(a_stalled_answer_holds_up_nobody_else),
        cmocka_unit_test(healthy_answers_keep_the_connection),
        cmocka_unit_test(a_slow_reader_gets_every_byte_of_a_long_body_before_the_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
