/* A Redis that is dead, hung, full or locked costs hits; callers notice nothing else. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "l2_scene.h"

static void expect_from_model(struct rig *rig, const char *market, const char *path)
{
    scene_expect(rig, market, "none", path);
}

static void a_killed_redis_costs_hits_until_it_is_back(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1"));
    mem_free(scene_fill(&scene, "m1"));
    scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh");
    redis_process_kill(&scene.redis);
    /* The very next requests too, before the loss is known. */
    for (int i = 0; i < 5; i++) {
        expect_from_model(&scene.rig, "m1", "l1:miss l2:miss breaker:closed attempt:ok");
    }
    scene_until_zero(&scene.rig, "tsfm_l2_connected");
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"error\"}") > 4.5);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_put_total{result=\"dropped\"}") > 0.5);
    redis_process_restart(&scene.redis);
    scene_until(&scene.rig, "tsfm_l2_connected", 1);
    mem_free(scene_fill(&scene, "m1")); /* it came back empty */
    scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh");
    scene_stop(&scene);
}

static void a_redis_that_is_killed_while_it_is_asked_is_a_miss(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600"));
    redis_process_pause(&scene.redis);
    char *body = rig_body("m1", SCENE_POINTS);
    int fd = rig_post(rig_port(&scene.rig), NULL, body, strlen(body));
    for (int i = 0; i < 5; i++) rig_turn(&scene.rig, fd);
    redis_process_kill(&scene.redis);
    struct rig_answer answer = rig_receive(&scene.rig, fd);
    assert_string_equal(rig_path(&answer), "l1:miss l2:miss breaker:closed attempt:ok");
    rig_answer_free(&answer);
    mem_free(body);
    scene_stop(&scene);
}

static void a_hung_redis_costs_its_timeout_and_its_late_answer_is_dropped(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1", "l2_timeout_ms=30"));
    mem_free(scene_fill(&scene, "m1"));
    redis_process_pause(&scene.redis);
    instant_ns began = clock_now();
    for (int i = 0; i < 3; i++) {
        struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
        assert_string_equal(rig_path(&answer), "l1:miss l2:timeout breaker:closed attempt:ok");
        rig_answer_free(&answer);
    }
    /* 90 ms, on a busy machine; without that limit it is 15 s until the connection is given up. */
    assert_in_range(clock_now() - began, 90 * NS_PER_MS, 10 * NS_PER_S);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"timeout\"}") > 2.5);
    /* The same connection goes on where it stopped: three answers that nobody waits for, then
     * ours. */
    redis_process_resume(&scene.redis);
    scene_until(&scene.rig, "tsfm_l2_put_total{result=\"stored\"}", 4);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_connected") > 0.5);
    const char *const late[] = { "hit_fresh", "hit_stale", "garbage", "error" };
    for (int i = 0; i < 4; i++) {
        char sample[64];
        snprintf(sample, sizeof sample, "tsfm_l2_total{result=\"%s\"}", late[i]);
        assert_true(rig_metric(&scene.rig, sample) < 0.5);
    }
    scene_stop(&scene);
}

static void a_redis_that_stays_hung_is_not_asked_any_more(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1", "l2_timeout_ms=30",
                             "redis_connect_timeout_ms=200"));
    redis_process_pause(&scene.redis);
    struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
    assert_string_equal(rig_path(&answer), "l1:miss l2:timeout breaker:closed attempt:ok");
    rig_answer_free(&answer);
    scene_until_zero(&scene.rig, "tsfm_l2_connected");
    double timeouts = rig_metric(&scene.rig, "tsfm_l2_total{result=\"timeout\"}");
    for (int i = 0; i < 5; i++) {
        expect_from_model(&scene.rig, "m1", "l1:miss l2:miss breaker:closed attempt:ok");
    }
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"timeout\"}") < timeouts + 0.5);
    redis_process_resume(&scene.redis);
    scene_until(&scene.rig, "tsfm_l2_connected", 1);
    scene_stop(&scene);
}

