#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

enum { POINTS = 40 };

static void transient_503_is_retried_once_and_the_answer_served(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2", "retry_backoff_base_ms=5"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_FORECAST });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "tollama");
    assert_int_equal(rig.attempts, 2);
    assert_string_equal(rig.last_attempt, "1");
    assert_string_equal(strchr(rig.last_id, '~'), "~1");
    assert_string_equal(rig_path(&answer), "l1:miss breaker:closed attempt:RUNTIME_5XX "
                                           "breaker:closed attempt:ok");
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"http_503\"}") > 0.5);
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"ok\"}") > 0.5);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void a_400_of_the_upstream_is_not_retried(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2", "retry_backoff_base_ms=1"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 400 }, { .move = RIG_FORECAST });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    assert_int_equal(rig.attempts, 1);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "code", "BASELINE_FALLBACK");
    rig_assert_meta(&answer, "cause", "INPUT_INVALID");
    rig_assert_meta(&answer, "fallback_reason", "INPUT_INVALID");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void retry_after_that_fits_is_waited_for_and_one_that_does_not_ends_the_tries(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2", "retry_backoff_base_ms=1"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503, .text = "0" }, { .move = RIG_FORECAST });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);

    PLAY(&rig, { .move = RIG_STATUS, .status = 429, .text = "3600" }, { .move = RIG_FORECAST });
    answer = rig_ask_for(&rig, "m2", POINTS);
    assert_int_equal(rig.attempts, 1);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "cause", "RUNTIME_RATE_LIMITED");
    rig_answer_free(&answer);
    /* And later calls keep away as well. */
    answer = rig_ask_for(&rig, "m3", POINTS);
    assert_int_equal(rig.attempts, 1);
    assert_string_equal(rig_path(&answer), "l1:miss hold stale:miss baseline:ok");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void check_failure(struct rig_step step, const char *cause)
{
    struct rig rig;
    bool hangs = step.move == RIG_HANG;
    rig_start(&rig, SETS("retry_count=0", hangs ? "read_timeout_s=0.1" : "read_timeout_s=20"));
    rig_play(&rig, &step, 1);
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "cause", cause);
    assert_true(rig_metric(&rig, "tsfm_cache_entries") < 0.5);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void each_way_of_failing_has_its_code(void **state)
{
    (void)state;
    const char *half = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"forecasts\":";
    check_failure((struct rig_step){ .move = RIG_RESET }, "RUNTIME_NETWORK");
    check_failure((struct rig_step){ .move = RIG_RESET, .text = half }, "RUNTIME_NETWORK");
    check_failure((struct rig_step){ .move = RIG_CLOSE, .text = half }, "RUNTIME_NETWORK");
    check_failure((struct rig_step){ .move = RIG_STATUS, .status = 500 }, "RUNTIME_5XX");
    check_failure((struct rig_step){ .move = RIG_STATUS, .status = 429 }, "RUNTIME_RATE_LIMITED");
    check_failure((struct rig_step){ .move = RIG_HANG }, "RUNTIME_TIMEOUT");
    check_failure((struct rig_step){ .move = RIG_BODY, .text = "{}" },
                  "RUNTIME_BAD_RESPONSE_SCHEMA");
    check_failure((struct rig_step){ .move = RIG_BODY, .text = "<html>" },
                  "RUNTIME_BAD_RESPONSE_SCHEMA");
}

static void answer_with_another_request_id_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_WRONG_ID });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "runtime", "baseline");
    rig_assert_meta(&answer, "cause", "RUNTIME_BAD_RESPONSE_SCHEMA");
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"wrong_request_id\"}") > 0.5);
    rig_answer_free(&answer);
    PLAY(&rig, { .move = RIG_NO_ID });
    answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void nobody_listening_upstream_is_a_network_failure(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=1", "retry_backoff_base_ms=1"));
    http_server_destroy(rig.upstream);
    rig.upstream = NULL;
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "cause", "RUNTIME_NETWORK");
    assert_string_equal(rig_path(&answer), "l1:miss breaker:closed attempt:RUNTIME_NETWORK "
                                           "breaker:closed attempt:RUNTIME_NETWORK stale:miss "
                                           "baseline:ok");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void stale_goes_before_baseline_while_the_breaker_is_open(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "cache_ttl_s=0", "cache_stale_if_error_s=60",
                         "breaker_failures_30s=2", "breaker_min_volume=1",
                         "breaker_failure_ratio=0", "breaker_cooldown_s=600"));
    PLAY(&rig, { .move = RIG_FORECAST }, { .move = RIG_STATUS, .status = 503 });
    struct rig_answer kept = rig_ask_for(&rig, "kept", POINTS);
    rig_assert_meta(&kept, "runtime", "tollama");
    rig_answer_free(&kept);
    for (int i = 0; i < 2; i++) {
        struct rig_answer failed = rig_ask_for(&rig, "other", POINTS);
        rig_assert_meta(&failed, "cause", "RUNTIME_5XX");
        rig_answer_free(&failed);
    }
    assert_int_equal(rig.attempts, 3);
    struct rig_answer stale = rig_ask_for(&rig, "kept", POINTS);
    struct rig_answer baseline = rig_ask_for(&rig, "other", POINTS);
    assert_int_equal(rig.attempts, 3);
    rig_assert_meta(&stale, "code", "CACHE_STALE_SERVED");
    rig_assert_meta(&stale, "cause", "CIRCUIT_OPEN");
    rig_assert_meta(&stale, "fallback_reason", "CACHE_STALE_SERVED");
    rig_assert_meta(&stale, "cache_state", "stale_if_error");
    rig_assert_meta(&stale, "circuit_breaker_state", "open");
    assert_string_equal(rig_path(&stale), "l1:stale breaker:open stale:hit");
    int over_s = -1;
    assert_int_equal(sscanf(rig_header(&stale, "Cache-Status"), "tollgate; hit; ttl=-%d", &over_s),
                     1);
    assert_in_range(over_s, 1, 50);
    assert_true(rig_flag(&stale, "cache_stale"));
    assert_float_equal(rig_value(&stale, "0.9"), 0.6, 1e-9);
    rig_assert_meta(&baseline, "code", "BASELINE_FALLBACK");
    rig_assert_meta(&baseline, "cause", "CIRCUIT_OPEN");
    assert_true(rig_metric(&rig, "tsfm_breaker_transitions_total{from=\"closed\",to=\"open\"}") >
                0.5);
    assert_true(rig_metric(&rig, "tsfm_breaker_open_total") > 1.5);
    assert_true(rig_metric(&rig, "tsfm_breaker_state{state=\"open\"}") > 0.5);
    rig_answer_free(&stale);
    rig_answer_free(&baseline);
    rig_stop(&rig);
}

