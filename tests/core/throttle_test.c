#include "core/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S NS_PER_S

static void one_warning_per_interval_tells_how_many_it_stands_for(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_start(&throttle, 100 * S);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 101 * S), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 104 * S), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 109 * S), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 112 * S), 4);
    assert_int_equal(throttle_count(&throttle, 10 * S, 2, 113 * S), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 122 * S - 1), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 122 * S), 4);
}

static void what_was_not_told_is_told_at_the_end_once(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_start(&throttle, 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 3, 1 * S), 0);
    assert_int_equal(throttle_take(&throttle), 3);
    assert_int_equal(throttle_take(&throttle), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 10 * S), 1);
}

static void a_new_start_forgets_what_was_counted(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_start(&throttle, 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 3, 1 * S), 0);
    throttle_start(&throttle, 5 * S);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 14 * S), 0);
    assert_int_equal(throttle_count(&throttle, 10 * S, 1, 15 * S), 2);
}

/* However the events fall: never two warnings within an interval, and nothing is lost. */
static void a_storm_makes_few_warnings_and_loses_no_count(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_start(&throttle, 0);
    uint64_t told = 0;
    unsigned warnings = 0;
    for (uint64_t event = 1; event <= 30000; event++) {
        uint64_t count = throttle_count(&throttle, 10 * S, 1, event * 3 * NS_PER_MS);
        told += count;
        warnings += count > 0 ? 1 : 0;
    }
    assert_int_equal(warnings, 8); /* in 90 s; the ninth would be at 90.018 s */
    assert_int_equal(told + throttle_take(&throttle), 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_warning_per_interval_tells_how_many_it_stands_for),
        cmocka_unit_test(what_was_not_told_is_told_at_the_end_once),
        cmocka_unit_test(a_new_start_forgets_what_was_counted),
        cmocka_unit_test(a_storm_makes_few_warnings_and_loses_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
