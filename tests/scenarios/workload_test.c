#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "forecast/baseline.h"
#include "forecast/request.h"
#include "scenario/scenario.h"

static const struct request_shape shapes[2] = {
    { .share_ppm = 1000000, .y_len = 288, .horizon_steps = 12, .liquidity_bucket = "high" },
    { .share_ppm = 1000000, .y_len = 20000, .horizon_steps = 1 },
};
static const struct workload workloads[2] = {
    { .key_count = 10, .shapes = &shapes[0], .shape_count = 1 },
    { .key_count = 10, .shapes = &shapes[1], .shape_count = 1 },
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
                         shapes[i].horizon_steps);
        const cJSON *y = cJSON_GetObjectItem(json, "y");
        assert_int_equal(cJSON_GetArraySize(y), shapes[i].y_len);
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

/* What the runtime makes of it. */
static enum err take(const struct request_shape *shape, struct arena *arena,
                     struct forecast_request *out, struct err_note *note)
{
    static const struct forecast_config config = { .input_len_steps = 288,
                                                   .min_history_points = 32,
                                                   .max_gap_minutes = 60,
                                                   .horizon_max = 1000,
                                                   .baseline_only_liquidity_bucket = "low",
                                                   .default_model = "chronos" };
    struct workload workload = { .key_count = 4, .shapes = shape, .shape_count = 1 };
    struct scenario one = { .workloads = &workload, .workload_count = 1 };
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    workload_write_request(&body, &one, 0, 3);
    enum err rc = forecast_request_parse(buf_text(&body), body.length, &config, arena, out, note);
    buf_deinit(&body);
    return rc;
}

static void every_kind_of_bad_request_is_refused_for_its_fault(void **state)
{
    (void)state;
    static const char *const words[BAD_COUNT] = {
        [BAD_NOT_JSON] = "JSON",          [BAD_EMPTY] = "empty",
        [BAD_MISSING_Y] = "y is missing", [BAD_NAN] = "JSON",
        [BAD_WRONG_TYPE] = "y is",        [BAD_TOO_SHORT] = "y has 1 value",
        [BAD_TOO_LONG] = "y has 20001",   [BAD_FREQ] = "freq",
        [BAD_HORIZON] = "horizon_steps",  [BAD_UNKNOWN_FIELD] = "horizon_stepz",
    };
    for (enum bad_request bad = BAD_NOTHING; bad < BAD_COUNT; bad++) {
        struct request_shape shape = { .y_len = 288, .horizon_steps = 12, .bad = bad };
        struct arena arena = { .head = NULL };
        struct forecast_request request;
        struct err_note note = { .err = ERR_OK };
        enum err rc = take(&shape, &arena, &request, &note);
        if (bad == BAD_NOTHING)
            assert_int_equal(rc, ERR_OK);
        else if (rc == ERR_OK)
            fail_msg("%s is taken", bad_request_names[bad]);
        else if (strstr(note.sentence, words[bad]) == NULL) {
            fail_msg("%s: %s", bad_request_names[bad], note.sentence);
        }
        arena_deinit(&arena);
    }
    assert_null(bad_request_names[BAD_COUNT]);
}

static void shapes_take_the_routes_that_they_are_made_for(void **state)
{
    (void)state;
    static const struct {
        struct request_shape shape;
        enum code route;
    } rows[] = {
        { { .y_len = 32, .horizon_steps = 12 }, CODE_NONE },
        { { .y_len = 31, .horizon_steps = 12 }, CODE_INPUT_INSUFFICIENT_HISTORY },
        { { .y_len = 50, .horizon_steps = 12, .liquidity_bucket = "low" },
          CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY },
        { { .y_len = 50, .horizon_steps = 12, .gap_minutes = 5 }, CODE_NONE },
        { { .y_len = 20000, .horizon_steps = 12, .gap_minutes = 60 }, CODE_NONE },
        { { .y_len = 20000, .horizon_steps = 12, .gap_minutes = 65 },
          CODE_INPUT_INSUFFICIENT_HISTORY },
        { { .y_len = 50, .horizon_steps = 12, .has_max_gap = true, .max_gap_minutes = 60 },
          CODE_NONE },
        { { .y_len = 50, .horizon_steps = 12, .has_max_gap = true, .max_gap_minutes = 61 },
          CODE_INPUT_INSUFFICIENT_HISTORY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = { .head = NULL };
        struct forecast_request request;
        struct err_note note = { .err = ERR_OK };
        if (take(&rows[i].shape, &arena, &request, &note) != ERR_OK) fail_msg("%s", note.sentence);
        assert_int_equal(request.baseline_only, rows[i].route);
        arena_deinit(&arena);
    }
    struct request_shape named = {
        .y_len = 40, .horizon_steps = 12, .market = "btc", .model = "timesfm", .gap_minutes = 5
    };
    struct arena arena = { .head = NULL };
    struct forecast_request request;
    assert_int_equal(take(&named, &arena, &request, NULL), ERR_OK);
    assert_string_equal(request.market_id, "btc-m3");
    assert_string_equal(request.model_name, "timesfm");
    assert_int_equal(request.y_ts[39],
                     request.as_of_unix_s); /* the values end where they are asked */
    assert_int_equal(request.y_ts[0], request.as_of_unix_s - 39 * 300);
    arena_deinit(&arena);
}

static void of_extreme_values_no_baseline_can_be_made(void **state)
{
    (void)state;
    for (int extreme = 0; extreme < 2; extreme++) {
        struct request_shape shape = { .y_len = 288, .horizon_steps = 12, .extreme = extreme > 0 };
        struct arena arena = { .head = NULL };
        struct forecast_request request;
        struct err_note note = { .err = ERR_OK };
        uint32_t warnings = 0;
        if (take(&shape, &arena, &request, &note) != ERR_OK) fail_msg("%s", note.sentence);
        assert_int_equal(request.baseline_only, CODE_NONE);
        struct forecast_values values = forecast_values_create(&arena, 12);
        for (int kind = BASELINE_EWMA; kind <= BASELINE_KALMAN; kind++) {
            enum err rc = baseline_forecast((enum baseline_kind)kind, &request, &values, &warnings);
            assert_int_equal(rc, extreme ? ERR_INVALID : ERR_OK);
        }
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_hold_what_the_workload_asks_for),
        cmocka_unit_test(values_wander_in_small_steps_between_their_bounds),
        cmocka_unit_test(same_key_is_the_same_bytes_and_another_key_is_not),
        cmocka_unit_test(every_kind_of_bad_request_is_refused_for_its_fault),
        cmocka_unit_test(shapes_take_the_routes_that_they_are_made_for),
        cmocka_unit_test(of_extreme_values_no_baseline_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