static void baseline_answer_is_never_cached(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0", "cache_ttl_s=600"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_FORECAST });
    struct rig_answer first = rig_ask_for(&rig, "m1", POINTS);
    struct rig_answer second = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&first, "runtime", "baseline");
    rig_assert_meta(&second, "runtime", "tollama");
    assert_false(rig_flag(&second, "cache_hit"));
    rig_answer_free(&first);
    rig_answer_free(&second);
    /* Nor one that went straight to the baseline. */
    first = rig_ask_for(&rig, "m2", 5);
    second = rig_ask_for(&rig, "m2", 5);
    rig_assert_meta(&second, "cause", "INPUT_INSUFFICIENT_HISTORY");
    assert_string_equal(rig_path(&second), "input:baseline_only baseline:ok");
    assert_int_equal(rig.attempts, 2);
    rig_answer_free(&first);
    rig_answer_free(&second);
    rig_stop(&rig);
}

static char *impossible_body(void)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","
                    "\"horizon_steps\":2,\"transform\":{\"space\":\"none\"},\"y\":[1e308");
    for (int i = 0; i < POINTS; i++) buf_puts(&text, i % 2 == 0 ? ",-1e308" : ",1e308");
    buf_puts(&text, "]}");
    return buf_take(&text);
}

static void nothing_is_invented_when_the_baseline_fails_too(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_RESET });
    char *body = impossible_body();
    struct rig_answer answer = rig_ask(&rig, "doomed", body);
    assert_int_equal(answer.status, 503);
    assert_string_equal(rig_header(&answer, "Content-Type"), "application/problem+json");
    assert_string_equal(rig_header(&answer, "Retry-After"), "1");
    assert_string_equal(rig_text(&answer, "code"), "RUNTIME_5XX");
    assert_string_equal(rig_text(&answer, "cause"), "RUNTIME_5XX");
    assert_string_equal(rig_text(&answer, "request_id"), "doomed");
    assert_string_equal(rig_path(&answer), "l1:miss breaker:closed attempt:RUNTIME_5XX stale:miss "
                                           "baseline:failed");
    assert_null(strstr(answer.body, "yhat_q"));
    rig_answer_free(&answer);
    answer = rig_ask(&rig, "doomed", body);
    assert_int_equal(answer.status, 502);
    assert_string_equal(rig_text(&answer, "code"), "RUNTIME_NETWORK");
    assert_string_equal(rig_header(&answer, "Retry-After"), "");
    assert_true(rig_metric(&rig, "tsfm_served_total{served=\"error\"}") > 1.5);
    assert_true(rig_metric(&rig, "tsfm_invalid_output_total") > 1.5);
    rig_answer_free(&answer);
    mem_free(body);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transient_503_is_retried_once_and_the_answer_served),
        cmocka_unit_test(a_400_of_the_upstream_is_not_retried),
        cmocka_unit_test(retry_after_that_fits_is_waited_for_and_one_that_does_not_ends_the_tries),
        cmocka_unit_test(each_way_of_failing_has_its_code),
        cmocka_unit_test(answer_with_another_request_id_is_refused),
        cmocka_unit_test(nobody_listening_upstream_is_a_network_failure),
        cmocka_unit_test(stale_goes_before_baseline_while_the_breaker_is_open),
        cmocka_unit_test(baseline_answer_is_never_cached),
        cmocka_unit_test(nothing_is_invented_when_the_baseline_fails_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
