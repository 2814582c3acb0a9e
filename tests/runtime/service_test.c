#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

#define SETS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define PLAY(rig, ...)                                                                             \
    rig_play((rig), (const struct rig_step[]){ __VA_ARGS__ },                                      \
             sizeof((const struct rig_step[]){ __VA_ARGS__ }) / sizeof(struct rig_step))

enum { POINTS = 40 };

static struct rig_answer ask(struct rig *rig, const char *market, unsigned points)
{
    char *body = rig_body(market, points);
    struct rig_answer answer = rig_ask(rig, NULL, body);
    mem_free(body);
    return answer;
}

static void assert_meta(const struct rig_answer *answer, const char *name, const char *value)
{
    char path[64];
    snprintf(path, sizeof path, "meta.%s", name);
    if (strcmp(rig_text(answer, path), value) != 0) {
        fail_msg("%s is \"%s\", not \"%s\", in %u %s", path, rig_text(answer, path), value,
                 answer->status, answer->body);
    }
}

static double value_at(const struct rig_answer *answer, const char *quantile)
{
    const cJSON *values = cJSON_GetObjectItem(cJSON_GetObjectItem(answer->json, "yhat_q"), quantile);
    assert_int_equal(cJSON_GetArraySize(values), 2);
    return cJSON_GetArrayItem(values, 1)->valuedouble;
}

static bool meta_flag(const struct rig_answer *answer, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(answer->json, "meta"), name));
}

static void healthy_upstream_gives_the_models_forecast_and_says_how(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2"));
    char *body = rig_body("m1", POINTS);
    struct rig_answer answer = rig_ask(&rig, "req-1", body);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_text(&answer, "market_id"), "m1");
    assert_float_equal(value_at(&answer, "0.1"), 0.4, 1e-9);
    assert_float_equal(value_at(&answer, "0.5"), 0.5, 1e-9);
    assert_float_equal(value_at(&answer, "0.9"), 0.6, 1e-9);
    assert_meta(&answer, "runtime", "tollama");
    assert_meta(&answer, "model_name", "chronos");
    assert_meta(&answer, "transform", "logit");
    assert_meta(&answer, "request_id", "req-1");
    assert_meta(&answer, "code", "");
    assert_meta(&answer, "cause", "");
    assert_meta(&answer, "circuit_breaker_state", "closed");
    assert_meta(&answer, "cache_state", "miss");
    assert_string_equal(rig_path(&answer), "l1:miss breaker:closed attempt:ok");
    assert_string_equal(rig_header(&answer, "X-Request-Id"), "req-1");
    assert_string_equal(rig_header(&answer, "Cache-Status"), "tollgate; fwd=miss");
    assert_string_equal(rig_header(&answer, "Age"), "");
    assert_string_equal(rig_header(&answer, "Content-Type"), "application/json");
    assert_string_equal(rig.last_id, "req-1~0");
    assert_string_equal(rig.last_attempt, "0");
    rig_answer_free(&answer);

    /* What the model was sent: logit(0.5) = 0, and the time that is left. */
    cJSON *sent = cJSON_Parse(rig.last_body);
    const cJSON *series = cJSON_GetArrayItem(cJSON_GetObjectItem(sent, "series"), 0);
    const cJSON *target = cJSON_GetObjectItem(series, "target");
    assert_int_equal(cJSON_GetArraySize(target), POINTS);
    assert_float_equal(cJSON_GetArrayItem(target, 0)->valuedouble, 0.0, 1e-9);
    double timeout_s = cJSON_GetObjectItem(sent, "timeout")->valuedouble;
    assert_true(timeout_s > 1 && timeout_s <= 60);
    cJSON_Delete(sent);
    mem_free(body);
    rig_stop(&rig);
}

static void second_equal_request_is_a_fresh_hit_with_its_age(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("cache_ttl_s=3600"));
    struct rig_answer first = ask(&rig, "m1", POINTS);
    struct rig_answer second = ask(&rig, "m1", POINTS);
    assert_int_equal(second.status, 200);
    assert_int_equal(rig.attempts, 1);
    assert_true(meta_flag(&second, "cache_hit"));
    assert_meta(&second, "cache_state", "fresh");
    assert_meta(&second, "cache_tier", "l1");
    assert_string_equal(rig_path(&second), "l1:fresh");
    int ttl_s = -1;
    assert_int_equal(sscanf(rig_header(&second, "Cache-Status"), "tollgate; hit; ttl=%d", &ttl_s),
                     1);
    assert_in_range(ttl_s, 3000, 3599);
    int age_s = -1;
    assert_int_equal(sscanf(rig_header(&second, "Age"), "%d", &age_s), 1);
    assert_in_range(age_s, 0, 600);
    assert_float_equal(value_at(&second, "0.1"), 0.4, 1e-9);
    assert_string_not_equal(rig_text(&first, "meta.request_id"),
                            rig_text(&second, "meta.request_id"));
    assert_true(rig_metric(&rig, "tsfm_cache_hit_total") > 0.5);
    assert_true(rig_metric(&rig, "tsfm_cache_bytes") > 100);
    rig_answer_free(&first);
    rig_answer_free(&second);
    rig_stop(&rig);
}

