#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/retry_budget.h"

static struct retry_budget_config config;
static struct retry_budget budget;

static void start(uint32_t ratio_permille, uint32_t min_per_s)
{
    config = (struct retry_budget_config){ ratio_permille, min_per_s };
    retry_budget_init(&budget, &config);
}

/* Takes until it is refused. */
static uint32_t take_all(instant_ns now)
{
    uint32_t taken = 0;
    while (taken < 1000000 && retry_budget_spend(&budget, now))
        taken++;
    return taken;
}

static void ten_first_attempts_at_a_fifth_earn_two_retries(void **state)
{
    (void)state;
    start(200, 0);
    for (int i = 0; i < 10; i++)
        retry_budget_earn(&budget);
    assert_int_equal(take_all(0), 2);
}

static void it_starts_with_a_second_and_earns_one_per_second(void **state)
{
    (void)state;
    start(1, 10);
    assert_int_equal(take_all(0), 10);
    assert_int_equal(take_all(NS_PER_S), 10);
    assert_int_equal(take_all(NS_PER_S + 99 * NS_PER_MS), 0);
    assert_int_equal(take_all(NS_PER_S + 100 * NS_PER_MS), 1);
}

static void many_small_steps_of_time_earn_as_much_as_one(void **state)
{
    (void)state;
    start(1, 3);
    take_all(0);
    uint32_t taken = 0;
    for (instant_ns now = 0; now < 10 * NS_PER_S; now += 700 * 1000) /* 0.7 ms: not a whole one */
        taken += retry_budget_spend(&budget, now);
    assert_in_range(taken, 29, 30);
}

static void a_quiet_hour_saves_no_more_than_the_bound(void **state)
{
    (void)state;
    start(1000, 5);
    assert_int_equal(take_all(3600 * NS_PER_S), 10 * 5 + RETRY_BUDGET_BURST);
    for (int i = 0; i < 100000; i++)
        retry_budget_earn(&budget);
    assert_int_equal(take_all(3600 * NS_PER_S), 10 * 5 + RETRY_BUDGET_BURST);
}

static void the_largest_rate_does_not_overflow(void **state)
{
    (void)state;
    start(1, RETRY_BUDGET_PER_S_MAX);
    assert_true(retry_budget_spend(&budget, INSTANT_NEVER - 1));
    assert_int_equal(budget.tokens / 1000,
                     UINT64_C(10) * RETRY_BUDGET_PER_S_MAX + RETRY_BUDGET_BURST - 1);
}

static void without_a_ratio_everything_is_granted(void **state)
{
    (void)state;
    start(0, 0);
    retry_budget_earn(&budget);
    assert_int_equal(take_all(0), 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_first_attempts_at_a_fifth_earn_two_retries),
        cmocka_unit_test(it_starts_with_a_second_and_earns_one_per_second),
        cmocka_unit_test(many_small_steps_of_time_earn_as_much_as_one),
        cmocka_unit_test(a_quiet_hour_saves_no_more_than_the_bound),
        cmocka_unit_test(the_largest_rate_does_not_overflow),
        cmocka_unit_test(without_a_ratio_everything_is_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
