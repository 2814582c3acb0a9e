/* Six defects seen in another service of this kind; each test fails on an engine that has it. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void a_baseline_answer_is_never_stored_and_served_as_fresh(void **state)
{
    struct fixture *f = *state;
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
    assert_int_equal(stats(f).cache_entries, 0);
    assert_text(request(f, 0, 1), "start 0.0"); /* asks the upstream again */
}

static void with_the_breaker_open_a_stale_entry_goes_before_the_baseline(void **state)
{
    struct fixture *f = *state;
    fill(f, 0, 1);
    f->now += 61 * SEC;
    open_breaker(f);
    assert_text(request(f, 0, 1), "answer 0 stale CACHE_STALE_SERVED CIRCUIT_OPEN");
    assert_text(path(f, 0), "l1:stale breaker:open stale:hit");
}

static void a_caller_beyond_the_probes_does_not_reopen_the_breaker(void **state)
{
    struct fixture *f = *state;
    open_breaker(f);
    wake(f);
    assert_text(request(f, 0, 1), "start 0.0");
    assert_text(request(f, 1, 2), "start 1.0");
    assert_text(request(f, 2, 3), "baseline 2"); /* k + 1 */
    baseline_done(f, 2, true);
    assert_int_equal(stats(f).breaker, BREAKER_HALF_OPEN);
    done(f, 0, OUTCOME_OK);
    assert_text(done(f, 1, OUTCOME_OK),
                "half_open>closed probes_passed, store 1, answer 1 upstream");
    assert_int_equal(stats(f).late_results, 0); /* the probes under way counted */
}

static void after_closing_one_failure_does_not_open_the_breaker(void **state)
{
    struct fixture *f = *state;
    open_breaker(f);
    wake(f);
    fill(f, 0, 1);
    fill(f, 0, 2);
    assert_int_equal(stats(f).breaker, BREAKER_CLOSED);
    fail_one(f, 0, 3, OUTCOME_HTTP_5XX); /* the old failures are still within 30 s */
    fail_one(f, 0, 4, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(f).breaker, BREAKER_CLOSED);
    fail_one(f, 0, 5, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(f).breaker, BREAKER_OPEN);
}

static void the_cooldown_begins_when_the_slow_failure_is_reported(void **state)
{
    struct fixture *f = *state;
    fail_one(f, 1, 8, OUTCOME_HTTP_5XX);
    fail_one(f, 1, 9, OUTCOME_HTTP_5XX);
    request(f, 0, 1);
    sent(f, 0);
    f->now += 1 * SEC;
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "closed>open count, baseline 0");
    baseline_done(f, 0, true);
    assert_int_equal(engine_wakeup(f->engine), f->now + 10 * SEC); /* not from its start */
    f->now += 10 * SEC - 1;
    assert_text(request(f, 0, 2), "baseline 0");
}

static void a_failed_baseline_is_a_typed_error_not_an_invention(void **state)
{
    struct fixture *f = *state;
    request(f, 0, 1);
    done(f, 0, OUTCOME_HTTP_5XX);
    assert_text(baseline_done(f, 0, false), "answer 0 error RUNTIME_5XX RUNTIME_5XX");
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_5XX stale:miss baseline:failed");
    assert_int_equal(stats(f).cache_entries, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_baseline_answer_is_never_stored_and_served_as_fresh),
        CASE(with_the_breaker_open_a_stale_entry_goes_before_the_baseline),
        CASE(a_caller_beyond_the_probes_does_not_reopen_the_breaker),
        CASE(after_closing_one_failure_does_not_open_the_breaker),
        CASE(the_cooldown_begins_when_the_slow_failure_is_reported),
        CASE(a_failed_baseline_is_a_typed_error_not_an_invention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