static void a_full_redis_refuses_and_that_is_counted(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600", "cache_bytes_max=1"));
    mem_free(scene_fill(&scene, "m1"));
    (void)redis_process_ask(&scene.redis, "CONFIG SET maxmemory-policy noeviction");
    (void)redis_process_ask(&scene.redis, "CONFIG SET maxmemory 1");
    expect_from_model(&scene.rig, "m2", "l1:miss l2:miss breaker:closed attempt:ok");
    scene_until(&scene.rig, "tsfm_l2_put_total{result=\"refused\"}", 1);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_connected") > 0.5);
    assert_true(rig_metric(&scene.rig, "tsfm_l2_total{result=\"error\"}") < 0.5);
    scene_expect(&scene.rig, "m1", "l2", "l1:miss l2:fresh"); /* what it has it gives */
    scene_stop(&scene);
}

static void a_wrong_password_costs_hits_and_the_right_one_gives_them(void **state)
{
    (void)state;
    struct redis_process redis;
    struct rig rig;
    redis_process_start(&redis, NULL, "sesame");
    scene_start_at(&rig, redis.port, ":sesam@", SETS("cache_ttl_s=3600"));
    for (int i = 0; i < 3; i++) {
        char market[16];
        snprintf(market, sizeof market, "m%d", i);
        expect_from_model(&rig, market, "l1:miss l2:miss breaker:closed attempt:ok");
    }
    assert_true(rig_metric(&rig, "tsfm_l2_connected") < 0.5);
    rig_stop(&rig);
    scene_start_at(&rig, redis.port, ":sesame@", SETS("cache_ttl_s=3600"));
    scene_until(&rig, "tsfm_l2_connected", 1);
    expect_from_model(&rig, "m1", "l1:miss l2:miss breaker:closed attempt:ok");
    scene_until(&rig, "tsfm_l2_put_total{result=\"stored\"}", 1);
    rig_stop(&rig);
    redis_process_end(&redis);
}

/* A listener that nobody accepts from: the kernel completes the connection, no word comes. */
static void a_hung_connect_holds_nobody_up(void **state)
{
    (void)state;
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    struct rig rig;
    scene_start_at(&rig, ntohs(at.sin_port), "", SETS("cache_ttl_s=3600"));
    expect_from_model(&rig, "m1", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_true(rig_metric(&rig, "tsfm_l2_connected") < 0.5);
    assert_true(rig_metric(&rig, "tsfm_l2_total{result=\"timeout\"}") < 0.5);
    rig_stop(&rig); /* in the middle of it */
    close(fd);
}

static bool is_asked(struct rig *rig)
{
    return rig_metric(rig, "tsfm_inflight") < 0.5;
}

static void a_caller_who_leaves_during_the_lookup_leaves_nothing_behind(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600"));
    redis_process_pause(&scene.redis);
    char *body = rig_body("m1", SCENE_POINTS);
    int fd = rig_post(rig_port(&scene.rig), NULL, body, strlen(body));
    scene_until(&scene.rig, "tsfm_inflight", 1);
    close(fd);
    rig_until(&scene.rig, is_asked);
    redis_process_resume(&scene.redis); /* its answer comes for a job that is over */
    expect_from_model(&scene.rig, "m2", "l1:miss l2:miss breaker:closed attempt:ok");
    assert_int_equal(scene.rig.attempts, 1);
    /* And a shutdown in mid-lookup. */
    redis_process_pause(&scene.redis);
    fd = rig_post(rig_port(&scene.rig), NULL, body, strlen(body));
    scene_until(&scene.rig, "tsfm_inflight", 1);
    scene_stop(&scene);
    close(fd);
    mem_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_redis_costs_hits_until_it_is_back),
        cmocka_unit_test(a_redis_that_is_killed_while_it_is_asked_is_a_miss),
        cmocka_unit_test(a_hung_redis_costs_its_timeout_and_its_late_answer_is_dropped),
        cmocka_unit_test(a_redis_that_stays_hung_is_not_asked_any_more),
        cmocka_unit_test(a_full_redis_refuses_and_that_is_counted),
        cmocka_unit_test(a_wrong_password_costs_hits_and_the_right_one_gives_them),
        cmocka_unit_test(a_hung_connect_holds_nobody_up),
        cmocka_unit_test(a_caller_who_leaves_during_the_lookup_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
