/* Answers that outlive the process: what the second level gives, and what is not taken from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "l2_scene.h"

static void a_fresh_answer_is_found_again_after_a_restart(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_stale_if_error_s=60"));
    char *key = scene_fill(&scene, "m1");
    assert_int_equal(strspn(key + 8, "0123456789abcdef"), 64);
    assert_memory_equal(key, "tsfm:v1:", 8);
    char ask[128];
    snprintf(ask, sizeof ask, "PTTL %s", key);
    assert_in_range(redis_process_ask(&scene.redis, ask), 3600 * 1000, 3660 * 1000);
    mem_free(key);

    scene_restart_runtime(&scene, SETS("cache_ttl_s=3600"));
    struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
    assert_int_equal(scene.rig.attempts, 0);
    assert_string_equal(rig_path(&answer), "l1:miss l2:fresh");
    rig_assert_meta(&answer, "cache_tier", "l2");
    rig_assert_meta(&answer, "cache_state", "fresh");
    rig_assert_meta(&answer, "runtime", "tollama");
    assert_true(rig_flag(&answer, "cache_hit"));
    assert_in_range(atoll(rig_header(&answer, "Age")), 0, 600);
    assert_float_equal(rig_value(&answer, "0.9"), 0.6, 1e-9);
    rig_answer_free(&answer);
    /* From there it is in the first level; and what was never asked is a miss. */
    scene_expect(&scene.rig, "m1", "l1", "l1:fresh");
    scene_expect(&scene.rig, "m2", "none", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"hit_fresh\"}") > 0.5);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"miss\"}") > 0.5);
    scene_stop(&scene);
}

static void age_counts_from_when_the_forecast_was_made(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600"));
    char *key = scene_fill(&scene, "m1");
    scene_age(&scene, key, 1000 * 1000);
    scene_restart_runtime(&scene, SETS("cache_ttl_s=3600"));
    for (int i = 0; i < 2; i++) { /* from Redis, then from the first level */
        struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
        rig_assert_meta(&answer, "cache_tier", i == 0 ? "l2" : "l1");
        assert_in_range(atoll(rig_header(&answer, "Age")), 1000, 1600);
        rig_answer_free(&answer);
    }
    mem_free(key);
    scene_stop(&scene);
}

static void a_stale_answer_is_served_when_the_model_server_fails(void **state)
{
    (void)state;
    struct scene scene;
    const char *const *sets = SETS("cache_ttl_s=60", "cache_stale_if_error_s=7200",
                                   "retry_count=0");
    scene_start(&scene, sets);
    char *key = scene_fill(&scene, "m1");
    scene_age(&scene, key, 1000 * 1000);
    scene_restart_runtime(&scene, sets);
    PLAY(&scene.rig, { .move = RIG_STATUS, .status = 503 });
    struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
    assert_string_equal(rig_path(&answer),
                        "l1:miss l2:stale breaker:closed attempt:RUNTIME_5XX stale:l2");
    rig_assert_meta(&answer, "code", "CACHE_STALE_SERVED");
    rig_assert_meta(&answer, "cause", "RUNTIME_5XX");
    rig_assert_meta(&answer, "cache_tier", "l2");
    rig_assert_meta(&answer, "cache_state", "stale_if_error");
    assert_true(rig_flag(&answer, "cache_stale"));
    assert_in_range(atoll(rig_header(&answer, "Age")), 1000, 1600);
    rig_answer_free(&answer);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"hit_stale\"}") > 0.5);
    /* Stale is not served while the model server answers; and its answer replaces the old one. */
    scene_restart_runtime(&scene, sets);
    mem_free(scene_fill(&scene, "m1"));
    scene_restart_runtime(&scene, sets);
    scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh");
    mem_free(key);
    scene_stop(&scene);
}

static void an_answer_too_old_to_be_stale_is_a_miss(void **state)
{
    (void)state;
    struct scene scene;
    const char *const *sets = SETS("cache_ttl_s=60", "cache_stale_if_error_s=60");
    scene_start(&scene, sets);
    char *key = scene_fill(&scene, "m1");
    scene_age(&scene, key, 1000 * 1000);
    scene_restart_runtime(&scene, sets);
    scene_expect(&scene.rig, "m1", "none", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"miss\"}") > 0.5);
    mem_free(key);
    scene_stop(&scene);
}

static void an_answer_that_the_first_level_cannot_hold_is_served_from_the_second(void **state)
{
    (void)state;
    struct scene scene;
    const char *const *sets = SETS("cache_ttl_s=3600", "cache_bytes_max=1");
    scene_start(&scene, sets);
    mem_free(scene_fill(&scene, "m1"));
    for (int i = 0; i < 2; i++) scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh");
    assert_int_equal(scene.rig.attempts, 1);
    scene_stop(&scene);
}

