/* What a call's record says where only metrics and people look, and calls that are woken late. */
#include "engine_fixture.h"

static void record_of_a_new_call_knows_nothing_of_the_last_one(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.pool.connections_max = 1;
    fixture_start(&f);
    assert_text(request(&f, 0, 1), "start 0.0");
    assert_text(request(&f, 1, 2), "");
    f.now += 20 * MS;
    assert_int_equal(record(&f, 1)->pool_wait_ns, 0);
    done(&f, 0, OUTCOME_OK);
    assert_text(timer(&f), "start 1.0");
    assert_int_equal(record(&f, 1)->pool_wait_ns, 20 * MS);
    f.now += MS;
    done(&f, 1, OUTCOME_OK);
    assert_int_equal(record(&f, 1)->finished, f.now);

    f.now += MS;
    assert_text(request(&f, 1, 3), "start 1.0");
    assert_int_equal(record(&f, 1)->pool_wait_ns, 0);
    assert_int_equal(record(&f, 1)->finished, 0);
    assert_int_equal(record(&f, 1)->arrived, f.now);
    fixture_deinit(&f);
}

/* An event loop that was busy: the wait is over, and so is the deadline. */
static void retry_that_is_woken_after_the_deadline_keeps_its_cause(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    request(&f, 0, 1);
    done(&f, 0, OUTCOME_HTTP_503);
    f.now += 2 * SEC;
    assert_text(timer(&f), "baseline 0");
    assert_text(baseline_done(&f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
    assert_int_equal(record(&f, 0)->attempt_count, 1);
    fixture_deinit(&f);
}

/* Woken so late that the least budget is gone, a retry does not wait for a place at all. */
static void retry_without_its_least_budget_does_not_wait_for_a_place(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.pool.connections_max = 1;
    fixture_start(&f);
    request(&f, 0, 1);
    instant_ns deadline = record(&f, 0)->deadline;
    done(&f, 0, OUTCOME_HTTP_503);
    f.now = deadline - 150 * MS - 1;
    assert_text(request(&f, 1, 2), "start 1.0");
    f.now = deadline - 50 * MS;
    assert_text(timer(&f), "");
    assert_text(timer(&f), "baseline 0");
    assert_text(path(&f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX pool:wait "
                             "pool:timeout stale:miss");
    fixture_deinit(&f);
}

static void baseline_that_fails_is_an_error_with_the_cause(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    request(&f, 0, 1);
    done(&f, 0, OUTCOME_HTTP_5XX);
    assert_text(baseline_done(&f, 0, false), "answer 0 error RUNTIME_5XX RUNTIME_5XX");
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_of_a_new_call_knows_nothing_of_the_last_one),
        cmocka_unit_test(retry_that_is_woken_after_the_deadline_keeps_its_cause),
        cmocka_unit_test(retry_without_its_least_budget_does_not_wait_for_a_place),
        cmocka_unit_test(baseline_that_fails_is_an_error_with_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
