/* What a server that misbehaves needs: requests of which only a part is read, connections that live
 * on after somebody wrote on their socket, listeners that change, clients whose end comes with
 * their last bytes. */
#include "server_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_listener.h"

#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST_HOLD "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"

static size_t stop_at;
static unsigned dropped, done_whole, done_cut;
static int taken = -1;

static void on_head(void *context, struct http_exchange *exchange)
{
    (void)context;
    if (strcmp(http_exchange_path(exchange), "/hold") != 0) return;
    http_exchange_stop_at(exchange, stop_at);
}

static void on_dropped(void *context, struct http_exchange *exchange)
{
    (void)context;
    (void)exchange;
    dropped++;
}

static void on_done(void *context, struct http_exchange *exchange, bool whole)
{
    (void)context;
    (void)exchange;
    done_whole += whole;
    done_cut += !whole;
}

static void on_take(void *context, int fd)
{
    (void)context;
    taken = fd;
}

static void open_world(struct server_world *world)
{
    struct http_server_config config = server_world_config(world);
    config.on_head = on_head;
    config.on_dropped = on_dropped;
    config.on_done = on_done;
    config.on_take = on_take;
    dropped = done_whole = done_cut = 0;
    taken = -1;
    server_world_open_with(world, &config);
}

static bool no_connection(void *context)
{
    const struct server_world *world = context;
    return http_server_stats(world->server).connections == 0;
}

/* The daemon alone would keep it until idle_timeout_s, here for ever. */
static void a_fin_that_comes_with_bytes_closes_the_connection(void **state)
{
    (void)state;
    static const char *const texts[] = { "G", "GET /a HTTP/1.1\r\nHo", GET_A "GET",
                                         POST_HOLD "12" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct server_world world;
        struct peer peer;
        stop_at = 10;
        open_world(&world);
        assert_true(peer_open(&peer, &world.loop, world.port));
        peer_send(&peer, texts[i]);
        shutdown(peer.fd, SHUT_WR);
        server_world_turns(&world, 20); /* accepted */
        assert_true(loop_run_until(&world.loop, no_connection, &world));
        assert_int_equal(http_server_stats(world.server).accepted, 1);
        peer_close(&peer);
        server_world_close(&world);
    }
}

static void check_stop(size_t at, const char *before, const char *last)
{
    struct server_world world;
    struct peer peer;
    stop_at = at;
    open_world(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, before);
    server_world_turns(&world, 100);
    assert_int_equal(world.requests, 0);
    peer_send(&peer, last);
    server_world_wait_held(&world, 1);
    assert_true(http_exchange_stopped(world.held[0]));
    size_t length;
    (void)http_exchange_body(world.held[0], &length);
    assert_int_equal(length, at);
    peer_send(&peer, "12345"); /* is not looked at */
    server_world_turns(&world, 100);
    assert_int_equal(world.requests, 1);
    assert_true(http_exchange_raw(world.held[0]) >= 0);
    http_exchange_raw_end(world.held[0], HTTP_RAW_RST);
    peer_wait_end(&peer);
    assert_int_equal(peer.error, ECONNRESET);
    assert_true(loop_run_until(&world.loop, no_connection, &world));
    peer_close(&peer);
    server_world_close(&world);
}

static void a_request_is_stopped_where_it_was_asked_for(void **state)
{
    (void)state;
    check_stop(0, "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r", "\n");
    check_stop(4, POST_HOLD "123", "4");
}

static void a_request_shorter_than_its_stop_is_whole(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    stop_at = 11;
    open_world(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, POST_HOLD "1234567890");
    server_world_wait_held(&world, 1);
    assert_false(http_exchange_stopped(world.held[0]));
    server_world_answer(world.held[0], "whole");
    peer_wait_answers(&peer, 1);
    server_world_turns(&world, 50);
    assert_int_equal(done_whole, 1);
    peer_close(&peer);
    server_world_close(&world);
}

static bool was_dropped(void *context)
{
    (void)context;
    return dropped > 0;
}

