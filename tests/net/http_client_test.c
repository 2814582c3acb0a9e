#include "net/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "client_world.h"

static void a_complete_answer_is_told_in_order(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(probe.result.status, 200);
    assert_string_equal(probe.body, "ok");
    assert_string_equal(probe.request_id, "mine");
    assert_string_equal(probe.retry_after, "(none)");
    assert_string_equal(probe.detail, "");
    assert_int_equal(probe.connected, 1);
    assert_int_equal(probe.sent, 1);
    assert_true(probe.progress >= 1);
    assert_false(probe.result.reused);
    world_close(&world);
}

/* An answer of fixed bytes, and how the call must end. */
struct answer_case {
    const char *name;
    const char *bytes;
    bool close; /* FIN after it */
    enum http_end end;
    unsigned status;
    const char *body;
};

static void answer_case_play(struct raw_connection *connection)
{
    struct world *world = connection->server->context;
    const struct answer_case *one = world->user;
    raw_send(connection, one->bytes);
    if (one->close) raw_close(connection);
}

#define HEAD_200 "HTTP/1.1 200 OK\r\n"
#define HEAD_100 "HTTP/1.1 100 Continue\r\n\r\n"
#define HEADS_100_FOUR HEAD_100 HEAD_100 HEAD_100 HEAD_100

static const struct answer_case answer_cases[] = {
    { "error status", "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nno\n", false,
      HTTP_END_COMPLETE, 503, "no\n" },
    { "no content", "HTTP/1.1 204 No Content\r\n\r\n", false, HTTP_END_COMPLETE, 204, "" },
    { "chunked", HEAD_200 "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false,
      HTTP_END_COMPLETE, 200, "abc" },
    { "chunked with a trailer",
      HEAD_200 "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n", false,
      HTTP_END_COMPLETE, 200, "a" },
    { "until the end", HEAD_200 "\r\nabc", true, HTTP_END_COMPLETE, 200, "abc" },
    { "eight interim answers", HEADS_100_FOUR HEADS_100_FOUR HEAD_200 "Content-Length: 0\r\n\r\n",
      false, HTTP_END_COMPLETE, 200, "" },
    { "nine interim answers",
      HEADS_100_FOUR HEADS_100_FOUR HEAD_100 HEAD_200 "Content-Length: 0\r\n\r\n", false,
      HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "a switch of protocols", "HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n", false,
      HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "only an interim answer", HEAD_100, true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "nothing", "", true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "garbage", "\x01\x02\x03 what is this?\r\n\r\n", true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "half a status line", "HTTP/1.1 2", true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "half a head", HEAD_200 "Server: x\r\n", true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "half a head with a length", HEAD_200 "Content-Length: 2\r\n", true, HTTP_END_PROTOCOL_ERROR,
      0, "" },
    { "half a header line", HEAD_200 "Serv", true, HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "half a body", HEAD_200 "Content-Length: 5\r\n\r\nab", true, HTTP_END_PROTOCOL_ERROR, 200,
      "ab" },
    { "half a chunk", HEAD_200 "Transfer-Encoding: chunked\r\n\r\n5\r\nab", true,
      HTTP_END_PROTOCOL_ERROR, 200, "ab" },
    { "a bad chunk", HEAD_200 "Transfer-Encoding: chunked\r\n\r\nxyz\r\nab", false,
      HTTP_END_PROTOCOL_ERROR, 200, "" },
    { "two lengths", HEAD_200 "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", false,
      HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "two different lengths", HEAD_200 "Content-Length: 2\r\ncontent-length: 1\r\n\r\nab", false,
      HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "two lengths in one line", HEAD_200 "Content-Length: 2, 2\r\n\r\nab", false,
      HTTP_END_PROTOCOL_ERROR, 0, "" },
    { "a negative length", HEAD_200 "Content-Length: -2\r\n\r\nab", false, HTTP_END_PROTOCOL_ERROR,
      0, "" },
    { "a length and chunks",
      HEAD_200 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false,
      HTTP_END_PROTOCOL_ERROR, 200, "" },
    { "a coding not asked for", HEAD_200 "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
      false, HTTP_END_DECODING_ERROR, 200, "" },
    { "an unknown transfer coding", HEAD_200 "Transfer-Encoding: snappy\r\n\r\nab", true,
      HTTP_END_DECODING_ERROR, 200, "" },
    { "no coding", HEAD_200 "Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\nab", false,
      HTTP_END_COMPLETE, 200, "ab" },
    { "exactly the limit", HEAD_200 "Content-Length: 10\r\n\r\n0123456789", false,
      HTTP_END_COMPLETE, 200, "0123456789" },
    { "announced above the limit", HEAD_200 "Content-Length: 11\r\n\r\n0", false,
      HTTP_END_TOO_LARGE, 200, "" },
    { "above the limit in chunks",
      HEAD_200 "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", false,
      HTTP_END_TOO_LARGE, 200, "" },
};

