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

static void a_retry_starts_after_its_drawn_wait(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    f->now += 10 * MS;
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    uint64_t wait_ns = drawn_ns(f, 0, 0);
    assert_true(wait_ns > 0 && wait_ns < 100 * MS);
    assert_int_equal(engine_wakeup(f->engine), f->now + wait_ns);
    f->now += wait_ns - 1;
    assert_text(timer(f), "");
    assert_text(wake(f), "start 0.1");
    assert_int_equal(record(f, 0)->attempts[0].http_status, 503);
    assert_int_equal(record(f, 0)->attempts[1].backoff_ns, wait_ns);
    assert_int_equal(record(f, 0)->attempts[1].started, 1 * SEC + 10 * MS + wait_ns);
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX breaker:closed attempt:ok");
}

static void exactly_the_transient_outcomes_are_retried(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1000;
    fixture_start(f);
    const enum outcome retried[] = {
        OUTCOME_CONNECT_ERROR, OUTCOME_CONNECT_TIMEOUT, OUTCOME_WRITE_ERROR, OUTCOME_WRITE_TIMEOUT,
        OUTCOME_READ_ERROR,    OUTCOME_READ_TIMEOUT,    OUTCOME_HTTP_429,    OUTCOME_PROTOCOL_ERROR,
        OUTCOME_HTTP_502,      OUTCOME_HTTP_503,        OUTCOME_HTTP_504,
    };
    for (int i = OUTCOME_OK + 1; i < OUTCOME_ABANDONED; i++) {
        bool expected = false;
        for (size_t k = 0; k < sizeof retried / sizeof retried[0]; k++) {
            if ((int)retried[k] == i) expected = true;
        }
        request(f, 0, (uint8_t)i);
        assert_text(done(f, 0, (enum outcome)i), expected ? "" : "baseline 0");
        if (expected) {
            assert_text(wake(f), "start 0.1");
            client_gone(f, 0);
        } else {
            baseline_done(f, 0, true);
        }
    }
}

static void retries_end_with_the_retry_count(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1000;
    for (uint32_t retries = 0; retries < ATTEMPTS_MAX; retries++) {
        f->config.retry_count = retries;
        f->config.request_deadline_ns = 60 * SEC;
        fixture_start(f);
        request(f, 0, 1);
        for (uint32_t i = 0; i < retries; i++) {
            assert_text(done(f, 0, OUTCOME_READ_ERROR), "");
            wake(f);
            assert_int_equal(record(f, 0)->attempt_count, i + 2);
        }
        assert_text(done(f, 0, OUTCOME_READ_ERROR), "baseline 0");
        baseline_done(f, 0, true);
        assert_int_equal(record(f, 0)->attempt_count, retries + 1);
        assert_int_equal(record(f, 0)->cause, CODE_RUNTIME_NETWORK);
        engine_destroy(f->engine);
        f->engine = NULL;
    }
}

static void a_retry_needs_its_wait_and_least_budget_before_the_deadline(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (int late = 0; late < 2; late++) {
        instant_ns arrived = f->now;
        request(f, 0, 1);
        uint64_t need_ns = drawn_ns(f, 0, 0) + 100 * MS;
        sent(f, 0);
        f->now += 1000 * MS;
        progress(f, 0);
        f->now = arrived + 1800 * MS - need_ns + (late ? 1 : 0);
        assert_text(done(f, 0, OUTCOME_HTTP_503), late ? "baseline 0" : "");
        if (late) {
            assert_text(baseline_done(f, 0, true),
                        "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
        } else {
            assert_text(wake(f), "start 0.1");
            assert_int_equal(record(f, 0)->deadline - f->now, 100 * MS);
            client_gone(f, 0);
        }
    }
}

static void with_less_than_the_least_budget_left_there_is_no_retry(void **state)
{
    struct fixture *f = *state;
    f->config.backoff.base_ns = 0; /* a wait of nothing always fits */
    fixture_start(f);
    request(f, 0, 1);
    sent(f, 0);
    f->now += 1000 * MS;
    progress(f, 0);
    f->now += 700 * MS + 1;
    assert_text(done(f, 0, OUTCOME_HTTP_503), "baseline 0");
}

static void a_backoff_of_zero_retries_at_the_same_moment(void **state)
{
    struct fixture *f = *state;
    f->config.backoff.base_ns = 0;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    assert_int_equal(engine_wakeup(f->engine), f->now);
    assert_text(timer(f), "start 0.1");
}

static void a_retry_refused_by_the_breaker_keeps_the_attempts_cause(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    done(f, 0, OUTCOME_READ_ERROR);
    fail_one(f, 1, 2, OUTCOME_HTTP_5XX);
    fail_one(f, 1, 3, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(f).breaker, BREAKER_OPEN);
    assert_text(wake(f), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_NETWORK");
    assert_text(
        path(f, 0),
        "l1:miss breaker:closed attempt:RUNTIME_NETWORK breaker:open stale:miss baseline:ok");
}

static void a_retry_refused_by_the_pool_keeps_the_attempts_cause(void **state)
{
    struct fixture *f = *state;
    f->config.pool = (struct pool_config){ .connections_max = 1, .queue_max = 0 };
    fixture_start(f);
    request(f, 0, 1);
    done(f, 0, OUTCOME_READ_ERROR);
    assert_text(request(f, 1, 2), "start 1.0"); /* a backoff holds no place in the pool */
    assert_text(wake(f), "baseline 0");
    baseline_done(f, 0, true);
    assert_int_equal(record(f, 0)->cause, CODE_RUNTIME_NETWORK);
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_NETWORK pool:full stale:miss baseline:ok");
}

static void a_retry_woken_after_the_deadline_does_not_start(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    done(f, 0, OUTCOME_HTTP_503);
    f->now = record(f, 0)->deadline;
    assert_text(timer(f), "baseline 0");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX stale:miss");
}

static void the_last_attempts_outcome_is_the_cause(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    done(f, 0, OUTCOME_READ_ERROR);
    wake(f);
    done(f, 0, OUTCOME_BAD_SCHEMA);
    assert_text(baseline_done(f, 0, false),
                "answer 0 error RUNTIME_BAD_RESPONSE_SCHEMA RUNTIME_BAD_RESPONSE_SCHEMA");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_retry_starts_after_its_drawn_wait),
        CASE(exactly_the_transient_outcomes_are_retried),
        CASE(retries_end_with_the_retry_count),
        CASE(a_retry_needs_its_wait_and_least_budget_before_the_deadline),
        CASE(with_less_than_the_least_budget_left_there_is_no_retry),
        CASE(a_backoff_of_zero_retries_at_the_same_moment),
        CASE(a_retry_refused_by_the_breaker_keeps_the_attempts_cause),
        CASE(a_retry_refused_by_the_pool_keeps_the_attempts_cause),
        CASE(a_retry_woken_after_the_deadline_does_not_start),
        CASE(the_last_attempts_outcome_is_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
