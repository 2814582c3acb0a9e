/* Bodies that are not copied for on_request. */
#include <stdio.h>
#include <string.h>

#include "server_world.h"

#define HEAD(path, length)                                                                         \
    "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: " length "\r\n\r\n"

#define CHUNKED(path) "POST " path " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

struct in_place {
    struct server_world world;
    struct http_server_config config;
    struct peer peer;
};

static void on_head(void *context, struct http_exchange *exchange)
{
    (void)context;
    (void)exchange;
}

static void open_world(struct in_place *test, bool together)
{
    test->config = server_world_config(&test->world);
    test->config.body_in_place = true;
    test->config.on_head = on_head;
    test->config.answers_together = together;
    server_world_open_with(&test->world, &test->config);
    test->world.in_place = true;
    assert_true(peer_open(&test->peer, &test->world.loop, test->world.port));
}

static void close_world(struct in_place *test)
{
    peer_close(&test->peer);
    server_world_turns(&test->world, 10);
    server_world_close(&test->world);
}

static void a_body_is_read_however_it_comes(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second; /* sent one after the other */
        const char *seen;
        unsigned answers;
    } CASES[] = {
        { HEAD("/a", "5") "hello", "", "POST /a 5 ", 1 },
        { HEAD("/a", "5"), "hello", "POST /a 5 ", 1 },
        { HEAD("/a", "5") "he", "llo", "POST /a 5 ", 1 },
        { HEAD("/a", "0"), "", "POST /a 0 ", 1 },
        { CHUNKED("/a") "5\r\nhello\r\n0\r\n\r\n", "", "POST /a 5 ", 1 },
        { HEAD("/a", "5") "hello" HEAD("/b", "3") "abc", "", "POST /b 3 ", 2 },
        { HEAD("/a", "5") "hello" HEAD("/b", "3"), "abc", "POST /b 3 ", 2 },
    };
    for (size_t i = 0; i < 2 * sizeof CASES / sizeof CASES[0]; i++) {
        static struct in_place test;
        open_world(&test, i % 2 == 1);
        peer_send(&test.peer, CASES[i / 2].first);
        server_world_turns(&test.world, 20);
        peer_send(&test.peer, CASES[i / 2].second);
        peer_wait_answers(&test.peer, CASES[i / 2].answers);
        assert_int_equal(test.world.requests, CASES[i / 2].answers);
        assert_non_null(strstr(test.peer.in, CASES[i / 2].seen));
        assert_int_equal(http_server_pending(test.world.server), 0);
        peer_clear(&test.peer);
        peer_send(&test.peer, HEAD("/c", "2") "hi"); /* the connection lives */
        peer_wait_answers(&test.peer, 1);
        assert_non_null(strstr(test.peer.in, "POST /c 2 "));
        close_world(&test);
    }
}

/* The daemon has its memory back by then, and has read the next request into it. */
static void a_request_that_waits_keeps_its_body(void **state)
{
    (void)state;
    for (int pipelined = 0; pipelined < 2; pipelined++) {
        static struct in_place test;
        size_t length = 0;
        open_world(&test, true);
        peer_send(&test.peer, pipelined ? HEAD("/hold", "5") "hello" HEAD("/b", "5") "other"
                                        : HEAD("/hold", "5") "hello");
        server_world_wait_held(&test.world, 1);
        server_world_turns(&test.world, 20);
        const char *body = http_exchange_body(test.world.held[0], &length);
        assert_int_equal(length, 5);
        assert_memory_equal(body, "hello", 6); /* copied: the daemon's has no NUL */
        server_world_answer(test.world.held[0], "held");
        peer_wait_answers(&test.peer, 1 + (unsigned)pipelined);
        assert_non_null(strstr(test.peer.in, "held"));
        close_world(&test);
    }
}

static void a_request_may_end_without_an_answer(void **state)
{
    (void)state;
    static struct in_place test;
    open_world(&test, true);
    peer_send(&test.peer, HEAD("/fin", "5") "hello");
    peer_wait_end(&test.peer);
    assert_int_equal(test.peer.error, 0);
    close_world(&test);
    open_world(&test, true);
    peer_send(&test.peer, HEAD("/rst", "5") "hello");
    peer_wait_end(&test.peer);
    assert_int_not_equal(test.peer.error, 0);
    close_world(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_read_however_it_comes),
        cmocka_unit_test(a_request_that_waits_keeps_its_body),
        cmocka_unit_test(a_request_may_end_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