static void ids_that_cannot_be_passed_on_are_replaced(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("cache_ttl_s=0"));
    char *body = rig_body("m1", POINTS);
    char longest[66];
    memset(longest, 'a', 65);
    longest[65] = '\0';
    const char *const bad[] = { "a b", "a~1", "a\"b", "\xc3\xa4", longest };
    char before[RIG_TEXT_MAX] = "";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig_answer answer = rig_ask(&rig, bad[i], body);
        const char *id = rig_text(&answer, "meta.request_id");
        assert_int_equal(strlen(id), 17);
        assert_int_equal(id[0], 't');
        assert_string_not_equal(id, before);
        assert_string_equal(rig_header(&answer, "X-Request-Id"), id);
        snprintf(before, sizeof before, "%s", id);
        rig_answer_free(&answer);
    }
    longest[64] = '\0';
    struct rig_answer answer = rig_ask(&rig, longest, body);
    assert_meta(&answer, "request_id", longest);
    rig_answer_free(&answer);
    mem_free(body);
    rig_stop(&rig);
}

static void transient_503_is_retried_once_and_the_answer_served(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2", "retry_backoff_base_ms=5"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_FORECAST });
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    assert_meta(&answer, "runtime", "tollama");
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
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    assert_int_equal(rig.attempts, 1);
    assert_meta(&answer, "runtime", "baseline");
    assert_meta(&answer, "code", "BASELINE_FALLBACK");
    assert_meta(&answer, "cause", "INPUT_INVALID");
    assert_meta(&answer, "fallback_reason", "INPUT_INVALID");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void retry_after_that_fits_is_waited_for_and_one_that_does_not_ends_the_tries(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2", "retry_backoff_base_ms=1"));
    PLAY(&rig, { .move = RIG_STATUS, .status = 503, .text = "0" }, { .move = RIG_FORECAST });
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);

    PLAY(&rig, { .move = RIG_STATUS, .status = 429, .text = "3600" }, { .move = RIG_FORECAST });
    answer = ask(&rig, "m2", POINTS);
    assert_int_equal(rig.attempts, 1);
    assert_meta(&answer, "runtime", "baseline");
    assert_meta(&answer, "cause", "RUNTIME_RATE_LIMITED");
    rig_answer_free(&answer);
    /* And later calls keep away as well. */
    answer = ask(&rig, "m3", POINTS);
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
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    assert_meta(&answer, "runtime", "baseline");
    assert_meta(&answer, "cause", cause);
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
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_meta(&answer, "runtime", "baseline");
    assert_meta(&answer, "cause", "RUNTIME_BAD_RESPONSE_SCHEMA");
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"wrong_request_id\"}") > 0.5);
    rig_answer_free(&answer);
    PLAY(&rig, { .move = RIG_NO_ID });
    answer = ask(&rig, "m1", POINTS);
    assert_meta(&answer, "runtime", "tollama");
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
    struct rig_answer answer = ask(&rig, "m1", POINTS);
    assert_meta(&answer, "cause", "RUNTIME_NETWORK");
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
    struct rig_answer kept = ask(&rig, "kept", POINTS);
    assert_meta(&kept, "runtime", "tollama");
    rig_answer_free(&kept);
    for (int i = 0; i < 2; i++) {
        struct rig_answer failed = ask(&rig, "other", POINTS);
        assert_meta(&failed, "cause", "RUNTIME_5XX");
        rig_answer_free(&failed);
    }
    assert_int_equal(rig.attempts, 3);
    struct rig_answer stale = ask(&rig, "kept", POINTS);
    struct rig_answer baseline = ask(&rig, "other", POINTS);
    assert_int_equal(rig.attempts, 3);
    assert_meta(&stale, "code", "CACHE_STALE_SERVED");
    assert_meta(&stale, "cause", "CIRCUIT_OPEN");
    assert_meta(&stale, "fallback_reason", "CACHE_STALE_SERVED");
    assert_meta(&stale, "cache_state", "stale_if_error");
    assert_meta(&stale, "circuit_breaker_state", "open");
    assert_string_equal(rig_path(&stale), "l1:stale breaker:open stale:hit");
    int over_s = -1;
    assert_int_equal(sscanf(rig_header(&stale, "Cache-Status"), "tollgate; hit; ttl=-%d", &over_s),
                     1);
    assert_in_range(over_s, 1, 50);
    assert_true(meta_flag(&stale, "cache_stale"));
    assert_float_equal(value_at(&stale, "0.9"), 0.6, 1e-9);
    assert_meta(&baseline, "code", "BASELINE_FALLBACK");
    assert_meta(&baseline, "cause", "CIRCUIT_OPEN");
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
    struct rig_answer first = ask(&rig, "m1", POINTS);
    struct rig_answer second = ask(&rig, "m1", POINTS);
    assert_meta(&first, "runtime", "baseline");
    assert_meta(&second, "runtime", "tollama");
    assert_false(meta_flag(&second, "cache_hit"));
    rig_answer_free(&first);
    rig_answer_free(&second);
    /* Nor one that went straight to the baseline. */
    first = ask(&rig, "m2", 5);
    second = ask(&rig, "m2", 5);
    assert_meta(&second, "cause", "INPUT_INSUFFICIENT_HISTORY");
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
    buf_puts(&text, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"horizon_steps\":2,"
                    "\"transform\":{\"space\":\"none\"},\"y\":[1e308");
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

