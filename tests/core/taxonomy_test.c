#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/taxonomy.h"

static void names_are_those_of_the_guide(void **state)
{
    (void)state;
    const char *const names[] = {
        "",
        "INPUT_INVALID",
        "INPUT_INSUFFICIENT_HISTORY",
        "INPUT_LOW_LIQUIDITY_BASELINE_ONLY",
        "RUNTIME_TIMEOUT",
        "RUNTIME_RATE_LIMITED",
        "RUNTIME_5XX",
        "RUNTIME_NETWORK",
        "RUNTIME_BAD_RESPONSE_SCHEMA",
        "RUNTIME_OVERLOADED",
        "CIRCUIT_OPEN",
        "CACHE_STALE_SERVED",
        "BASELINE_FALLBACK",
    };
    assert_int_equal(CODE_COUNT, sizeof names / sizeof names[0]);
    for (int i = 0; i < CODE_COUNT; i++)
        assert_string_equal(code_name((enum code)i), names[i]);
}

static void each_name_parses_to_its_code(void **state)
{
    (void)state;
    for (int i = 0; i < CODE_COUNT; i++) {
        enum code code = CODE_NONE;
        assert_true(code_parse(code_name((enum code)i), &code));
        assert_int_equal(code, i);
    }
}

static void an_unknown_name_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    enum code code = CODE_CIRCUIT_OPEN;
    assert_false(code_parse("runtime_5xx", &code));
    assert_false(code_parse("RUNTIME_5X", &code));
    assert_int_equal(code, CODE_CIRCUIT_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_guide),
        cmocka_unit_test(each_name_parses_to_its_code),
        cmocka_unit_test(an_unknown_name_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
