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

static void healthy_upstream_gives_the_models_forecast_and_says_how(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=2"));
    char *body = rig_body("m1", POINTS);
    struct rig_answer answer = rig_ask(&rig, "req-1", body);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_text(&answer, "market_id"), "m1");
    assert_float_equal(rig_value(&answer, "0.1"), 0.4, 1e-9);
    assert_float_equal(rig_value(&answer, "0.5"), 0.5, 1e-9);
    assert_float_equal(rig_value(&answer, "0.9"), 0.6, 1e-9);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_assert_meta(&answer, "model_name", "chronos");
    rig_assert_meta(&answer, "transform", "logit");
    rig_assert_meta(&answer, "request_id", "req-1");
    rig_assert_meta(&answer, "code", "");
    rig_assert_meta(&answer, "cause", "");
    rig_assert_meta(&answer, "circuit_breaker_state", "closed");
    rig_assert_meta(&answer, "cache_state", "miss");
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
    struct rig_answer first = rig_ask_for(&rig, "m1", POINTS);
    struct rig_answer second = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(second.status, 200);
    assert_int_equal(rig.attempts, 1);
    assert_true(rig_flag(&second, "cache_hit"));
    rig_assert_meta(&second, "cache_state", "fresh");
    rig_assert_meta(&second, "cache_tier", "l1");
    assert_string_equal(rig_path(&second), "l1:fresh");
    int ttl_s = -1;
    assert_int_equal(sscanf(rig_header(&second, "Cache-Status"), "tollgate; hit; ttl=%d", &ttl_s),
                     1);
    assert_in_range(ttl_s, 3000, 3599);
    int age_s = -1;
    assert_int_equal(sscanf(rig_header(&second, "Age"), "%d", &age_s), 1);
    assert_in_range(age_s, 0, 600);
    assert_float_equal(rig_value(&second, "0.1"), 0.4, 1e-9);
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
    rig_assert_meta(&answer, "request_id", longest);
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
    struct rig_answer refused = rig_ask_for(&rig, "m2", POINTS);
    assert_int_equal(refused.status, 503);
    assert_string_equal(rig_text(&refused, "code"), "RUNTIME_OVERLOADED");
    assert_string_equal(rig_header(&refused, "Retry-After"), "1");
    rig_answer_free(&refused);
    close(fd);
    rig_until(&rig, client_was_noticed);
    assert_true(rig_metric(&rig, "tsfm_inflight") < 0.5);
    assert_true(rig_metric(&rig, "tsfm_attempt_total{outcome=\"abandoned\"}") > 0.5);
    struct rig_answer answer = rig_ask_for(&rig, "m2", POINTS);
    rig_assert_meta(&answer, "runtime", "tollama");
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
        rig_assert_meta(&answer, "request_id", id);
        rig_assert_meta(&answer, "runtime", "tollama");
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
        cmocka_unit_test(client_that_leaves_frees_its_place),
        cmocka_unit_test(many_requests_at_once_get_each_its_own_answer),
        cmocka_unit_test(probes_and_dashboards_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
