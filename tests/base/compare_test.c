#include "base/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_spelling_is_split_from_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum compare_op op;
        const char *value;
    } rows[] = {
        { ">= 60%", COMPARE_GE, "60%" }, { "<=1.4", COMPARE_LE, "1.4" },
        { "< 5", COMPARE_LT, "5" },      { "> 5", COMPARE_GT, "5" },
        { "== 0", COMPARE_EQ, "0" },     { "= 0", COMPARE_EQ, "0" },
        { "300ms", COMPARE_EQ, "300ms" }, { "  >=  7", COMPARE_GE, "7" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum compare_op op = COMPARE_EQ;
        const char *value = NULL;
        assert_true(compare_split(rows[i].text, &op, &value));
        assert_int_equal(op, rows[i].op);
        assert_string_equal(value, rows[i].value);
    }
}

static void an_operator_without_a_value_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "", " ", ">=", ">= ", "==", "<" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum compare_op op = COMPARE_EQ;
        const char *value = NULL;
        assert_false(compare_split(texts[i], &op, &value));
    }
}

static void each_operator_holds_below_at_or_above_its_bound(void **state)
{
    (void)state;
    static const struct {
        enum compare_op op;
        const char *text;
        bool below;
        bool at;
        bool above;
    } rows[] = {
        { COMPARE_EQ, "=", false, true, false },  { COMPARE_GE, ">=", false, true, true },
        { COMPARE_LE, "<=", true, true, false },  { COMPARE_GT, ">", false, false, true },
        { COMPARE_LT, "<", true, false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(compare_holds(rows[i].op, 4, 5), rows[i].below);
        assert_int_equal(compare_holds(rows[i].op, 5, 5), rows[i].at);
        assert_int_equal(compare_holds(rows[i].op, 6, 5), rows[i].above);
        assert_string_equal(compare_text(rows[i].op), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_is_split_from_its_value),
        cmocka_unit_test(an_operator_without_a_value_is_refused),
        cmocka_unit_test(each_operator_holds_below_at_or_above_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
