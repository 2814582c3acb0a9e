/* How long warmup waits, to the nanosecond, and what it forgets and keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "warmup_bench.h"

enum { SEEDS = 100 };

static void ready_bench(struct bench *bench, uint32_t profiles, uint64_t seed)
{
    bench_begin(bench, profiles);
    bench->config.seed = seed;
    bench_warm_up(bench);
}

/* Below the base, whatever happened before; and now and then nearly all of it. */
static void first_wait_of_a_new_story_is_below_the_base(void **state)
{
    (void)state;
    uint64_t longest_ns = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct bench bench;
        ready_bench(&bench, 1, seed);
        uint64_t base_ns = bench.config.retry.base_ns;
        bench_event(&bench, WARMUP_TRAFFIC_REFUSED);
        assert_true(bench.warmup.health_due - bench.now < base_ns);
        longest_ns = u64_max(longest_ns, bench.warmup.health_due - bench.now);
        bench_wake(&bench);
        bench_done(&bench, WARMUP_UNREACHABLE);
        assert_true(bench.warmup.health_due - bench.now < base_ns);

        ready_bench(&bench, 1, seed);
        bench_wake(&bench); /* keepwarm */
        bench_done(&bench, WARMUP_FAILED);
        assert_true(bench.warmup.profiles[0].due - bench.now < base_ns);
    }
    assert_true(longest_ns > 200 * NS_PER_MS);
}

static void wait_below_one_nanosecond_is_none(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench.config.retry = (struct backoff_config){ .base_ns = 1, .cap_ns = 1 };
    bench_wake(&bench);
    bench_done(&bench, WARMUP_UNREACHABLE);
    bench_assert_only(&bench, WARMUP_CALL_HEALTH);
}

/* All of keepwarm_ns give or take `half_ns` is drawn, and nothing else. */
static void assert_drawn(uint64_t keepwarm_ns, uint64_t half_ns)
{
    unsigned drawn[8] = { 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct bench bench;
        bench_begin(&bench, 1);
        bench.config.seed = seed;
        bench.config.keepwarm_ns = keepwarm_ns;
        bench.config.keepwarm_jitter_permille = 1;
        bench_warm_up(&bench);
        uint64_t interval_ns = warmup_wakeup(&bench.warmup) - bench.now;
        assert_in_range(interval_ns, keepwarm_ns - half_ns, keepwarm_ns + half_ns);
        drawn[interval_ns - (keepwarm_ns - half_ns)]++;
    }
    for (uint64_t i = 0; i <= 2 * half_ns; i++)
        assert_true(drawn[i] > 5);
}

/* One part in a thousand, rounded down. */
static void keepwarm_interval_reaches_both_its_ends_and_no_further(void **state)
{
    (void)state;
    assert_drawn(1999, 1);
    assert_drawn(2000, 2);
}

static void further_refusals_do_not_put_off_the_health_check(void **state)
{
    (void)state;
    struct bench bench;
    ready_bench(&bench, 1, 1);
    bench_event(&bench, WARMUP_TRAFFIC_REFUSED);
    instant_ns due = bench.warmup.health_due;
    assert_true(due > bench.now + 1);
    bench.now++;
    bench_event(&bench, WARMUP_TRAFFIC_REFUSED);
    assert_int_equal(bench.warmup.health_due, due);
}

static void wakeup_is_the_earliest_of_all_profiles(void **state)
{
    (void)state;
    unsigned last_is_first = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct bench bench;
        ready_bench(&bench, 2, seed);
        instant_ns first = bench.warmup.profiles[0].due;
        instant_ns last = bench.warmup.profiles[1].due;
        assert_int_equal(warmup_wakeup(&bench.warmup), instant_min(first, last));
        last_is_first += last < first;
    }
    assert_in_range(last_is_first, SEEDS / 4, SEEDS * 3 / 4);
}

static void success_in_the_moment_of_the_loss_counts_as_after_it(void **state)
{
    (void)state;
    struct bench bench;
    ready_bench(&bench, 2, 1);
    bench.now += NS_PER_S;
    bench_event(&bench, WARMUP_BREAKER_OPENED);
    bench_traffic(&bench, 1);
    bench.now += NS_PER_S;
    bench_event(&bench, WARMUP_BREAKER_CLOSED);
    assert_true(bench.warmup.profiles[1].warm);
    assert_false(bench.warmup.profiles[0].warm);
    assert_false(bench.warmup.lost);
}

static void breaker_that_closed_no_longer_hides_a_return(void **state)
{
    (void)state;
    struct bench bench;
    ready_bench(&bench, 2, 1);
    bench_event(&bench, WARMUP_BREAKER_OPENED);
    bench_event(&bench, WARMUP_BREAKER_CLOSED);
    bench.now += NS_PER_S;
    bench_event(&bench, WARMUP_TRAFFIC_REFUSED);
    assert_false(bench.warmup.reachable);
    bench.now++;
    bench_traffic(&bench, 0);
    assert_true(bench.warmup.reachable);
    assert_false(bench.warmup.lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_wait_of_a_new_story_is_below_the_base),
        cmocka_unit_test(wait_below_one_nanosecond_is_none),
        cmocka_unit_test(keepwarm_interval_reaches_both_its_ends_and_no_further),
        cmocka_unit_test(further_refusals_do_not_put_off_the_health_check),
        cmocka_unit_test(wakeup_is_the_earliest_of_all_profiles),
        cmocka_unit_test(success_in_the_moment_of_the_loss_counts_as_after_it),
        cmocka_unit_test(breaker_that_closed_no_longer_hides_a_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
