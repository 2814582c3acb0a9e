/* Warmup over sockets: cold starts, failures, an upstream that is not there yet or any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "warmer_ready.h"

static void cold_start_keeps_readiness_back_but_no_request(void **state)
{
    (void)state;
    struct rig rig;
    char text[512];
    rig_start(&rig, SETS(QUICK, "warmup_models=slow"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_FORECAST });
    rig_until(&rig, is_hung);
    assert_string_equal(rig.last_id, "warmup-slow-2");
    assert_non_null(strstr(rig.last_body, "\"model\":\"slow\""));
    assert_non_null(strstr(rig.last_body, "\"timeout\":120"));
    assert_int_equal(readiness(&rig, text), 503);
    assert_string_equal(text, "{\"status\":\"warming\",\"breaker\":\"closed\","
                              "\"upstream\":\"reachable\",\"models\":[{\"model\":\"slow\","
                              "\"state\":\"cold\",\"failures\":0,\"last\":null}]}");

    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    assert_int_equal(readiness(&rig, text), 503);

    rig_answer_hung(&rig);
    rig_until(&rig, is_ready);
    assert_int_equal(rig.attempts, 2);
    assert_int_equal(readiness(&rig, text), 200);
    assert_says(text, "\"status\":\"ready\"");
    assert_says(text, "\"state\":\"warm\"");
    assert_true(rig_metric(&rig, "tsfm_warm{model=\"slow\"}") == 1);
    rig_stop(&rig);
}

static void failing_warmup_is_repeated_until_it_passes_and_counts_nowhere_else(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "breaker_failures_30s=1", "breaker_min_volume=1"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_BODY, .text = "{}" },
         { .move = RIG_WRONG_ID }, { .move = RIG_RESET }, { .move = RIG_FORECAST });
    rig_until(&rig, is_ready);
    assert_int_equal(rig.attempts, 5);
    assert_int_equal(rig.health_checks, 2); /* at the start, and after the reset */
    assert_true(rig_metric(&rig, "tsfm_warmup_total{result=\"failed\"}") == 3);
    assert_true(rig_metric(&rig, "tsfm_warmup_total{result=\"unreachable\"}") == 1);
    assert_true(rig_metric(&rig, "tsfm_warmup_total{result=\"ok\"}") == 3);
    assert_true(rig_metric(&rig, "tsfm_breaker_state{state=\"closed\"}") == 1);
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"http_503\"}") == 0);
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"ok\"}") == 0);
    assert_true(rig_metric(&rig, "tsfm_request_latency_ms_count") == 0);
    assert_true(rig_metric(&rig, "tsfm_cache_entries") == 0);
    rig_stop(&rig);
}

static void answer_that_takes_too_long_is_given_up_and_asked_for_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "warmup_timeout_s=0.05"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_HANG }, { .move = RIG_FORECAST });
    rig_until(&rig, is_ready);
    assert_true(rig_metric(&rig, "tsfm_warmup_total{result=\"timeout\"}") >= 2);
    rig_stop(&rig);
}

static void upstream_that_is_not_there_yet_means_baselines_first_and_readiness_later(void **state)
{
    (void)state;
    struct rig rig;
    char text[512];
    rig_start(&rig, SETS(QUICK));
    uint16_t port = rig_upstream_port(&rig);
    rig_lose_upstream(&rig);
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "cause", "RUNTIME_NETWORK");
    rig_answer_free(&answer);
    assert_int_equal(readiness(&rig, text), 503);
    assert_says(text, "\"upstream\":\"unreachable\"");
    answer = rig_get(&rig, "GET", "/health/live");
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);

    rig_regain_upstream(&rig, port);
    rig_until(&rig, is_ready);
    assert_int_equal(rig.attempts, 1);
    rig_stop(&rig);
}

static void every_named_model_is_warmed_once(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "warmup_models=chronos, amazon/x:1 ,chronos"));
    rig_until(&rig, is_ready);
    assert_int_equal(rig.attempts, 2);
    assert_string_equal(rig.last_id, "warmup-amazon-x-1-3");
    assert_non_null(strstr(rig.last_body, "\"model\":\"amazon/x:1\""));
    assert_true(rig_metric(&rig, "tsfm_warm{model=\"amazon/x:1\"}") == 1);
    rig_stop(&rig);
}

