#include "net/http_server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server_world.h"

#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

static void requests_on_one_connection_are_answered(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, "GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-TAG: t\r\n\r\n");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "HTTP/1.1 200"));
    assert_non_null(strstr(peer.in, "Content-Type: text/plain"));
    assert_non_null(strstr(peer.in, "GET /a 0 0 t"));
    peer_clear(&peer);
    peer_send(&peer, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    server_world_turns(&world, 20);
    assert_int_equal(peer_answers(&peer), 0);
    peer_send(&peer, "lo");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "POST /b 5 0 -"));
    assert_false(peer.ended);
    peer_close(&peer);
    server_world_close(&world);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_A "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" GET_HOLD
                           "GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
    server_world_wait_held(&world, 1);
    peer_wait_answers(&peer, 2);
    server_world_turns(&world, 20);
    assert_int_equal(world.requests, 3); /* the fourth waits for its turn */
    server_world_answer(world.held[0], "held");
    peer_wait_answers(&peer, 4);
    const char *a = strstr(peer.in, "GET /a");
    const char *b = strstr(peer.in, "POST /b 2");
    const char *held = strstr(peer.in, "held");
    const char *c = strstr(peer.in, "GET /c");
    assert_true(a != NULL && a < b && b < held && held < c);
    assert_int_equal(world.gone, 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void send_body(struct peer *peer, size_t length)
{
    char head[128];
    snprintf(head, sizeof head, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
             length);
    char *body = mem_alloc(length, 1);
    memset(body, 'x', length);
    peer_send(peer, head);
    peer_send_bytes(peer, body, length);
    mem_free(body);
}

static void a_body_above_the_limit_is_dropped_and_the_connection_lives(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    send_body(&peer, SERVER_WORLD_BODY_MAX);
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "POST /b 1048576 0"));
    peer_clear(&peer);
    send_body(&peer, SERVER_WORLD_BODY_MAX + 1);
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "POST /b 0 1"));
    peer_clear(&peer);
    peer_send(&peer, "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "POST /b 5 0"));
    peer_close(&peer);
    server_world_close(&world);
}

static void a_client_that_asks_before_it_sends_is_told_to_go_on(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                     "Content-Length: 2\r\n\r\n");
    server_world_turns(&world, 50);
    assert_int_equal(peer_answers(&peer), 0);
    assert_non_null(strstr(peer.in, "HTTP/1.1 100"));
    peer_send(&peer, "hi");
    peer_wait_answers(&peer, 1);
    peer_close(&peer);
    server_world_close(&world);
}

static void two_hundred_exchanges_wait_and_are_answered_in_any_order(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static struct peer peers[COUNT];
    struct server_world world;
    server_world_open(&world);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(peer_open(&peers[i], &world.loop, world.port));
        peer_send(&peers[i], GET_HOLD);
        server_world_wait_held(&world, i + 1); /* so that held[i] is peer i's */
    }
    assert_int_equal(http_server_pending(world.server), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned at = (i * 77) % COUNT;
        char text[32];
        snprintf(text, sizeof text, "number %u.", at);
        http_exchange_set_user(world.held[at], &peers[at]);
        assert_ptr_equal(http_exchange_user(world.held[at]), &peers[at]);
        server_world_answer(world.held[at], text);
    }
    assert_int_equal(http_server_pending(world.server), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        char text[32];
        snprintf(text, sizeof text, "number %u.", i);
        peer_wait_answers(&peers[i], 1);
        assert_non_null(strstr(peers[i].in, text));
        peer_close(&peers[i]);
    }
    server_world_close(&world);
}

static void an_answer_may_be_owned_by_the_server(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_HOLD);
    server_world_wait_held(&world, 1);
    const struct http_header headers[] = { { "X-One", "1" }, { "Retry-After", "2" } };
    http_reply(world.held[0], &(struct http_response){ .status = 503,
                                                       .headers = headers,
                                                       .header_count = 2,
                                                       .body = mem_copy_string("taken"),
                                                       .body_length = 5,
                                                       .ownership = HTTP_BODY_TAKE });
    peer_wait_answers(&peer, 1);
    assert_non_null(strstr(peer.in, "HTTP/1.1 503"));
    assert_non_null(strstr(peer.in, "X-One: 1\r\n"));
    assert_non_null(strstr(peer.in, "Retry-After: 2\r\n"));
    assert_non_null(strstr(peer.in, "taken"));
    peer_close(&peer);
    server_world_close(&world);
}

