#include "harness/sim_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/lookups.h"
#include "judge_fixture.h"

/* One request at 0 s whose settings are production's, and a Redis that takes 1 ms. */
#define STORY(redis)                                                                               \
    "version: 1\nname: redis\nseed: 7\nduration: 20s\n"                                            \
    "runtime: { env: prod, set: { redis_inflight_max: 2, redis_connect_timeout_ms: 500 } }\n"      \
    "workload:\n  - arrival: { constant: 1/s }\n    to: 1s\n    keys: { count: 3 }\n"              \
    "    request: { y_len: 64 }\n"                                                                 \
    "upstream:\n  latency: 40ms\nredis:\n  latency: 1ms\n" redis "expect:\n  - order: guide\n"

static const uint64_t ms = NS_PER_MS;
static const struct cache_key key = { .bytes = { 1 } };
static const struct cache_key other = { .bytes = { 2 } };

struct scene {
    struct stage stage;
    struct sim_redis redis;
};

static void open_scene(struct scene *scene, const char *yaml)
{
    static const struct sim_options options = { .jitter_seed = 0 };
    stage_open(&scene->stage, yaml, NULL);
    sim_redis_init(&scene->redis, &scene->stage.run, 7, &options);
}

static void close_scene(struct scene *scene)
{
    sim_redis_deinit(&scene->redis);
    stage_close(&scene->stage);
}

/* The next lookup's end, which comes at `at`; what happens before it has none. */
static struct engine_input expect_end(struct scene *scene, uint32_t call, instant_ns at)
{
    struct engine_input input;
    for (int turns = 0; turns < 100; turns++) {
        instant_ns now = sim_redis_next(&scene->redis);
        assert_true(now <= at);
        if (!sim_redis_pop(&scene->redis, now, &input)) continue;
        assert_int_equal(now, at);
        assert_int_equal(input.kind, ENGINE_L2_DONE);
        assert_int_equal(input.call, call);
        return input;
    }
    fail_msg("no lookup ends");
    return input;
}

static void pass(struct scene *scene, instant_ns until)
{
    struct engine_input input;
    while (sim_redis_next(&scene->redis) <= until) {
        assert_false(sim_redis_pop(&scene->redis, sim_redis_next(&scene->redis), &input));
    }
}

static void what_was_put_is_found_as_old_as_it_is(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, STORY(""));
    sim_redis_get(&scene.redis, 3, &key, 1, 0);
    assert_false(expect_end(&scene, 3, ms).l2_hit);
    sim_redis_put(&scene.redis, &key, 1, 50 * ms);
    sim_redis_get(&scene.redis, 4, &key, 2, 50 * ms);
    struct engine_input input = expect_end(&scene, 4, 51 * ms + 1); /* right behind the put */
    assert_true(input.l2_hit);
    assert_int_equal(input.age_ns, ms + 1);
    sim_redis_get(&scene.redis, 4, &other, 3, 60 * ms);
    assert_false(expect_end(&scene, 4, 61 * ms).l2_hit);
    uint64_t life_ns =
        scene.stage.config.engine.cache.ttl_ns + scene.stage.config.engine.cache.stale_ns;
    sim_redis_get(&scene.redis, 4, &key, 3, 50 * ms + life_ns - ms);
    assert_false(expect_end(&scene, 4, 50 * ms + life_ns).l2_hit);
    close_scene(&scene);
}

static void a_lookup_without_room_or_connection_is_missed_at_once(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, STORY("  phases: [ { name: gone, from: 2s, to: 3s, do: down } ]\n"));
    sim_redis_get(&scene.redis, 0, &key, 1, 0);
    sim_redis_get(&scene.redis, 1, &key, 2, 0);
    sim_redis_get(&scene.redis, 2, &key, 3, 0);
    (void)expect_end(&scene, 2, 0);
    sim_redis_cancel(&scene.redis, 0); /* its answer still takes its place */
    sim_redis_get(&scene.redis, 2, &key, 3, ms / 2);
    (void)expect_end(&scene, 2, ms / 2);
    (void)expect_end(&scene, 1, ms + 1);
    sim_redis_get(&scene.redis, 0, &key, 4, 2000 * ms - ms / 2);
    (void)expect_end(&scene, 0, 2000 * ms); /* lost with the connection */
    sim_redis_get(&scene.redis, 0, &key, 4, 2001 * ms);
    (void)expect_end(&scene, 0, 2001 * ms);
    close_scene(&scene);
}

/* Refused again and again, each wait up to twice as long, and empty when it is back. */
static void a_connection_comes_back_when_the_runtimes_own_wait_is_over(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, STORY("  phases: [ { name: gone, from: 2s, to: 3s, do: down } ]\n"));
    sim_redis_put(&scene.redis, &key, 1, ms);
    pass(&scene, 2000 * ms);
    uint32_t failures = 0;
    instant_ns before = 2000 * ms;
    while (scene.redis.patience.state != REDIS_STATE_READY) {
        struct engine_input input;
        instant_ns now = sim_redis_next(&scene.redis);
        uint32_t known = scene.redis.patience.failures;
        assert_false(sim_redis_pop(&scene.redis, now, &input));
        if (scene.redis.patience.failures == known) continue;
        assert_true(known == 0 || now - before >= 50 * ms);
        failures++;
        before = now;
        assert_true(failures < 10);
    }
    assert_in_range(failures, 3, 5); /* 50..100, 100..200, 200..400, 400..800 ms, ... */
    assert_true(before >= 2500 * ms);
    instant_ns now = 9000 * ms;
    pass(&scene, now);
    sim_redis_get(&scene.redis, 0, &key, 4, now);
    assert_false(expect_end(&scene, 0, now + ms).l2_hit);
    close_scene(&scene);
}

