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

struct item {
    uint64_t key;
    size_t number;
    char ballast[24];
};

static int compare_keys(const void *a, const void *b)
{
    return sort_compare_u64(&((const struct item *)a)->key, &((const struct item *)b)->key);
}

/* Nearly in order, in no order, and in the opposite one. */
static void equal_items_keep_their_order(void **state)
{
    (void)state;
    static struct item items[MANY];
    for (uint64_t spread = 1; spread <= UINT64_C(1) << 40; spread *= 16) {
        for (size_t i = 0; i < MANY; i++) {
            uint64_t key = i / 3 + draw(spread, rng_stream("items"), i, 0) % spread;
            items[i] = (struct item){ .key = spread == 1 ? (MANY - i) / 2 : key, .number = i };
            items[i].ballast[0] = (char)(i % 100);
        }
        sort_items(items, MANY, sizeof items[0], compare_keys);
        bool seen[MANY] = { false };
        for (size_t i = 0; i < MANY; i++) {
            assert_false(seen[items[i].number]);
            seen[items[i].number] = true;
            assert_int_equal(items[i].number % 100, items[i].ballast[0]);
            if (i == 0) continue;
            assert_true(items[i - 1].key <= items[i].key);
            bool same = items[i - 1].key == items[i].key;
            assert_true(!same || items[i - 1].number < items[i].number);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_becomes_ascending),
        cmocka_unit_test(large_values_are_not_taken_for_small_ones),
        cmocka_unit_test(equal_items_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
