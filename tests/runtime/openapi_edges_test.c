#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract.h"
#include "l2_scene.h"

/* openapi.json and what is answered at the edges: by the guard, while warming up, from another
 * call's flight and from the second level. */

#define FORECAST "/tsfm/forecast"
#define TOKEN "0123456789abcdef0123456789abcdef"
#define POST "POST " FORECAST " HTTP/1.1\r\nHost: test\r\n"

enum { POINTS = 40 };

static const struct secrets secrets = { .api_token = TOKEN };

static int setup(void **state)
{
    *state = contract_document();
    return 0;
}

static int teardown(void **state)
{
    cJSON_Delete(*state);
    return 0;
}

static void check_raw(struct rig *rig, const cJSON *document, const char *request,
                      unsigned status)
{
    struct rig_answer answer =
        rig_receive(rig, rig_send(rig_port(rig), request, strlen(request)));
    if (answer.status != status) fail_msg("%u %s", answer.status, answer.body);
    contract_check(document, &answer, "post", FORECAST);
    rig_answer_free(&answer);
}

static void refusals_of_the_guard_are_as_described(void **state)
{
    struct rig rig;
    char large[2048];
    rig_start_upstream(&rig);
    rig_start_service(&rig, SETS("uri_bytes_max=100", "header_bytes_max=1000",
                                 "rate_limit_per_s=1", "rate_limit_burst=1"),
                      &(struct rig_more){ .secrets = &secrets });
    check_raw(&rig, *state, POST "Content-Length: 0\r\n\r\n", 401);
    snprintf(large, sizeof large, "POST " FORECAST "?%0100d HTTP/1.1\r\nHost: t\r\n\r\n", 0);
    check_raw(&rig, *state, large, 414);
    snprintf(large, sizeof large, POST "X-Padding: %01000d\r\nContent-Length: 0\r\n\r\n", 0);
    check_raw(&rig, *state, large, 431);

    struct rig_answer answer = { .status = 0 };
    const char again[] = POST "Content-Length: 0\r\n\r\n";
    for (int i = 0; i < 50 && answer.status != 429; i++) { /* a slow machine earns some more */
        rig_answer_free(&answer);
        answer = rig_receive(&rig, rig_send(rig_port(&rig), again, sizeof again - 1));
    }
    assert_int_equal(answer.status, 429);
    contract_check(*state, &answer, "post", FORECAST);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void the_answer_to_a_slow_caller_is_as_described(void **state)
{
    struct rig rig;
    rig_start(&rig, SETS("body_timeout_s=0.05"));
    check_raw(&rig, *state, POST "Content-Length: 10\r\n\r\n{", 408);
    rig_stop(&rig);
}

static bool one_hangs(struct rig *rig)
{
    return rig->hung_count == 1;
}

static void readiness_while_warming_up_is_as_described(void **state)
{
    struct rig rig;
    rig_start(&rig, SETS("warmup_enabled=true", "warmup_models=one,two"));
    PLAY(&rig, { .move = RIG_HANG });
    rig_until(&rig, one_hangs);
    struct rig_answer answer = rig_get(&rig, "GET", "/health/ready");
    assert_int_equal(answer.status, 503);
    assert_string_equal(rig_text(&answer, "status"), "warming");
    contract_check(*state, &answer, "get", "/health/ready");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static bool two_in_work(struct rig *rig)
{
    return rig_metric(rig, "tsfm_inflight") > 1.5;
}

static void an_answer_that_joined_another_call_is_as_described(void **state)
{
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    PLAY(&rig, { .move = RIG_HANG });
    char *body = rig_body("m1", POINTS);
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = rig_post(rig_port(&rig), NULL, body, strlen(body));
    }
    rig_until(&rig, one_hangs);
    rig_until(&rig, two_in_work);
    rig_answer_hung(&rig);
    unsigned joined = 0;
    for (int i = 0; i < 2; i++) {
        struct rig_answer answer = rig_receive(&rig, fds[i]);
        assert_int_equal(answer.status, 200);
        contract_check(*state, &answer, "post", FORECAST);
        joined += strstr(rig_path(&answer), "flight:joined") == NULL ? 0 : 1;
        rig_answer_free(&answer);
    }
    assert_int_equal(joined, 1);
    assert_true(rig_metric(&rig, "tsfm_flight_joined_total") > 0.5);
    mem_free(body);
    rig_stop(&rig);
}

static void an_answer_of_the_second_level_is_as_described(void **state)
{
    struct scene scene;
    scene_start(&scene, SETS("cache_ttl_s=3600"));
    mem_free(scene_fill(&scene, "m1"));
    scene_restart_runtime(&scene, SETS("cache_ttl_s=3600"));
    struct rig_answer answer = rig_ask_for(&scene.rig, "m1", SCENE_POINTS);
    rig_assert_meta(&answer, "cache_tier", "l2");
    contract_check(*state, &answer, "post", FORECAST);
    rig_answer_free(&answer);
    scene_expect(&scene.rig, "m1", "l1", "l1:fresh");
    static const char *const samples[] = {
        "tsfm_cache_answer_total{tier=\"l2\",state=\"fresh\"}",
        "tsfm_cache_answer_total{tier=\"l1\",state=\"fresh\"}",
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_float_equal(rig_metric(&scene.rig, samples[i]), 1, 1e-9);
    }
    assert_float_equal(rig_metric(&scene.rig, "tsfm_cache_hit_total"), 2, 1e-9);
    scene_stop(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refusals_of_the_guard_are_as_described, setup, teardown),
        cmocka_unit_test_setup_teardown(the_answer_to_a_slow_caller_is_as_described, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(readiness_while_warming_up_is_as_described, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_joined_another_call_is_as_described, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_answer_of_the_second_level_is_as_described, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
