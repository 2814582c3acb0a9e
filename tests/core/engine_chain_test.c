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

static void a_first_request_is_answered_by_the_upstream_and_stored(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
    assert_text(request(f, 3, 1), "start 3.0");
    assert_int_equal(record(f, 3)->arrived, 1 * SEC);
    assert_int_equal(record(f, 3)->deadline, 2800 * MS);
    assert_int_equal(stats(f).calls, 1);
    assert_int_equal(stats(f).attempts, 1);
    assert_int_equal(stats(f).permits_out, 1);
    f->now += 5 * MS;
    assert_text(connected(f, 3), "");
    assert_text(sent(f, 3), "");
    f->now += 40 * MS;
    assert_text(progress(f, 3), "");
    assert_text(done(f, 3, OUTCOME_OK), "store 3, answer 3 upstream");
    assert_text(path(f, 3), "l1:miss breaker:closed attempt:ok");

    const struct call_record *r = record(f, 3);
    assert_int_equal(r->request_key, 1003);
    assert_int_equal(r->cache_state, CACHE_MISS);
    assert_int_equal(r->age_ns, 0);
    assert_int_equal(r->breaker, BREAKER_CLOSED);
    assert_int_equal(r->attempts[0].outcome, OUTCOME_OK);
    assert_int_equal(r->attempts[0].http_status, 200);
    assert_int_equal(r->attempts[0].started, 1 * SEC);
    assert_int_equal(r->attempts[0].backoff_ns, 0);
    assert_int_equal(r->attempts[0].latency_ns, 45 * MS);
    assert_int_equal(stats(f).calls, 0);
    assert_int_equal(stats(f).attempts, 0);
    assert_int_equal(stats(f).permits_out, 0);
    assert_int_equal(stats(f).cache_entries, 1);
    assert_int_equal(stats(f).cache_bytes, 100);
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
}

static void a_fresh_entry_is_served_without_an_attempt(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    uint32_t slot = record(f, 0)->cache_slot;
    f->now += 7 * SEC;
    assert_text(request(f, 1, 1), "answer 1 cache");
    assert_text(path(f, 1), "l1:fresh");
    assert_int_equal(record(f, 1)->cache_state, CACHE_FRESH);
    assert_int_equal(record(f, 1)->cache_slot, slot);
    assert_int_equal(record(f, 1)->age_ns, 7 * SEC);
    assert_int_equal(record(f, 1)->attempt_count, 0);
}

static void a_stale_entry_is_renewed_when_the_upstream_is_well(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 61 * SEC;
    assert_text(request(f, 0, 1), "start 0.0");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:stale breaker:closed attempt:ok");
    assert_text(request(f, 0, 1), "answer 0 cache");
}

static void a_stale_entry_is_served_before_the_baseline(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 100 * SEC;
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_BAD_SCHEMA),
                "answer 0 stale CACHE_STALE_SERVED RUNTIME_BAD_RESPONSE_SCHEMA");
    assert_text(path(f, 0),
                "l1:stale breaker:closed attempt:RUNTIME_BAD_RESPONSE_SCHEMA stale:hit");
    assert_int_equal(record(f, 0)->cache_state, CACHE_STALE);
    assert_int_equal(record(f, 0)->age_ns, 100 * SEC);
}

static void an_entry_beyond_the_stale_window_is_not_served(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    uint32_t slot = record(f, 0)->cache_slot;
    f->now += 180 * SEC - 1;
    request(f, 0, 1);
    f->now += 1;
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_5XX");
    assert_text(path(f, 0), "l1:stale breaker:closed attempt:RUNTIME_5XX stale:miss baseline:ok");
    assert_int_equal(slot, 0);
    assert_text(drain(f), "drop 0"); /* the body that nobody will ask for again */
    assert_int_equal(record(f, 0)->cache_state, CACHE_MISS);
    assert_int_equal(record(f, 0)->cache_slot, CACHE_NO_SLOT);
}

static void an_entry_filled_by_another_call_is_served_as_fresh(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    done(f, 1, OUTCOME_OK);
    f->now += 1 * MS;
    assert_text(done(f, 0, OUTCOME_BAD_SCHEMA), "answer 0 cache");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_BAD_RESPONSE_SCHEMA l1:filled");
    assert_int_equal(record(f, 0)->age_ns, 1 * MS);
}

