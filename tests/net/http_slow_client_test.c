/* Clients that keep the server waiting, and what becomes of the others. Limits are a fifth of a
 * second; the tests wait for what must happen, not for how long it takes. */
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "server_world.h"

#define SHORT_NS (200 * NS_PER_MS)
#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST_B "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"

enum { BIG_BYTES = 32 << 20 };

static struct server_world world;
static struct peer peers[3];

static void open_with_limits(const struct http_limits *limits)
{
    struct http_server_config config = server_world_config(&world);
    config.limits = *limits;
    server_world_open_with(&world, &config);
}

static void open_peer(struct peer *peer)
{
    assert_true(peer_open(peer, &world.loop, world.port));
}

static uint64_t timeouts(enum http_phase phase)
{
    return http_server_stats(world.server).timeouts[phase];
}

static void assert_still_serves(void)
{
    open_peer(&peers[2]);
    peer_send(&peers[2], GET_A);
    peer_wait_answers(&peers[2], 1);
    peer_close(&peers[2]);
}

struct dribble {
    struct peer *peer;
    const char *byte;
};

/* One byte more in each turn of the loop, at least every 5 ms, until the server has had enough. */
static bool dribble_until_end(void *context)
{
    struct dribble *dribble = context;
    (void)peer_answers(dribble->peer);
    if (dribble->peer->ended) return true;
    (void)send(dribble->peer->fd, dribble->byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return false;
}

static void head_that_comes_byte_by_byte_is_closed_in_time(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .head_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], "GET /a HTTP/1.1\r\nX: ");
    struct dribble dribble = { .peer = &peers[0], .byte = "x" };
    assert_true(loop_run_until(&world.loop, dribble_until_end, &dribble));
    assert_int_equal(timeouts(HTTP_PHASE_HEAD), 1);
    assert_int_equal(world.requests, 0);
    assert_still_serves();
    peer_close(&peers[0]);
    server_world_close(&world);
}

static void connection_that_never_asks_is_closed_without_a_word(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .head_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_wait_end(&peers[0]);
    assert_int_equal(peers[0].in_length, 0);
    assert_int_equal(timeouts(HTTP_PHASE_HEAD), 1);
    peer_close(&peers[0]);
    server_world_close(&world);
}

static void body_that_stops_is_answered_408(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .body_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], POST_B "half");
    peer_wait_end(&peers[0]);
    assert_non_null(strstr(peers[0].in, "HTTP/1.1 408 "));
    assert_int_equal(timeouts(HTTP_PHASE_BODY), 1);
    assert_int_equal(world.requests, 0);
    assert_still_serves();
    peer_close(&peers[0]);
    server_world_close(&world);
}

static void body_that_comes_byte_by_byte_is_closed_in_time(void **state)
{
    (void)state;
    /* As many as one turn for each of them cannot bring. */
    open_with_limits(&(struct http_limits){ .body_ns = SHORT_NS,
                                            .body_bytes_per_s_min = 50000000 });
    open_peer(&peers[0]);
    peer_send(&peers[0], POST_B);
    struct dribble dribble = { .peer = &peers[0], .byte = "x" };
    assert_true(loop_run_until(&world.loop, dribble_until_end, &dribble));
    assert_int_equal(timeouts(HTTP_PHASE_BODY), 1);
    assert_int_equal(world.requests, 0);
    peer_close(&peers[0]);
    server_world_close(&world);
}

static bool is_send_timed_out(void *context)
{
    (void)context;
    return timeouts(HTTP_PHASE_SEND) > 0 && http_server_stats(world.server).connections == 0;
}

static void client_that_does_not_read_its_answer_is_closed(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .send_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], GET_HOLD);
    server_world_wait_held(&world, 1);
    char *body = mem_alloc(BIG_BYTES, 1);
    memset(body, 'x', BIG_BYTES);
    http_reply(world.held[0], &(struct http_response){ .status = 200,
                                                       .body = body,
                                                       .body_length = BIG_BYTES,
                                                       .ownership = HTTP_BODY_TAKE });
    assert_true(loop_run_until(&world.loop, is_send_timed_out, NULL));
    assert_still_serves();
    peer_close(&peers[0]);
    server_world_close(&world);
}

/* Bytes of the next request's line do not prolong it either. */
static void idle_connection_is_closed_even_while_a_request_line_dribbles_in(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .idle_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], GET_A);
    peer_wait_answers(&peers[0], 1);
    peer_send(&peers[0], "GET /");
    struct dribble dribble = { .peer = &peers[0], .byte = "a" };
    assert_true(loop_run_until(&world.loop, dribble_until_end, &dribble));
    assert_int_equal(timeouts(HTTP_PHASE_IDLE), 1);
    assert_int_equal(world.requests, 1);
    peer_close(&peers[0]);
    server_world_close(&world);
}

