#include "base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

enum { MANY = 1000 };

/* In order, and the same values: their sum and their sum of squares are what they were. */
static void assert_sorts(uint64_t *values, size_t count)
{
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    sort_u64(values, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) assert_true(values[i - 1] <= values[i]);
        sum -= values[i];
        squares -= values[i] * values[i];
    }
    assert_int_equal(0, sum);
    assert_int_equal(0, squares);
}

static void any_order_becomes_ascending(void **state)
{
    (void)state;
    uint64_t values[MANY];
    for (uint64_t spread = 1; spread <= UINT64_C(1) << 40; spread *= 16) {
        for (size_t count = 0; count <= MANY; count = count * 3 + 1) {
            for (size_t i = 0; i < count; i++) {
                values[i] = i + draw(spread, rng_stream("sort"), i, 0) % spread;
            }
            assert_sorts(values, count);
        }
    }
    for (size_t i = 0; i < MANY; i++)
        values[i] = MANY - i;
    assert_sorts(values, MANY);
}

static void large_values_are_not_taken_for_small_ones(void **state)
{
    (void)state;
    uint64_t values[] = { UINT64_MAX, 0, UINT64_C(1) << 63, 1, UINT64_MAX - 1 };
    assert_sorts(values, 5);
    assert_int_equal(values[0], 0);
    assert_true(values[4] == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_becomes_ascending),
        cmocka_unit_test(large_values_are_not_taken_for_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