static void server_without_a_health_page_is_asked_for_its_version(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK));
    rig.health_status = 404;
    rig_until(&rig, is_ready);
    assert_string_equal(rig.last_get, "/api/version");
    assert_int_equal(rig.health_checks, 1);
    rig_stop(&rig);
}

static bool was_asked_three_times(struct rig *rig)
{
    return rig->health_checks >= 3;
}

static void unhealthy_server_is_not_sent_forecasts(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK));
    rig.health_status = 503;
    rig_until(&rig, was_asked_three_times);
    assert_false(is_ready(&rig));
    assert_int_equal(rig.attempts, 0);
    rig.health_status = 200;
    rig_until(&rig, is_ready);
    rig_stop(&rig);
}

static void baseline_only_is_ready_at_once_and_never_asks_the_model_server(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(QUICK, "baseline_only=true"));
    assert_true(is_ready(&rig));
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "code", "BASELINE_FALLBACK");
    rig_assert_meta(&answer, "cause", "BASELINE_FALLBACK");
    assert_string_equal(rig_path(&answer), "input:baseline_only baseline:ok");
    rig_answer_free(&answer);
    answer = rig_ask_for(&rig, "m1", 5);
    rig_assert_meta(&answer, "cause", "INPUT_INSUFFICIENT_HISTORY"); /* says more */
    rig_answer_free(&answer);
    for (int i = 0; i < 10; i++) rig_turn(&rig, -1);
    assert_int_equal(rig.attempts, 0);
    assert_int_equal(rig.health_checks, 0);
    assert_true(rig_metric(&rig, "tsfm_fallback_total{reason=\"BASELINE_FALLBACK\"}") == 1);
    rig_stop(&rig);
}

static void reload(struct rig *rig, const char *set)
{
    const char *const sets[] = { set, "warmup_retry_max_s=0.02", "request_deadline_s=60",
                                 "read_timeout_s=20", "connect_timeout_s=10" };
    const struct config_source source = { .sets = sets, .set_count = sizeof sets / sizeof *sets };
    service_reload(rig->service, &source);
}

static bool is_warm(struct rig *rig)
{
    return rig_metric(rig, "tsfm_warm{model=\"chronos\"}") == 1;
}

static void baseline_only_can_be_switched_on_and_off_while_running(void **state)
{
    (void)state;
    struct rig rig;
    char text[512];
    rig_start(&rig, SETS(QUICK));
    uint16_t port = rig_upstream_port(&rig);
    rig_lose_upstream(&rig);
    assert_int_equal(readiness(&rig, text), 503);
    reload(&rig, "baseline_only=true");
    assert_int_equal(readiness(&rig, text), 200);
    assert_string_equal(text, "{\"status\":\"ready\",\"breaker\":\"closed\"}");
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "cause", "BASELINE_FALLBACK");
    rig_answer_free(&answer);
    for (int i = 0; i < 10; i++) rig_turn(&rig, -1); /* the health check that was under way */
    rig_regain_upstream(&rig, port);
    for (int i = 0; i < 20; i++) rig_turn(&rig, -1);
    assert_int_equal(rig.health_checks + rig.attempts, 0);

    reload(&rig, "baseline_only=false");
    assert_int_equal(readiness(&rig, text), 200);
    assert_says(text, "\"state\":\"cold\"");
    rig_until(&rig, is_warm);
    answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cold_start_keeps_readiness_back_but_no_request),
        cmocka_unit_test(failing_warmup_is_repeated_until_it_passes_and_counts_nowhere_else),
        cmocka_unit_test(answer_that_takes_too_long_is_given_up_and_asked_for_again),
        cmocka_unit_test(upstream_that_is_not_there_yet_means_baselines_first_and_readiness_later),
        cmocka_unit_test(every_named_model_is_warmed_once),
        cmocka_unit_test(server_without_a_health_page_is_asked_for_its_version),
        cmocka_unit_test(unhealthy_server_is_not_sent_forecasts),
        cmocka_unit_test(baseline_only_is_ready_at_once_and_never_asks_the_model_server),
        cmocka_unit_test(baseline_only_can_be_switched_on_and_off_while_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
