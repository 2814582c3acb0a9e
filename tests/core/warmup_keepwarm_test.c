#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "warmup_bench.h"

static void idle_profile_is_kept_warm_every_interval_give_or_take_its_jitter(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_warm_up(&bench);
    uint64_t shortest_ns = UINT64_MAX;
    uint64_t longest_ns = 0;
    for (int i = 0; i < 100; i++) {
        instant_ns before = bench.now;
        bench_wake(&bench);
        bench_assert_only(&bench, WARMUP_CALL_FORECAST);
        shortest_ns = u64_min(shortest_ns, bench.now - before);
        longest_ns = u64_max(longest_ns, bench.now - before);
        bench_done(&bench, WARMUP_OK);
        assert_int_equal(bench.actions.count, 0);
    }
    assert_in_range(shortest_ns, 144 * NS_PER_S, 150 * NS_PER_S);
    assert_in_range(longest_ns, 210 * NS_PER_S, 216 * NS_PER_S);
    assert_int_equal(bench.warmup.counts[WARMUP_SKIPPED], 0);
}

static void profile_with_traffic_is_not_sent_synthetic_forecasts(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_warm_up(&bench);
    instant_ns last = 0;
    for (int i = 0; i < 1000; i++) {
        bench.now += 10 * NS_PER_S;
        bench_traffic(&bench, 0);
        last = bench.now;
        assert_int_equal(bench.actions.count, 0);
    }
    assert_in_range(bench.warmup.counts[WARMUP_SKIPPED], 10000 / 216 - 1, 10000 / 144 + 1);
    assert_int_equal(bench.warmup.counts[WARMUP_OK], 2);
    while (bench.actions.count == 0) bench_wake(&bench);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_in_range(bench.now - last, 144 * NS_PER_S, 216 * NS_PER_S);
}

static void keepwarm_of_zero_means_none(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench.config.keepwarm_ns = 0;
    bench_warm_up(&bench);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
}

static void failing_keepwarm_is_retried_and_leaves_the_process_ready(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    for (int i = 0; i < 10; i++) { /* long forgotten by then */
        bench_done(&bench, WARMUP_FAILED);
        bench_wake(&bench);
    }
    bench_done(&bench, WARMUP_OK);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_FAILED);
    assert_true(bench.warmup.ready);
    assert_false(bench.warmup.profiles[0].warm);
    assert_true(warmup_wakeup(&bench.warmup) - bench.now < 250 * NS_PER_MS);
    bench_wake(&bench);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
    bench_done(&bench, WARMUP_OK);
    assert_int_equal(bench.actions.count, 0); /* ready is told once */
    assert_true(bench.warmup.profiles[0].warm);
}

static void pause_makes_ready_and_sends_nothing_until_it_ends(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_wake(&bench);
    bench_event(&bench, WARMUP_PAUSED);
    assert_true(bench.warmup.ready);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 5 * NS_PER_S); /* of the call out */
    bench_done(&bench, WARMUP_OK);
    assert_int_equal(bench.actions.count, 0);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
    bench.now += 3600 * NS_PER_S;
    bench_event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    bench_event(&bench, WARMUP_RESUMED);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_true(bench.warmup.ready);
    bench_done(&bench, WARMUP_FAILED);
    assert_true(bench.warmup.ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_profile_is_kept_warm_every_interval_give_or_take_its_jitter),
        cmocka_unit_test(profile_with_traffic_is_not_sent_synthetic_forecasts),
        cmocka_unit_test(keepwarm_of_zero_means_none),
        cmocka_unit_test(failing_keepwarm_is_retried_and_leaves_the_process_ready),
        cmocka_unit_test(pause_makes_ready_and_sends_nothing_until_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
