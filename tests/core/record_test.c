#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/record.h"

static const char *attempt_name(enum outcome outcome)
{
    return path_entry_name(
        (struct path_entry){ .step = PATH_ATTEMPT, .outcome = (uint8_t)outcome });
}

static void served_names_parse_back(void **state)
{
    (void)state;
    const char *const names[] = { "nobody", "cache", "upstream", "stale", "baseline", "error" };
    assert_int_equal(sizeof names / sizeof names[0], SERVED_COUNT);
    for (int i = 0; i < SERVED_COUNT; i++) {
        enum served served = SERVED_NOBODY;
        assert_string_equal(served_name((enum served)i), names[i]);
        assert_true(served_parse(names[i], &served));
        assert_int_equal(served, i);
    }
    enum served served = SERVED_STALE;
    assert_false(served_parse("fresh", &served));
    assert_int_equal(served, SERVED_STALE);
}

static void an_attempt_is_named_by_its_code(void **state)
{
    (void)state;
    assert_string_equal(attempt_name(OUTCOME_OK), "attempt:ok");
    assert_string_equal(attempt_name(OUTCOME_ABANDONED), "attempt:abandoned");
    assert_string_equal(attempt_name(OUTCOME_HTTP_503), "attempt:RUNTIME_5XX");
    assert_string_equal(attempt_name(OUTCOME_READ_ERROR), "attempt:RUNTIME_NETWORK");
    assert_string_equal(attempt_name(OUTCOME_DEADLINE), "attempt:RUNTIME_TIMEOUT");
    assert_string_equal(attempt_name(OUTCOME_HTTP_4XX), "attempt:INPUT_INVALID");
}

static void attempt_names_parse_to_an_outcome_of_the_same_code(void **state)
{
    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        struct path_entry entry = { .step = PATH_HOLD };
        assert_true(path_entry_parse(attempt_name((enum outcome)i), &entry));
        assert_int_equal(entry.step, PATH_ATTEMPT);
        assert_int_equal(classify((enum outcome)entry.outcome)->code,
                         classify((enum outcome)i)->code);
    }
    struct path_entry entry;
    assert_true(path_entry_parse("attempt:ok", &entry));
    assert_int_equal(entry.outcome, OUTCOME_OK);
    assert_true(path_entry_parse("attempt:abandoned", &entry));
    assert_int_equal(entry.outcome, OUTCOME_ABANDONED);
}

static void the_other_words_parse_back(void **state)
{
    (void)state;
    for (int i = 0; i <= PATH_BASELINE_FAILED; i++) {
        if (i == PATH_ATTEMPT) continue;
        struct path_entry entry = { .step = PATH_ATTEMPT, .outcome = 9 };
        const char *name = path_entry_name((struct path_entry){ .step = (uint8_t)i });
        assert_true(path_entry_parse(name, &entry));
        assert_int_equal(entry.step, i);
    }
}

static void words_that_are_none_are_refused(void **state)
{
    (void)state;
    struct path_entry entry;
    assert_false(path_entry_parse("", &entry));
    assert_false(path_entry_parse("attempt:", &entry));
    assert_false(path_entry_parse("attempt:CIRCUIT_OPEN", &entry)); /* no attempt ends like that */
    assert_false(path_entry_parse("stale", &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(served_names_parse_back),
        cmocka_unit_test(an_attempt_is_named_by_its_code),
        cmocka_unit_test(attempt_names_parse_to_an_outcome_of_the_same_code),
        cmocka_unit_test(the_other_words_parse_back),
        cmocka_unit_test(words_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
