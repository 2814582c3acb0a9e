#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "server_world.h"

#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

static bool someone_is_gone(void *context)
{
    return ((struct server_world *)context)->gone > 0;
}

enum leave { LEAVE_CLOSE, LEAVE_HALF_CLOSE, LEAVE_RESET, LEAVE_HALF_CLOSE_AT_ONCE };

static void check_gone(enum leave leave, bool reused)
{
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    if (reused) {
        peer_send(&peer, GET_HOLD);
        server_world_wait_held(&world, 1);
        server_world_answer(world.held[0], "first");
        peer_wait_answers(&peer, 1);
        world.held_count = 0;
    }
    peer_send(&peer, GET_HOLD);
    if (leave == LEAVE_HALF_CLOSE_AT_ONCE) shutdown(peer.fd, SHUT_WR);
    server_world_wait_held(&world, 1);
    if (leave != LEAVE_HALF_CLOSE_AT_ONCE) {
        server_world_turns(&world, 50);
        assert_int_equal(world.gone, 0);
    }
    switch (leave) {
    case LEAVE_CLOSE: peer_close(&peer); break;
    case LEAVE_HALF_CLOSE: shutdown(peer.fd, SHUT_WR); break;
    case LEAVE_RESET: peer_reset(&peer); break;
    case LEAVE_HALF_CLOSE_AT_ONCE: break;
    }
    assert_true(loop_run_until(&world.loop, someone_is_gone, &world));
    server_world_turns(&world, 50);
    assert_int_equal(world.gone, 1); /* told once */
    assert_ptr_equal(world.gone_last, world.held[0]);
    assert_int_equal(http_server_pending(world.server), 1);
    server_world_answer(world.held[0], "for nobody");
    server_world_turns(&world, 50);
    assert_int_equal(http_server_pending(world.server), 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    (void)state;
    for (int reused = 0; reused < 2; reused++) {
        check_gone(LEAVE_CLOSE, reused);
        check_gone(LEAVE_HALF_CLOSE, reused);
        check_gone(LEAVE_RESET, reused);
        check_gone(LEAVE_HALF_CLOSE_AT_ONCE, reused);
    }
}

static void a_client_that_sends_its_next_request_has_not_left(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_HOLD);
    server_world_wait_held(&world, 1);
    peer_send(&peer, GET_A);
    server_world_turns(&world, 200);
    assert_int_equal(world.gone, 0);
    server_world_answer(world.held[0], "held");
    peer_wait_answers(&peer, 2);
    peer_close(&peer);
    server_world_turns(&world, 50);
    assert_int_equal(world.gone, 0); /* it was answered before */
    server_world_close(&world);
}

/* What a peer sees of a request that ends raw, at once (the path) or later (NULL). */
static void check_raw(const char *path, enum http_raw_end end, bool reused, const char *bytes)
{
    struct server_world world;
    struct peer peer;
    char request[128];
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    if (reused) {
        peer_send(&peer, GET_A);
        peer_wait_answers(&peer, 1);
        peer_clear(&peer);
    }
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
             path == NULL ? "/hold" : path);
    peer_send(&peer, request);
    if (path == NULL) {
        server_world_wait_held(&world, 1);
        int fd = http_exchange_raw(world.held[0]);
        if (bytes[0] != '\0') {
            assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
        }
        /* A reset throws away what the peer has not read: let it read first. */
        for (int turn = 0; peer.in_length < strlen(bytes) && turn < 1000000; turn++) {
            (void)peer_answers(&peer);
        }
        http_exchange_raw_end(world.held[0], end);
    }
    peer_wait_end(&peer);
    assert_int_equal(peer.error, end == HTTP_RAW_RST ? ECONNRESET : 0);
    assert_string_equal(peer.in, bytes);
    assert_int_equal(http_server_pending(world.server), 0);
    assert_int_equal(world.gone, 0);
    peer_close(&peer);
    server_world_close(&world);
}

static void a_raw_end_is_seen_as_it_was_asked(void **state)
{
    (void)state;
    static const char partial[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    for (int reused = 0; reused < 2; reused++) {
        check_raw("/fin", HTTP_RAW_FIN, reused, "");
        check_raw("/rst", HTTP_RAW_RST, reused, "");
        check_raw(NULL, HTTP_RAW_FIN, reused, "");
        check_raw(NULL, HTTP_RAW_RST, reused, "");
        check_raw(NULL, HTTP_RAW_FIN, reused, partial);
        check_raw(NULL, HTTP_RAW_RST, reused, partial);
    }
}

static void a_fin_stays_a_fin_when_more_was_received(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_HOLD);
    server_world_wait_held(&world, 1);
    peer_send(&peer, GET_A GET_A);
    server_world_turns(&world, 20);
    (void)http_exchange_raw(world.held[0]);
    http_exchange_raw_end(world.held[0], HTTP_RAW_FIN);
    peer_wait_end(&peer);
    assert_int_equal(peer.error, 0);
    assert_int_equal(peer.in_length, 0);
    assert_int_equal(world.requests, 1);
    server_world_turns(&world, 20);
    int error = 0; /* a reset behind the FIN shows here only */
    socklen_t error_bytes = sizeof error;
    assert_int_equal(getsockopt(peer.fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes), 0);
    assert_int_equal(error, 0);
    peer_close(&peer);
    server_world_close(&world);
}

struct raw_watch {
    uv_poll_t poll;
    unsigned rung;
};

static void raw_watch_on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    ((struct raw_watch *)poll->data)->rung++;
    uv_poll_stop(poll);
}

static bool raw_watch_rang(void *context)
{
    return ((struct raw_watch *)context)->rung > 0;
}

static void the_owner_of_a_raw_socket_may_poll_it_on_the_same_loop(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    struct raw_watch watch = { .rung = 0 };
    server_world_open(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, GET_HOLD);
    server_world_wait_held(&world, 1);
    server_world_turns(&world, 5);
    int fd = http_exchange_raw(world.held[0]);
    assert_int_equal(uv_poll_init(&world.loop, &watch.poll, fd), 0);
    watch.poll.data = &watch;
    uv_poll_start(&watch.poll, UV_WRITABLE, raw_watch_on_poll);
    assert_true(loop_run_until(&world.loop, raw_watch_rang, &watch));
    watch.rung = 0;
    uv_poll_start(&watch.poll, UV_DISCONNECT, raw_watch_on_poll);
    peer_close(&peer);
    assert_true(loop_run_until(&world.loop, raw_watch_rang, &watch));
    assert_int_equal(world.gone, 0);
    uv_close((uv_handle_t *)&watch.poll, NULL);
    http_exchange_raw_end(world.held[0], HTTP_RAW_RST); /* of a connection that has ended */
    server_world_turns(&world, 20);
    server_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_leaves_is_noticed),
        cmocka_unit_test(a_client_that_sends_its_next_request_has_not_left),
        cmocka_unit_test(a_raw_end_is_seen_as_it_was_asked),
        cmocka_unit_test(a_fin_stays_a_fin_when_more_was_received),
        cmocka_unit_test(the_owner_of_a_raw_socket_may_poll_it_on_the_same_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