static void bytes_that_are_no_request_do_no_harm(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n\r\n\r\n",
        "\x16\x03\x01\x02 a TLS hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ": no name\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
    };
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(peer_open(&peer, &world.loop, world.port));
        peer_send(&peer, bad[i]);
        server_world_turns(&world, 20);
        peer_close(&peer);
        server_world_turns(&world, 20);
    }
    static char head[128 * 1024]; /* more than a connection's memory */
    memset(head, 'a', sizeof head - 1);
    memcpy(head, "GET /", 5);
    assert_true(peer_open(&peer, &world.loop, world.port));
    (void)!send(peer.fd, head, sizeof head - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    peer_wait_end(&peer);
    peer_close(&peer);

    assert_true(peer_open(&peer, &world.loop, world.port));
    unsigned before = world.requests;
    peer_send(&peer, GET_A);
    peer_wait_answers(&peer, 1);
    assert_int_equal(world.requests, before + 1);
    assert_int_equal(http_server_pending(world.server), 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void connections_above_the_limit_are_closed_at_once(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peers[3];
    struct http_server_config config = server_world_config(&world);
    config.connections_max = 2;
    server_world_open_with(&world, &config);
    for (int i = 0; i < 2; i++) {
        assert_true(peer_open(&peers[i], &world.loop, world.port));
        peer_send(&peers[i], GET_A);
        peer_wait_answers(&peers[i], 1);
    }
    assert_true(peer_open(&peers[2], &world.loop, world.port));
    peer_wait_end(&peers[2]);
    peer_close(&peers[2]);
    peer_close(&peers[0]);
    server_world_turns(&world, 50);
    assert_true(peer_open(&peers[2], &world.loop, world.port));
    peer_send(&peers[2], GET_A);
    peer_wait_answers(&peers[2], 1);
    peer_close(&peers[1]);
    peer_close(&peers[2]);
    server_world_close(&world);
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    struct http_server_config config = server_world_config(&world);
    config.idle_timeout_s = 1;
    server_world_open_with(&world, &config);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_A);
    peer_wait_answers(&peer, 1);
    peer_wait_end(&peer);
    assert_int_equal(peer.error, 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void draining_refuses_new_connections_and_closes_the_others_after_their_answer(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peers[2];
    struct peer late;
    server_world_open(&world);
    for (int i = 0; i < 2; i++)
        assert_true(peer_open(&peers[i], &world.loop, world.port));
    peer_send(&peers[0], GET_HOLD);
    peer_send(&peers[1], GET_A);
    peer_wait_answers(&peers[1], 1);
    server_world_wait_held(&world, 1);
    peer_clear(&peers[1]);

    http_server_drain(world.server);
    http_server_drain(world.server); /* twice does no harm */
    server_world_turns(&world, 20);
    assert_false(peer_open(&late, &world.loop, world.port));
    server_world_answer(world.held[0], "late");
    peer_send(&peers[1], GET_A);
    for (int i = 0; i < 2; i++) {
        peer_wait_answers(&peers[i], 1);
        assert_non_null(strcasestr(peers[i].in, "\r\nConnection: close\r\n"));
        peer_wait_end(&peers[i]);
        assert_int_equal(peers[i].error, 0);
        peer_close(&peers[i]);
    }
    server_world_close(&world);
}

static void the_last_answers_leave_when_the_server_is_destroyed(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_HOLD);
    server_world_wait_held(&world, 1);
    server_world_answer(world.held[0], "bye");
    http_server_destroy(world.server);
    peer_wait_end(&peer);
    assert_int_equal(peer_answers(&peer), 1);
    assert_non_null(strstr(peer.in, "bye"));
    peer_close(&peer);
    loop_finish(&world.loop);
}

static void a_port_in_use_is_explained(void **state)
{
    (void)state;
    struct server_world world;
    struct err_note note = { .err = ERR_OK };
    struct http_server *second = NULL;
    server_world_open(&world);
    struct http_server_config config = server_world_config(&world);
    config.listen.port = world.port;
    assert_int_equal(http_server_create(&config, &second, &note), ERR_NETWORK);
    assert_null(second);
    assert_non_null(strstr(note.sentence, "already in use"));
    http_server_destroy(NULL);
    server_world_close(&world);
}

static void an_ipv6_address_is_served(void **state)
{
    (void)state;
    struct server_world world;
    struct http_server_config config = server_world_config(&world);
    struct err_note note = { .err = ERR_OK };
    world = (struct server_world){ .port = 0 };
    assert_int_equal(uv_loop_init(&world.loop), 0);
    config.listen = (struct address){ .host = "::1" };
    enum err err = http_server_create(&config, &world.server, &note);
    if (err == ERR_OK) { /* a machine may have no IPv6 */
        assert_int_not_equal(http_server_address(world.server).port, 0);
        http_server_destroy(world.server);
    } else {
        assert_non_null(strstr(note.sentence, "::1"));
    }
    loop_finish(&world.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_on_one_connection_are_answered),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_body_above_the_limit_is_dropped_and_the_connection_lives),
        cmocka_unit_test(a_client_that_asks_before_it_sends_is_told_to_go_on),
        cmocka_unit_test(two_hundred_exchanges_wait_and_are_answered_in_any_order),
        cmocka_unit_test(an_answer_may_be_owned_by_the_server),
        cmocka_unit_test(bytes_that_are_no_request_do_no_harm),
        cmocka_unit_test(connections_above_the_limit_are_closed_at_once),
        cmocka_unit_test(an_idle_connection_is_closed_in_time),
        cmocka_unit_test(draining_refuses_new_connections_and_closes_the_others_after_their_answer),
        cmocka_unit_test(the_last_answers_leave_when_the_server_is_destroyed),
        cmocka_unit_test(a_port_in_use_is_explained),
        cmocka_unit_test(an_ipv6_address_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
