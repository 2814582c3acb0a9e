/* The retry budget, and retries that an open breaker would refuse. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.breaker.failures_to_open = 1000;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void a_retry_without_a_token_falls_back_with_the_last_cause(void **state)
{
    struct fixture *f = *state;
    f->config.retry_budget.ratio_permille = 500;
    fixture_start(f);
    request(f, 0, 1); /* earns half a retry */
    assert_text(done(f, 0, OUTCOME_HTTP_503), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_5XX retry:budget stale:miss baseline:ok");
    request(f, 0, 1); /* the other half */
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    assert_text(wake(f), "start 0.1");
    assert_text(done(f, 0, OUTCOME_HTTP_503), "baseline 0"); /* retries earn nothing */
}

static void a_ratio_of_zero_is_no_budget(void **state)
{
    struct fixture *f = *state;
    f->config.retry_budget.min_per_s = 0;
    fixture_start(f);
    for (int i = 0; i < 300; i++) {
        request(f, 0, 1);
        assert_text(done(f, 0, OUTCOME_HTTP_503), "");
        client_gone(f, 0);
    }
}

static void a_storm_of_failures_is_retried_in_proportion_only(void **state)
{
    struct fixture *f = *state;
    f->config.retry_budget.ratio_permille = 100;
    fixture_start(f);
    uint32_t retries = 0;
    for (int i = 0; i < 900; i++) {
        request(f, 0, 1);
        if (done(f, 0, OUTCOME_HTTP_503)[0] == '\0') {
            retries++;
            client_gone(f, 0);
        } else {
            baseline_done(f, 0, true);
        }
    }
    assert_int_equal(retries, 90);
}

static void a_retry_into_the_open_time_of_the_breaker_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 2;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 2);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    assert_text(done(f, 1, OUTCOME_HTTP_503), "closed>open count, baseline 1");
    assert_text(path(f, 1), "l1:miss breaker:closed attempt:RUNTIME_5XX breaker:open stale:miss");
    assert_int_equal(record(f, 1)->finished, 0);
    /* The one that was waiting before finds it open when its wait is over. */
    assert_text(wake(f), "baseline 0");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX breaker:open stale:miss");
}

static void a_retry_due_after_the_cooldown_is_waited_for(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1;
    f->config.breaker.cooldown_ns = 50 * MS;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done_retry_after(f, 0, OUTCOME_HTTP_503, 100 * MS), "closed>open count");
    assert_text(wake(f), "open>half_open cooldown_over");
    assert_text(wake(f), "start 0.1");
}

static void a_refused_retry_takes_no_token(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1;
    f->config.breaker.cooldown_ns = 1 * SEC;
    f->config.retry_budget.ratio_permille = 500;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "closed>open count, baseline 0");
    baseline_done(f, 0, true);
    assert_text(wake(f), "open>half_open cooldown_over");
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_429), ""); /* the half of before is still there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_retry_without_a_token_falls_back_with_the_last_cause),
        TEST(a_ratio_of_zero_is_no_budget),
        TEST(a_storm_of_failures_is_retried_in_proportion_only),
        TEST(a_retry_into_the_open_time_of_the_breaker_is_not_waited_for),
        TEST(a_retry_due_after_the_cooldown_is_waited_for),
        TEST(a_refused_retry_takes_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
