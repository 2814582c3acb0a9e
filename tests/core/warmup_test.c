#include "core/warmup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START (100 * NS_PER_S)

/* Virtual time, and what the latest step asked for. */
struct bench {
    struct warmup_config config;
    struct warmup warmup;
    struct warmup_actions actions;
    instant_ns now;
};

static void begin(struct bench *bench, uint32_t profiles)
{
    *bench = (struct bench){
        .config = {
            .enabled = true,
            .seed = 1,
            .profiles = profiles,
            .health_timeout_ns = 5 * NS_PER_S,
            .forecast_timeout_ns = 120 * NS_PER_S,
            .retry = { .base_ns = 250 * NS_PER_MS, .cap_ns = 10 * NS_PER_S },
            .keepwarm_ns = 180 * NS_PER_S,
            .keepwarm_jitter_permille = 200,
        },
        .now = START,
    };
    warmup_init(&bench->warmup, &bench->config, bench->now);
}

static void step(struct bench *bench, struct warmup_input input)
{
    bench->actions = warmup_step(&bench->warmup, input, bench->now);
}

static void event(struct bench *bench, enum warmup_event kind)
{
    step(bench, (struct warmup_input){ .event = kind });
}

static void done(struct bench *bench, enum warmup_result result)
{
    step(bench, (struct warmup_input){ .event = WARMUP_DONE, .result = result });
}

static void traffic(struct bench *bench, uint32_t profile)
{
    step(bench, (struct warmup_input){ .event = WARMUP_TRAFFIC_OK, .profile = profile });
}

/* On to the next wake-up. */
static void wake(struct bench *bench)
{
    instant_ns due = warmup_wakeup(&bench->warmup);
    assert_true(due != INSTANT_NEVER);
    if (due > bench->now) bench->now = due;
    event(bench, WARMUP_TIMER);
}

static void assert_action(const struct bench *bench, uint32_t index, enum warmup_action_kind kind)
{
    assert_true(index < bench->actions.count);
    assert_int_equal(bench->actions.items[index].kind, kind);
}

static void assert_only(const struct bench *bench, enum warmup_action_kind kind)
{
    assert_int_equal(bench->actions.count, 1);
    assert_action(bench, 0, kind);
}

/* Health, then each profile, all well. */
static void warm_up(struct bench *bench)
{
    wake(bench);
    done(bench, WARMUP_OK);
    for (uint32_t i = 0; i < bench->config.profiles; i++) done(bench, WARMUP_OK);
    assert_true(bench->warmup.ready);
    assert_int_equal(bench->warmup.state, WARMUP_WAITING);
}

static void start_asks_for_health_then_for_each_profile_and_is_ready_after_the_last(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 2);
    assert_int_equal(warmup_wakeup(&bench.warmup), START);
    wake(&bench);
    assert_only(&bench, WARMUP_CALL_HEALTH);
    assert_int_equal(bench.actions.items[0].timeout_ns, 5 * NS_PER_S);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 5 * NS_PER_S);
    done(&bench, WARMUP_OK);
    assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_int_equal(bench.actions.items[0].profile, 0);
    assert_int_equal(bench.actions.items[0].timeout_ns, 120 * NS_PER_S);
    done(&bench, WARMUP_OK);
    assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_int_equal(bench.actions.items[0].profile, 1);
    assert_false(bench.warmup.ready);
    done(&bench, WARMUP_OK);
    assert_only(&bench, WARMUP_READY);
    assert_true(bench.warmup.ready);
    assert_int_equal(bench.warmup.counts[WARMUP_OK], 3);
}

static void warmup_that_is_off_is_ready_and_never_calls(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    bench.config.enabled = false;
    warmup_init(&bench.warmup, &bench.config, START);
    assert_true(bench.warmup.ready);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
    event(&bench, WARMUP_TRAFFIC_REFUSED);
    event(&bench, WARMUP_BREAKER_OPENED);
    event(&bench, WARMUP_BREAKER_CLOSED);
    bench.now += 3600 * NS_PER_S;
    event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
}

