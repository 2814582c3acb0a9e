#include "support.h"

/* Refused with `err`, and the sentence says `part`. */
static void assert_text_refused(const char *text, size_t length, enum err err, const char *part)
{
    struct arena arena = { 0 };
    struct forecast_request request;
    struct err_note note = { 0 };
    enum err rc = forecast_request_parse(text, length, &test_config, &arena, &request, &note);
    if (rc != err || strstr(note.sentence, part) == NULL) {
        fail_msg("%.120s\ngave %s: %s\nwanted %s: %s", text, err_name(rc), note.sentence,
                 err_name(err), part);
    }
    arena_deinit(&arena);
}

static void assert_members_refused(const char *members, const char *part)
{
    struct buf body;
    body_write(&body, 40, members);
    assert_text_refused(buf_text(&body), body.length, ERR_INVALID, part);
    buf_deinit(&body);
}

static void assert_body_refused(const char *body, const char *part)
{
    assert_text_refused(body, strlen(body), ERR_INVALID, part);
}

static void the_smallest_request_gets_the_contracts_defaults(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = request_of(&arena, 40, "");
    assert_string_equal(request.market_id, "m1");
    assert_string_equal(request.as_of_ts, "2026-01-01T00:00:00Z");
    assert_int_equal(request.as_of_unix_s, 1767225600);
    assert_string_equal(request.freq, "5m");
    assert_int_equal(request.freq_minutes, 5);
    assert_int_equal(request.horizon, 12);
    assert_int_equal(request.y_count, 40);
    assert_int_equal(request.input_len, 40);
    assert_true(request.y[3] > 0.4299 && request.y[3] < 0.4301);
    assert_int_equal(request.transform, TRANSFORM_LOGIT);
    assert_true(request.eps > 0.99e-6 && request.eps < 1.01e-6);
    assert_string_equal(request.model_name, "chronos");
    assert_null(request.model_version);
    assert_null(request.x_past);
    assert_null(request.x_future);
    assert_null(request.params);
    assert_null(request.liquidity_bucket);
    assert_null(request.y_ts);
    assert_int_equal(request.warnings, 0);
    assert_int_equal(request.baseline_only, CODE_NONE);
    arena_deinit(&arena);
}

static void every_member_is_taken(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_request request = request_of(
        &arena, 40,
        ",\"freq\":\"2h\",\"horizon_steps\":3,\"quantiles\":[0.9,0.1,0.5],\"x_past\":{\"b\":[1,2.5]"
        ","
        "\"a\":[]},\"x_future\":{},\"max_gap_minutes\":60,\"transform\":{\"eps\":0.01,\"space\":"
        "\"none\"},\"model\":{\"provider\":\"tollama\",\"model_name\":\"m\",\"model_version\":"
        "\"7\","
        "\"params\":{\"z\":[true,null],\"a\":\"\\u00e9\"}},\"liquidity_bucket\":\"high\",\"y_ts\":"
        "null");
    assert_int_equal(request.freq_minutes, 120);
    assert_int_equal(request.horizon, 3);
    assert_int_equal(request.warnings, 0);
    assert_string_equal(request.x_past, "{\"a\":[],\"b\":[1,2.5]}");
    assert_null(request.x_future);
    assert_int_equal(request.transform, TRANSFORM_NONE);
    assert_true(request.eps > 0.0099 && request.eps < 0.0101);
    assert_string_equal(request.model_name, "m");
    assert_string_equal(request.model_version, "7");
    assert_string_equal(request.params, "{\"a\":\"\xc3\xa9\",\"z\":[true,null]}");
    assert_string_equal(request.liquidity_bucket, "high");
    assert_int_equal(request.baseline_only, CODE_NONE);
    arena_deinit(&arena);
}

