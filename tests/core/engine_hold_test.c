#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void a_retry_after_that_fits_is_the_least_wait(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_429, 1 * SEC), "");
    assert_int_equal(engine_wakeup(f->engine), f->now + 1 * SEC);
    assert_int_equal(stats(f).held_until, 0);
    assert_text(request(f, 1, 2), "start 1.0"); /* nobody else is held */
    client_gone(f, 1);
    assert_text(wake(f), "start 0.1");
    assert_int_equal(record(f, 0)->attempts[1].backoff_ns, 1 * SEC);
}

static void a_longer_backoff_goes_over_a_short_retry_after(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    uint64_t wait_ns = drawn_ns(f, 0, 0);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_429, 1), "");
    assert_int_equal(engine_wakeup(f->engine), f->now + wait_ns);
}

static void a_retry_after_that_does_not_fit_holds_later_calls(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 3, 9);
    f->now += 61 * SEC;
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_429, 3 * SEC), "baseline 0");
    assert_text(baseline_done(f, 0, true),
                "answer 0 baseline BASELINE_FALLBACK RUNTIME_RATE_LIMITED");
    assert_int_equal(stats(f).held_until, f->now + 3 * SEC);

    assert_text(request(f, 1, 2), "baseline 1");
    assert_text(path(f, 1), "l1:miss hold stale:miss");
    assert_text(baseline_done(f, 1, true),
                "answer 1 baseline BASELINE_FALLBACK RUNTIME_RATE_LIMITED");
    assert_text(request(f, 1, 9), "answer 1 stale CACHE_STALE_SERVED RUNTIME_RATE_LIMITED");
    assert_text(path(f, 1), "l1:stale hold stale:hit");

    f->now += 3 * SEC - 1;
    assert_text(request(f, 1, 2), "baseline 1");
    baseline_done(f, 1, true);
    f->now += 1;
    assert_text(request(f, 1, 2), "start 1.0");
    assert_int_equal(stats(f).held_until, 0);
}

static void the_edge_of_fitting_leaves_room_for_the_least_budget(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, 1700 * MS), "");
    client_gone(f, 0);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, 1700 * MS + 1), "baseline 0");
    assert_int_equal(stats(f).held_until, f->now + 1700 * MS + 1);
}

static void a_hold_is_capped(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    done_retry_after(f, 0, OUTCOME_HTTP_503, 86400 * SEC);
    assert_int_equal(stats(f).held_until, f->now + 5 * SEC);
}

static void a_cap_of_zero_never_holds(void **state)
{
    struct fixture *f = *state;
    f->config.retry_after_hold_cap_ns = 0;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, UINT64_MAX), "baseline 0");
    assert_int_equal(stats(f).held_until, 0);
    assert_text(request(f, 1, 2), "start 1.0");
}

static void a_shorter_hold_does_not_cut_a_longer_one(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    done_retry_after(f, 0, OUTCOME_HTTP_429, 4 * SEC);
    instant_ns until = f->now + 4 * SEC;
    done_retry_after(f, 1, OUTCOME_HTTP_503, 2 * SEC);
    assert_int_equal(stats(f).held_until, until);
    request(f, 2, 3);
    baseline_done(f, 2, true);
    assert_int_equal(record(f, 2)->cause, CODE_RUNTIME_RATE_LIMITED); /* of the one that holds */
}

static void a_success_does_not_end_a_hold(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    done_retry_after(f, 0, OUTCOME_HTTP_503, 4 * SEC);
    done(f, 1, OUTCOME_OK);
    assert_int_equal(stats(f).held_until, f->now + 4 * SEC);
}

static void a_fitting_retry_after_with_no_retry_left_does_not_hold(void **state)
{
    struct fixture *f = *state;
    f->config.retry_count = 0;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, 1 * SEC), "baseline 0");
    assert_int_equal(stats(f).held_until, 0);
    request(f, 1, 2);
    assert_text(done_retry_after(f, 1, OUTCOME_HTTP_503, 2 * SEC), "baseline 1");
    assert_int_equal(stats(f).held_until, f->now + 2 * SEC);
}

static void an_outcome_without_retry_does_not_hold(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_4XX, 4 * SEC), "baseline 0");
    assert_int_equal(stats(f).held_until, 0);
}

static void a_retry_meets_the_hold_of_another_call(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    done(f, 0, OUTCOME_READ_ERROR);
    done_retry_after(f, 1, OUTCOME_HTTP_429, 4 * SEC);
    assert_text(wake(f), "baseline 0");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_NETWORK hold stale:miss");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_NETWORK");
}

static void retry_after_of_zero_is_no_wait_of_its_own(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    sent(f, 0);
    f->now += 1100 * MS;
    progress(f, 0);
    f->now += 650 * MS; /* less than the least budget is left */
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, 0), "baseline 0");
    assert_int_equal(stats(f).held_until, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_retry_after_that_fits_is_the_least_wait),
        CASE(a_longer_backoff_goes_over_a_short_retry_after),
        CASE(a_retry_after_that_does_not_fit_holds_later_calls),
        CASE(the_edge_of_fitting_leaves_room_for_the_least_budget),
        CASE(a_hold_is_capped),
        CASE(a_cap_of_zero_never_holds),
        CASE(a_shorter_hold_does_not_cut_a_longer_one),
        CASE(a_success_does_not_end_a_hold),
        CASE(a_fitting_retry_after_with_no_retry_left_does_not_hold),
        CASE(an_outcome_without_retry_does_not_hold),
        CASE(a_retry_meets_the_hold_of_another_call),
        CASE(retry_after_of_zero_is_no_wait_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