static void baseline_only_input_skips_everything_else(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    const enum code causes[] = { CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY,
                                 CODE_INPUT_INSUFFICIENT_HISTORY };
    assert_text(baseline_only(f, 0, causes[0]), "baseline 0");
    assert_text(baseline_done(f, 0, true),
                "answer 0 baseline BASELINE_FALLBACK INPUT_LOW_LIQUIDITY_BASELINE_ONLY");
    assert_text(path(f, 0), "input:baseline_only baseline:ok");
    assert_text(baseline_only(f, 0, causes[1]), "baseline 0");
    assert_text(baseline_done(f, 0, false),
                "answer 0 error INPUT_INSUFFICIENT_HISTORY INPUT_INSUFFICIENT_HISTORY");
    assert_text(path(f, 0), "input:baseline_only baseline:failed");
}

static void an_open_breaker_skips_the_upstream(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 70 * SEC;
    open_breaker(f);
    assert_text(request(f, 0, 2), "baseline 0");
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK CIRCUIT_OPEN");
    assert_text(path(f, 0), "l1:miss breaker:open stale:miss baseline:ok");
    assert_int_equal(record(f, 0)->breaker, BREAKER_OPEN);
    assert_text(request(f, 0, 1), "answer 0 stale CACHE_STALE_SERVED CIRCUIT_OPEN");
}

static void the_breaker_says_each_move_in_the_step_that_makes_it(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fail_one(f, 0, 1, OUTCOME_HTTP_5XX);
    fail_one(f, 0, 2, OUTCOME_HTTP_5XX);
    request(f, 0, 3);
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "closed>open count, baseline 0");
    baseline_done(f, 0, true);
    assert_int_equal(engine_wakeup(f->engine), 11 * SEC);
    assert_text(wake(f), "open>half_open cooldown_over");
    assert_text(request(f, 0, 4), "start 0.0");
    assert_text(request(f, 1, 5), "start 1.0");
    assert_text(request(f, 2, 6), "baseline 2");
    assert_text(path(f, 2), "l1:miss breaker:half_open stale:miss");
    assert_text(baseline_done(f, 2, true), "answer 2 baseline BASELINE_FALLBACK CIRCUIT_OPEN");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss breaker:probe attempt:ok");
    assert_text(done(f, 1, OUTCOME_OK),
                "half_open>closed probes_passed, store 1, answer 1 upstream");
}

static void a_breaker_that_is_due_moves_before_the_input(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    open_breaker(f);
    f->now += 10 * SEC;
    assert_text(request(f, 0, 1), "open>half_open cooldown_over, start 0.0");
}

static void a_silent_probe_opens_the_breaker_and_its_result_is_late(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.probe_deadline_ns = 200 * MS; /* shorter than the attempt's limits */
    fixture_start(f);
    open_breaker(f);
    f->now += 10 * SEC;
    request(f, 0, 1);
    assert_text(wake(f), "half_open>open probe_silent");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_int_equal(stats(f).late_results, 1);
    assert_int_equal(stats(f).permits_out, 0);
    assert_int_equal(stats(f).breaker, BREAKER_OPEN);
}

static void an_answer_too_large_for_the_cache_is_served_all_the_same(void **state)
{
    struct fixture *f = *state;
    f->config.cache.bytes_max = 99;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(done(f, 0, OUTCOME_OK), "answer 0 upstream");
    assert_int_equal(record(f, 0)->cache_slot, CACHE_NO_SLOT);
}

static void bodies_that_make_room_are_dropped_over_several_steps(void **state)
{
    struct fixture *f = *state;
    f->config.cache.bytes_max = 600;
    fixture_start(f);
    for (uint8_t i = 0; i < 6; i++)
        fill(f, 0, i);
    request(f, 0, 9);
    struct engine_input input = { .kind = ENGINE_ATTEMPT_DONE, .body_bytes = 600 };
    assert_text(step(f, input), "store 0, answer 0 upstream");
    assert_true(engine_wakeup(f->engine) <= f->now);
    assert_text(timer(f), "drop 5, drop 4, drop 3, drop 2");
    assert_true(engine_wakeup(f->engine) <= f->now);
    assert_text(timer(f), "drop 1, drop 0");
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
    assert_text(timer(f), ""); /* a wake-up too many does no harm */
}

