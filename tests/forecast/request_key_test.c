#include "support.h"

static struct cache_key key_of(const char *text)
{
    struct arena arena = { 0 };
    struct forecast_request request;
    struct err_note note;
    if (parse_text(text, &arena, &request, &note) != ERR_OK)
        fail_msg("%s: %s", text, note.sentence);
    struct cache_key key = request.key;
    arena_deinit(&arena);
    return key;
}

static void assert_same(const char *a, const char *b, bool same)
{
    struct cache_key left = key_of(a);
    struct cache_key right = key_of(b);
    bool equal = memcmp(&left, &right, sizeof left) == 0;
    if (equal != same) fail_msg("%s\n%s\nkeys are %s", a, b, equal ? "equal" : "different");
}

static const char whole[] =
    "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"freq\":\"5m\",\"horizon_steps\":"
    "12,"
    "\"y\":[0.1,0.2,0.3],\"y_ts\":[\"2026-01-01T00:00Z\",\"2026-01-01T00:05Z\",\"2026-01-01T00:"
    "10Z\"],"
    "\"x_past\":{\"a\":[1,2],\"b\":[3]},\"x_future\":{\"c\":[4]},\"transform\":{\"space\":"
    "\"logit\","
    "\"eps\":0.000001},\"model\":{\"provider\":\"tollama\",\"model_name\":\"chronos\","
    "\"model_version\":\"1\",\"params\":{\"p\":1,\"q\":{\"s\":2,\"r\":[3]}}},"
    "\"liquidity_bucket\":\"high\"}";

static void member_order_and_white_space_do_not_matter(void **state)
{
    (void)state;
    assert_same(
        whole,
        " {\"liquidity_bucket\" : \"high\", \"model\":{\"params\":{\"q\":{\"r\":[3.0],\"s\":2e0},"
        "\"p\":1.0},\"model_version\":\"1\",\"model_name\":\"chronos\",\"provider\":\"x\"},\n"
        "\"transform\":{\"eps\":1e-6,\"space\":\"logit\"},\"x_future\":{\"c\":[4.00]},"
        "\"x_past\":{\"b\":[3],\"a\":[1,2]},\"y_ts\":[\"2026-01-01T00:00Z\","
        "\"2026-01-01 00:05:00\",\"2026-01-01T01:10+01:00\"],\"y\":[0.10,2e-1,0.3],"
        "\"horizon_steps\":12,\"freq\":\"5m\",\"as_of_ts\":\"2026-01-01T00:00:00Z\","
        "\"market_\\u0069d\":\"m\"}\t",
        true);
}

static void defaults_that_are_written_out_do_not_matter(void **state)
{
    (void)state;
    assert_same("{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,-0.0]}",
                "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,0],\"freq\":\"5m\","
                "\"horizon_steps\":12,\"quantiles\":[0.1,0.5,0.9],\"y_ts\":null,\"x_past\":{},"
                "\"x_future\":{},\"max_gap_minutes\":0,\"transform\":{},\"model\":{\"params\":{},"
                "\"model_version\":null},\"liquidity_bucket\":null}",
                true);
}

static void the_sign_of_zero_does_not_matter(void **state)
{
    (void)state;
    assert_same("{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,-0.0],"
                "\"x_future\":{\"a\":[-0]}}",
                "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,0],"
                "\"x_future\":{\"a\":[0]}}",
                true);
}

/* `whole` with the first `from` replaced by `to` must have another key. */
static void assert_matters(const char *from, const char *to)
{
    char changed[1024];
    const char *at = strstr(whole, from);
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    assert_same(whole, changed, false);
}

static void every_field_matters(void **state)
{
    (void)state;
    assert_matters("\"market_id\":\"m\"", "\"market_id\":\"n\"");
    assert_matters("00:00:00Z", "00:05:00Z");
    assert_matters("\"5m\"", "\"1m\"");
    assert_matters(":12", ":13");
    assert_matters("0.3]", "0.30000000000000004]");
    assert_matters("[0.1,0.2,0.3]", "[0.2,0.1,0.3]");
    assert_matters("00:10Z", "00:15Z");
    assert_matters("\"a\":[1,2]", "\"a\":[1,2.5]");
    assert_matters("\"a\":[1,2]", "\"d\":[1,2]");
    assert_matters("\"c\":[4]", "\"c\":[5]");
    assert_matters("logit", "none");
    assert_matters("0.000001", "0.000002");
    assert_matters("chronos", "chronos2");
    assert_matters("\"model_version\":\"1\"", "\"model_version\":\"2\"");
    assert_matters("\"model_version\":\"1\",", "");
    assert_matters("\"p\":1", "\"p\":true");
    assert_matters("\"p\":1", "\"p\":\"1\"");
    assert_matters("[3]}}}", "[4]}}}");
    assert_matters("high", "middle");
    assert_matters(",\"liquidity_bucket\":\"high\"", "");
}

