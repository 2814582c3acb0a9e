#include "redis_world.h"

#include <stdio.h>
#include <string.h>

enum { EXPIRY_MS = 60000 };

static uint64_t on_wait(void *context, uint32_t failures)
{
    struct redis_world *world = context;
    if (world->wait_count < sizeof world->waits / sizeof *world->waits) {
        world->waits[world->wait_count++] = failures;
    }
    return world->wait_ns;
}

static void on_state(void *context, bool connected, const char *detail)
{
    struct redis_world *world = context;
    world->connected = connected;
    world->told++;
    snprintf(world->detail, sizeof world->detail, "%s", detail);
}

struct redis_config redis_world_config(struct redis_world *world, uint16_t port)
{
    *world = (struct redis_world){ .wait_ns = 2 * NS_PER_MS };
    return (struct redis_config){
        .loop = &world->loop,
        .host = "127.0.0.1",
        .port = port,
        .user = "",
        .password = "",
        .connect_timeout_ns = 15 * NS_PER_S,
        .inflight_max = 64,
        .value_bytes_max = 1000,
        .reconnect_wait_ns = on_wait,
        .on_state = on_state,
        .context = world,
    };
}

void redis_world_open(struct redis_world *world, const struct redis_config *config)
{
    assert_int_equal(uv_loop_init(&world->loop), 0);
    world->redis = redis_create(config);
}

void redis_world_close(struct redis_world *world)
{
    redis_destroy(world->redis);
    loop_finish(&world->loop);
}

struct wanted {
    struct redis_world *world;
    struct redis_ear *ear;
    uint64_t number;
    bool connected;
};

static bool is_as_wanted(void *context)
{
    const struct wanted *wanted = context;
    return wanted->world->told > 0 && wanted->world->connected == wanted->connected;
}

static bool has_heard(void *context)
{
    const struct wanted *wanted = context;
    return wanted->ear->answers >= wanted->number;
}

static bool has_failed(void *context)
{
    const struct wanted *wanted = context;
    return redis_stats(wanted->world->redis).failures >= wanted->number;
}

void redis_world_until_connected(struct redis_world *world, bool connected)
{
    struct wanted wanted = { .world = world, .connected = connected };
    if (!loop_run_until(&world->loop, is_as_wanted, &wanted)) {
        fail_msg("still %s: %s", connected ? "not connected" : "connected", world->detail);
    }
}

void redis_world_until_heard(struct redis_world *world, struct redis_ear *ear, unsigned answers)
{
    struct wanted wanted = { .world = world, .ear = ear, .number = answers };
    if (!loop_run_until(&world->loop, has_heard, &wanted)) fail_msg("no answer came");
}

void redis_world_until_failures(struct redis_world *world, uint64_t failures)
{
    struct wanted wanted = { .world = world, .number = failures };
    if (!loop_run_until(&world->loop, has_failed, &wanted)) fail_msg("no failure came");
}

void redis_ear_on_answer(void *context, const struct redis_answer *answer)
{
    struct redis_ear *ear = context;
    ear->answers++;
    ear->result = answer->result;
    ear->length = answer->length;
    size_t kept = answer->length < sizeof ear->bytes - 1 ? answer->length : sizeof ear->bytes - 1;
    memcpy(ear->bytes, answer->bytes, kept);
    ear->bytes[kept] = '\0';
}

struct redis_ear redis_world_get(struct redis_world *world, const char *key)
{
    struct redis_ear ear = { 0 };
    assert_true(redis_get(world->redis, key, redis_ear_on_answer, &ear) > 0);
    redis_world_until_heard(world, &ear, 1);
    return ear;
}

struct redis_ear redis_world_put(struct redis_world *world, const char *key, const char *bytes,
                                 size_t length)
{
    struct redis_ear ear = { 0 };
    assert_true(redis_put(world->redis, key, bytes, length, EXPIRY_MS, redis_ear_on_answer, &ear) >
                0);
    redis_world_until_heard(world, &ear, 1);
    return ear;
}