static void unreachable_upstream_is_asked_for_its_health_with_growing_jittered_waits(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    uint64_t longest_ns = 0;
    for (unsigned i = 0; i < 40; i++) {
        wake(&bench);
        assert_only(&bench, WARMUP_CALL_HEALTH);
        done(&bench, WARMUP_UNREACHABLE);
        uint64_t wait_ns = warmup_wakeup(&bench.warmup) - bench.now;
        assert_true(wait_ns < backoff_ceiling_ns(&bench.config.retry, i));
        longest_ns = u64_max(longest_ns, wait_ns);
    }
    assert_in_range(longest_ns, 8 * NS_PER_S, 10 * NS_PER_S); /* of 34 draws below the cap */
    assert_false(bench.warmup.ready);
    wake(&bench);
    done(&bench, WARMUP_OK);
    assert_only(&bench, WARMUP_CALL_FORECAST);
}

static void two_seeds_wait_differently(void **state)
{
    (void)state;
    struct bench one;
    struct bench two;
    begin(&one, 1);
    begin(&two, 1);
    two.config.seed = 2;
    wake(&one);
    wake(&two);
    done(&one, WARMUP_UNREACHABLE);
    done(&two, WARMUP_UNREACHABLE);
    assert_int_not_equal(warmup_wakeup(&one.warmup), warmup_wakeup(&two.warmup));
}

static void call_that_takes_too_long_is_cancelled_and_the_health_comes_first_again(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    wake(&bench);
    done(&bench, WARMUP_OK);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 120 * NS_PER_S);
    bench.now = START + 120 * NS_PER_S - 1;
    event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    wake(&bench);
    assert_action(&bench, 0, WARMUP_CANCEL);
    assert_int_equal(bench.warmup.counts[WARMUP_TIMEOUT], 1);
    for (int i = 0; i < 2 && bench.warmup.state != WARMUP_HEALTH; i++) wake(&bench);
    assert_int_equal(bench.warmup.state, WARMUP_HEALTH);
    done(&bench, WARMUP_OK);
    while (bench.warmup.state != WARMUP_FORECAST) wake(&bench);
    done(&bench, WARMUP_OK);
    assert_true(bench.warmup.ready);
}

static void answer_in_the_instant_of_the_limit_still_counts(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    wake(&bench);
    done(&bench, WARMUP_OK);
    bench.now = warmup_wakeup(&bench.warmup);
    done(&bench, WARMUP_OK);
    assert_only(&bench, WARMUP_READY);
}

static void refused_profile_is_retried_alone_and_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 3);
    wake(&bench);
    done(&bench, WARMUP_OK);
    unsigned asked[3] = { 0 };
    uint64_t longest_ns = 0;
    for (unsigned i = 0; i < 30; i++) {
        while (bench.warmup.state == WARMUP_WAITING) wake(&bench);
        assert_int_equal(bench.warmup.state, WARMUP_FORECAST);
        uint32_t profile = bench.warmup.target;
        asked[profile]++;
        done(&bench, profile == 0 ? WARMUP_FAILED : WARMUP_OK);
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
    while (bench.warmup.state == WARMUP_WAITING) wake(&bench);
    done(&bench, WARMUP_OK);
    assert_true(bench.warmup.ready);
}

/* A model that takes the whole server down with it. */
static void profile_that_crashes_the_upstream_does_not_starve_the_next(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 2);
    for (unsigned i = 0; i < 4; i++) { /* health, crash, health, the other */
        while (bench.warmup.state == WARMUP_WAITING) wake(&bench);
        bool crash = bench.warmup.state == WARMUP_FORECAST && bench.warmup.target == 0;
        if (bench.warmup.state == WARMUP_HEALTH) bench.now += 4 * NS_PER_S; /* all are due again */
        done(&bench, crash ? WARMUP_UNREACHABLE : WARMUP_OK);
    }
    assert_true(bench.warmup.profiles[1].proven);
    assert_false(bench.warmup.ready);
}