static void past_and_future_are_told_apart(void **state)
{
    (void)state;
    assert_same(
        "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2],\"x_past\":{\"a\":[1]}}",
        "{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2],\"x_future\":{\"a\":[1]}}",
        false);
}

static void fields_do_not_run_into_each_other(void **state)
{
    (void)state;
    assert_same("{\"market_id\":\"m1\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2],"
                "\"model\":{\"model_name\":\"ab\",\"model_version\":\"c\"}}",
                "{\"market_id\":\"m1\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2],"
                "\"model\":{\"model_name\":\"a\",\"model_version\":\"bc\"}}",
                false);
}

/* The values that are cut off before the upstream sees them still make another request. */
static void the_whole_of_x_past_matters(void **state)
{
    (void)state;
    struct cache_key keys[2];
    for (int i = 0; i < 2; i++) {
        struct arena arena = { 0 };
        struct buf members;
        buf_init(&members, BUF_UNBOUNDED);
        buf_printf(&members, ",\"x_past\":{\"a\":[%d", i);
        for (int j = 1; j < 300; j++) buf_puts(&members, ",1");
        buf_puts(&members, "]}");
        keys[i] = request_of(&arena, 300, buf_text(&members)).key;
        buf_deinit(&members);
        arena_deinit(&arena);
    }
    assert_memory_not_equal(&keys[0], &keys[1], sizeof keys[0]);
}

/* The form is shared between processes and versions: a change of it needs a new tag. */
static void the_key_of_an_example_stays_what_it_is(void **state)
{
    (void)state;
    struct cache_key key = key_of("{\"market_id\":\"m\",\"as_of_ts\":\"2026-01-01\",\"y\":[1,2]}");
    char hex[2 * CACHE_KEY_BYTES + 1];
    for (int i = 0; i < CACHE_KEY_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", key.bytes[i]);
    assert_string_equal(hex, "d4f4868b8550c9114e780bafbf9f370bf66fc7cec262b09062cd9006f64b7e3b");
}

static struct cache_key family_of(const char *text)
{
    struct arena arena = { 0 };
    struct forecast_request request;
    struct err_note note;
    const struct cache_key none = { .bytes = { 0 } };
    if (parse_text(text, &arena, &request, &note) != ERR_OK)
        fail_msg("%s: %s", text, note.sentence);
    assert_memory_equal(&request.family_key, &none, sizeof none); /* costs nothing unasked */
    forecast_request_make_family(&request);
    assert_memory_not_equal(&request.family_key, &request.key, sizeof none);
    arena_deinit(&arena);
    return request.family_key;
}

/* `whole` with `from` replaced by `to`: whether it is of the same family still. */
static void assert_family(const char *from, const char *to, bool same)
{
    char text[2 * sizeof whole];
    const char *at = strstr(whole, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    struct cache_key left = family_of(whole);
    struct cache_key right = family_of(text);
    bool equal = memcmp(&left, &right, sizeof left) == 0;
    if (equal != same) fail_msg("%s\nis %s family", text, equal ? "of the same" : "of another");
}

static void the_family_is_what_stays_from_one_asking_to_the_next(void **state)
{
    (void)state;
    assert_family("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", true);
    assert_family("[0.1,0.2,0.3]", "[0.2,0.3,0.4]", true);
    assert_family("\"2026-01-01T00:00Z\"", "\"2025-12-31T23:55Z\"", true);
    assert_family("\"b\":[3]", "\"b\":[4]", true);
    assert_family("\"c\":[4]", "\"c\":[5]", true);
    assert_family("high", "middle", true);
    assert_family("\"m\"", "\"n\"", false);
    assert_family("\"5m\"", "\"1m\"", false);
    assert_family(":12,", ":13,", false);
    assert_family("\"logit\"", "\"none\"", false);
    assert_family("0.000001", "0.000002", false);
    assert_family("chronos", "other", false);
    assert_family("\"model_version\":\"1\"", "\"model_version\":\"2\"", false);
    assert_family("\"p\":1", "\"p\":2", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_order_and_white_space_do_not_matter),
        cmocka_unit_test(defaults_that_are_written_out_do_not_matter),
        cmocka_unit_test(the_sign_of_zero_does_not_matter),
        cmocka_unit_test(every_field_matters),
        cmocka_unit_test(past_and_future_are_told_apart),
        cmocka_unit_test(fields_do_not_run_into_each_other),
        cmocka_unit_test(the_whole_of_x_past_matters),
        cmocka_unit_test(the_key_of_an_example_stays_what_it_is),
        cmocka_unit_test(the_family_is_what_stays_from_one_asking_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
