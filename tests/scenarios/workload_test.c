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
        const cJSON *value = NULL;
        cJSON_ArrayForEach(value, y)
        {
            assert_true(cJSON_IsNumber(value));
            assert_true(value->valuedouble >= 0.05 && value->valuedouble <= 0.95);
            double step = value->valuedouble - (value->prev == NULL || value == y->child
                                                    ? value->valuedouble
                                                    : value->prev->valuedouble);
            assert_true(step < 0.0121 && step > -0.0121);
        }
        assert_int_equal(cJSON_HasObjectItem(json, "liquidity_bucket"), i == 0);
        cJSON_Delete(json);
        buf_deinit(&body);
    }
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
        cmocka_unit_test(same_key_is_the_same_bytes_and_another_key_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
