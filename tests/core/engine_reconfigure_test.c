/* Settings that change while calls are in flight. */
#include "engine_fixture.h"

#include <string.h>

static void reconfigure(struct fixture *f)
{
    engine_reconfigure(f->engine, &f->config, f->now);
}

static void running_limit_keeps_its_end_and_the_next_one_is_new(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    assert_text(request(&f, 0, 1), "start 0.0");
    f.config.connect_timeout_ns = 10 * MS;
    f.config.read_timeout_ns = 300 * MS;
    reconfigure(&f);
    assert_int_equal(engine_wakeup(f.engine), 1 * SEC + 250 * MS);
    f.now += 100 * MS;
    assert_text(sent(&f, 0), "");
    assert_int_equal(engine_wakeup(f.engine), f.now + 300 * MS);
    fixture_deinit(&f);
}

static void call_in_flight_makes_no_retry_when_there_are_none_any_more(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    request(&f, 0, 1);
    instant_ns deadline = record(&f, 0)->deadline;
    f.config.retry_count = 0;
    f.config.request_deadline_ns = 60 * SEC;
    reconfigure(&f);
    assert_int_equal(record(&f, 0)->deadline, deadline);
    assert_text(done(&f, 0, OUTCOME_HTTP_503), "baseline 0");
    assert_text(baseline_done(&f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
    request(&f, 1, 2);
    assert_int_equal(record(&f, 1)->deadline, f.now + 60 * SEC);
    fixture_deinit(&f);
}

static void waiter_starts_when_there_is_more_room_and_waits_when_there_is_less(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.pool.connections_max = 2;
    fixture_start(&f);
    request(&f, 0, 1);
    request(&f, 1, 2);
    assert_text(request(&f, 2, 3), "");
    f.config.pool.connections_max = 3;
    reconfigure(&f);
    assert_true(engine_wakeup(f.engine) <= f.now);
    assert_text(timer(&f), "start 2.0");

    assert_text(request(&f, 3, 4), "");
    f.config.pool.connections_max = 1;
    reconfigure(&f);
    done(&f, 0, OUTCOME_OK);
    done(&f, 1, OUTCOME_OK);
    assert_true(engine_wakeup(f.engine) > f.now);
    done(&f, 2, OUTCOME_OK);
    assert_text(timer(&f), "start 3.0");
    fixture_deinit(&f);
}

static void breaker_remembers_its_failures_under_a_new_count(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    fail_one(&f, 0, 1, OUTCOME_HTTP_5XX);
    f.now += SEC;
    fail_one(&f, 0, 2, OUTCOME_HTTP_5XX);
    f.config.breaker.failures_to_open = 5;
    reconfigure(&f);
    f.now += SEC;
    fail_one(&f, 0, 3, OUTCOME_HTTP_5XX);
    fail_one(&f, 0, 4, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(&f).breaker, BREAKER_CLOSED);
    /* The first of the five, of 1 s, is just outside the window now. */
    f.now = 31 * SEC;
    fail_one(&f, 0, 5, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(&f).breaker, BREAKER_CLOSED);
    f.config.breaker.failures_to_open = 2;
    reconfigure(&f);
    assert_int_equal(stats(&f).breaker, BREAKER_CLOSED);
    request(&f, 0, 6);
    assert_non_null(strstr(done(&f, 0, OUTCOME_HTTP_5XX), "closed>open count"));
    fixture_deinit(&f);
}

static void breaker_remembers_its_ratio_under_a_longer_window(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.breaker.failures_to_open = 100;
    f.config.breaker.failure_ratio_permille = 500;
    f.config.breaker.min_volume = 4;
    fixture_start(&f);
    fail_one(&f, 0, 1, OUTCOME_HTTP_5XX);
    f.now += SEC;
    fill(&f, 0, 2);
    f.now += SEC;
    fail_one(&f, 0, 3, OUTCOME_HTTP_5XX);
    f.config.breaker.window_ns = 120 * SEC;
    reconfigure(&f);
    f.now += 90 * SEC;
    request(&f, 0, 4);
    assert_non_null(strstr(done(&f, 0, OUTCOME_HTTP_5XX), "closed>open ratio"));
    fixture_deinit(&f);
}

static void half_open_round_ends_with_the_probes_it_began_with(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    open_breaker(&f);
    f.now += 10 * SEC;
    assert_non_null(strstr(timer(&f), "open>half_open"));
    assert_text(request(&f, 0, 11), "start 0.0");
    assert_text(request(&f, 1, 12), "start 1.0");
    f.config.breaker.half_open_probes = 1;
    f.config.breaker.cooldown_ns = 3 * SEC;
    reconfigure(&f);
    done(&f, 1, OUTCOME_OK);
    assert_int_equal(stats(&f).breaker, BREAKER_HALF_OPEN);
    done(&f, 0, OUTCOME_OK);
    assert_int_equal(stats(&f).breaker, BREAKER_CLOSED);

    open_breaker(&f);
    f.now += 3 * SEC;
    timer(&f);
    request(&f, 0, 13);
    done(&f, 0, OUTCOME_OK);
    assert_int_equal(stats(&f).breaker, BREAKER_CLOSED);
    fixture_deinit(&f);
}

static void cache_keeps_what_fits_and_judges_ages_anew(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.cache.ttl_ns = 10 * SEC;
    fixture_start(&f);
    for (uint8_t key = 1; key <= 4; key++) fill(&f, 0, key);
    f.config.cache.entries_max = 2;
    reconfigure(&f);
    assert_int_equal(stats(&f).cache_entries, 2);
    assert_true(engine_wakeup(f.engine) <= f.now);
    drain(&f);
    assert_true(engine_wakeup(f.engine) > f.now);
    assert_text(request(&f, 0, 1), "start 0.0");
    client_gone(&f, 0);
    fill(&f, 0, 5);
    assert_int_equal(stats(&f).cache_entries, 2);
    f.now += 11 * SEC;
    f.config.cache.ttl_ns = 30 * SEC;
    reconfigure(&f);
    assert_text(request(&f, 0, 4), "answer 0 cache");
    f.config.cache.entries_max = 0;
    reconfigure(&f);
    assert_int_equal(stats(&f).cache_entries, 0);
    assert_text(request(&f, 0, 4), "start 0.0");
    fixture_deinit(&f);
}

static void cache_without_times_can_be_turned_on(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.cache.ttl_ns = 0;
    f.config.cache.stale_ns = 0;
    fixture_start(&f);
    assert_text(request(&f, 0, 1), "start 0.0");
    done(&f, 0, OUTCOME_OK);
    assert_int_equal(stats(&f).cache_entries, 0);
    f.config.cache.ttl_ns = 10 * SEC;
    reconfigure(&f);
    fill(&f, 0, 1);
    assert_text(request(&f, 0, 1), "answer 0 cache");
    fixture_deinit(&f);
}

static void fewer_calls_may_come_while_those_with_higher_numbers_finish(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_start(&f);
    request(&f, 15, 1);
    f.config.calls_max = 2;
    reconfigure(&f);
    assert_non_null(strstr(done(&f, 15, OUTCOME_OK), "answer 15 upstream"));
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_limit_keeps_its_end_and_the_next_one_is_new),
        cmocka_unit_test(call_in_flight_makes_no_retry_when_there_are_none_any_more),
        cmocka_unit_test(waiter_starts_when_there_is_more_room_and_waits_when_there_is_less),
        cmocka_unit_test(breaker_remembers_its_failures_under_a_new_count),
        cmocka_unit_test(breaker_remembers_its_ratio_under_a_longer_window),
        cmocka_unit_test(half_open_round_ends_with_the_probes_it_began_with),
        cmocka_unit_test(cache_keeps_what_fits_and_judges_ages_anew),
        cmocka_unit_test(cache_without_times_can_be_turned_on),
        cmocka_unit_test(fewer_calls_may_come_while_those_with_higher_numbers_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
