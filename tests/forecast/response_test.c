#include "support.h"

#include <cjson/cJSON.h>

#include "forecast/response.h"

static struct call_record record_of_a_stale_answer(void)
{
    struct call_record record = {
        .arrived = 10 * NS_PER_S,
        .finished = 10 * NS_PER_S + 1234567,
        .served = SERVED_STALE,
        .code = CODE_CACHE_STALE_SERVED,
        .cause = CODE_RUNTIME_5XX,
        .cache_state = CACHE_STALE,
        .cache_tier = CACHE_TIER_L1,
        .age_ns = 61500 * NS_PER_MS,
        .breaker = BREAKER_HALF_OPEN,
        .attempt_count = 2,
        .path_count = 4,
        .attempts = { { .outcome = OUTCOME_CONNECT_ERROR, .latency_ns = 250000 },
                      { .outcome = OUTCOME_HTTP_503,
                        .http_status = 503,
                        .backoff_ns = 42 * NS_PER_MS,
                        .latency_ns = 3 * NS_PER_MS } },
        .path = { { .step = PATH_L1_STALE },
                  { .step = PATH_ATTEMPT, .outcome = OUTCOME_CONNECT_ERROR },
                  { .step = PATH_ATTEMPT, .outcome = OUTCOME_HTTP_503 },
                  { .step = PATH_STALE_HIT } },
    };
    return record;
}

/* The whole answer: a forecast of one step, then `meta` of `record`; checked to be JSON. */
static void answer_write(struct buf *out, struct arena *arena, const struct call_record *record,
                         uint32_t warnings)
{
    struct forecast_request request = request_of(arena, 40, ",\"horizon_steps\":1");
    struct forecast_values values = forecast_values_create(arena, 1);
    values.q[0][0] = 0.25;
    values.q[1][0] = 0.5;
    values.q[2][0] = 0.75;
    struct response_meta meta = { .record = record,
                                  .request = &request,
                                  .request_id = "r-1",
                                  .baseline = "EWMA",
                                  .warnings = warnings,
                                  .now = 10 * NS_PER_S + 1234567 };
    buf_init(out, BUF_UNBOUNDED);
    response_write_forecast(out, &request, &values);
    response_write_meta(out, &meta);
    cJSON *tree = cJSON_ParseWithOpts(buf_text(out), NULL, 1);
    if (tree == NULL) fail_msg("not JSON: %s", buf_text(out));
    cJSON_Delete(tree);
}

static void a_stale_answer_says_so_everywhere(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf text;
    struct call_record record = record_of_a_stale_answer();
    answer_write(&text, &arena, &record, 1u << WARNING_QUANTILE_CROSSING_FIXED);
    assert_string_equal(
        buf_text(&text),
        "{\"market_id\":\"m1\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"freq\":\"5m\","
        "\"horizon_steps\":1,\"quantiles\":[0.1,0.5,0.9],\"yhat_q\":{\"0.1\":[0.25],\"0.5\":[0.5],"
        "\"0.9\":[0.75]},\"meta\":{\"runtime\":\"tollama\",\"model_name\":\"chronos\","
        "\"model_version\":null,\"baseline\":null,\"input_len\":40,\"transform\":\"logit\","
        "\"latency_ms\":1.234,\"warnings\":[\"quantile_crossing_fixed\",\"stale_if_error_served\"],"
        "\"fallback_used\":true,\"fallback_reason\":\"CACHE_STALE_SERVED\",\"cache_hit\":true,"
        "\"cache_stale\":true,\"cache_tier\":\"l1\",\"cache_state\":\"stale_if_error\","
        "\"age_s\":61.500,\"circuit_breaker_state\":\"half_open\",\"code\":\"CACHE_STALE_SERVED\","
        "\"cause\":\"RUNTIME_5XX\",\"request_id\":\"r-1\",\"attempts\":[{\"outcome\":"
        "\"RUNTIME_NETWORK\",\"class\":\"connect_error\",\"http_status\":null,\"backoff_ms\":0,"
        "\"latency_ms\":0.25},{\"outcome\":\"RUNTIME_5XX\",\"class\":\"http_503\","
        "\"http_status\":503,\"backoff_ms\":42,\"latency_ms\":3}],\"path\":[\"l1:stale\","
        "\"attempt:RUNTIME_NETWORK\",\"attempt:RUNTIME_5XX\",\"stale:hit\"]}}");
    buf_deinit(&text);
    arena_deinit(&arena);
}