static void other_quantiles_are_replaced_with_a_warning(void **state)
{
    (void)state;
    static const char *const others[] = { "[0.5]", "[0.1,0.5,0.95]", "[]", "[0.1,0.5,0.9,0.99]" };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char members[64];
        snprintf(members, sizeof members, ",\"quantiles\":%s", others[i]);
        struct forecast_request request = request_of(&arena, 40, members);
        assert_int_equal(request.warnings, 1u << WARNING_UNSUPPORTED_QUANTILES);
    }
    assert_string_equal(forecast_warning_text(WARNING_UNSUPPORTED_QUANTILES),
                        "unsupported_quantiles_requested;using_default");
    arena_deinit(&arena);
}

static void the_route_follows_the_order_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        uint32_t count;
        const char *members;
        enum code route;
        bool gap;
    } cases[] = {
        { 31, "", CODE_INPUT_INSUFFICIENT_HISTORY, false },
        { 32, "", CODE_NONE, false },
        { 31, ",\"liquidity_bucket\":\"low\"", CODE_INPUT_INSUFFICIENT_HISTORY, false },
        { 32, ",\"liquidity_bucket\":\"low\"", CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY, false },
        { 32, ",\"liquidity_bucket\":\"LOW\"", CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY, false },
        { 32, ",\"liquidity_bucket\":\"lower\"", CODE_NONE, false },
        { 32, ",\"liquidity_bucket\":null", CODE_NONE, false },
        { 32, ",\"max_gap_minutes\":60", CODE_NONE, false },
        { 32, ",\"max_gap_minutes\":61", CODE_INPUT_INSUFFICIENT_HISTORY, true },
        { 32, ",\"liquidity_bucket\":\"low\",\"max_gap_minutes\":61",
          CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = { 0 };
        struct forecast_request request = request_of(&arena, cases[i].count, cases[i].members);
        if (request.baseline_only != cases[i].route) {
            fail_msg("case %zu: %s", i, code_name(request.baseline_only));
        }
        assert_int_equal(request.warnings, cases[i].gap ? 1u << WARNING_GAP_EXCEEDS_LIMIT : 0);
        arena_deinit(&arena);
    }
}

/* y_ts of 40 steps of 5 minutes, with `gap` extra minutes before the last one. */
static void times_write(struct buf *out, unsigned gap)
{
    buf_init(out, BUF_UNBOUNDED);
    buf_puts(out, ",\"y_ts\":[");
    for (unsigned i = 0; i < 40; i++) {
        unsigned minutes = 5 * i + (i == 39 ? gap : 0);
        buf_printf(out, "%s\"2026-01-01T%02u:%02u:00Z\"", i == 0 ? "" : ",", minutes / 60,
                   minutes % 60);
    }
    buf_puts(out, "]");
}

static void gaps_are_seen_in_y_ts(void **state)
{
    (void)state;
    static const struct {
        unsigned extra;
        bool gap;
    } cases[] = { { 0, false }, { 55, false }, { 60, true } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = { 0 };
        struct buf members;
        times_write(&members, cases[i].extra);
        /* What the caller says of the gap cannot hide what its times show. */
        buf_puts(&members, ",\"max_gap_minutes\":0");
        struct forecast_request request = request_of(&arena, 40, buf_text(&members));
        assert_int_equal(request.baseline_only,
                         cases[i].gap ? CODE_INPUT_INSUFFICIENT_HISTORY : CODE_NONE);
        assert_int_equal(request.y_ts[39] - request.y_ts[38], 300 + 60 * cases[i].extra);
        buf_deinit(&members);
        arena_deinit(&arena);
    }
}

static void a_slow_series_is_no_gap(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf members;
    buf_init(&members, BUF_UNBOUNDED);
    buf_puts(&members, ",\"freq\":\"2h\",\"y_ts\":[");
    for (unsigned i = 0; i < 40; i++) {
        buf_printf(&members, "%s\"2026-01-%02uT%02u:00Z\"", i == 0 ? "" : ",", 1 + i / 12,
                   2 * (i % 12));
    }
    buf_puts(&members, "]");
    assert_int_equal(request_of(&arena, 40, buf_text(&members)).baseline_only, CODE_NONE);
    buf_deinit(&members);
    arena_deinit(&arena);
}

