/* After the warmup, over sockets: open breakers, keepwarm, restarts of the upstream, drain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "warmer_ready.h"

static void real_success_makes_ready_and_an_open_breaker_does_not_unmake_it(void **state)
{
    (void)state;
    struct rig rig;
    char text[512];
    rig_start(&rig, SETS(QUICK, "breaker_failures_30s=1", "breaker_min_volume=1",
                         "cache_ttl_s=0", "cache_stale_if_error_s=0"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_FORECAST },
         { .move = RIG_STATUS, .status = 500 });
    rig_until(&rig, is_hung);
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    assert_int_equal(readiness(&rig, text), 200);
    answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "cause", "RUNTIME_5XX");
    rig_answer_free(&answer);
    assert_int_equal(readiness(&rig, text), 200);
    assert_says(text, "\"breaker\":\"open\"");
    rig_stop(&rig);
}

static bool was_kept_warm(struct rig *rig)
{
    return rig->attempts >= 4;
}

static void idle_model_is_kept_warm(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "keepwarm_interval_s=0.03"));
    rig_until(&rig, was_kept_warm);
    assert_int_equal(rig.health_checks, 1);
    assert_true(rig_metric(&rig, "tsfm_request_latency_ms_count") == 0);
    rig_stop(&rig);
}

/* Ready all the time, and both models have been asked. */
static bool is_warmed_again(struct rig *rig)
{
    assert_true(is_ready(rig));
    return rig->attempts >= 2;
}

static void restarted_upstream_is_warmed_again_without_losing_readiness(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "warmup_models=chronos,timesfm", "breaker_failures_30s=1",
                         "breaker_min_volume=1", "breaker_cooldown_s=3600"));
    rig_until(&rig, is_ready);
    uint16_t port = rig_upstream_port(&rig);
    rig_lose_upstream(&rig);
    for (int i = 0; i < 5; i++) rig_turn(&rig, -1);
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "cause", "RUNTIME_NETWORK");
    rig_answer_free(&answer);
    assert_true(rig_metric(&rig, "tsfm_breaker_state{state=\"open\"}") == 1);
    assert_true(is_ready(&rig));
    PLAY(&rig, { .move = RIG_FORECAST });
    rig_regain_upstream(&rig, port);
    rig_until(&rig, is_warmed_again);
    assert_true(rig_metric(&rig, "tsfm_breaker_state{state=\"open\"}") == 1);
    rig_stop(&rig);
}

static bool has_third_attempt(struct rig *rig)
{
    return rig->attempts >= 3;
}

static void closing_breaker_has_models_without_traffic_warmed(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "warmup_models=chronos,timesfm", "breaker_failures_30s=1",
                         "breaker_min_volume=1", "breaker_half_open_probe=1",
                         "breaker_cooldown_s=0.001", "cache_ttl_s=0"));
    rig_until(&rig, is_ready);
    PLAY(&rig, { .move = RIG_STATUS, .status = 500 }, { .move = RIG_FORECAST });
    for (int i = 0; i < 2; i++) {
        struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
        for (int turn = 0; turn < 5; turn++) rig_turn(&rig, -1); /* over the cooldown */
    }
    rig_until(&rig, has_third_attempt);
    assert_string_equal(rig.last_id, "warmup-timesfm-4");
    rig_stop(&rig);
}

static bool is_drained(struct rig *rig)
{
    return rig->drained;
}

static void draining_process_keeps_nothing_warm(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "keepwarm_interval_s=0.005", "drain_s=3600"));
    rig_until(&rig, was_kept_warm);
    PLAY(&rig, { .move = RIG_HANG });
    rig_until(&rig, is_hung); /* by a keepwarm */
    PLAY(&rig, { .move = RIG_FORECAST });
    int half = rig_send(rig_port(&rig), "GET ", 4); /* the drain waits for nobody else */
    service_drain(rig.service);
    rig_answer_hung(&rig);
    for (int i = 0; i < 20; i++) rig_turn(&rig, -1);
    assert_int_equal(rig.attempts, 0);
    close(half);
    rig_stop(&rig);
}

static void call_under_way_holds_up_neither_drain_nor_end(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "drain_s=3600"));
    PLAY(&rig, { .move = RIG_HANG });
    rig_until(&rig, is_hung);
    service_drain(rig.service);
    rig_until(&rig, is_drained);
    rig_stop(&rig);

    rig_start(&rig, SETS(QUICK));
    PLAY(&rig, { .move = RIG_HANG });
    rig_until(&rig, is_hung);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_success_makes_ready_and_an_open_breaker_does_not_unmake_it),
        cmocka_unit_test(idle_model_is_kept_warm),
        cmocka_unit_test(restarted_upstream_is_warmed_again_without_losing_readiness),
        cmocka_unit_test(closing_breaker_has_models_without_traffic_warmed),
        cmocka_unit_test(draining_process_keeps_nothing_warm),
        cmocka_unit_test(call_under_way_holds_up_neither_drain_nor_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
