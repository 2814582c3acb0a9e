/* Answers of status 200 with one thing wrong, and only that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

static const char *const QUANTILES[] = { "0.1", "0.5", "0.9" };

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const cJSON *first_forecast(const cJSON *document)
{
    return cJSON_GetArrayItem(get(document, "forecasts"), 0);
}

/* How many of the three quantiles hold `count` finite numbers. */
static int count_good_quantiles(const cJSON *forecast, int count)
{
    int good = 0;
    for (size_t i = 0; i < 3; i++) {
        const cJSON *list = get(get(forecast, "quantiles"), QUANTILES[i]);
        const cJSON *item = NULL;
        bool finite = cJSON_GetArraySize(list) == count;
        cJSON_ArrayForEach(item, list)
        {
            finite = finite && cJSON_IsNumber(item) && isfinite(item->valuedouble);
        }
        good += finite;
    }
    return good;
}

enum { IDS = 64 }; /* enough to meet both forms of a fault */

/* A well-framed 200 with the fault's body. */
static void call(const struct mock_process *mock, int number, struct answer *answer)
{
    char id[32];
    snprintf(id, sizeof id, "r%06d", number);
    client_call(mock, &(struct request){ .id = id }, answer);
    assert_int_equal(answer->end, END_WHOLE);
    assert_int_equal(answer->status, 200);
}

static void missing_quantile_lacks_one_and_keeps_the_rest(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: missing_quantile }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    const cJSON *forecast = first_forecast(document);
    assert_int_equal(cJSON_GetArraySize(get(forecast, "quantiles")), 2);
    assert_int_equal(count_good_quantiles(forecast, 4), 2);
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void wrong_horizon_has_another_number_of_values(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: wrong_horizon }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_int_equal(count_good_quantiles(first_forecast(document), 3), 3);
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void not_finite_is_a_nan_or_a_number_too_large(void **state)
{
    (void)state;
    struct mock_process mock;
    int nan_seen = 0, large_seen = 0;
    mock_start(&mock, "{ answer: not_finite }", "0s");
    for (int i = 0; i < IDS; i++) {
        struct answer answer;
        call(&mock, i, &answer);
        bool has_nan = strstr(buf_text(&answer.body), "NaN") != NULL;
        bool has_large = strstr(buf_text(&answer.body), "1e999") != NULL;
        assert_true(has_nan != has_large);
        cJSON *document = cJSON_Parse(buf_text(&answer.body));
        if (has_nan)
            assert_null(document);
        else
            assert_int_equal(count_good_quantiles(first_forecast(document), 4), 2);
        cJSON_Delete(document);
        nan_seen += has_nan;
        large_seen += has_large;
        answer_free(&answer);
    }
    assert_true(nan_seen > 0 && large_seen > 0);
    mock_stop(&mock);
}

static void not_json_is_no_json(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: not_json }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_null(document);
    assert_true(answer.body.length > 0);
    answer_free(&answer);
    mock_stop(&mock);
}

static void truncated_json_is_well_framed_and_ends_inside_the_document(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: truncated_json }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_null(document);
    assert_int_equal(answer.body.data[0], '{');
    assert_int_equal(answer.body.length, answer.announced);
    answer_free(&answer);
    mock_stop(&mock);
}

