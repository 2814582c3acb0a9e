#include "support.h"

#include <math.h>

#include <cjson/cJSON.h>

#include "base/instant.h"
#include "forecast/model_request.h"

static cJSON *write_and_read(const struct forecast_request *request,
                             const struct forecast_config *config, uint64_t timeout_ns)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    model_request_write(&body, request, config, timeout_ns, NULL);
    cJSON *tree = cJSON_ParseWithOpts(buf_text(&body), NULL, 1);
    if (tree == NULL) fail_msg("not JSON: %s", buf_text(&body));
    buf_deinit(&body);
    return tree;
}

static void assert_written(const struct forecast_request *request, const char *wanted)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    model_request_write(&body, request, &test_config, 1500 * NS_PER_MS, NULL);
    assert_string_equal(buf_text(&body), wanted);
    buf_deinit(&body);
}

static struct forecast_request parse(struct arena *arena, const char *text)
{
    struct forecast_request request;
    struct err_note note;
    if (parse_text(text, arena, &request, &note) != ERR_OK) fail_msg("%s", note.sentence);
    return request;
}

static void v1_has_the_shape_that_tollama_takes(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = parse(
        &arena, "{\"market_id\":\"m \\\"1\\\"\",\"as_of_ts\":\"2026-01-01T01:00:00+01:00\",\"y\":"
                "[0.25,0.5],\"horizon_steps\":3,\"transform\":{\"space\":\"none\"},\"x_past\":"
                "{\"a\":[1,2]},\"x_future\":{\"b\":[3]},\"model\":{\"params\":{\"k\":1}}}");
    assert_written(
        &request,
        "{\"model\":\"chronos\",\"horizon\":3,\"series\":[{\"id\":\"m \\\"1\\\"\","
        "\"freq\":\"5min\",\"timestamps\":[\"2025-12-31T23:55:00Z\","
        "\"2026-01-01T00:00:00Z\"],\"target\":[0.25,0.5],\"past_covariates\":{\"a\":[1,2]},"
        "\"future_covariates\":{\"b\":[3]}}],\"quantiles\":[0.1,0.5,0.9],"
        "\"options\":{\"k\":1},\"timeout\":1.5}");
    arena_deinit(&arena);
}

static void what_was_not_given_is_not_sent(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = parse(
        &arena, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"freq\":\"1h\",\"y\":[0.25,"
                "0.5],\"horizon_steps\":1,\"transform\":{\"space\":\"none\"}}");
    assert_written(&request, "{\"model\":\"chronos\",\"horizon\":1,\"series\":[{\"id\":\"m\","
                             "\"freq\":\"1h\",\"timestamps\":[\"2025-12-31T23:00:00Z\","
                             "\"2026-01-01T00:00:00Z\"],\"target\":[0.25,0.5]}],\"quantiles\":[0.1,"
                             "0.5,0.9],\"options\":{},\"timeout\":1.5}");
    /* tollama refuses a timeout of 0. */
    cJSON *tree = write_and_read(&request, &test_config, NS_PER_MS - 1);
    assert_null(cJSON_GetObjectItem(tree, "timeout"));
    cJSON_Delete(tree);
    arena_deinit(&arena);
}

static void the_callers_times_are_sent(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request =
        parse(&arena, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-02-01\",\"y\":[0.25,0.5],\"y_ts\":"
                      "[\"2026-01-01T00:00Z\",\"2026-01-01T00:10:00+00:00\"]}");
    cJSON *tree = write_and_read(&request, &test_config, NS_PER_S);
    const cJSON *series = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "series"), 0);
    const cJSON *times = cJSON_GetObjectItem(series, "timestamps");
    assert_string_equal(cJSON_GetArrayItem(times, 0)->valuestring, "2026-01-01T00:00:00Z");
    assert_string_equal(cJSON_GetArrayItem(times, 1)->valuestring, "2026-01-01T00:10:00Z");
    cJSON_Delete(tree);
    arena_deinit(&arena);
}

static void the_last_288_values_go_out_in_model_space(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = request_of(&arena, 300, "");
    cJSON *tree = write_and_read(&request, &test_config, NS_PER_S);
    const cJSON *series = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "series"), 0);
    const cJSON *target = cJSON_GetObjectItem(series, "target");
    const cJSON *times = cJSON_GetObjectItem(series, "timestamps");
    assert_int_equal(cJSON_GetArraySize(target), 288);
    assert_int_equal(cJSON_GetArraySize(times), 288);
    /* y[12] is 0.42, the first that is sent; y[299] is 0.49. */
    assert_true(fabs(cJSON_GetArrayItem(target, 0)->valuedouble - log(0.42 / 0.58)) < 1e-12);
    assert_true(fabs(cJSON_GetArrayItem(target, 287)->valuedouble - log(0.49 / 0.51)) < 1e-12);
    assert_string_equal(cJSON_GetArrayItem(times, 0)->valuestring, "2025-12-31T00:05:00Z");
    assert_string_equal(cJSON_GetArrayItem(times, 287)->valuestring, "2026-01-01T00:00:00Z");
    cJSON_Delete(tree);
    arena_deinit(&arena);
}

static void the_older_api_has_its_own_shape(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_config config = test_config;
    config.upstream_api = UPSTREAM_TIMESERIES;
    struct forecast_request request = parse(
        &arena, "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[0.25,0.5],"
                "\"horizon_steps\":3,\"transform\":{\"space\":\"none\"},\"x_past\":{\"a\":[1]},"
                "\"model\":{\"model_name\":\"c\",\"model_version\":\"2\"}}");
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    model_request_write(&body, &request, &config, NS_PER_S, NULL);
    assert_string_equal(buf_text(&body),
                        "{\"model\":\"c\",\"model_version\":\"2\",\"series\":[0.25,0.5],"
                        "\"horizon_steps\":3,\"freq\":\"5m\",\"quantiles\":[0.1,0.5,0.9],"
                        "\"x_past\":{\"a\":[1]},\"x_future\":{},\"params\":{}}");
    buf_deinit(&body);
    arena_deinit(&arena);
    assert_string_equal(model_request_path(&test_config), "/v1/forecast");
    assert_string_equal(model_request_path(&config), "/v1/timeseries/forecast");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v1_has_the_shape_that_tollama_takes),
        cmocka_unit_test(what_was_not_given_is_not_sent),
        cmocka_unit_test(the_callers_times_are_sent),
        cmocka_unit_test(the_last_288_values_go_out_in_model_space),
        cmocka_unit_test(the_older_api_has_its_own_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
