#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "warmup_bench.h"

static void start_asks_for_health_then_for_each_profile_and_is_ready_after_the_last(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 2);
    assert_int_equal(warmup_wakeup(&bench.warmup), START);
    bench_wake(&bench);
    bench_assert_only(&bench, WARMUP_CALL_HEALTH);
    assert_int_equal(bench.actions.items[0].timeout_ns, 5 * NS_PER_S);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 5 * NS_PER_S);
    bench_done(&bench, WARMUP_OK);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_int_equal(bench.actions.items[0].profile, 0);
    assert_int_equal(bench.actions.items[0].timeout_ns, 120 * NS_PER_S);
    bench_done(&bench, WARMUP_OK);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_int_equal(bench.actions.items[0].profile, 1);
    assert_false(bench.warmup.ready);
    bench_done(&bench, WARMUP_OK);
    bench_assert_only(&bench, WARMUP_READY);
    assert_true(bench.warmup.ready);
    assert_int_equal(bench.warmup.counts[WARMUP_OK], 3);
}

static void warmup_that_is_off_is_ready_and_never_calls(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench.config.enabled = false;
    warmup_init(&bench.warmup, &bench.config, START);
    assert_true(bench.warmup.ready);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
    bench_event(&bench, WARMUP_TRAFFIC_REFUSED);
    bench_event(&bench, WARMUP_BREAKER_OPENED);
    bench_event(&bench, WARMUP_BREAKER_CLOSED);
    bench.now += 3600 * NS_PER_S;
    bench_event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
}

static void unreachable_upstream_is_asked_for_its_health_with_growing_jittered_waits(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    uint64_t longest_ns = 0;
    for (unsigned i = 0; i < 40; i++) {
        bench_wake(&bench);
        bench_assert_only(&bench, WARMUP_CALL_HEALTH);
        bench_done(&bench, WARMUP_UNREACHABLE);
        uint64_t wait_ns = warmup_wakeup(&bench.warmup) - bench.now;
        assert_true(wait_ns < backoff_ceiling_ns(&bench.config.retry, i));
        longest_ns = u64_max(longest_ns, wait_ns);
    }
    assert_in_range(longest_ns, 8 * NS_PER_S, 10 * NS_PER_S); /* of 34 draws below the cap */
    assert_false(bench.warmup.ready);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST);
}

static void two_seeds_wait_differently(void **state)
{
    (void)state;
    struct bench one;
    struct bench two;
    bench_begin(&one, 1);
    bench_begin(&two, 1);
    two.config.seed = 2;
    bench_wake(&one);
    bench_wake(&two);
    bench_done(&one, WARMUP_UNREACHABLE);
    bench_done(&two, WARMUP_UNREACHABLE);
    assert_int_not_equal(warmup_wakeup(&one.warmup), warmup_wakeup(&two.warmup));
}

static void call_that_takes_too_long_is_cancelled_and_the_health_comes_first_again(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 120 * NS_PER_S);
    bench.now = START + 120 * NS_PER_S - 1;
    bench_event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    bench_wake(&bench);
    bench_assert_action(&bench, 0, WARMUP_CANCEL);
    assert_int_equal(bench.warmup.counts[WARMUP_TIMEOUT], 1);
    for (int i = 0; i < 2 && bench.warmup.state != WARMUP_HEALTH; i++) bench_wake(&bench);
    assert_int_equal(bench.warmup.state, WARMUP_HEALTH);
    bench_done(&bench, WARMUP_OK);
    while (bench.warmup.state != WARMUP_FORECAST) bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    assert_true(bench.warmup.ready);
}

static void answer_in_the_instant_of_the_limit_still_counts(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 1);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    bench.now = warmup_wakeup(&bench.warmup);
    bench_done(&bench, WARMUP_OK);
    bench_assert_only(&bench, WARMUP_READY);
}

static void refused_profile_is_retried_alone_and_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 3);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    unsigned asked[3] = { 0 };
    uint64_t longest_ns = 0;
    for (unsigned i = 0; i < 30; i++) {
        while (bench.warmup.state == WARMUP_WAITING) bench_wake(&bench);
        assert_int_equal(bench.warmup.state, WARMUP_FORECAST);
        uint32_t profile = bench.warmup.target;
        asked[profile]++;
        bench_done(&bench, profile == 0 ? WARMUP_FAILED : WARMUP_OK);
        if (profile == 0) {
            uint64_t wait_ns = bench.warmup.profiles[0].due - bench.now;
            assert_true(wait_ns < backoff_ceiling_ns(&bench.config.retry, asked[0] - 1));
            longest_ns = u64_max(longest_ns, wait_ns);
        }
    }
    assert_in_range(longest_ns, 8 * NS_PER_S, 10 * NS_PER_S);
    assert_int_equal(asked[1], 1);
    assert_int_equal(asked[2], 1);
    assert_false(bench.warmup.ready);
    while (bench.warmup.state == WARMUP_WAITING) bench_wake(&bench);
    bench_done(&bench, WARMUP_OK);
    assert_true(bench.warmup.ready);
}

/* A model that takes the whole server down with it. */
static void profile_that_crashes_the_upstream_does_not_starve_the_next(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 2);
    for (unsigned i = 0; i < 4; i++) { /* health, crash, health, the other */
        while (bench.warmup.state == WARMUP_WAITING) bench_wake(&bench);
        bool crash = bench.warmup.state == WARMUP_FORECAST && bench.warmup.target == 0;
        if (bench.warmup.state == WARMUP_HEALTH) bench.now += 4 * NS_PER_S; /* all are due again */
        bench_done(&bench, crash ? WARMUP_UNREACHABLE : WARMUP_OK);
    }
    assert_true(bench.warmup.profiles[1].proven);
    assert_false(bench.warmup.ready);
}

static void real_traffic_counts_as_warmup(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, 2);
    bench_wake(&bench);
    bench_done(&bench, WARMUP_UNREACHABLE);
    bench_traffic(&bench, 1);
    bench_assert_only(&bench, WARMUP_CALL_FORECAST); /* who answers is reachable */
    assert_int_equal(bench.actions.items[0].profile, 0);
    bench_traffic(&bench, WARMUP_NO_PROFILE);
    assert_int_equal(bench.actions.count, 0);
    assert_false(bench.warmup.ready);
    bench_traffic(&bench, 0);
    bench_assert_only(&bench, WARMUP_READY);
    bench_done(&bench, WARMUP_FAILED); /* the synthetic forecast that was under way */
    assert_true(bench.warmup.ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_asks_for_health_then_for_each_profile_and_is_ready_after_the_last),
        cmocka_unit_test(warmup_that_is_off_is_ready_and_never_calls),
        cmocka_unit_test(unreachable_upstream_is_asked_for_its_health_with_growing_jittered_waits),
        cmocka_unit_test(two_seeds_wait_differently),
        cmocka_unit_test(call_that_takes_too_long_is_cancelled_and_the_health_comes_first_again),
        cmocka_unit_test(answer_in_the_instant_of_the_limit_still_counts),
        cmocka_unit_test(refused_profile_is_retried_alone_and_does_not_hold_up_the_others),
        cmocka_unit_test(profile_that_crashes_the_upstream_does_not_starve_the_next),
        cmocka_unit_test(real_traffic_counts_as_warmup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
