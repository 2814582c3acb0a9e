#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    instant_ns before = clock_now();
    instant_ns first = before;
    for (int i = 0; i < 10000; i++) {
        instant_ns now = clock_now();
        assert_true(now >= before);
        before = now;
    }
    assert_true(before > first); /* nanoseconds, not a coarse tick */
}

static void the_wall_clock_counts_milliseconds_since_1970(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > UINT64_C(1600000000000));    /* 2020 */
    assert_true(clock_wall_ms() < UINT64_C(100000000000000)); /* year 5138: not microseconds */
}

static void chance_of_the_kernel_differs_each_time(void **state)
{
    (void)state;
    assert_true(clock_entropy() != clock_entropy());
}

static void adding_to_an_instant_stops_at_never(void **state)
{
    (void)state;
    assert_true(instant_add(5, 7) == 12);
    assert_true(instant_add(INSTANT_NEVER, 1) == INSTANT_NEVER);
    assert_true(instant_add(INSTANT_NEVER - 1, 2) == INSTANT_NEVER);
    assert_true(instant_until(9, 4) == 5);
    assert_true(instant_until(4, 9) == 0);
    assert_true(instant_min(3, 4) == 3 && u64_min(4, 3) == 3 && u64_max(3, 4) == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_counts_milliseconds_since_1970),
        cmocka_unit_test(chance_of_the_kernel_differs_each_time),
        cmocka_unit_test(adding_to_an_instant_stops_at_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