static void only_the_last_values_are_used(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf past;
    buf_init(&past, BUF_UNBOUNDED);
    buf_puts(&past, ",\"x_past\":{\"like_y\":[");
    for (unsigned i = 0; i < 290; i++) buf_printf(&past, "%s%u", i == 0 ? "" : ",", i);
    buf_puts(&past, "],\"short\":[7,8]}");
    struct forecast_request request = request_of(&arena, 290, buf_text(&past));
    assert_int_equal(request.y_count, 290);
    assert_int_equal(request.input_len, 288);
    /* What accompanies y is shortened with it; the upstream refuses unequal lengths. */
    assert_memory_equal(request.x_past, "{\"like_y\":[2,3,", 15);
    assert_non_null(strstr(request.x_past, ",289],\"short\":[7,8]}"));
    buf_deinit(&past);
    arena_deinit(&arena);
}

static void y_has_2_to_20000_finite_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t count;
        const char *sentence;
    } refused[] = {
        { 0, "y has 0 values; allowed: 2 to 20000" },
        { 1, "y has 1 values; allowed: 2 to 20000" },
        { 20001, "y has 20001 values; allowed: 2 to 20000" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct buf body;
        body_write(&body, refused[i].count, "");
        assert_text_refused(buf_text(&body), body.length, ERR_INVALID, refused[i].sentence);
        buf_deinit(&body);
    }
    struct arena arena = { 0 };
    assert_int_equal(request_of(&arena, 2, "").y_count, 2);
    assert_int_equal(request_of(&arena, 20000, "").y_count, 20000);
    arena_deinit(&arena);

    const char *start = "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":";
    static const struct {
        const char *y;
        const char *sentence;
    } values[] = {
        { "[0.1,1e999]", "y[1] is not a finite number" },
        { "[-1e999,1]", "y[0] is not a finite number" },
        { "[0.1,\"0.2\"]", "y[1] is a string" },
        { "[0.1,null]", "y[1] is null" },
        { "[[0.1],0.2]", "y[0] is an array" },
        { "{\"0\":1}", "y is an object" },
        { "\"0.1,0.2\"", "y is a string" },
        { "null", "y is null" },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char body[256];
        snprintf(body, sizeof body, "%s%s}", start, values[i].y);
        assert_body_refused(body, values[i].sentence);
    }
}

static void wrong_types_name_the_field_and_what_was_seen(void **state)
{
    (void)state;
    assert_body_refused("[]", "the body is an array");
    assert_body_refused("7", "the body is a number");
    assert_body_refused("{\"as_of_ts\":\"2026-01-01\",\"y\":[1,2]}", "market_id is missing");
    assert_body_refused("{\"market_id\":7,\"as_of_ts\":\"2026-01-01\",\"y\":[1,2]}",
                        "market_id is a number");
    assert_body_refused("{\"market_id\":\"\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2]}",
                        "market_id has 0 bytes");
    assert_body_refused("{\"market_id\":\"m\",\"y\":[1,2]}", "as_of_ts is missing");
    assert_body_refused("{\"market_id\":\"m\",\"as_of_ts\":1767225600,\"y\":[1,2]}",
                        "as_of_ts is a number");
    assert_body_refused("{\"market_id\":\"m\",\"as_of_ts\":\"yesterday\",\"y\":[1,2]}",
                        "as_of_ts \"yesterday\" is no ISO-8601 time");
    assert_body_refused("{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\"}", "y is missing");
    assert_members_refused(",\"freq\":5", "freq is a number");
    assert_members_refused(",\"horizon_steps\":\"12\"", "horizon_steps is a string");
    assert_members_refused(",\"horizon_steps\":null", "horizon_steps is null");
    assert_members_refused(",\"horizon_steps\":true", "horizon_steps is a boolean");
    assert_members_refused(",\"quantiles\":0.5", "quantiles is a number");
    assert_members_refused(",\"quantiles\":[\"0.5\"]", "quantiles[0]");
    assert_members_refused(",\"max_gap_minutes\":\"5\"", "max_gap_minutes is a string");
    assert_members_refused(",\"x_past\":[1]", "x_past is an array");
    assert_members_refused(",\"x_past\":null", "x_past is null");
    assert_members_refused(",\"x_past\":{\"a\":1}", "x_past.a is a number");
    assert_members_refused(",\"x_future\":{\"a\":[1,\"2\"]}", "x_future.a[1] is a string");
    assert_members_refused(",\"x_future\":{\"a\":[1e999]}", "x_future.a[0] is not a finite");
    assert_members_refused(",\"transform\":\"logit\"", "transform is a string");
    assert_members_refused(",\"transform\":{\"eps\":\"1\"}", "transform.eps is a string");
    assert_members_refused(",\"model\":\"chronos\"", "model is a string");
    assert_members_refused(",\"model\":{\"model_name\":7}", "model.model_name is a number");
    assert_members_refused(",\"model\":{\"provider\":[]}", "model.provider is an array");
    assert_members_refused(",\"model\":{\"params\":[]}", "model.params is an array");
    assert_members_refused(",\"model\":{\"params\":{\"a\":[1e999]}}",
                           "model.params holds a number");
    assert_members_refused(",\"liquidity_bucket\":1", "liquidity_bucket is a number");
    assert_members_refused(",\"y_ts\":\"now\"", "y_ts is a string");
}

