#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "scenario/workload.h"

static const struct workload workloads[2] = {
    { .key_count = 10, .y_len = 288, .horizon_steps = 12, .liquidity_bucket = "high" },
    { .key_count = 10, .y_len = 20000, .horizon_steps = 1 },
};
static const struct scenario scenario = { .workloads = workloads, .workload_count = 2 };

static void requests_hold_what_the_workload_asks_for(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct buf body;
        buf_init(&body, BUF_UNBOUNDED);
        workload_write_request(&body, &scenario, i, 7);
        cJSON *json = cJSON_ParseWithLength(buf_text(&body), body.length);
        assert_non_null(json);
        assert_string_equal(cJSON_GetObjectItem(json, "market_id")->valuestring,
                            i == 0 ? "w0-m7" : "w1-m7");
        assert_string_equal(cJSON_GetObjectItem(json, "as_of_ts")->valuestring,
                            "2026-01-01T00:00:00Z");
        assert_int_equal(cJSON_GetObjectItem(json, "horizon_steps")->valueint,
                         workloads[i].horizon_steps);
        const cJSON *y = cJSON_GetObjectItem(json, "y");
        assert_int_equal(cJSON_GetArraySize(y), workloads[i].y_len);
        assert_int_equal(cJSON_HasObjectItem(json, "liquidity_bucket"), i == 0);
        cJSON_Delete(json);
        buf_deinit(&body);
    }
}

/* Long walks, so that both bounds are met. */
static void values_wander_in_small_steps_between_their_bounds(void **state)
{
    (void)state;
    double least = 1;
    double most = 0;
    for (uint32_t key = 0; key < 10; key++) {
        struct buf body;
        buf_init(&body, BUF_UNBOUNDED);
        workload_write_request(&body, &scenario, 1, key);
        cJSON *json = cJSON_ParseWithLength(buf_text(&body), body.length);
        const cJSON *value = NULL;
        double before = -1;
        cJSON_ArrayForEach(value, cJSON_GetObjectItem(json, "y"))
        {
            double y = value->valuedouble;
            assert_true(before < 0 || (y - before < 0.0061 && before - y < 0.0061));
            if (y < least) least = y;
            if (y > most) most = y;
            before = y;
        }
        cJSON_Delete(json);
        buf_deinit(&body);
    }
    assert_true(least >= 0.05 && least < 0.06);
    assert_true(most <= 0.95 && most > 0.94);
}

static void same_key_is_the_same_bytes_and_another_key_is_not(void **state)
{
    (void)state;
    struct buf first;
    struct buf again;
    struct buf other;
    buf_init(&first, BUF_UNBOUNDED);
    buf_init(&again, BUF_UNBOUNDED);
    buf_init(&other, BUF_UNBOUNDED);
    workload_write_request(&first, &scenario, 0, 1);
    workload_write_request(&again, &scenario, 0, 1);
    workload_write_request(&other, &scenario, 0, 2);
    assert_string_equal(buf_text(&first), buf_text(&again));
    assert_string_not_equal(strstr(buf_text(&first), "\"y\""), strstr(buf_text(&other), "\"y\""));
    buf_deinit(&first);
    buf_deinit(&again);
    buf_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_hold_what_the_workload_asks_for),
        cmocka_unit_test(values_wander_in_small_steps_between_their_bounds),
        cmocka_unit_test(same_key_is_the_same_bytes_and_another_key_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
