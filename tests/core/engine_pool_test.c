#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.pool = (struct pool_config){ .connections_max = 1, .queue_max = 2 };
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void a_waiter_starts_when_a_place_is_free(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(request(f, 1, 2), "");
    f->now += 50 * MS;
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_true(engine_wakeup(f->engine) <= f->now);
    assert_text(timer(f), "start 1.0");
    assert_int_equal(record(f, 1)->attempts[0].started, f->now);
    done(f, 1, OUTCOME_OK);
    assert_text(path(f, 1), "l1:miss pool:wait breaker:closed attempt:ok");
    assert_int_equal(record(f, 0)->pool_wait_ns, 0);
    assert_int_equal(record(f, 1)->pool_wait_ns, 50 * MS);
}

static void a_full_queue_refuses_with_overload(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (uint8_t i = 0; i < 3; i++)
        request(f, i, i);
    assert_text(request(f, 3, 3), "baseline 3");
    assert_text(baseline_done(f, 3, true),
                "answer 3 baseline BASELINE_FALLBACK RUNTIME_OVERLOADED");
    assert_text(path(f, 3), "l1:miss pool:full stale:miss baseline:ok");
}

static void a_waiter_gives_up_after_the_pool_timeout(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    sent(f, 0);
    request(f, 1, 2);
    assert_int_equal(engine_wakeup(f->engine), f->now + 150 * MS);
    assert_text(wake(f), "baseline 1");
    assert_text(path(f, 1), "l1:miss pool:wait pool:timeout stale:miss");
    assert_int_equal(record(f, 1)->pool_wait_ns, 150 * MS);
    assert_text(baseline_done(f, 1, true),
                "answer 1 baseline BASELINE_FALLBACK RUNTIME_OVERLOADED");
    assert_int_equal(stats(f).pool_waiting, 0);
    assert_int_equal(stats(f).breaker, BREAKER_CLOSED);
}

static void no_waiter_waits_beyond_its_deadline(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 100 * MS;
    fixture_start(f);
    request(f, 0, 1);
    f->now += 1 * MS;
    request(f, 1, 2);
    assert_text(wake(f), "cancel 0.0 deadline, baseline 0");
    assert_text(timer(f), "start 1.0"); /* the place came a millisecond before its deadline */
    baseline_done(f, 0, true);
    f->now = record(f, 1)->deadline;
    assert_text(timer(f), "cancel 1.0 deadline, baseline 1");
    baseline_done(f, 1, true);

    f->config.pool_timeout_ns = 1 * SEC;
    f->config.request_deadline_ns = 1 * SEC;
    engine_reconfigure(f->engine, &f->config, f->now);
    request(f, 0, 1);
    sent(f, 0);
    f->config.request_deadline_ns = 100 * MS;
    engine_reconfigure(f->engine, &f->config, f->now);
    request(f, 1, 2);
    assert_text(wake(f), "baseline 1");
    assert_int_equal(f->now, record(f, 1)->deadline);
    assert_text(path(f, 1), "l1:miss pool:wait pool:timeout stale:miss");
}

static void waiters_start_first_come_first_served_one_per_step(void **state)
{
    struct fixture *f = *state;
    f->config.pool = (struct pool_config){ .connections_max = 3, .queue_max = 4 };
    fixture_start(f);
    for (uint8_t i = 0; i < 3; i++)
        request(f, i, i);
    request(f, 7, 7);
    request(f, 5, 5);
    request(f, 6, 6);
    for (uint8_t i = 0; i < 3; i++)
        done(f, i, OUTCOME_OK);
    assert_text(request(f, 8, 8), ""); /* a newcomer goes behind them */
    assert_text(timer(f), "start 7.0");
    assert_text(timer(f), "start 5.0");
    assert_text(timer(f), "start 6.0");
    assert_text(drain(f), "");
    assert_int_equal(stats(f).pool_waiting, 1);
}

static void a_grant_is_refused_when_the_breaker_opened_meanwhile(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    request(f, 2, 3);
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "closed>open count, baseline 0");
    assert_text(drain(f), "baseline 1, baseline 2");
    assert_text(path(f, 1), "l1:miss pool:wait breaker:open stale:miss");
    assert_text(baseline_done(f, 1, true), "answer 1 baseline BASELINE_FALLBACK CIRCUIT_OPEN");
    assert_int_equal(stats(f).attempts, 0);
    f->now += 10 * SEC; /* the places came back: another call gets one */
    assert_text(request(f, 3, 4), "open>half_open cooldown_over, start 3.0");
}

static void a_grant_is_refused_while_a_hold_lasts(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    done_retry_after(f, 0, OUTCOME_HTTP_503, 4 * SEC);
    assert_text(drain(f), "baseline 1");
    assert_text(path(f, 1), "l1:miss pool:wait hold stale:miss");
    assert_text(baseline_done(f, 1, true), "answer 1 baseline BASELINE_FALLBACK RUNTIME_5XX");
}

static void a_retry_waits_for_a_place_only_while_it_would_have_its_budget(void **state)
{
    struct fixture *f = *state;
    f->config.pool_timeout_ns = 10 * SEC;
    f->config.read_timeout_ns = 10 * SEC;
    f->config.request_deadline_ns = 20 * SEC;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    done(f, 0, OUTCOME_READ_ERROR);
    assert_text(timer(f), "start 1.0");
    sent(f, 1);
    assert_text(wake(f), "");
    assert_int_equal(stats(f).pool_waiting, 1);
    f->now += 9 * SEC;
    progress(f, 1);
    assert_text(wake(f), "baseline 0"); /* the pool timeout, with 9 s left */
    baseline_done(f, 0, true);
    assert_int_equal(record(f, 0)->cause, CODE_RUNTIME_NETWORK);

    f->config.request_deadline_ns = 1 * SEC;
    engine_reconfigure(f->engine, &f->config, f->now);
    assert_text(done(f, 1, OUTCOME_OK), "store 1, answer 1 upstream");
    request(f, 0, 5);
    instant_ns deadline = record(f, 0)->deadline;
    f->config.request_deadline_ns = 20 * SEC;
    engine_reconfigure(f->engine, &f->config, f->now);
    request(f, 1, 6);
    done(f, 0, OUTCOME_READ_ERROR);
    assert_text(timer(f), "start 1.0");
    sent(f, 1);
    assert_text(wake(f), "");
    assert_text(wake(f), "baseline 0");
    assert_int_equal(f->now, deadline - 100 * MS);
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_NETWORK pool:wait pool:timeout stale:miss");
}

static void a_retry_with_its_budget_just_left_does_not_wait(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 300 * MS;
    f->config.min_attempt_budget_ns = 200 * MS;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_READ_ERROR, 100 * MS), "");
    f->now += 50 * MS;
    request(f, 1, 2);
    f->now += 50 * MS;
    assert_text(drain(f), "baseline 0");
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_NETWORK pool:wait pool:timeout stale:miss");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_waiter_starts_when_a_place_is_free),
        CASE(a_full_queue_refuses_with_overload),
        CASE(a_waiter_gives_up_after_the_pool_timeout),
        CASE(no_waiter_waits_beyond_its_deadline),
        CASE(waiters_start_first_come_first_served_one_per_step),
        CASE(a_grant_is_refused_when_the_breaker_opened_meanwhile),
        CASE(a_grant_is_refused_while_a_hold_lasts),
        CASE(a_retry_waits_for_a_place_only_while_it_would_have_its_budget),
        CASE(a_retry_with_its_budget_just_left_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