/* Nothing of it is served, it is counted, and Redis stays in use. */
static void expect_garbage(struct scene *scene, unsigned *count, const char *what)
{
    const char *sample = "tsfm_l2_total{result=\"garbage\"}";
    struct rig_answer answer = rig_ask_for(&scene->rig, "m1", SCENE_POINTS);
    assert_int_equal(answer.status, 200);
    if (strcmp(rig_path(&answer), "l1:miss l2:miss breaker:closed attempt:ok") != 0) {
        fail_msg("%s: %s", what, rig_path(&answer));
    }
    rig_answer_free(&answer);
    if (rig_metric(&scene->rig, sample) < ++*count - 0.5) fail_msg("%s: not counted", what);
    assert_true(rig_metric(&scene->rig, "tsfm_l2_connected") > 0.5);
}

static void garbage_under_our_keys_is_a_miss_and_counted(void **state)
{
    (void)state;
    enum { OVERSIZED = L2_VALUE_BYTES_MAX + 1000 };
    struct scene scene;
    const char *const *sets = SETS("cache_ttl_s=3600", "cache_bytes_max=1");
    scene_start(&scene, sets);
    char *key = scene_fill(&scene, "m1");
    size_t length;
    char *value = redis_process_get(&scene.redis, key, &length);
    char *changed = mem_alloc(OVERSIZED, 1);
    unsigned count = 0;

    redis_process_set(&scene.redis, key, "hello", 5);
    expect_garbage(&scene, &count, "text");
    redis_process_set(&scene.redis, key, "{\"market_id\":\"m1\",\"yhat_q\":{}}", 31);
    expect_garbage(&scene, &count, "JSON");
    redis_process_set(&scene.redis, key, value, length - 1);
    expect_garbage(&scene, &count, "truncated");
    redis_process_set(&scene.redis, key, value, L2_HEAD_BYTES);
    expect_garbage(&scene, &count, "only a head");
    memcpy(changed, value, length);
    changed[4] = 2;
    redis_process_set(&scene.redis, key, changed, length);
    expect_garbage(&scene, &count, "foreign version");
    memcpy(changed, value, length);
    changed[length - 20] ^= 1;
    redis_process_set(&scene.redis, key, changed, length);
    expect_garbage(&scene, &count, "one bit");
    memcpy(changed, value, length);
    redis_process_set(&scene.redis, key, changed, OVERSIZED);
    expect_garbage(&scene, &count, "oversized");
    redis_process_set(&scene.redis, key, value, length);
    scene_age(&scene, key, -3600 * 1000);
    expect_garbage(&scene, &count, "made in the future");
    /* Whole again, it is believed again. */
    redis_process_set(&scene.redis, key, value, length);
    scene_age(&scene, key, -2000); /* within the skew of clocks */
    scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh");
    mem_free(changed);
    mem_free(value);
    mem_free(key);
    scene_stop(&scene);
}

static void the_value_of_another_request_under_our_key_is_not_served(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1"));
    char *key = scene_fill(&scene, "m1");
    size_t length;
    char *value = redis_process_get(&scene.redis, key, &length);
    assert_int_equal(redis_process_ask(&scene.redis, "FLUSHALL"), 2);
    char *other = scene_fill(&scene, "m2");
    assert_string_not_equal(other, key);
    redis_process_set(&scene.redis, other, value, length);
    scene_expect(&scene.rig, "m2", "none", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"garbage\"}") > 0.5);
    mem_free(value);
    mem_free(other);
    mem_free(key);
    scene_stop(&scene);
}

static void another_kind_of_value_under_our_key_is_an_error_that_nobody_notices(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1"));
    char *key = scene_fill(&scene, "m1");
    char command[128];
    assert_int_equal(redis_process_ask(&scene.redis, "FLUSHALL"), 2);
    snprintf(command, sizeof command, "LPUSH %s a", key);
    assert_int_equal(redis_process_ask(&scene.redis, command), 1);
    scene_expect(&scene.rig, "m1", "none", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"error\"}") > 0.5);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_connected") > 0.5);
    mem_free(key);
    scene_stop(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_answer_is_found_again_after_a_restart),
        cmocka_unit_test(age_counts_from_when_the_forecast_was_made),
        cmocka_unit_test(a_stale_answer_is_served_when_the_model_server_fails),
        cmocka_unit_test(an_answer_too_old_to_be_stale_is_a_miss),
        cmocka_unit_test(an_answer_that_the_first_level_cannot_hold_is_served_from_the_second),
        cmocka_unit_test(garbage_under_our_keys_is_a_miss_and_counted),
        cmocka_unit_test(the_value_of_another_request_under_our_key_is_not_served),
        cmocka_unit_test(another_kind_of_value_under_our_key_is_an_error_that_nobody_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
