#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runtime/cycles.h"

enum { NOON = 1767268800 };

static struct metrics metrics;
static struct cycle cycle;

static int begin(void **state)
{
    (void)state;
    metrics = (struct metrics){ .breaker_open = 0 };
    cycle = (struct cycle){ .open = false };
    return 0;
}

/* Times in tenths of a second. */
static void answer(int64_t as_of, uint64_t arrived, uint64_t answered)
{
    const struct cycle_answer it = { as_of, arrived * NS_PER_S / 10, answered * NS_PER_S / 10 };
    cycle_on_answer(&cycle, &it, &metrics);
}

static uint64_t cycles(void)
{
    uint64_t count = 0;
    for (unsigned i = 0; i <= METRICS_CYCLE_BOUNDS; i++)
        count += metrics.cycles[i];
    return count;
}

static void a_cycle_is_from_the_first_arrival_to_the_last_answer_of_one_as_of(void **state)
{
    (void)state;
    answer(NOON, 10, 12);
    answer(NOON, 11, 15);
    answer(NOON, 21, 33);
    assert_int_equal(cycles(), 0);
    answer(NOON + 300, 40, 41);
    assert_int_equal(cycles(), 1);
    assert_int_equal(metrics.cycle_sum_ns, 23 * NS_PER_S / 10);
    assert_int_equal(metrics.cycles[1], 1); /* over 1 s, within 5 s */
}

static void answers_out_of_order_count_from_the_earliest_arrival(void **state)
{
    (void)state;
    answer(NOON, 15, 16);
    answer(NOON, 10, 20);
    answer(NOON + 300, 40, 41);
    assert_int_equal(metrics.cycle_sum_ns, NS_PER_S);
}

static void one_request_is_no_cycle(void **state)
{
    (void)state;
    answer(NOON, 10, 12);
    answer(NOON + 300, 20, 22);
    answer(NOON + 600, 30, 32);
    assert_int_equal(cycles(), 0);
}

static void a_pause_ends_a_cycle_also_when_the_as_of_stays(void **state)
{
    (void)state;
    answer(NOON, 0, 5);
    answer(NOON, 6, 10);
    answer(NOON, 110, 111); /* ten seconds after 1.0 s: still within */
    assert_int_equal(cycles(), 0);
    answer(NOON, 212, 213);
    assert_int_equal(cycles(), 1);
    assert_int_equal(metrics.cycle_sum_ns, 111 * NS_PER_S / 10);
}

static void a_straggler_of_an_earlier_as_of_belongs_to_no_cycle(void **state)
{
    (void)state;
    answer(NOON, 0, 5);
    answer(NOON, 1, 6);
    answer(NOON + 300, 10, 11);
    answer(NOON, 2, 90);
    answer(NOON + 300, 12, 14);
    answer(NOON + 600, 95, 96);
    assert_int_equal(cycles(), 2);
    assert_int_equal(metrics.cycle_sum_ns, 6 * NS_PER_S / 10 + 4 * NS_PER_S / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_cycle_is_from_the_first_arrival_to_the_last_answer_of_one_as_of,
                               begin),
        cmocka_unit_test_setup(answers_out_of_order_count_from_the_earliest_arrival, begin),
        cmocka_unit_test_setup(one_request_is_no_cycle, begin),
        cmocka_unit_test_setup(a_pause_ends_a_cycle_also_when_the_as_of_stays, begin),
        cmocka_unit_test_setup(a_straggler_of_an_earlier_as_of_belongs_to_no_cycle, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
