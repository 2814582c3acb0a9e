/* Single flight: equal requests at the same time cost the upstream one. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.single_flight = true;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void equal_requests_share_one_attempt(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    assert_text(request(f, 0, 1), "start 0.0");
    assert_text(request(f, 1, 1), "");
    assert_text(request(f, 2, 1), "");
    assert_text(request(f, 3, 2), "start 3.0"); /* another key */
    assert_int_equal(stats(f).flight_waiting, 2);
    f->now += 40 * MS;
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_int_equal(engine_wakeup(f->engine), f->now);
    assert_text(timer(f), "answer 1 upstream"); /* one per step, first come first served */
    assert_text(timer(f), "answer 2 upstream");
    assert_true(engine_wakeup(f->engine) > f->now);

    assert_text(path(f, 2), "l1:miss flight:joined flight:ok");
    assert_int_equal(record(f, 2)->attempt_count, 0);
    assert_int_equal(record(f, 2)->cache_state, CACHE_MISS);
    assert_int_equal(record(f, 2)->cache_tier, CACHE_TIER_NONE);
    assert_int_equal(record(f, 2)->cache_slot, record(f, 0)->cache_slot);
    assert_int_equal(record(f, 2)->age_ns, 0);
    assert_int_equal(stats(f).flight_waiting, 0);
    assert_text(request(f, 0, 1), "answer 0 cache");
}

static void without_single_flight_each_asks(void **state)
{
    struct fixture *f = *state;
    f->config.single_flight = false;
    fixture_start(f);
    assert_text(request(f, 0, 1), "start 0.0");
    assert_text(request(f, 1, 1), "start 1.0");
}

static void without_a_cache_each_asks(void **state)
{
    struct fixture *f = *state;
    f->config.cache.ttl_ns = 0;
    f->config.cache.stale_ns = 0;
    fixture_start(f);
    assert_text(request(f, 0, 1), "start 0.0");
    assert_text(request(f, 1, 1), "start 1.0");
}

static void a_cache_that_is_never_fresh_still_serves_those_who_wait(void **state)
{
    struct fixture *f = *state;
    f->config.cache.ttl_ns = 0;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    done(f, 0, OUTCOME_OK);
    f->now += 1 * MS; /* a busy driver */
    assert_text(drain(f), "answer 1 upstream");
    assert_text(request(f, 2, 1), "start 2.0");
}

static void those_who_wait_fall_back_with_the_cause_of_the_leader(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 2;
    fixture_start(f);
    request(f, 0, 1);
    for (uint32_t i = 1; i < 6; i++)
        assert_text(request(f, i, 1), "");
    assert_text(done(f, 0, OUTCOME_BAD_SCHEMA), "baseline 0");
    for (uint32_t i = 1; i < 6; i++) {
        timer(f);
        baseline_done(f, i, true);
        assert_int_equal(record(f, i)->served, SERVED_BASELINE);
        assert_int_equal(record(f, i)->cause, CODE_RUNTIME_BAD_RESPONSE_SCHEMA);
        assert_text(path(f, i), "l1:miss flight:joined flight:failed stale:miss baseline:ok");
    }
    /* Six requests failed, but the upstream failed once. */
    assert_int_equal(stats(f).breaker, BREAKER_CLOSED);
}

static void those_who_wait_sit_through_the_retries_of_the_leader(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "");
    assert_text(request(f, 2, 1), ""); /* joins during the backoff */
    assert_text(wake(f), "start 0.1");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(drain(f), "answer 1 upstream, answer 2 upstream");
}

static void a_request_joins_one_that_waits_for_a_place(void **state)
{
    struct fixture *f = *state;
    f->config.pool = (struct pool_config){ .connections_max = 1, .queue_max = 1 };
    fixture_start(f);
    request(f, 0, 1);
    assert_text(request(f, 1, 2), "");
    assert_text(request(f, 2, 2), ""); /* the queue is full, but this one needs no place */
    assert_text(request(f, 3, 3), "baseline 3");
    assert_text(wake(f), "baseline 1"); /* pool timeout */
    assert_text(timer(f), "baseline 2");
    baseline_done(f, 2, true);
    assert_int_equal(record(f, 2)->cause, CODE_RUNTIME_OVERLOADED);
}