static void each_answer_ends_as_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answer_cases / sizeof *answer_cases; i++) {
        const struct answer_case *one = &answer_cases[i];
        struct world world;
        struct probe probe;
        world_open(&world, answer_case_play);
        world.user = (void *)(uintptr_t)one;
        probe_init(&probe, &world);
        struct http_call_config config = probe_config(&probe);
        config.response_bytes_max = 10;
        probe_start_with(&probe, &config);
        probe_wait(&probe);
        if (probe.result.end != one->end || probe.result.status != one->status) {
            print_message("case: %s\n", one->name);
        }
        assert_end(&probe, one->end);
        assert_int_equal(probe.result.status, one->status);
        assert_string_equal(probe.body, one->body);
        assert_int_equal(probe.detail[0] == '\0', one->end == HTTP_END_COMPLETE);
        assert_int_equal(world.server.requests, 1);
        world_close(&world);
    }
}

static void answer_with_headers_without_end(struct raw_connection *connection)
{
    raw_send(connection, HEAD_200);
    for (int i = 0; i < 200; i++) {
        char line[1024];
        memset(line, 'a', sizeof line);
        memcpy(line, "X-Long: ", 8);
        memcpy(line + sizeof line - 2, "\r\n", 2);
        raw_send_bytes(connection, line, sizeof line);
    }
}

static void too_many_header_bytes_are_a_protocol_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_with_headers_without_end);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_PROTOCOL_ERROR);
    assert_int_equal(probe.result.status, 0);
    world_close(&world);
}

static void reset_at_once(struct raw_connection *connection)
{
    raw_reset(connection);
}

static void a_reset_before_any_byte_is_a_read_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, reset_at_once);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_READ_ERROR);
    assert_int_equal(probe.result.os_errno, ECONNRESET);
    assert_int_equal(probe.connected, 1);
    world_close(&world);
}

static void send_half(struct raw_connection *connection)
{
    raw_send(connection, HEAD_200 "Content-Length: 5\r\nRetry-After: 7\r\n\r\nab");
}

static bool probe_has_progress(void *context)
{
    return ((struct probe *)context)->progress > 0;
}

static void a_reset_in_the_body_is_a_read_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, send_half);
    probe_start(&probe, &world);
    assert_true(loop_run_until(&world.loop, probe_has_progress, &probe));
    raw_reset(&world.server.connections[0]);
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_READ_ERROR);
    assert_int_equal(probe.result.os_errno, ECONNRESET);
    assert_int_equal(probe.result.status, 200);
    assert_string_equal(probe.body, "ab");
    assert_string_equal(probe.retry_after, "7");
    world_close(&world);
}

static void send_much_then_reset(struct raw_connection *connection)
{
    static char bytes[200000];
    raw_send(connection, HEAD_200 "Content-Length: 300000\r\n\r\n");
    raw_send_bytes(connection, bytes, sizeof bytes);
    raw_reset(connection);
}

/* The error is on the socket while there are still more bytes than one read takes. */
static void a_reset_behind_many_bytes_is_a_read_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, send_much_then_reset);
    probe_init(&probe, &world);
    struct http_call_config config = probe_config(&probe);
    config.response_bytes_max = 1 << 20;
    probe_start_with(&probe, &config);
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_READ_ERROR);
    world_close(&world);
}

static void nobody_listening_is_a_connect_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    /* A port that is bound but does not listen refuses, and nobody else can take it. */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    snprintf(world.url, sizeof world.url, "http://127.0.0.1:%u/", (unsigned)ntohs(at.sin_port));
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_CONNECT_ERROR);
    assert_int_equal(probe.result.os_errno, ECONNREFUSED);
    assert_int_equal(probe.connected + probe.sent, 0);
    close(fd);
    world_close(&world);
}

static void a_url_of_another_scheme_is_a_connect_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    snprintf(world.url, sizeof world.url, "file:///etc/passwd");
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_CONNECT_ERROR);
    assert_string_equal(probe.body, "");
    world_close(&world);
}

static void check_get(struct raw_connection *connection)
{
    assert_int_equal(strncmp(connection->in, "GET /x HTTP/1.1\r\n", 17), 0);
    assert_null(strcasestr(connection->in, "Accept-Encoding"));
    answer_ok(connection);
}

static void a_get_has_no_body(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, check_get);
    probe_init(&probe, &world);
    struct http_call_config config = probe_config(&probe);
    config.method = "GET";
    config.body = NULL;
    config.body_length = 0;
    probe_start_with(&probe, &config);
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(probe.sent, 1);
    world_close(&world);
}

enum { BIG_BODY_BYTES = 3 << 20 };

static void check_big(struct raw_connection *connection)
{
    assert_null(strcasestr(connection->in, "Expect"));
    const char *body = strstr(connection->in, "\r\n\r\n") + 4;
    assert_int_equal(connection->in_length - (size_t)(body - connection->in), BIG_BODY_BYTES);
    answer_ok(connection);
}