static void real_traffic_counts_as_warmup(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 2);
    wake(&bench);
    done(&bench, WARMUP_UNREACHABLE);
    traffic(&bench, 1);
    assert_only(&bench, WARMUP_CALL_FORECAST); /* who answers is reachable */
    assert_int_equal(bench.actions.items[0].profile, 0);
    traffic(&bench, WARMUP_NO_PROFILE);
    assert_int_equal(bench.actions.count, 0);
    assert_false(bench.warmup.ready);
    traffic(&bench, 0);
    assert_only(&bench, WARMUP_READY);
    done(&bench, WARMUP_FAILED); /* the synthetic forecast that was under way */
    assert_true(bench.warmup.ready);
}

static void idle_profile_is_kept_warm_every_interval_give_or_take_its_jitter(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    warm_up(&bench);
    uint64_t shortest_ns = UINT64_MAX;
    uint64_t longest_ns = 0;
    for (int i = 0; i < 100; i++) {
        instant_ns before = bench.now;
        wake(&bench);
        assert_only(&bench, WARMUP_CALL_FORECAST);
        shortest_ns = u64_min(shortest_ns, bench.now - before);
        longest_ns = u64_max(longest_ns, bench.now - before);
        done(&bench, WARMUP_OK);
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
    begin(&bench, 1);
    warm_up(&bench);
    instant_ns last = 0;
    for (int i = 0; i < 1000; i++) {
        bench.now += 10 * NS_PER_S;
        traffic(&bench, 0);
        last = bench.now;
        assert_int_equal(bench.actions.count, 0);
    }
    assert_in_range(bench.warmup.counts[WARMUP_SKIPPED], 10000 / 216 - 1, 10000 / 144 + 1);
    assert_int_equal(bench.warmup.counts[WARMUP_OK], 2);
    while (bench.actions.count == 0) wake(&bench);
    assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_in_range(bench.now - last, 144 * NS_PER_S, 216 * NS_PER_S);
}

static void keepwarm_of_zero_means_none(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    bench.config.keepwarm_ns = 0;
    warm_up(&bench);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
}

static void failing_keepwarm_is_retried_and_leaves_the_process_ready(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    wake(&bench);
    done(&bench, WARMUP_OK);
    for (int i = 0; i < 10; i++) { /* long forgotten by then */
        done(&bench, WARMUP_FAILED);
        wake(&bench);
    }
    done(&bench, WARMUP_OK);
    wake(&bench);
    done(&bench, WARMUP_FAILED);
    assert_true(bench.warmup.ready);
    assert_false(bench.warmup.profiles[0].warm);
    assert_true(warmup_wakeup(&bench.warmup) - bench.now < 250 * NS_PER_MS);
    wake(&bench);
    assert_only(&bench, WARMUP_CALL_FORECAST);
    done(&bench, WARMUP_OK);
    assert_int_equal(bench.actions.count, 0); /* ready is told once */
    assert_true(bench.warmup.profiles[0].warm);
}

static void pause_makes_ready_and_sends_nothing_until_it_ends(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    wake(&bench);
    event(&bench, WARMUP_PAUSED);
    assert_true(bench.warmup.ready);
    assert_int_equal(warmup_wakeup(&bench.warmup), START + 5 * NS_PER_S); /* of the call out */
    done(&bench, WARMUP_OK);
    assert_int_equal(bench.actions.count, 0);
    assert_int_equal(warmup_wakeup(&bench.warmup), INSTANT_NEVER);
    bench.now += 3600 * NS_PER_S;
    event(&bench, WARMUP_TIMER);
    assert_int_equal(bench.actions.count, 0);
    event(&bench, WARMUP_RESUMED);
    assert_only(&bench, WARMUP_CALL_FORECAST);
    assert_true(bench.warmup.ready);
    done(&bench, WARMUP_FAILED);
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
        cmocka_unit_test(idle_profile_is_kept_warm_every_interval_give_or_take_its_jitter),
        cmocka_unit_test(profile_with_traffic_is_not_sent_synthetic_forecasts),
        cmocka_unit_test(keepwarm_of_zero_means_none),
        cmocka_unit_test(pause_makes_ready_and_sends_nothing_until_it_ends),
        cmocka_unit_test(failing_keepwarm_is_retried_and_leaves_the_process_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
