/* The strict reading of foreign JSON. */
#include "support.h"

#include "forecast/document.h"

static void assert_scan(const char *text, size_t length, const char *trouble)
{
    size_t at = 0;
    const char *seen = document_scan(text, length, &at);
    if (trouble == NULL && seen != NULL) fail_msg("%s: %s at %zu", text, seen, at);
    if (trouble != NULL && (seen == NULL || strstr(seen, trouble) == NULL)) {
        fail_msg("%s: %s, wanted %s", text, seen == NULL ? "accepted" : seen, trouble);
    }
    assert_true(at <= length);
}

static void json_is_accepted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "-1.5e+10",
        "1E5",
        "10.25",
        "\"\"",
        "\"\\u00e9\\n\\/\"",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        " \t\r\n[ 1 , 2 ] ",
        "{\"a\":{\"b\":[{}]},\"c\":1}",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_scan(texts[i], strlen(texts[i]), NULL);
    }
}

static void what_json_forbids_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *trouble;
    } cases[] = {
        { "", "ends too early" },
        { "  ", "ends too early" },
        { "NaN", "NaN and Infinity" },
        { "[Infinity]", "NaN and Infinity" },
        { "-Infinity", "NaN and Infinity" },
        { "nul", "a value" },
        { "tru", "a value" },
        { "'a'", "a value" },
        { "01", "begin with 0" },
        { "+1", "a value" },
        { "1.", "no number" },
        { ".5", "a value" },
        { "-", "no number" },
        { "1e", "no number" },
        { "1e+", "no number" },
        { "0x10", "nothing may follow" },
        { "1 2", "nothing may follow" },
        { "[1]]", "nothing may follow" },
        { "[1", "ends too early" },
        { "[1,", "ends too early" },
        { "[1,]", "a value" },
        { "[1 2]", "a comma or ]" },
        { "{\"a\"}", "a colon" },
        { "{\"a\":1,}", "a member's name" },
        { "{a:1}", "a member's name" },
        { "{\"a\":1 \"b\":2}", "a comma or }" },
        { "{\"a\":", "ends too early" },
        { "{", "a member's name" },
        { "\"abc", "does not end" },
        { "\"\\", "no escape" },
        { "\"\\x\"", "no escape" },
        { "\"\\u12g4\"", "hexadecimal" },
        { "\"\\u12", "hexadecimal" },
        { "\"\\u0000\"", "\\u0000" },
        { "\"\n\"", "control character" },
        { "\"\x80\"", "not UTF-8" },
        { "\"\xc0\xaf\"", "not UTF-8" },
        { "\"\xe0\x80\xaf\"", "not UTF-8" },
        { "\"\xed\xa0\x80\"", "not UTF-8" },
        { "\"\xf0\x80\x80\x80\"", "not UTF-8" },
        { "\"\xf4\x90\x80\x80\"", "not UTF-8" },
        { "\"\xf5\x80\x80\x80\"", "not UTF-8" },
        { "\"\xe2\x82\"", "not UTF-8" },
        { "\"\xe2\x82", "not UTF-8" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_scan(cases[i].text, strlen(cases[i].text), cases[i].trouble);
    }
    assert_scan("1\0", 2, "nothing may follow");
    assert_scan("[1,2", 2, "ends too early");
}

static void nesting_has_a_bound(void **state)
{
    (void)state;
    char text[2 * FORECAST_NESTING_MAX + 2];
    memset(text, '[', FORECAST_NESTING_MAX);
    memset(text + FORECAST_NESTING_MAX, ']', FORECAST_NESTING_MAX);
    assert_scan(text, (size_t)2 * FORECAST_NESTING_MAX, NULL);
    memset(text, '[', FORECAST_NESTING_MAX + 1);
    memset(text + FORECAST_NESTING_MAX + 1, ']', FORECAST_NESTING_MAX + 1);
    assert_scan(text, (size_t)2 * FORECAST_NESTING_MAX + 2, "nested too deeply");
}

/* The bound is on depth; a long list of shallow things is not deep. */
static void many_siblings_are_not_deep(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "[0");
    for (int i = 0; i < 2 * FORECAST_NESTING_MAX; i++) buf_puts(&text, ",[1],[],{},{\"a\":1}");
    buf_puts(&text, "]");
    assert_scan(buf_text(&text), text.length, NULL);
    buf_deinit(&text);
}

static void a_lone_surrogate_is_refused(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct err_note note = { 0 };
    cJSON *tree;
    static const char text[] = "[\"\\udc00\"]";
    assert_int_equal(document_parse(text, sizeof text - 1, "the body", &arena, &tree, &note),
                     ERR_SYNTAX);
    assert_null(tree);
    assert_non_null(strstr(note.sentence, "the body is not JSON"));
    arena_deinit(&arena);
}

static void the_text_needs_no_end_mark(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct err_note note = { 0 };
    cJSON *tree;
    const char text[] = { '[', '1', '2', ']' };
    assert_int_equal(document_parse(text, sizeof text, "the body", &arena, &tree, &note), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(tree), 1);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_accepted),
        cmocka_unit_test(what_json_forbids_is_refused),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(many_siblings_are_not_deep),
        cmocka_unit_test(a_lone_surrogate_is_refused),
        cmocka_unit_test(the_text_needs_no_end_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