static void second_head_on_a_connection_has_the_head_limit_too(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){ .head_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], GET_A);
    peer_wait_answers(&peers[0], 1);
    peer_send(&peers[0], "GET /a HTTP/1.1\r\nX: ");
    struct dribble dribble = { .peer = &peers[0], .byte = "x" };
    assert_true(loop_run_until(&world.loop, dribble_until_end, &dribble));
    assert_non_null(strstr(peers[0].in, "HTTP/1.1 408 "));
    assert_int_equal(timeouts(HTTP_PHASE_HEAD), 1);
    peer_close(&peers[0]);
    server_world_close(&world);
}

/* Others are closed twice over meanwhile. */
static void request_in_work_is_not_limited(void **state)
{
    (void)state;
    open_with_limits(&(struct http_limits){
        .head_ns = SHORT_NS, .body_ns = SHORT_NS, .send_ns = SHORT_NS, .idle_ns = SHORT_NS });
    open_peer(&peers[0]);
    peer_send(&peers[0], GET_HOLD);
    server_world_wait_held(&world, 1);
    for (int i = 0; i < 2; i++) {
        open_peer(&peers[1]);
        peer_wait_end(&peers[1]);
        peer_close(&peers[1]);
    }
    server_world_answer(world.held[0], "worth it");
    peer_wait_answers(&peers[0], 1);
    assert_non_null(strstr(peers[0].in, "worth it"));
    peer_close(&peers[0]);
    server_world_close(&world);
}

static void newcomer_takes_the_place_of_the_one_that_waits_longest(void **state)
{
    (void)state;
    struct http_server_config config = server_world_config(&world);
    config.connections_max = 2;
    config.make_room = true;
    server_world_open_with(&world, &config);
    open_peer(&peers[0]);
    peer_send(&peers[0], "GET /a HTTP/1.1\r\n"); /* and no more */
    server_world_turns(&world, 20);
    open_peer(&peers[1]);
    peer_send(&peers[1], GET_A);
    peer_wait_answers(&peers[1], 1);
    open_peer(&peers[2]);
    peer_send(&peers[2], GET_A);
    peer_wait_answers(&peers[2], 1);
    peer_wait_end(&peers[0]);
    assert_int_equal(http_server_stats(world.server).evicted, 1);
    peer_clear(&peers[1]);
    peer_send(&peers[1], GET_A); /* the younger one still has its place */
    peer_wait_answers(&peers[1], 1);
    for (int i = 0; i < 3; i++) peer_close(&peers[i]);
    server_world_close(&world);
}

static void requests_in_work_keep_their_places_and_the_newcomer_is_refused(void **state)
{
    (void)state;
    struct http_server_config config = server_world_config(&world);
    config.connections_max = 2;
    config.make_room = true;
    server_world_open_with(&world, &config);
    for (int i = 0; i < 2; i++) {
        open_peer(&peers[i]);
        peer_send(&peers[i], GET_HOLD);
    }
    server_world_wait_held(&world, 2);
    open_peer(&peers[2]);
    peer_wait_end(&peers[2]);
    assert_int_equal(http_server_stats(world.server).refused_full, 1);
    assert_int_equal(http_server_stats(world.server).evicted, 0);
    for (unsigned i = 0; i < 2; i++) {
        server_world_answer(world.held[i], "kept");
        peer_wait_answers(&peers[i], 1);
    }
    for (int i = 0; i < 3; i++) peer_close(&peers[i]);
    server_world_close(&world);
}

static bool is_one_connected(void *context)
{
    (void)context;
    return http_server_stats(world.server).connections == 1;
}

static void one_client_may_have_so_many_connections(void **state)
{
    (void)state;
    struct http_server_config config = server_world_config(&world);
    config.connections_per_client_max = 2;
    server_world_open_with(&world, &config);
    for (int i = 0; i < 2; i++) {
        open_peer(&peers[i]);
        peer_send(&peers[i], GET_A);
        peer_wait_answers(&peers[i], 1);
    }
    open_peer(&peers[2]);
    peer_wait_end(&peers[2]);
    peer_close(&peers[2]);
    assert_int_equal(http_server_stats(world.server).refused_client, 1);
    peer_close(&peers[0]);
    assert_true(loop_run_until(&world.loop, is_one_connected, NULL));
    assert_still_serves();
    peer_close(&peers[1]);
    server_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_that_comes_byte_by_byte_is_closed_in_time),
        cmocka_unit_test(connection_that_never_asks_is_closed_without_a_word),
        cmocka_unit_test(body_that_stops_is_answered_408),
        cmocka_unit_test(body_that_comes_byte_by_byte_is_closed_in_time),
        cmocka_unit_test(client_that_does_not_read_its_answer_is_closed),
        cmocka_unit_test(idle_connection_is_closed_even_while_a_request_line_dribbles_in),
        cmocka_unit_test(second_head_on_a_connection_has_the_head_limit_too),
        cmocka_unit_test(request_in_work_is_not_limited),
        cmocka_unit_test(newcomer_takes_the_place_of_the_one_that_waits_longest),
        cmocka_unit_test(requests_in_work_keep_their_places_and_the_newcomer_is_refused),
        cmocka_unit_test(one_client_may_have_so_many_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