static void a_waiter_has_its_own_deadline(void **state)
{
    struct fixture *f = *state;
    f->config.read_timeout_ns = 1700 * MS;
    fixture_start(f);
    request(f, 0, 1);
    f->config.request_deadline_ns = 200 * MS;
    engine_reconfigure(f->engine, &f->config, f->now);
    f->now += 10 * MS;
    sent(f, 0);
    request(f, 1, 1);
    instant_ns arrived = f->now;
    assert_text(wake(f), "baseline 1");
    assert_int_equal(f->now, arrived + 200 * MS);
    assert_text(baseline_done(f, 1, true), "answer 1 baseline BASELINE_FALLBACK RUNTIME_TIMEOUT");
    assert_text(path(f, 1), "l1:miss flight:joined stale:miss baseline:ok");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(drain(f), "");
}

static void when_the_leader_leaves_the_first_waiter_asks(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    request(f, 2, 1);
    f->now += 20 * MS;
    assert_text(client_gone(f, 0), "cancel 0.0 abandoned, answer 0 nobody, start 1.0");
    assert_text(request(f, 3, 1), ""); /* joins the new leader */
    assert_text(done(f, 1, OUTCOME_OK), "store 1, answer 1 upstream");
    assert_text(drain(f), "answer 2 upstream, answer 3 upstream");
    assert_text(path(f, 1), "l1:miss flight:joined breaker:closed attempt:ok");
    assert_int_equal(stats(f).permits_out, 0);
}

static void when_the_leader_leaves_alone_the_key_is_free(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(client_gone(f, 0), "cancel 0.0 abandoned, answer 0 nobody");
    assert_text(request(f, 1, 1), "start 1.0");
}

static void a_waiter_that_leaves_is_not_answered_twice(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    request(f, 2, 1);
    request(f, 3, 1);
    assert_text(client_gone(f, 2), "answer 2 nobody");
    done(f, 0, OUTCOME_OK);
    assert_text(client_gone(f, 3), "answer 3 nobody"); /* landed, not yet settled */
    assert_text(drain(f), "answer 1 upstream");
    assert_int_equal(stats(f).flight_waiting, 0);
    assert_int_equal(stats(f).calls, 0);
}

static void an_answer_too_large_to_keep_makes_each_ask_for_itself(void **state)
{
    struct fixture *f = *state;
    f->config.cache.bytes_max = 50; /* done() reports 100 bytes */
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    request(f, 2, 1);
    assert_text(done(f, 0, OUTCOME_OK), "answer 0 upstream");
    assert_text(drain(f), "start 1.0, start 2.0"); /* at once, not one after the other */
    assert_text(done(f, 1, OUTCOME_OK), "answer 1 upstream");
    assert_text(path(f, 1), "l1:miss flight:joined breaker:closed attempt:ok");
}

static void an_answer_driven_out_before_its_waiter_was_settled_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    f->config.cache.entries_max = 1;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    request(f, 2, 2);
    done(f, 0, OUTCOME_OK);
    assert_text(done(f, 2, OUTCOME_OK), "store 2, answer 2 upstream"); /* takes the only slot */
    assert_text(timer(f), "start 1.0");
}

static void a_stale_entry_serves_those_who_wait_as_well(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    fill(f, 0, 1);
    f->now += 70 * SEC;
    request(f, 0, 1);
    request(f, 1, 1);
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(drain(f), "answer 1 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 1), "l1:stale flight:joined flight:failed stale:hit");
}

static void a_request_for_the_baseline_only_joins_nobody(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    step(f, (struct engine_input){ .kind = ENGINE_REQUEST, .call = 0 }); /* the same zero key */
    assert_text(baseline_only(f, 1, CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY), "baseline 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(equal_requests_share_one_attempt),
        TEST(without_single_flight_each_asks),
        TEST(without_a_cache_each_asks),
        TEST(a_cache_that_is_never_fresh_still_serves_those_who_wait),
        TEST(those_who_wait_fall_back_with_the_cause_of_the_leader),
        TEST(those_who_wait_sit_through_the_retries_of_the_leader),
        TEST(a_request_joins_one_that_waits_for_a_place),
        TEST(a_waiter_has_its_own_deadline),
        TEST(when_the_leader_leaves_the_first_waiter_asks),
        TEST(when_the_leader_leaves_alone_the_key_is_free),
        TEST(a_waiter_that_leaves_is_not_answered_twice),
        TEST(an_answer_too_large_to_keep_makes_each_ask_for_itself),
        TEST(an_answer_driven_out_before_its_waiter_was_settled_is_asked_for_again),
        TEST(a_stale_entry_serves_those_who_wait_as_well),
        TEST(a_request_for_the_baseline_only_joins_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