static void wrong_types_are_texts_instead_of_numbers(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: wrong_types }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    const cJSON *list = get(get(first_forecast(document), "quantiles"), "0.5");
    assert_int_equal(cJSON_GetArraySize(list), 4);
    assert_true(cJSON_IsString(cJSON_GetArrayItem(list, 0)));
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void error_object_is_a_detail_with_status_200(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ answer: error_object }", "0s");
    call(&mock, 1, &answer);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_true(cJSON_IsString(get(document, "detail")));
    assert_null(get(document, "forecasts"));
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void wrong_id_names_another_request_and_another_series(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    mock_start(&mock, "{ answer: wrong_id }", "0s");
    call(&mock, 1, &answer);
    assert_true(answer_header(&answer, "X-Request-ID", value, sizeof value));
    assert_string_not_equal(value, "r000001");
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    const cJSON *forecast = first_forecast(document);
    assert_string_not_equal(get(forecast, "id")->valuestring, "series-a");
    assert_int_equal(count_good_quantiles(forecast, 4), 3);
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void a_healthy_answer_has_all_that_tollama_requires(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    mock_start(&mock, NULL, "");
    call(&mock, 7, &answer);
    assert_true(answer_header(&answer, "X-Request-ID", value, sizeof value));
    assert_string_equal(value, "r000007");
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_string_equal(get(document, "model")->valuestring, "chronos");
    const cJSON *forecast = first_forecast(document);
    assert_string_equal(get(forecast, "id")->valuestring, "series-a");
    assert_string_equal(get(forecast, "freq")->valuestring, "5m");
    assert_string_equal(get(forecast, "start_timestamp")->valuestring, "2026-01-01T00:15:00Z");
    assert_int_equal(cJSON_GetArraySize(get(forecast, "mean")), 4);
    assert_int_equal(count_good_quantiles(forecast, 4), 3);
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static const char TIMESERIES[] = "{\"model\":\"chronos\",\"model_version\":null,"
                                 "\"series\":[0.4,0.5,0.45],\"horizon_steps\":3,\"freq\":\"5m\","
                                 "\"quantiles\":[0.1,0.5,0.9],\"x_past\":{},\"x_future\":{},"
                                 "\"params\":{}}";

static void the_older_endpoint_has_quantiles_and_meta(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, NULL, "");
    client_call(&mock, &(struct request){ .path = "/v1/timeseries/forecast", .body = TIMESERIES },
                &answer);
    assert_int_equal(answer.status, 200);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_int_equal(count_good_quantiles(document, 3), 3);
    assert_true(cJSON_IsObject(get(document, "meta")));
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void the_ollama_endpoint_streams_lines_unless_told_not_to(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char value[64];
    char body[1024];
    mock_start(&mock, NULL, "");
    client_call(&mock, &(struct request){ .path = "/api/forecast" }, &answer);
    assert_true(answer_header(&answer, "Content-Type", value, sizeof value));
    assert_string_equal(value, "application/x-ndjson");
    const char *last = strstr(buf_text(&answer.body), "{\"done\":true");
    assert_non_null(last);
    cJSON *document = cJSON_Parse(last);
    assert_int_equal(count_good_quantiles(first_forecast(get(document, "response")), 4), 3);
    cJSON_Delete(document);
    answer_free(&answer);

    snprintf(body, sizeof body, "{\"stream\":false,%s", CLIENT_FORECAST + 1);
    client_call(&mock, &(struct request){ .path = "/api/forecast", .body = body }, &answer);
    assert_true(answer_header(&answer, "Content-Type", value, sizeof value));
    assert_string_equal(value, "application/json");
    document = cJSON_Parse(buf_text(&answer.body));
    assert_int_equal(count_good_quantiles(first_forecast(document), 4), 3);
    cJSON_Delete(document);
    answer_free(&answer);
    mock_stop(&mock);
}

static void fixed_endpoints_answer_as_tollama_does(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *member;
    } FIXED[] = { { "/v1/health", "status" },
                  { "/health/live", "status" },
                  { "/health/ready", "runner_manager" },
                  { "/api/version", "version" },
                  { "/api/tags", "models" } };
    struct mock_process mock;
    mock_start(&mock, "{ status: 503 }", "0s"); /* faults do not touch them */
    for (size_t i = 0; i < sizeof FIXED / sizeof FIXED[0]; i++) {
        struct answer answer;
        client_call(&mock, &(struct request){ .method = "GET", .path = FIXED[i].path }, &answer);
        assert_int_equal(answer.status, 200);
        cJSON *document = cJSON_Parse(buf_text(&answer.body));
        assert_non_null(get(document, FIXED[i].member));
        cJSON_Delete(document);
        answer_free(&answer);
    }
    mock_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_quantile_lacks_one_and_keeps_the_rest),
        cmocka_unit_test(wrong_horizon_has_another_number_of_values),
        cmocka_unit_test(not_finite_is_a_nan_or_a_number_too_large),
        cmocka_unit_test(not_json_is_no_json),
        cmocka_unit_test(truncated_json_is_well_framed_and_ends_inside_the_document),
        cmocka_unit_test(wrong_types_are_texts_instead_of_numbers),
        cmocka_unit_test(error_object_is_a_detail_with_status_200),
        cmocka_unit_test(wrong_id_names_another_request_and_another_series),
        cmocka_unit_test(a_healthy_answer_has_all_that_tollama_requires),
        cmocka_unit_test(the_older_endpoint_has_quantiles_and_meta),
        cmocka_unit_test(the_ollama_endpoint_streams_lines_unless_told_not_to),
        cmocka_unit_test(fixed_endpoints_answer_as_tollama_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