static void assert_meta(const struct call_record *record, const char *const *parts, size_t count)
{
    struct arena arena = { 0 };
    struct buf text;
    answer_write(&text, &arena, record, 0);
    for (size_t i = 0; i < count; i++) {
        if (strstr(buf_text(&text), parts[i]) == NULL)
            fail_msg("%s\n%s", parts[i], buf_text(&text));
    }
    buf_deinit(&text);
    arena_deinit(&arena);
}

static void a_stale_answer_of_another_request_says_that_too(void **state)
{
    (void)state;
    struct call_record record = record_of_a_stale_answer();
    record.stale_family = true;
    record.path[3].step = PATH_STALE_FAMILY;
    static const char *const parts[] = {
        "\"warnings\":[\"stale_if_error_served\",\"stale_family_served\"]",
        "\"cache_stale\":true,\"cache_tier\":\"l1\",\"cache_state\":\"stale_if_error\"",
        "\"stale:family\"]}}",
    };
    assert_meta(&record, parts, sizeof parts / sizeof *parts);
}

static void a_plain_answer_has_no_code(void **state)
{
    (void)state;
    struct call_record record = { .served = SERVED_UPSTREAM, .attempt_count = 1 };
    record.attempts[0] = (struct attempt_record){ .outcome = OUTCOME_OK, .http_status = 200 };
    static const char *const parts[] = {
        "\"code\":null,\"cause\":null",
        "\"warnings\":[]",
        ("\"fallback_used\":false,\"fallback_reason\":null,\"cache_hit\":false,\"cache_stale\":"
         "false,"
         "\"cache_tier\":\"none\",\"cache_state\":\"miss\",\"age_s\":0.000"),
        "{\"outcome\":\"ok\",\"class\":\"ok\",\"http_status\":200,",
        "\"path\":[]",
    };
    assert_meta(&record, parts, sizeof parts / sizeof *parts);
}

static void a_fresh_hit_is_no_fallback(void **state)
{
    (void)state;
    struct call_record record = { .served = SERVED_CACHE,
                                  .cache_state = CACHE_FRESH,
                                  .cache_tier = CACHE_TIER_L1,
                                  .age_ns = 1234 * NS_PER_MS };
    static const char *const parts[] = {
        "\"runtime\":\"tollama\"",
        ("\"fallback_used\":false,\"fallback_reason\":null,\"cache_hit\":true,\"cache_stale\":"
         "false,"
         "\"cache_tier\":\"l1\",\"cache_state\":\"fresh\",\"age_s\":1.234"),
    };
    assert_meta(&record, parts, sizeof parts / sizeof *parts);
}

static void a_baseline_answer_names_its_cause(void **state)
{
    (void)state;
    struct call_record record = { .served = SERVED_BASELINE,
                                  .code = CODE_BASELINE_FALLBACK,
                                  .cause = CODE_CIRCUIT_OPEN,
                                  .breaker = BREAKER_OPEN };
    static const char *const parts[] = {
        ("\"runtime\":\"baseline\",\"model_name\":\"chronos\",\"model_version\":null,"
         "\"baseline\":\"EWMA\""),
        "\"fallback_used\":true,\"fallback_reason\":\"CIRCUIT_OPEN\",\"cache_hit\":false",
        ("\"circuit_breaker_state\":\"open\",\"code\":\"BASELINE_FALLBACK\","
         "\"cause\":\"CIRCUIT_OPEN\""),
        "\"attempts\":[],\"path\":[]",
    };
    assert_meta(&record, parts, sizeof parts / sizeof *parts);
}