static bool is_hung(struct rig *rig)
{
    return rig->hung_count > 0;
}

static bool client_was_noticed(struct rig *rig)
{
    return rig_metric(rig, "tsfm_request_total{status=\"abandoned\"}") > 0.5;
}

static void client_that_leaves_frees_its_place(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("max_inflight=1"));
    PLAY(&rig, { .move = RIG_HANG }, { .move = RIG_FORECAST });
    char *body = rig_body("m1", POINTS);
    int fd = rig_post(rig_port(&rig), "leaver", body, strlen(body));
    rig_until(&rig, is_hung);
    /* The only place is taken: the next one is told so. */
    struct rig_answer refused = ask(&rig, "m2", POINTS);
    assert_int_equal(refused.status, 503);
    assert_string_equal(rig_text(&refused, "code"), "RUNTIME_OVERLOADED");
    assert_string_equal(rig_header(&refused, "Retry-After"), "1");
    rig_answer_free(&refused);
    close(fd);
    rig_until(&rig, client_was_noticed);
    assert_true(rig_metric(&rig, "tsfm_inflight") < 0.5);
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"abandoned\"}") > 0.5);
    struct rig_answer answer = ask(&rig, "m2", POINTS);
    assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    mem_free(body);
    rig_stop(&rig);
}

static void many_requests_at_once_get_each_its_own_answer(void **state)
{
    (void)state;
    enum { MANY = 40 };
    struct rig rig;
    rig_start(&rig, SETS("max_connections=4", "max_keepalive_connections=4"));
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%d", i);
        char *body = rig_body(id, POINTS);
        fds[i] = rig_post(rig_port(&rig), id, body, strlen(body));
        mem_free(body);
    }
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%d", i);
        struct rig_answer answer = rig_receive(&rig, fds[i]);
        assert_int_equal(answer.status, 200);
        assert_string_equal(rig_text(&answer, "market_id"), id);
        assert_meta(&answer, "request_id", id);
        assert_meta(&answer, "runtime", "tollama");
        rig_answer_free(&answer);
    }
    assert_int_equal(rig.attempts, MANY);
    rig_stop(&rig);
}

static void probes_and_dashboards_are_served(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    struct rig_answer answer = rig_get(&rig, "GET", "/health/live");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\":\"ok\"}");
    rig_answer_free(&answer);
    answer = rig_get(&rig, "GET", "/health/ready");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\":\"ready\",\"breaker\":\"closed\"}");
    rig_answer_free(&answer);
    answer = rig_get(&rig, "GET", "/tsfm/forecast");
    assert_int_equal(answer.status, 405);
    assert_string_equal(rig_header(&answer, "Allow"), "POST");
    assert_string_equal(rig_header(&answer, "Content-Type"), "application/problem+json");
    rig_answer_free(&answer);
    answer = rig_get(&rig, "GET", "/tsfm/forecasts");
    assert_int_equal(answer.status, 404);
    assert_non_null(strstr(rig_text(&answer, "detail"), "POST /tsfm/forecast"));
    rig_answer_free(&answer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_upstream_gives_the_models_forecast_and_says_how),
        cmocka_unit_test(second_equal_request_is_a_fresh_hit_with_its_age),
        cmocka_unit_test(ids_that_cannot_be_passed_on_are_replaced),
        cmocka_unit_test(transient_503_is_retried_once_and_the_answer_served),
        cmocka_unit_test(a_400_of_the_upstream_is_not_retried),
        cmocka_unit_test(retry_after_that_fits_is_waited_for_and_one_that_does_not_ends_the_tries),
        cmocka_unit_test(each_way_of_failing_has_its_code),
        cmocka_unit_test(answer_with_another_request_id_is_refused),
        cmocka_unit_test(nobody_listening_upstream_is_a_network_failure),
        cmocka_unit_test(stale_goes_before_baseline_while_the_breaker_is_open),
        cmocka_unit_test(baseline_answer_is_never_cached),
        cmocka_unit_test(nothing_is_invented_when_the_baseline_fails_too),
        cmocka_unit_test(client_that_leaves_frees_its_place),
        cmocka_unit_test(many_requests_at_once_get_each_its_own_answer),
        cmocka_unit_test(probes_and_dashboards_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
