#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client_world.h"
#include "net/http_client.h"

static bool server_ended(void *context)
{
    struct world *world = context;
    return world->server.ended >= *(unsigned *)world->user;
}

static void wait_ended(struct world *world, unsigned count)
{
    world->user = &count;
    assert_true(loop_run_until(&world->loop, server_ended, world));
    world->user = NULL;
}

static void a_pooled_connection_is_used_again(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    for (int i = 0; i < 3; i++) {
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_int_equal(probe.result.reused, i > 0);
        assert_int_equal(probe.connected, 1);
        assert_int_equal(probe.sent, 1);
        assert_true(probe.progress >= 1);
    }
    assert_int_equal(world.server.accepted, 1);
    assert_int_equal(world.server.requests, 3);
    assert_int_equal(http_client_stale_sockets(world.client), 0);
    world_close(&world);
}

static void pooled_connections_with_a_fin_are_dropped_and_counted(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[3];
    world_open(&world, answer_ok);
    for (int i = 0; i < 3; i++)
        probe_start(&probes[i], &world);
    for (int i = 0; i < 3; i++)
        probe_wait(&probes[i]);
    assert_int_equal(world.server.accepted, 3);
    for (int i = 0; i < 3; i++)
        raw_close(&world.server.connections[i]);

    struct probe probe;
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_false(probe.result.reused);
    assert_int_equal(probe.connected, 1);
    assert_int_equal(world.server.requests, 4);
    assert_int_equal(world.server.accepted, 4);
    /* libcurl may drop all of them, or leave us the first, which is then the only one tried. */
    assert_in_range(http_client_stale_sockets(world.client), 1, 3);
    world_close(&world);
}

static void a_pooled_connection_with_a_reset_is_not_used(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_run(&probe, &world);
    raw_reset(&world.server.connections[0]);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_false(probe.result.reused);
    assert_int_equal(world.server.requests, 2);
    world_close(&world);
}

static void answer_then_close_at_second(struct raw_connection *connection)
{
    if (connection->server->requests == 1) {
        answer_ok(connection);
    } else {
        raw_close(connection);
    }
}

static void answer_then_reset_at_second(struct raw_connection *connection)
{
    if (connection->server->requests == 1) {
        answer_ok(connection);
    } else {
        raw_reset(connection);
    }
}

static void check_no_resend(void (*on_request)(struct raw_connection *connection))
{
    struct world world;
    struct probe probe;
    world_open(&world, on_request);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_READ_ERROR);
    assert_true(probe.result.reused);
    assert_int_equal(probe.result.status, 0);
    assert_int_equal(probe.connected, 1);
    for (int turn = 0; turn < 1000; turn++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
    assert_int_equal(world.server.requests, 2);
    assert_int_equal(http_client_stale_sockets(world.client), 0);
    world_close(&world);
}

static void a_request_is_not_resent_when_its_reused_connection_closes(void **state)
{
    (void)state;
    check_no_resend(answer_then_close_at_second);
}

static void a_request_is_not_resent_when_its_reused_connection_is_reset(void **state)
{
    (void)state;
    check_no_resend(answer_then_reset_at_second);
}

static void answer_all_but_fourth(struct raw_connection *connection)
{
    if (connection->server->requests == 4) {
        raw_close(connection);
    } else {
        answer_ok(connection);
    }
}

static void a_request_is_not_resent_over_another_pooled_connection(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[3];
    world_open(&world, answer_all_but_fourth);
    for (int i = 0; i < 3; i++)
        probe_start(&probes[i], &world);
    for (int i = 0; i < 3; i++)
        probe_wait(&probes[i]);
    assert_int_equal(world.server.accepted, 3);
    struct probe probe;
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_READ_ERROR);
    for (int turn = 0; turn < 1000; turn++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
    assert_int_equal(world.server.requests, 4);
    world_close(&world);
}

#define STRAY "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Request-ID: stray\r\n\r\nstray"
#define MINE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: mine\r\n\r\nok"

static void answer_twice(struct raw_connection *connection)
{
    raw_send(connection, connection->server->requests == 1 ? MINE STRAY : MINE);
}

static void a_second_answer_in_the_same_segment_is_never_delivered(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_twice);
    for (int i = 0; i < 3; i++) {
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_string_equal(probe.body, "ok");
    }
    assert_int_equal(world.server.requests, 3);
    world_close(&world);
}

static void a_stray_answer_on_an_idle_connection_is_never_delivered(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    probe_run(&probe, &world);
    raw_send(&world.server.connections[0], STRAY);
    for (int i = 0; i < 3; i++) {
        probe_run(&probe, &world);
        assert_end(&probe, HTTP_END_COMPLETE);
        assert_string_equal(probe.body, "ok");
        assert_int_equal(probe.result.reused, i > 0);
    }
    assert_int_equal(http_client_stale_sockets(world.client), 1);
    assert_int_equal(world.server.accepted, 2);
    world_close(&world);
}

static void one_dead_connection_is_enough_to_take_a_new_one(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[3];
    world_open(&world, answer_ok);
    for (int i = 0; i < 3; i++)
        probe_start(&probes[i], &world);
    for (int i = 0; i < 3; i++)
        probe_wait(&probes[i]);
    assert_int_equal(world.server.accepted, 3);
    for (int i = 0; i < 3; i++)
        raw_send(&world.server.connections[i], STRAY);
    struct probe probe;
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_string_equal(probe.body, "ok");
    assert_false(probe.result.reused);
    assert_int_equal(world.server.accepted, 4);
    world_close(&world);
}