static void one_that_hangs_answers_when_that_is_over_or_is_given_up(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, STORY("  phases:\n    - { name: short, from: 2s, to: 2300ms, do: hang }\n"
                             "    - { name: long, from: 4s, to: 8s, do: hang }\n"));
    sim_redis_put(&scene.redis, &key, 1, ms);
    pass(&scene, 2000 * ms);
    sim_redis_get(&scene.redis, 0, &key, 2, 2100 * ms);
    assert_true(expect_end(&scene, 0, 2300 * ms).l2_hit);
    sim_redis_get(&scene.redis, 0, &key, 2, 4100 * ms);
    /* redis_connect_timeout_ms, and the millisecond in which the answer may be there */
    assert_false(expect_end(&scene, 0, 4601 * ms).l2_hit);
    assert_int_equal(scene.redis.patience.failures, 1);
    pass(&scene, 8000 * ms);
    assert_true(scene.redis.patience.failures > 1); /* connected, but never greeted */
    pass(&scene, 14000 * ms);
    sim_redis_get(&scene.redis, 0, &key, 2, 14000 * ms);
    assert_true(expect_end(&scene, 0, 14001 * ms).l2_hit); /* it lost nothing */
    close_scene(&scene);
}

static void a_flush_leaves_nothing(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, STORY("  phases: [ { name: wiped, at: 2s, do: flush } ]\n"));
    sim_redis_put(&scene.redis, &key, 1, ms);
    pass(&scene, 1000 * ms);
    sim_redis_get(&scene.redis, 0, &key, 2, 1990 * ms);
    assert_true(expect_end(&scene, 0, 1991 * ms).l2_hit);
    sim_redis_get(&scene.redis, 0, &key, 2, 2001 * ms);
    assert_false(expect_end(&scene, 0, 2002 * ms).l2_hit);
    close_scene(&scene);
}

static void only_answered_lookups_of_a_server_that_is_there_are_measured(void **state)
{
    (void)state;
    struct scene scene;
    struct lookups lookups;
    open_scene(&scene, STORY("  phases: [ { name: stuck, from: 2s, to: 3s, do: hang } ]\n"));
    lookups_init(&lookups, &scene.stage.run);
    lookups_asked(&lookups, 4, 1000 * ms);
    lookups_asked(&lookups, 5, 1000 * ms);
    lookups_answered(&lookups, 5, 1003 * ms);
    lookups_asked(&lookups, 4, 2500 * ms); /* the one before was given up */
    lookups_answered(&lookups, 4, 3100 * ms);
    lookups_asked(&lookups, 6, 4000 * ms);
    lookups_answered(&lookups, 6, 4001 * ms);
    lookups_answered(&lookups, 6, 4009 * ms);
    assert_int_equal(lookups.count, 2);
    assert_int_equal(lookups_finish(&lookups), 3 * ms);
    lookups_init(&lookups, &scene.stage.run);
    assert_int_equal(lookups_finish(&lookups), 0);
    close_scene(&scene);
}

static const char crowded[] =
    "version: 1\nname: redis\nseed: 7\nduration: 12s\n"
    "runtime: { env: prod, set: { redis_inflight_max: 3, l2_timeout_ms: 10, "
    "redis_connect_timeout_ms: 100, cache_entries_max: 5, cache_ttl_s: 1 } }\n"
    "workload:\n  - arrival: { poisson: 100/s }\n    keys: { count: 30 }\n"
    "    request: { y_len: 64 }\n    client: { hang_up: 20%, after: 20ms }\n"
    "upstream:\n  latency: 15ms\n  phases:\n"
    "    - { name: outage, from: 3s, to: 6s, faults: [ { status: 503, share: 70% } ] }\n"
    "redis:\n  latency: { p50: 1ms, p99: 9ms, max: 30ms }\n  phases:\n"
    "    - { name: stuck, from: 1s, to: 1200ms, do: hang }\n"
    "    - { name: gone, from: 1200ms, to: 2s, do: down }\n"
    "    - { name: wiped, at: 4s, do: flush }\n    - { name: long, from: 5s, to: 9s, do: hang }\n"
    "expect:\n  - order: guide\n";

/* As the parity check does it: everything late by up to 5 ms. */
static void every_request_is_answered_however_late_all_is(void **state)
{
    (void)state;
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    stage_open(&stage, crowded, NULL);
    for (uint64_t seed = 0; seed < 48; seed++) {
        const struct sim_options options = {
            .arrival_jitter_ns = seed % 3 == 0 ? 0 : 5 * ms,
            .reply_jitter_ns = seed % 3 == 1 || seed == 0 ? 0 : 5 * ms,
            .jitter_seed = seed,
        };
        run_deinit(&stage.run);
        run_init(&stage.run, WORLD_SIM, &stage.scenario, &stage.schedule, &stage.config, 7);
        assert_int_equal(sim_run(&stage.run, &options, NULL, &note), ERR_OK);
        for (size_t i = 0; i < stage.run.schedule->count; i++) {
            assert_true(stage.run.answers[i].answered || stage.run.answers[i].hung_up);
        }
    }
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_as_old_as_it_is),
        cmocka_unit_test(a_lookup_without_room_or_connection_is_missed_at_once),
        cmocka_unit_test(a_connection_comes_back_when_the_runtimes_own_wait_is_over),
        cmocka_unit_test(one_that_hangs_answers_when_that_is_over_or_is_given_up),
        cmocka_unit_test(a_flush_leaves_nothing),
        cmocka_unit_test(every_request_is_answered_however_late_all_is),
        cmocka_unit_test(only_answered_lookups_of_a_server_that_is_there_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