static void values_out_of_their_range_are_refused(void **state)
{
    (void)state;
    assert_members_refused(",\"horizon_steps\":0", "whole number, 1 to 1000");
    assert_members_refused(",\"horizon_steps\":-1", "whole number, 1 to 1000");
    assert_members_refused(",\"horizon_steps\":1001", "horizon_steps is 1001");
    assert_members_refused(",\"horizon_steps\":12.5", "horizon_steps is 12.5");
    assert_members_refused(",\"horizon_steps\":1e300", "horizon_steps is 1e+300");
    assert_members_refused(",\"max_gap_minutes\":-1", "max_gap_minutes is -1");
    assert_members_refused(",\"max_gap_minutes\":0.5", "max_gap_minutes is 0.5");
    assert_members_refused(",\"quantiles\":[0.1,1]", "quantiles[1]");
    assert_members_refused(",\"transform\":{\"space\":\"log\"}", "transform.space is log");
    assert_members_refused(",\"transform\":{\"eps\":0}", "transform.eps is 0");
    assert_members_refused(",\"transform\":{\"eps\":0.5}", "transform.eps is 0.5");
    static const char *const freqs[] = { "",     "m",   "5",    "0m",  "-5m",   "5s",
                                         "5min", "05m", "1.5h", "5m ", "8761h", "9999999m" };
    for (size_t i = 0; i < sizeof freqs / sizeof *freqs; i++) {
        char members[64];
        snprintf(members, sizeof members, ",\"freq\":\"%s\"", freqs[i]);
        assert_members_refused(members, "freq ");
    }
    char members[400];
    snprintf(members, sizeof members, ",\"liquidity_bucket\":\"%0257d\"", 0);
    assert_members_refused(members, "liquidity_bucket has 257 bytes; allowed: 1 to 256");
}

static void unknown_members_are_refused_with_a_suggestion(void **state)
{
    (void)state;
    assert_members_refused(",\"horizon_step\":3", "did you mean \"horizon_steps\"?");
    assert_members_refused(",\"colour\":3", "allowed: market_id, as_of_ts, freq");
    assert_members_refused(",\"transform\":{\"epsilon\":1}", "in transform");
    assert_members_refused(",\"model\":{\"model_nam\":\"m\"}", "did you mean \"model_name\"?");
}

static void a_member_given_twice_is_refused(void **state)
{
    (void)state;
    assert_members_refused(",\"market_id\":\"m2\"", "\"market_id\" is given twice");
    assert_members_refused(",\"transform\":{\"eps\":0.1,\"eps\":0.2}", "\"eps\" is given twice");
    assert_members_refused(",\"model\":{\"params\":{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}}",
                           "\"b\" is given twice");
}

