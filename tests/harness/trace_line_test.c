#include "harness/trace_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct trace_line line;

static bool parse(const char *text)
{
    return trace_line_parse(text, strlen(text), &line);
}

static void fields_are_found_by_their_names(void **state)
{
    (void)state;
    char text[TRACE_TEXT_MAX];
    uint64_t number = 0;
    assert_true(parse("{\"t\":1203004,\"in\":\"attempt_sent\",\"ok\":true,\"none\":null}"));
    assert_int_equal(line.count, 4);
    assert_true(trace_field_u64(trace_line_find(&line, "t"), &number));
    assert_int_equal(number, 1203004);
    assert_true(trace_field_text(trace_line_find(&line, "in"), text));
    assert_string_equal(text, "attempt_sent");
    assert_true(trace_field_is(trace_line_find(&line, "in"), "attempt_sent"));
    assert_false(trace_field_is(trace_line_find(&line, "in"), "attempt_sen"));
    assert_null(trace_line_find(&line, "i"));
    assert_null(trace_line_find(&line, "inn"));
    assert_false(trace_field_u64(trace_line_find(&line, "in"), &number));
    assert_false(trace_field_text(trace_line_find(&line, "t"), text));
    assert_false(trace_field_u64(NULL, &number));
    assert_false(trace_field_text(NULL, text));
}

/* A double has 53 bits. */
static void numbers_keep_all_64_bits(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_true(parse("{\"a\":18446744073709551615,\"b\":9007199254740993,\"c\":0}"));
    assert_true(trace_field_u64(trace_line_find(&line, "a"), &number));
    assert_true(number == UINT64_MAX);
    assert_true(trace_field_u64(trace_line_find(&line, "b"), &number));
    assert_true(number == UINT64_C(9007199254740993));
    static const char *const refused[] = { "18446744073709551616", "99999999999999999999", "-1",
                                           "1.0", "1e3", "0x1", " 1", "\"1\"", "true" };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"a\":%s}", refused[i]);
        assert_true(parse(text));
        assert_false(trace_field_u64(trace_line_find(&line, "a"), &number));
    }
    assert_true(number == UINT64_C(9007199254740993)); /* untouched */
}

static void a_nested_value_is_passed_over_whole(void **state)
{
    (void)state;
    assert_true(parse("{\"a\":[{\"b\":\"]}\\\"\"},[]],\"c\":{\"d\":{}},\"e\":\"x\\\"y\"}"));
    assert_int_equal(line.count, 3);
    assert_int_equal(trace_line_find(&line, "a")->value_length, strlen("[{\"b\":\"]}\\\"\"},[]]"));
    assert_true(trace_field_is(trace_line_find(&line, "e"), "x\\\"y"));
}

static void what_is_not_one_object_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "{",         "{}",        "[]",           "{\"a\"}",    "{\"a\":}",
        "{\"a\":1",  "{\"a\":1,}", "{\"a\":1}x", "{\"a\":\"x}", "{\"a\":[1}", "{\"a\":\"\\",
        "{a:1}",     "{\"a\":1 ,}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1}{\"b\":2}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (parse(texts[i])) fail_msg("taken: %s", texts[i]);
    }
    char many[TRACE_FIELDS_MAX * 12 + 16] = "{";
    size_t length = 1;
    for (int i = 0; i <= TRACE_FIELDS_MAX; i++) {
        int wrote = snprintf(many + length, sizeof many - length, "\"f%d\":1,", i);
        length += (size_t)wrote;
    }
    many[length - 1] = '}';
    assert_false(parse(many)); /* one field too many */
    char *last = strrchr(many, ',');
    last[0] = '}';
    last[1] = '\0';
    assert_true(parse(many));
    assert_int_equal(line.count, TRACE_FIELDS_MAX);
}

static void a_long_text_is_not_cut_but_refused(void **state)
{
    (void)state;
    char text[TRACE_TEXT_MAX];
    char json[TRACE_TEXT_MAX + 16];
    for (int length = TRACE_TEXT_MAX - 1; length <= TRACE_TEXT_MAX; length++) {
        snprintf(json, sizeof json, "{\"a\":\"%0*d\"}", length, 0);
        assert_true(parse(json));
        assert_int_equal(trace_field_text(trace_line_find(&line, "a"), text),
                         length < TRACE_TEXT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_their_names),
        cmocka_unit_test(numbers_keep_all_64_bits),
        cmocka_unit_test(a_nested_value_is_passed_over_whole),
        cmocka_unit_test(what_is_not_one_object_is_refused),
        cmocka_unit_test(a_long_text_is_not_cut_but_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
