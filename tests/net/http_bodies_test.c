/* All bodies together have room for so much: many requests that are never completed are not a way
 * to take a machine's memory. */
#include <stdio.h>
#include <string.h>

#include "server_world.h"

enum { BODIES_MAX = 64 * 1024, PIECE = 24 * 1024, LENGTH = 40 * 1024, ROUNDS = 20 };

static void open_world(struct server_world *world)
{
    struct http_server_config config = server_world_config(world);
    config.bodies_bytes_max = BODIES_MAX;
    server_world_open_with(world, &config);
}

static void send_part(struct peer *peer, const char *path, size_t bytes)
{
    char text[128];
    char piece[LENGTH];
    assert_true(bytes <= sizeof piece);
    memset(piece, 'x', sizeof piece);
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path,
             (int)LENGTH);
    peer_send(peer, text);
    peer_send_bytes(peer, piece, bytes);
}

static void a_body_without_room_beside_the_others_gets_503_and_the_end(void **state)
{
    (void)state;
    struct server_world world;
    struct peer first, second, third;
    char rest[LENGTH - PIECE];
    memset(rest, 'x', sizeof rest);
    open_world(&world);
    assert_true(peer_open(&first, &world.loop, world.port));
    assert_true(peer_open(&second, &world.loop, world.port));
    assert_true(peer_open(&third, &world.loop, world.port));
    send_part(&first, "/a", PIECE);
    server_world_turns(&world, 50);
    send_part(&second, "/b", PIECE);
    server_world_turns(&world, 50);
    send_part(&third, "/c", PIECE);
    peer_wait_end(&third);
    assert_non_null(strstr(third.in, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"));
    assert_int_equal(http_server_stats(world.server).refused_bodies, 1);
    assert_int_equal(world.requests, 0);
    /* Those that had room go on, and what they held is free again. */
    peer_close(&second);
    server_world_turns(&world, 50);
    peer_send_bytes(&first, rest, sizeof rest);
    peer_wait_answers(&first, 1);
    assert_non_null(strstr(first.in, "POST /a 40960 0"));
    peer_close(&first);
    peer_close(&third);
    server_world_close(&world);
}

static void room_comes_back_with_each_answer(void **state)
{
    (void)state;
    struct server_world world;
    struct peer peer;
    open_world(&world);
    assert_true(peer_open(&peer, &world.loop, world.port));
    for (int i = 0; i < ROUNDS; i++) {
        send_part(&peer, i % 2 == 0 ? "/a" : "/hold", LENGTH);
        if (i % 2 == 1) {
            server_world_wait_held(&world, 1);
            server_world_answer(world.held[0], "held");
            world.held_count = 0;
        }
        peer_wait_answers(&peer, 1);
        peer_clear(&peer);
    }
    assert_int_equal(http_server_stats(world.server).refused_bodies, 0);
    peer_close(&peer);
    server_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_without_room_beside_the_others_gets_503_and_the_end),
        cmocka_unit_test(room_comes_back_with_each_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