static void y_ts_must_fit_y_and_freq(void **state)
{
    (void)state;
    static const struct {
        const char *y_ts;
        const char *sentence;
    } cases[] = {
        { "[\"2026-01-01T00:00Z\"]", "y_ts has 1 times and y has 3 values" },
        { "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",\"soon\"]", "y_ts[2] is no ISO-8601 time" },
        { "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",7]", "y_ts[2] is no ISO-8601 time" },
        { "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",\"2026-01-01T00:05Z\"]",
          "y_ts[2] is not later than y_ts[1]" },
        { "[\"2026-01-01T00:05Z\",\"2026-01-01T00:00Z\",\"2026-01-01T00:10Z\"]",
          "y_ts[1] is not later than y_ts[0]" },
        { "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",\"2026-01-01T00:11Z\"]",
          "y_ts[1] to y_ts[2] is not a multiple of freq (5m)" },
        { "[\"2026-01-01T00:00Z\",\"2026-01-01T00:05:00.5Z\",\"2026-01-01T00:11Z\"]",
          "y_ts[0] to y_ts[1] is not a multiple of freq (5m)" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2,3],\"y_ts\":%s}",
                 cases[i].y_ts);
        assert_body_refused(body, cases[i].sentence);
    }
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char nul[] = "{\"market_id\":\"a\0b\"}";
    assert_text_refused("", 0, ERR_SYNTAX, "the body is empty");
    assert_text_refused("hello", 5, ERR_SYNTAX, "line 1, column 1 (byte 0)");
    assert_text_refused("{\"y\":\n [NaN]}", 13, ERR_SYNTAX,
                        "line 2, column 3 (byte 8): NaN and Infinity are not JSON");
    assert_text_refused(nul, sizeof nul - 1, ERR_SYNTAX, "control character");
}

/* A megabyte of brackets costs no more than a look at its first 33. */
static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    for (int i = 0; i < 1024 * 1024; i++) buf_putc(&body, '[');
    assert_text_refused(buf_text(&body), body.length, ERR_SYNTAX, "nested too deeply");
    buf_deinit(&body);
}

static void a_version_of_the_default_model_is_not_given_to_another(void **state)
{
    (void)state;
    struct forecast_config config = test_config;
    snprintf(config.default_model_version, sizeof config.default_model_version, "v9");
    static const struct {
        const char *model;
        const char *version;
    } cases[] = {
        { "{}", "v9" },
        { "{\"model_name\":\"other\"}", NULL },
        { "{\"model_version\":\"v1\"}", "v1" },
        { "{\"model_version\":null}", "v9" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = { 0 };
        struct forecast_request request;
        struct err_note note = { 0 };
        char body[256];
        int length =
            snprintf(body, sizeof body,
                     "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2],\"model\":%s}",
                     cases[i].model);
        assert_int_equal(
            forecast_request_parse(body, (size_t)length, &config, &arena, &request, &note), ERR_OK);
        if (cases[i].version == NULL) {
            assert_null(request.model_version);
        } else {
            assert_string_equal(request.model_version, cases[i].version);
        }
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_request_gets_the_contracts_defaults),
        cmocka_unit_test(every_member_is_taken),
        cmocka_unit_test(other_quantiles_are_replaced_with_a_warning),
        cmocka_unit_test(the_route_follows_the_order_of_the_contract),
        cmocka_unit_test(gaps_are_seen_in_y_ts),
        cmocka_unit_test(a_slow_series_is_no_gap),
        cmocka_unit_test(only_the_last_values_are_used),
        cmocka_unit_test(y_has_2_to_20000_finite_numbers),
        cmocka_unit_test(wrong_types_name_the_field_and_what_was_seen),
        cmocka_unit_test(values_out_of_their_range_are_refused),
        cmocka_unit_test(unknown_members_are_refused_with_a_suggestion),
        cmocka_unit_test(a_member_given_twice_is_refused),
        cmocka_unit_test(y_ts_must_fit_y_and_freq),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(a_version_of_the_default_model_is_not_given_to_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
