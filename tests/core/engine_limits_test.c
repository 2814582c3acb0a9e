#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.retry_count = 0;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void a_connection_that_does_not_come_is_given_up(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_int_equal(engine_wakeup(f->engine), 1 * SEC + 250 * MS);
    assert_text(wake(f), "cancel 0.0 connect_timeout, baseline 0");
    assert_int_equal(record(f, 0)->attempts[0].latency_ns, 250 * MS);
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_TIMEOUT");
}

static void sending_may_take_long_while_it_moves(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    connected(f, 0);
    for (int i = 0; i < 5; i++) {
        f->now += 249 * MS;
        assert_text(timer(f), "");
        progress(f, 0);
    }
    assert_int_equal(engine_wakeup(f->engine), f->now + 250 * MS);
    assert_text(wake(f), "cancel 0.0 write_timeout, baseline 0");
}

static void reading_may_take_long_while_bytes_come(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 10 * SEC;
    fixture_start(f);
    request(f, 0, 1);
    sent(f, 0); /* a reused connection: never reported as connected */
    for (int i = 0; i < 3; i++) {
        f->now += 1199 * MS;
        assert_text(timer(f), "");
        progress(f, 0);
    }
    assert_int_equal(engine_wakeup(f->engine), f->now + 1200 * MS);
    assert_text(wake(f), "cancel 0.0 read_timeout, baseline 0");
}

static void a_report_of_bytes_ends_the_connect_phase(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    f->now += 200 * MS;
    progress(f, 0);
    assert_int_equal(engine_wakeup(f->engine), f->now + 250 * MS);
    f->now += 100 * MS;
    connected(f, 0); /* known already */
    assert_int_equal(engine_wakeup(f->engine), f->now + 150 * MS);
    assert_text(wake(f), "cancel 0.0 write_timeout, baseline 0");
}

static void the_deadline_cuts_every_phase(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 200 * MS;
    fixture_start(f);
    for (int phase = 0; phase < 3; phase++) {
        instant_ns arrived = f->now;
        request(f, 0, 1);
        if (phase > 0) connected(f, 0);
        if (phase > 1) sent(f, 0);
        assert_text(wake(f), "cancel 0.0 deadline, baseline 0");
        assert_int_equal(f->now, arrived + 200 * MS);
        assert_text(baseline_done(f, 0, true),
                    "answer 0 baseline BASELINE_FALLBACK RUNTIME_TIMEOUT");
    }
}

static void a_limit_equal_to_the_deadline_is_the_deadlines(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 250 * MS;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(wake(f), "cancel 0.0 deadline, baseline 0");
    client_gone(f, 0);
    baseline_done(f, 0, true);
    f->config.request_deadline_ns = 250 * MS + 1;
    engine_reconfigure(f->engine, &f->config, f->now);
    request(f, 0, 1);
    assert_text(wake(f), "cancel 0.0 connect_timeout, baseline 0");
}

static void attempts_cut_by_the_deadline_do_not_open_the_breaker(void **state)
{
    struct fixture *f = *state;
    f->config.request_deadline_ns = 200 * MS;
    fixture_start(f);
    for (int i = 0; i < 10; i++) {
        request(f, 0, 1);
        wake(f);
        baseline_done(f, 0, true);
    }
    assert_int_equal(stats(f).breaker, BREAKER_CLOSED);
    assert_int_equal(stats(f).permits_out, 0);
}

static void attempts_cut_by_their_own_limit_open_the_breaker(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (int i = 0; i < 2; i++) {
        request(f, 0, 1);
        wake(f);
        baseline_done(f, 0, true);
    }
    request(f, 0, 1);
    assert_text(wake(f), "cancel 0.0 connect_timeout, closed>open count, baseline 0");
}

static void after_the_deadline_a_stale_entry_is_served_at_once(void **state)
{
    struct fixture *f = *state;
    f->config.retry_count = 2;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 61 * SEC;
    request(f, 0, 1);
    sent(f, 0);
    f->now += 1000 * MS;
    progress(f, 0);
    assert_text(wake(f), "cancel 0.0 deadline, answer 0 stale CACHE_STALE_SERVED RUNTIME_TIMEOUT");
    assert_int_equal(f->now, record(f, 0)->deadline);
}

static void an_input_goes_before_a_timer_of_the_same_moment(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    f->now = engine_wakeup(f->engine);
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(drain(f), "");
}

static void timers_of_one_moment_are_spread_over_steps(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1000;
    fixture_start(f);
    request(f, 2, 1);
    request(f, 0, 1);
    request(f, 1, 1);
    f->now = engine_wakeup(f->engine);
    assert_text(timer(f), "cancel 2.0 connect_timeout, baseline 2");
    assert_int_equal(engine_wakeup(f->engine), f->now);
    assert_text(timer(f), "cancel 0.0 connect_timeout, baseline 0");
    assert_text(timer(f), "cancel 1.0 connect_timeout, baseline 1");
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
}

static void a_result_that_comes_late_is_still_an_answer(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    f->now = record(f, 0)->deadline + 3 * MS; /* the driver was busy */
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    request(f, 0, 2);
    f->now = record(f, 0)->deadline + 3 * MS;
    assert_text(done(f, 0, OUTCOME_HTTP_503), "baseline 0");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_connection_that_does_not_come_is_given_up),
        CASE(sending_may_take_long_while_it_moves),
        CASE(reading_may_take_long_while_bytes_come),
        CASE(a_report_of_bytes_ends_the_connect_phase),
        CASE(the_deadline_cuts_every_phase),
        CASE(a_limit_equal_to_the_deadline_is_the_deadlines),
        CASE(attempts_cut_by_the_deadline_do_not_open_the_breaker),
        CASE(attempts_cut_by_their_own_limit_open_the_breaker),
        CASE(after_the_deadline_a_stale_entry_is_served_at_once),
        CASE(an_input_goes_before_a_timer_of_the_same_moment),
        CASE(timers_of_one_moment_are_spread_over_steps),
        CASE(a_result_that_comes_late_is_still_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
