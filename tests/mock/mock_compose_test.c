/* Faults behind a whole answer compose on the wire: what each of them promises is there, in the
 * order of the file, and the connection's end comes last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire_peer.h"

#define STRAY "{ at: response_end, do: stray_answer }"
#define GARBAGE "{ at: response_end, do: garbage, bytes: 5 }"
#define CLOSE "{ at: response_end, do: close }"
#define RESET "{ at: response_end, do: reset }"
#define STALL "{ at: response_end, do: stall }"

enum { GARBAGE_BYTES = 5 };

/* What stands behind the answer: 'g' garbage, 's' a stray answer. */
static void meet(const char *faults, const char *behind, enum end end)
{
    static const char stray_end[] = "{\"model\":\"stray\",\"forecasts\":[]}";
    struct mock_process mock;
    struct wire_peer peer;
    struct buf request;
    mock_start(&mock, faults, "1ms");
    wire_open(&peer, &mock);
    wire_request(&request, "r1", 0);
    wire_send(&peer, request.data, request.length);
    wire_read(&peer, SIZE_MAX, CLIENT_SILENCE_MS);
    assert_int_equal(peer.end, end);
    const char *at = strstr(peer.bytes.data, "\r\n\r\n");
    const char *length = strstr(peer.bytes.data, "Content-Length: ");
    assert_non_null(at);
    assert_non_null(length);
    at += 4 + strtoul(length + strlen("Content-Length: "), NULL, 10);
    for (; *behind != '\0'; behind++) {
        if (*behind == 'g') {
            assert_int_equal(at[0], 0);
            at += GARBAGE_BYTES;
            continue;
        }
        assert_ptr_equal(strstr(at, "HTTP/1.1 200 OK\r\n"), at);
        at = strstr(at, stray_end);
        assert_non_null(at);
        at += sizeof stray_end - 1;
    }
    assert_int_equal(at - peer.bytes.data, peer.bytes.length);
    buf_deinit(&request);
    wire_close(&peer);
    mock_stop(&mock);
}

static void surplus_leaves_before_the_connection_ends(void **state)
{
    (void)state;
    meet(STRAY ", " CLOSE, "s", END_FIN);
    meet(CLOSE ", " STRAY, "s", END_FIN);
    meet(GARBAGE ", " CLOSE, "g", END_FIN);
    meet(GARBAGE ", " RESET, "g", END_RESET);
    meet(RESET ", " GARBAGE, "g", END_RESET);
    meet(GARBAGE ", " STALL, "g", END_SILENT);
}

static void garbage_and_a_stray_answer_come_in_the_order_of_the_file(void **state)
{
    (void)state;
    meet(GARBAGE ", " STRAY, "gs", END_SILENT);
    meet(STRAY ", " GARBAGE, "sg", END_SILENT);
    meet(STRAY ", " GARBAGE ", " CLOSE, "sg", END_FIN);
}

static void the_first_of_two_ends_holds(void **state)
{
    (void)state;
    meet(RESET ", " CLOSE, "", END_RESET);
    meet(CLOSE ", " RESET, "", END_FIN);
}

/* Reads until the connection ends, as such clients do. */
static void meet_last(const char *fault, const char *head)
{
    struct mock_process mock;
    struct wire_peer peer;
    struct buf request;
    mock_start(&mock, fault, "1ms");
    buf_init(&request, BUF_UNBOUNDED);
    buf_printf(&request, "POST /v1/forecast %s\r\nContent-Length: %zu\r\n\r\n%s", head,
               strlen(CLIENT_FORECAST), CLIENT_FORECAST);
    wire_open(&peer, &mock);
    wire_send(&peer, request.data, request.length);
    wire_read(&peer, SIZE_MAX, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.end, END_FIN);
    assert_non_null(strstr(peer.bytes.data, "\"forecasts\""));
    if (strncmp(head, "HTTP/1.0", 8) == 0) assert_null(strstr(peer.bytes.data, "chunked"));
    buf_deinit(&request);
    wire_close(&peer);
    mock_stop(&mock);
}

static void a_client_that_reads_to_the_end_gets_one(void **state)
{
    (void)state;
    static const char *const faults[] = {
        "{ at: response_body@50%, do: delay, for: 5ms }",
        "{ at: response_body@50%, do: dribble, piece: 100B, every: 1ms }",
        "{ at: response_end, do: delay, for: 5ms }",
        "{ interim: 2 }",
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        meet_last(faults[i], "HTTP/1.1\r\nHost: x\r\nConnection: close");
        meet_last(faults[i], "HTTP/1.0");
    }
}

static void expect_idle_end(const char *fault)
{
    struct mock_process mock;
    struct answer answer;
    mock_start_with(&mock, (const char *const[]){ "--idle", "200ms", "--fault", fault, NULL });
    int fd = client_connect(&mock);
    client_send(fd, &(struct request){ .id = "a" });
    client_read(fd, &answer, CLIENT_PATIENCE_MS);
    assert_int_equal(answer.end, END_WHOLE);
    answer_free(&answer);
    uint64_t began = clock_now();
    assert_int_equal(client_read_end(fd, CLIENT_PATIENCE_MS), END_FIN);
    assert_true(clock_now() - began >= UINT64_C(150) * 1000000);
    close(fd);
    mock_stop(&mock);
}

/* One that is late is not cut. */
static void an_idle_connection_ends_when_it_was_asked_for(void **state)
{
    (void)state;
    expect_idle_end("{ delay: 400ms }");
    expect_idle_end("{ status: 503 }");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surplus_leaves_before_the_connection_ends),
        cmocka_unit_test(garbage_and_a_stray_answer_come_in_the_order_of_the_file),
        cmocka_unit_test(the_first_of_two_ends_holds),
        cmocka_unit_test(a_client_that_reads_to_the_end_gets_one),
        cmocka_unit_test(an_idle_connection_ends_when_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