static void a_client_that_leaves_takes_its_attempt_with_it(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (int phase = 0; phase < 3; phase++) {
        request(f, 0, 1);
        if (phase > 0) connected(f, 0);
        if (phase > 1) sent(f, 0);
        assert_text(client_gone(f, 0), "cancel 0.0 abandoned, answer 0 nobody");
        assert_text(path(f, 0), "l1:miss breaker:closed attempt:abandoned");
        assert_int_equal(stats(f).permits_out, 0);
        assert_int_equal(stats(f).attempts, 0);
        assert_int_equal(stats(f).calls, 0);
    }
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
}

static void a_client_that_leaves_during_backoff_or_in_the_queue_ends_the_call(void **state)
{
    struct fixture *f = *state;
    f->config.pool.connections_max = 1;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(request(f, 1, 2), "");
    assert_int_equal(stats(f).pool_waiting, 1);
    assert_text(client_gone(f, 1), "answer 1 nobody");
    assert_int_equal(stats(f).pool_waiting, 0);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    assert_text(client_gone(f, 0), "answer 0 nobody");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX");
    assert_true(engine_wakeup(f->engine) == INSTANT_NEVER);
}

static void a_client_that_leaves_during_the_baseline_is_owed_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    baseline_only(f, 0, CODE_INPUT_INSUFFICIENT_HISTORY);
    assert_text(client_gone(f, 0), "");
    assert_int_equal(stats(f).calls, 1);
    assert_text(baseline_done(f, 0, true), "answer 0 nobody");
    assert_int_equal(stats(f).calls, 0);
    baseline_only(f, 0, CODE_INPUT_INSUFFICIENT_HISTORY); /* the next one is owed its answer */
    baseline_done(f, 0, true);
    assert_int_equal(record(f, 0)->served, SERVED_BASELINE);
}

/* What each way to end an attempt leads to, when no retry is left. */
static void every_outcome_ends_in_the_baseline_with_its_own_cause(void **state)
{
    struct fixture *f = *state;
    f->config.retry_count = 0;
    f->config.breaker.failures_to_open = 1000;
    fixture_start(f);
    for (int i = OUTCOME_OK + 1; i < OUTCOME_ABANDONED; i++) {
        enum outcome outcome = (enum outcome)i;
        request(f, 0, (uint8_t)i);
        assert_text(done(f, 0, outcome), "baseline 0");
        baseline_done(f, 0, true);
        assert_int_equal(record(f, 0)->served, SERVED_BASELINE);
        assert_int_equal(record(f, 0)->code, CODE_BASELINE_FALLBACK);
        assert_int_equal(record(f, 0)->cause, classify(outcome)->code);
        assert_int_equal(record(f, 0)->attempts[0].outcome, outcome);
    }
}

static void an_id_is_as_new_for_the_next_call(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    done(f, 0, OUTCOME_HTTP_503);
    wake(f);
    done(f, 0, OUTCOME_BAD_SCHEMA);
    baseline_done(f, 0, false);
    assert_int_equal(record(f, 0)->attempt_count, 2);
    assert_text(request(f, 0, 2), "start 0.0");
    assert_int_equal(record(f, 0)->attempt_count, 1);
    assert_int_equal(record(f, 0)->attempts[0].backoff_ns, 0);
    assert_int_equal(record(f, 0)->cause, CODE_NONE);
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:ok");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_first_request_is_answered_by_the_upstream_and_stored),
        CASE(a_fresh_entry_is_served_without_an_attempt),
        CASE(a_stale_entry_is_renewed_when_the_upstream_is_well),
        CASE(a_stale_entry_is_served_before_the_baseline),
        CASE(an_entry_beyond_the_stale_window_is_not_served),
        CASE(an_entry_filled_by_another_call_is_served_as_fresh),
        CASE(baseline_only_input_skips_everything_else),
        CASE(an_open_breaker_skips_the_upstream),
        CASE(the_breaker_says_each_move_in_the_step_that_makes_it),
        CASE(a_breaker_that_is_due_moves_before_the_input),
        CASE(a_silent_probe_opens_the_breaker_and_its_result_is_late),
        CASE(an_answer_too_large_for_the_cache_is_served_all_the_same),
        CASE(bodies_that_make_room_are_dropped_over_several_steps),
        CASE(a_client_that_leaves_takes_its_attempt_with_it),
        CASE(a_client_that_leaves_during_backoff_or_in_the_queue_ends_the_call),
        CASE(a_client_that_leaves_during_the_baseline_is_owed_nothing),
        CASE(every_outcome_ends_in_the_baseline_with_its_own_cause),
        CASE(an_id_is_as_new_for_the_next_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