static void answer_stray_first(struct raw_connection *connection)
{
    raw_send(connection, connection->server->requests == 1 ? STRAY : MINE);
}

static void a_connection_that_echoes_another_id_is_not_used_again(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_stray_first);
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_string_equal(probe.request_id, "stray");
    wait_ended(&world, 1);
    probe_run(&probe, &world);
    assert_false(probe.result.reused);
    assert_string_equal(probe.request_id, "mine");
    world_close(&world);
}

static void no_more_idle_connections_are_kept_than_configured(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[6];
    world_open(&world, answer_ok);
    struct http_client_config config = world_client_config(&world);
    config.keepalive_max = 2;
    world_use_client(&world, &config);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 6; i++)
            probe_start(&probes[i], &world);
        for (int i = 0; i < 6; i++)
            probe_wait(&probes[i]);
        for (int i = 0; i < 6; i++)
            assert_end(&probes[i], HTTP_END_COMPLETE);
        unsigned ended = 4 * (unsigned)(round + 1);
        wait_ended(&world, ended);
        for (int turn = 0; turn < 100; turn++)
            uv_run(&world.loop, UV_RUN_NOWAIT);
        assert_int_equal(world.server.ended, ended);
    }
    assert_int_equal(world.server.accepted, 6 + 4 + 4);
    world_close(&world);
}

static void answer_head(struct raw_connection *connection)
{
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
}

static bool all_have_progress(void *context)
{
    struct probe *probes = context;
    return probes[0].progress && probes[1].progress && probes[2].progress;
}

static void answers_under_way_count_as_kept(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[3];
    world_open(&world, answer_head);
    struct http_client_config config = world_client_config(&world);
    config.keepalive_max = 1;
    world_use_client(&world, &config);
    for (int i = 0; i < 3; i++)
        probe_start(&probes[i], &world);
    assert_true(loop_run_until(&world.loop, all_have_progress, probes));
    for (int i = 0; i < 3; i++)
        raw_send(&world.server.connections[i], "ok");
    for (int i = 0; i < 3; i++)
        probe_wait(&probes[i]);
    wait_ended(&world, 2);
    for (int turn = 0; turn < 100; turn++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
    assert_int_equal(world.server.ended, 2);
    world_close(&world);
}

static void nothing_is_kept_when_keepalive_is_zero(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    struct http_client_config config = world_client_config(&world);
    config.keepalive_expiry_ns = 0;
    world_use_client(&world, &config);
    for (unsigned i = 0; i < 2; i++) {
        probe_run(&probe, &world);
        assert_false(probe.result.reused);
        wait_ended(&world, i + 1);
    }
    world_close(&world);
}

static bool clock_is_past(void *context)
{
    return clock_now() > *(instant_ns *)context;
}

static void an_idle_connection_expires_to_the_nanosecond(void **state)
{
    (void)state;
    struct world world;
    struct probe probe;
    world_open(&world, answer_ok);
    struct http_client_config config = world_client_config(&world);
    config.keepalive_expiry_ns = 20 * NS_PER_MS;
    world_use_client(&world, &config);
    probe_run(&probe, &world);
    instant_ns over = instant_add(clock_now(), 20 * NS_PER_MS);
    assert_true(loop_run_until(&world.loop, clock_is_past, &over));
    probe_run(&probe, &world);
    assert_end(&probe, HTTP_END_COMPLETE);
    assert_false(probe.result.reused);
    assert_int_equal(world.server.accepted, 2);
    assert_int_equal(world.server.requests, 2);
    assert_int_equal(http_client_stale_sockets(world.client), 0); /* too old is not dead */
    world_close(&world);
}

static void connections_never_exceed_the_backstop(void **state)
{
    (void)state;
    struct world world;
    struct probe probes[40];
    world_open(&world, answer_ok);
    struct http_client_config config = world_client_config(&world);
    config.connections_max = 4;
    config.keepalive_max = 4;
    world_use_client(&world, &config);
    for (int i = 0; i < 40; i++)
        probe_start(&probes[i], &world);
    for (int i = 0; i < 40; i++)
        probe_wait(&probes[i]);
    for (int i = 0; i < 40; i++)
        assert_end(&probes[i], HTTP_END_COMPLETE);
    assert_int_equal(world.server.requests, 40);
    assert_int_equal(world.server.accepted, 4);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pooled_connection_is_used_again),
        cmocka_unit_test(pooled_connections_with_a_fin_are_dropped_and_counted),
        cmocka_unit_test(a_pooled_connection_with_a_reset_is_not_used),
        cmocka_unit_test(a_request_is_not_resent_when_its_reused_connection_closes),
        cmocka_unit_test(a_request_is_not_resent_when_its_reused_connection_is_reset),
        cmocka_unit_test(a_request_is_not_resent_over_another_pooled_connection),
        cmocka_unit_test(a_second_answer_in_the_same_segment_is_never_delivered),
        cmocka_unit_test(a_stray_answer_on_an_idle_connection_is_never_delivered),
        cmocka_unit_test(one_dead_connection_is_enough_to_take_a_new_one),
        cmocka_unit_test(a_connection_that_echoes_another_id_is_not_used_again),
        cmocka_unit_test(no_more_idle_connections_are_kept_than_configured),
        cmocka_unit_test(answers_under_way_count_as_kept),
        cmocka_unit_test(nothing_is_kept_when_keepalive_is_zero),
        cmocka_unit_test(an_idle_connection_expires_to_the_nanosecond),
        cmocka_unit_test(connections_never_exceed_the_backstop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