static bool probe_is_stuck(void *context)
{
    struct probe *probe = context;
    return probe->world->server.accepted == 1 && probe->connected == 1;
}

static void a_big_body_is_sent_when_the_peer_has_read_it(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, check_big);
    probe_init(&probe, &world);
    struct http_call_config config = probe_config(&probe);
    char *body = mem_alloc(BIG_BODY_BYTES, 1);
    memset(body, 'x', BIG_BODY_BYTES);
    config.body = body;
    config.body_length = BIG_BODY_BYTES;
    world.server.deaf = true;
    probe_start_with(&probe, &config);
    assert_true(loop_run_until(&world.loop, probe_is_stuck, &probe));
    for (int turn = 0; turn < 1000; turn++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
    assert_int_equal(probe.sent, 0); /* more than the sockets hold is still here */
    unsigned before = probe.progress;
    raw_listen_again(&world.server);
    probe_wait(&probe);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(probe.sent, 1);
    assert_true(probe.progress > before + 2);
    mem_free(body);
    world_close(&world);
}

static void a_reset_while_sending_is_a_write_error(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, check_big);
    probe_init(&probe, &world);
    struct http_call_config config = probe_config(&probe);
    char *body = mem_alloc(BIG_BODY_BYTES, 1);
    config.body = body;
    config.body_length = BIG_BODY_BYTES;
    world.server.deaf = true;
    probe_start_with(&probe, &config);
    assert_true(loop_run_until(&world.loop, probe_is_stuck, &probe));
    raw_reset(&world.server.connections[0]);
    probe_wait(&probe);
    assert_int_equal(probe.sent, 0);
    assert_end(&probe, HTTP_END_WRITE_ERROR);
    assert_int_equal(probe.result.status, 0);
    mem_free(body);
    world_close(&world);
}

static void no_answer(struct raw_connection *connection)
{
    (void)connection;
}

static bool server_saw_request(void *context)
{
    return ((struct world *)context)->server.requests > 0;
}

static bool server_saw_end(void *context)
{
    return ((struct world *)context)->server.ended > 0;
}

static void cancel_in_mid_transfer_closes_the_connection(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, no_answer);
    probe_start(&probe, &world);
    assert_true(loop_run_until(&world.loop, server_saw_request, &world));
    assert_int_equal(world.server.ended, 0);
    http_client_cancel(probe.call);
    assert_true(loop_run_until(&world.loop, server_saw_end, &world));
    assert_int_equal(probe.done, 0);
    world_close(&world);
}

static void cancel_before_the_first_turn_leaves_no_trace(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_start(&probe, &world);
    http_client_cancel(probe.call);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_int_equal(world.server.requests, 1);
    world_close(&world);
}

static void a_call_may_be_cancelled_from_its_own_on_connected(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, no_answer);
    probe_start(&probe, &world);
    probe.cancel_when_connected = true;
    assert_true(loop_run_until(&world.loop, server_saw_end, &world));
    assert_int_equal(probe.connected, 1);
    assert_int_equal(probe.sent + probe.done, 0);
    world_close(&world);
}

static void calls_may_be_started_and_cancelled_from_on_done(void **state)
{
    (void)state;
    struct world world;
    struct probe first;
    struct probe second;
    struct probe third;
    world_open(&world, answer_ok);
    probe_start(&first, &world);
    probe_start(&second, &world);
    first.start_when_done = &third;
    first.cancel_when_done = &second;
    probe_init(&third, &world);
    second.cancel_when_done = &first; /* whichever ends first ends the other */
    second.start_when_done = &third;
    assert_true(loop_run_until(&world.loop, (bool (*)(void *))server_saw_request, &world));
    probe_wait(&third);
    assert_int_equal(first.done + second.done, 1);
    assert_end(&third, HTTP_END_COMPLETE);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_answer_is_told_in_order),
        cmocka_unit_test(each_answer_ends_as_its_class),
        cmocka_unit_test(too_many_header_bytes_are_a_protocol_error),
        cmocka_unit_test(a_reset_before_any_byte_is_a_read_error),
        cmocka_unit_test(a_reset_in_the_body_is_a_read_error),
        cmocka_unit_test(a_reset_behind_many_bytes_is_a_read_error),
        cmocka_unit_test(nobody_listening_is_a_connect_error),
        cmocka_unit_test(a_url_of_another_scheme_is_a_connect_error),
        cmocka_unit_test(a_get_has_no_body),
        cmocka_unit_test(a_big_body_is_sent_when_the_peer_has_read_it),
        cmocka_unit_test(a_reset_while_sending_is_a_write_error),
        cmocka_unit_test(cancel_in_mid_transfer_closes_the_connection),
        cmocka_unit_test(cancel_before_the_first_turn_leaves_no_trace),
        cmocka_unit_test(a_call_may_be_cancelled_from_its_own_on_connected),
        cmocka_unit_test(calls_may_be_started_and_cancelled_from_on_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