static void attempts_without_a_code_have_words_of_their_own(void **state)
{
    (void)state;
    struct call_record record = { .served = SERVED_BASELINE, .attempt_count = 1 };
    record.attempts[0].outcome = OUTCOME_ABANDONED;
    static const char *const parts[] = { "{\"outcome\":\"abandoned\",\"class\":\"abandoned\"" };
    assert_meta(&record, parts, 1);
}

static void a_problem_is_rfc_9457(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    struct response_problem problem = {
        .status = 400, .code = CODE_INPUT_INVALID, .detail = "y is \"bad\"", .request_id = "r-2"
    };
    response_write_problem(&text, &problem);
    assert_string_equal(buf_text(&text),
                        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                        "\"detail\":\"y is \\\"bad\\\"\",\"code\":\"INPUT_INVALID\",\"cause\":null,"
                        "\"request_id\":\"r-2\",\"attempts\":[],\"path\":[]}");
    buf_clear(&text);
    struct call_record record = record_of_a_stale_answer();
    problem = (struct response_problem){ .status = 503,
                                         .code = CODE_BASELINE_FALLBACK,
                                         .cause = CODE_RUNTIME_5XX,
                                         .detail = "d",
                                         .request_id = "r-3",
                                         .record = &record };
    response_write_problem(&text, &problem);
    assert_non_null(strstr(buf_text(&text), "\"cause\":\"RUNTIME_5XX\""));
    assert_non_null(strstr(buf_text(&text), "\"attempts\":[{\"outcome\":\"RUNTIME_NETWORK\""));
    buf_deinit(&text);
}

static void each_code_has_its_status(void **state)
{
    (void)state;
    static const unsigned statuses[CODE_COUNT] = {
        [CODE_NONE] = 503,
        [CODE_INPUT_INVALID] = 400,
        [CODE_INPUT_INSUFFICIENT_HISTORY] = 400,
        [CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY] = 400,
        [CODE_RUNTIME_TIMEOUT] = 504,
        [CODE_RUNTIME_RATE_LIMITED] = 503,
        [CODE_RUNTIME_5XX] = 503,
        [CODE_RUNTIME_NETWORK] = 502,
        [CODE_RUNTIME_BAD_RESPONSE_SCHEMA] = 502,
        [CODE_RUNTIME_OVERLOADED] = 503,
        [CODE_CIRCUIT_OPEN] = 503,
        [CODE_CACHE_STALE_SERVED] = 503,
        [CODE_BASELINE_FALLBACK] = 503,
    };
    for (unsigned code = 0; code < CODE_COUNT; code++) {
        assert_int_equal(response_status((enum code)code), statuses[code]);
    }
}

static void a_full_buffer_is_no_crash(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = request_of(&arena, 40, "");
    struct forecast_values values = forecast_values_create(&arena, request.horizon);
    for (size_t bytes = 1; bytes < 200; bytes++) {
        struct buf text;
        buf_init(&text, bytes);
        response_write_forecast(&text, &request, &values);
        assert_true(text.overflow);
        buf_deinit(&text);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_answer_says_so_everywhere),
        cmocka_unit_test(a_stale_answer_of_another_request_says_that_too),
        cmocka_unit_test(a_plain_answer_has_no_code),
        cmocka_unit_test(a_fresh_hit_is_no_fallback),
        cmocka_unit_test(a_baseline_answer_names_its_cause),
        cmocka_unit_test(attempts_without_a_code_have_words_of_their_own),
        cmocka_unit_test(a_problem_is_rfc_9457),
        cmocka_unit_test(each_code_has_its_status),
        cmocka_unit_test(a_full_buffer_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
