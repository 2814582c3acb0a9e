#include "support.h"

#include "forecast/answer.h"

enum { HORIZON = 2 };

static enum err parse(const char *body, struct arena *arena, struct forecast_values *values,
                      struct err_note *note)
{
    static const struct forecast_request request = { .market_id = "m1", .horizon = HORIZON };
    *note = (struct err_note){ 0 };
    *values = forecast_values_create(arena, HORIZON);
    return answer_parse(body, strlen(body), &request, values, note);
}

static void assert_accepted(const char *body)
{
    struct arena arena = { 0 };
    struct forecast_values values;
    struct err_note note;
    if (parse(body, &arena, &values, &note) != ERR_OK) fail_msg("%s: %s", body, note.sentence);
    for (int i = 0; i < FORECAST_QUANTILES; i++) {
        for (int step = 0; step < HORIZON; step++) {
            assert_true(values.q[i][step] >= 2 * i + step && values.q[i][step] <= 2 * i + step);
        }
    }
    arena_deinit(&arena);
}

static void assert_refused(const char *body, const char *part)
{
    struct arena arena = { 0 };
    struct forecast_values values;
    struct err_note note;
    enum err rc = parse(body, &arena, &values, &note);
    if (rc != ERR_INVALID || strstr(note.sentence, part) == NULL) {
        fail_msg("%s\ngave %s: %s\nwanted: %s", body, err_name(rc), note.sentence, part);
    }
    arena_deinit(&arena);
}

#define QUANTILES "{\"0.1\":[0,1],\"0.5\":[2,3.0],\"0.9\":[4,5e0]}"

static void the_three_shapes_are_accepted(void **state)
{
    (void)state;
    assert_accepted(
        "{\"model\":\"c\",\"forecasts\":[{\"id\":\"m1\",\"freq\":\"5min\",\"mean\":[9,9],"
        "\"start_timestamp\":\"x\",\"quantiles\":" QUANTILES "}],\"timing\":{}}");
    assert_accepted("{\"quantiles\":" QUANTILES ",\"meta\":{}}");
    assert_accepted("{\"yhat_q\":{\"0.9\":[4,5],\"0.5\":[2,3],\"0.1\":[0,1]}}");
}

static void only_the_asked_series_is_accepted(void **state)
{
    (void)state;
    assert_refused("{\"forecasts\":[]}", "there are 0 forecasts");
    assert_refused("{\"forecasts\":[{\"id\":\"m2\",\"quantiles\":" QUANTILES "}]}",
                   "series \"m2\"; \"m1\" was asked for");
    assert_refused("{\"forecasts\":[{\"quantiles\":" QUANTILES "}]}", "has no id");
    assert_refused("{\"forecasts\":[{\"id\":7,\"quantiles\":" QUANTILES "}]}", "has no id");
    assert_refused("{\"forecasts\":[{\"id\":\"m1\",\"quantiles\":" QUANTILES
                   "},{\"id\":\"m1\",\"quantiles\":" QUANTILES "}]}",
                   "there are 2 forecasts");
    assert_refused("{\"forecasts\":{\"id\":\"m1\"}}", "forecasts is an object");
    assert_refused("{\"forecasts\":[7]}", "forecasts[0] is a number");
    assert_refused("{\"forecasts\":[{\"id\":\"m1\",\"mean\":[1,2]}]}", "has no quantiles");
}

static void exactly_the_expected_quantiles_are_accepted(void **state)
{
    (void)state;
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.9\":[4,5]}}", "quantile 0.5 is missing");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,3],\"0.9\":[4,5],\"0.95\":[6,7]}}",
                   "there are 4 quantiles");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,3],\"0.9\":[4,5],\"0.9\":[4,5]}}",
                   "given twice");
    assert_refused("{\"quantiles\":[[0,1],[2,3],[4,5]]}", "quantiles is an array");
    assert_refused("{\"quantiles\":null}", "quantiles is null");
}

static void horizon_finite_numbers_each_are_accepted(void **state)
{
    (void)state;
    assert_refused("{\"quantiles\":{\"0.1\":[0],\"0.5\":[2,3],\"0.9\":[4,5]}}",
                   "quantile 0.1 has 1 values; 2 were asked for");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,3],\"0.9\":[4,5,6]}}",
                   "quantile 0.9 has 3 values");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,\"3\"],\"0.9\":[4,5]}}",
                   "quantile 0.5[1] is a string");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,null],\"0.9\":[4,5]}}",
                   "quantile 0.5[1] is null");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,3],\"0.9\":[4,1e999]}}",
                   "quantile 0.9[1] is not a finite number");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],\"0.5\":[2,NaN],\"0.9\":[4,5]}}",
                   "NaN and Infinity are not JSON");
    assert_refused("{\"quantiles\":{\"0.1\":0,\"0.5\":[2,3],\"0.9\":[4,5]}}",
                   "quantile 0.1 is a number");
}

static void what_is_no_forecast_is_refused(void **state)
{
    (void)state;
    assert_refused("", "the answer is empty");
    assert_refused("<html>", "the answer is not JSON: line 1, column 1");
    assert_refused("{\"quantiles\":{\"0.1\":[0,1],", "the answer is not JSON");
    assert_refused("[]", "the answer is an array");
    assert_refused("{}", "neither forecasts nor quantiles nor yhat_q");
    assert_refused("{\"detail\":\"model exploded\"}", "\"model exploded\"");
    assert_refused("{\"detail\":[1]}", "neither forecasts nor quantiles nor yhat_q");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_shapes_are_accepted),
        cmocka_unit_test(only_the_asked_series_is_accepted),
        cmocka_unit_test(exactly_the_expected_quantiles_are_accepted),
        cmocka_unit_test(horizon_finite_numbers_each_are_accepted),
        cmocka_unit_test(what_is_no_forecast_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