static void a_request_that_never_becomes_whole_is_told(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    stop_at = 10;
    open_world(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    peer_send(&peer, POST_HOLD "12");
    server_world_turns(&world, 100);
    assert_int_equal(dropped, 0);
    peer_close(&peer);
    assert_true(loop_run_until(&world.loop, was_dropped, &world));
    server_world_turns(&world, 50);
    assert_int_equal(dropped, 1);
    assert_int_equal(world.requests, 0);
    server_world_close(&world);
}

static void a_connection_written_on_by_hand_serves_the_next_request(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhand";
    struct server_world world;
    struct peer peer;
    stop_at = 1;
    open_world(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    for (unsigned i = 0; i < 3; i++) {
        world.held_count = 0;
        peer_send(&peer, GET_HOLD);
        server_world_wait_held(&world, 1);
        int fd = http_exchange_raw(world.held[0]);
        assert_int_equal(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL), sizeof answer - 1);
        http_exchange_raw_end(world.held[0], HTTP_RAW_KEEP);
        peer_wait_answers(&peer, 1);
        assert_non_null(strstr(peer.in, "hand"));
        peer_clear(&peer);
        peer_send(&peer, GET_A);
        peer_wait_answers(&peer, 1);
        peer_clear(&peer);
    }
    server_world_turns(&world, 50);
    assert_int_equal(http_server_stats(world.server).connections, 1);
    assert_int_equal(http_server_stats(world.server).accepted, 1);
    peer_close(&peer);
    assert_true(loop_run_until(&world.loop, no_connection, &world));
    server_world_close(&world);
}

static void listen_as(struct server_world *world, enum http_listen how)
{
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(http_server_listen(world->server, how, &note), ERR_OK);
}

static bool was_taken(void *context)
{
    (void)context;
    return taken >= 0;
}

static void a_listener_changes_in_any_order(void **state)
{
    (void)state;
    static const enum http_listen order[] = {
        HTTP_LISTEN_REFUSE,   HTTP_LISTEN_OPEN,     HTTP_LISTEN_DROP_SYN, HTTP_LISTEN_TAKE,
        HTTP_LISTEN_REFUSE,   HTTP_LISTEN_DROP_SYN, HTTP_LISTEN_OPEN,     HTTP_LISTEN_TAKE,
        HTTP_LISTEN_DROP_SYN, HTTP_LISTEN_REFUSE,   HTTP_LISTEN_TAKE,     HTTP_LISTEN_OPEN,
    };
    struct server_world world;
    stop_at = 1;
    open_world(&world);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(world.port) };
        struct peer peer;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listen_as(&world, order[i]);
        listen_as(&world, order[i]); /* changes nothing */
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        switch (order[i]) {
        case HTTP_LISTEN_OPEN:
            close(fd);
            fd = -1;
            assert_true(peer_open(&peer, &world.loop, world.port));
            peer_send(&peer, GET_A);
            peer_wait_answers(&peer, 1);
            peer_close(&peer);
            break;
        case HTTP_LISTEN_REFUSE:
            assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), -1);
            assert_int_equal(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), -1);
            assert_int_equal(errno, ECONNREFUSED);
            break;
        case HTTP_LISTEN_DROP_SYN:
            assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), -1);
            assert_int_equal(errno, EINPROGRESS);
            server_world_turns(&world, 50);
            assert_int_equal(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), -1);
            assert_int_equal(errno, EAGAIN); /* not connected yet */
            break;
        case HTTP_LISTEN_TAKE:
            taken = -1;
            (void)connect(fd, (struct sockaddr *)&at, sizeof at);
            assert_true(loop_run_until(&world.loop, was_taken, &world));
            close(taken);
            break;
        }
        if (fd >= 0) close(fd);
    }
    assert_true(loop_run_until(&world.loop, no_connection, &world));
    server_world_close(&world);
}

static void hanging_up_ends_idle_connections_and_busy_ones_after_their_answer(void **state)
{
    (void)state;
    struct server_world world;
    struct peer idle, busy, later;
    stop_at = 1;
    open_world(&world);
    assert_true(peer_open(&idle, &world.loop, world.port));
    peer_send(&idle, GET_A);
    peer_wait_answers(&idle, 1);
    peer_clear(&idle);
    assert_true(peer_open(&busy, &world.loop, world.port));
    peer_send(&busy, GET_HOLD);
    server_world_wait_held(&world, 1);
    http_server_hang_up(world.server, true);
    peer_wait_end(&idle);
    assert_int_equal(idle.error, 0);
    assert_int_equal(idle.in_length, 0);
    server_world_turns(&world, 50);
    assert_false(busy.ended);
    server_world_answer(world.held[0], "last");
    peer_wait_end(&busy);
    assert_non_null(strstr(busy.in, "Connection: close"));
    assert_non_null(strstr(busy.in, "last"));
    http_server_hang_up(world.server, false);
    assert_true(peer_open(&later, &world.loop, world.port));
    peer_send(&later, GET_A);
    peer_wait_answers(&later, 1);
    assert_null(strstr(later.in, "Connection: close"));
    peer_close(&idle);
    peer_close(&busy);
    peer_close(&later);
    server_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_that_comes_with_bytes_closes_the_connection),
        cmocka_unit_test(a_request_is_stopped_where_it_was_asked_for),
        cmocka_unit_test(a_request_shorter_than_its_stop_is_whole),
        cmocka_unit_test(a_request_that_never_becomes_whole_is_told),
        cmocka_unit_test(a_connection_written_on_by_hand_serves_the_next_request),
        cmocka_unit_test(a_listener_changes_in_any_order),
        cmocka_unit_test(hanging_up_ends_idle_connections_and_busy_ones_after_their_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
