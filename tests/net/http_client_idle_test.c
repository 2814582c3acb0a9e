/* Connections that lie idle in the pool: they stay watched by the loop. */
#include "client_world.h"
#include "net/http_client.h"

enum { TICKS = 20, TURNS_MAX = 20 * TICKS };

struct ticker {
    uv_timer_t timer;
    unsigned ticks;
};

static void ticker_on_tick(uv_timer_t *timer)
{
    struct ticker *ticker = timer->data;
    ticker->ticks++;
}

/* How often the loop turns in TICKS milliseconds or more: some dozen times when it sleeps between
 * the ticks, thousands of times when something is ready that nobody takes. */
static unsigned count_turns(uv_loop_t *loop)
{
    struct ticker ticker = { .ticks = 0 };
    unsigned turns = 0;
    uv_timer_init(loop, &ticker.timer);
    ticker.timer.data = &ticker;
    uv_timer_start(&ticker.timer, ticker_on_tick, 1, 1);
    for (; ticker.ticks < TICKS && turns < 100 * TURNS_MAX; turns++) uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&ticker.timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return turns;
}

/* Two idle connections, one of which meets `happen`: the loop sleeps on, nothing of it is delivered
 * and the other one, or a new one, serves. */
static void check_idle(void (*happen)(struct raw_connection *connection))
{
    struct world world;
    struct probe probes[2];
    world_open(&world, answer_ok);
    for (int i = 0; i < 2; i++) probe_start(&probes[i], &world);
    for (int i = 0; i < 2; i++) probe_wait(&probes[i]);
    assert_int_equal(world.server.accepted, 2);
    assert_true(count_turns(&world.loop) < TURNS_MAX);

    happen(&world.server.connections[0]);
    assert_true(count_turns(&world.loop) < TURNS_MAX);

    for (int i = 0; i < 4; i++) {
        struct probe probe;
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_string_equal(probe.body, "ok");
        assert_string_equal(probe.request_id, "mine");
    }
    assert_int_equal(world.server.requests, 6);
    assert_in_range(world.server.accepted, 2, 3);
    assert_true(count_turns(&world.loop) < TURNS_MAX);
    world_close(&world);
}

static void an_idle_connection_that_ends_is_noticed_and_does_not_keep_the_loop_awake(void **state)
{
    (void)state;
    check_idle(raw_close);
}

static void an_idle_connection_that_is_reset_does_not_keep_the_loop_awake(void **state)
{
    (void)state;
    check_idle(raw_reset);
}

static void send_stray_byte(struct raw_connection *connection)
{
    raw_send(connection, "x");
}

static void a_stray_byte_is_not_the_beginning_of_the_next_answer(void **state)
{
    (void)state;
    check_idle(send_stray_byte);
}

static void send_stray_answer(struct raw_connection *connection)
{
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Request-ID: x\r\n\r\nstray");
}

static void a_stray_answer_that_the_loop_has_seen_is_not_delivered(void **state)
{
    (void)state;
    check_idle(send_stray_answer);
}

/* The one connection of the pool is dropped and another one made, at every use: nothing is left of
 * those before (a sanitizer looks for memory, the server for connections that stay open). */
static void connections_that_end_while_idle_leave_nothing_behind(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, answer_ok);
    for (unsigned i = 0; i < 20; i++) {
        struct probe probe;
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_false(probe.result.reused);
        unsigned open = 0;
        for (unsigned j = 0; j < world.server.accepted; j++) {
            struct raw_connection *connection = &world.server.connections[j];
            if (connection->fd < 0 || connection->ended) continue;
            open++;
            raw_close(connection);
        }
        assert_int_equal(open, 1);
        assert_true(count_turns(&world.loop) < TURNS_MAX);
    }
    assert_int_equal(world.server.accepted, 20);
    assert_int_equal(http_client_stale_sockets(world.client), 19);
    world_close(&world);
}

static bool server_has_ended_one(void *context)
{
    const struct world *world = context;
    return world->server.ended == 1;
}

/* Else it would stay half closed for as long as nobody calls. */
static void an_idle_connection_that_the_server_ends_is_ended_without_another_call(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_run(&probe, &world);
    assert_int_equal(world.server.ended, 0);
    assert_int_equal(shutdown(world.server.connections[0].fd, SHUT_WR), 0);
    assert_true(loop_run_until(&world.loop, server_has_ended_one, &world));
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_false(probe.result.reused);
    assert_int_equal(world.server.requests, 2);
    assert_int_equal(http_client_stale_sockets(world.client), 1);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_that_the_server_ends_is_ended_without_another_call),
        cmocka_unit_test(an_idle_connection_that_ends_is_noticed_and_does_not_keep_the_loop_awake),
        cmocka_unit_test(an_idle_connection_that_is_reset_does_not_keep_the_loop_awake),
        cmocka_unit_test(a_stray_byte_is_not_the_beginning_of_the_next_answer),
        cmocka_unit_test(a_stray_answer_that_the_loop_has_seen_is_not_delivered),
        cmocka_unit_test(connections_that_end_while_idle_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
