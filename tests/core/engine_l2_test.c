/* The second level: asked once, with a limit of its own, and never in the way of the chain. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.l2_enabled = true;
    fixture.config.l2_timeout_ns = 50 * MS;
    fixture.config.single_flight = true;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static const char *l2_miss(struct fixture *f, uint32_t call)
{
    return step(f, (struct engine_input){ .kind = ENGINE_L2_DONE, .call = call });
}

static const char *l2_hit(struct fixture *f, uint32_t call, uint64_t age_ns)
{
    return step(f, (struct engine_input){ .kind = ENGINE_L2_DONE,
                                          .call = call,
                                          .l2_hit = true,
                                          .age_ns = age_ns,
                                          .body_bytes = 100 });
}

static void a_fresh_body_is_served_and_fills_l1_as_old_as_it_is(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    assert_text(request(f, 0, 1), "l2 get 0");
    f->now += 3 * MS;
    assert_text(l2_hit(f, 0, 20 * SEC), "store 0 from l2, answer 0 cache");
    assert_text(path(f, 0), "l1:miss l2:fresh");
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L2);
    assert_int_equal(record(f, 0)->cache_state, CACHE_FRESH);
    assert_int_equal(record(f, 0)->age_ns, 20 * SEC);

    f->now += 40 * SEC - 1;
    assert_text(request(f, 0, 1), "answer 0 cache");
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L1);
    assert_int_equal(record(f, 0)->age_ns, 60 * SEC - 1);
    f->now += 1;
    assert_text(request(f, 0, 1), "l2 get 0"); /* the age went on counting in L1 */
}

static void a_body_older_than_the_clock_keeps_its_age(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_true(f->now < 30 * SEC);
    l2_hit(f, 0, 30 * SEC);
    f->now += 10 * SEC;
    assert_text(request(f, 0, 1), "answer 0 cache");
    assert_int_equal(record(f, 0)->age_ns, 40 * SEC);
}

static void a_miss_goes_on_and_the_answer_is_written_behind(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(l2_miss(f, 0), "start 0.0");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, l2 put 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss l2:miss breaker:closed attempt:ok");
}

static void an_answer_too_large_for_l1_is_still_written_behind(void **state)
{
    struct fixture *f = *state;
    f->config.cache.bytes_max = 50;
    fixture_start(f);
    request(f, 0, 1);
    l2_miss(f, 0);
    assert_text(done(f, 0, OUTCOME_OK), "l2 put 0, answer 0 upstream");
    assert_int_equal(record(f, 0)->cache_slot, CACHE_NO_SLOT);
    request(f, 0, 1);
    assert_text(l2_hit(f, 0, 1 * SEC), "answer 0 cache");
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L2);
}

static void a_silent_second_level_costs_its_timeout_only(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    instant_ns asked = f->now;
    assert_text(wake(f), "l2 cancel 0, start 0.0");
    assert_int_equal(f->now, asked + 50 * MS);
    assert_text(done(f, 0, OUTCOME_OK), "store 0, l2 put 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss l2:timeout breaker:closed attempt:ok");
}

static void waiting_for_it_never_goes_beyond_the_deadline(void **state)
{
    struct fixture *f = *state;
    f->config.l2_timeout_ns = 10 * SEC;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(wake(f), "l2 cancel 0, baseline 0");
    assert_int_equal(f->now, record(f, 0)->deadline);
    assert_text(baseline_done(f, 0, true), "answer 0 baseline BASELINE_FALLBACK RUNTIME_TIMEOUT");
    assert_text(path(f, 0), "l1:miss l2:timeout stale:miss baseline:ok");
}

static void a_stale_body_is_served_when_the_upstream_fails(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(l2_hit(f, 0, 70 * SEC), "start 0.0");
    f->now += 10 * MS;
    assert_text(done(f, 0, OUTCOME_HTTP_5XX),
                "store 0 from l2, answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 0), "l1:miss l2:stale breaker:closed attempt:RUNTIME_5XX stale:l2");
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L2);
    assert_int_equal(record(f, 0)->cache_state, CACHE_STALE);
    assert_int_equal(record(f, 0)->age_ns, 70 * SEC + 10 * MS);
    assert_int_equal(stats(f).cache_bytes, 100);
}

static void a_stale_body_serves_those_who_wait_too(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    l2_hit(f, 0, 70 * SEC);
    assert_text(request(f, 1, 1), ""); /* the leader has asked the second level already */
    done(f, 0, OUTCOME_HTTP_5XX);
    assert_text(timer(f), "answer 1 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 1), "l1:miss flight:joined flight:failed stale:hit");
}

static void a_stale_body_that_got_too_old_meanwhile_is_not_served(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    l2_hit(f, 0, 180 * SEC - 5 * MS);
    f->now += 5 * MS;
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "baseline 0");
    assert_text(path(f, 0), "l1:miss l2:stale breaker:closed attempt:RUNTIME_5XX stale:miss");
}

static void a_body_of_impossible_age_is_a_miss(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(l2_hit(f, 0, 180 * SEC), "start 0.0");
    client_gone(f, 0);
    request(f, 0, 1);
    assert_text(l2_hit(f, 0, UINT64_MAX), "start 0.0");
    assert_text(path(f, 0), "l1:miss l2:miss breaker:closed");
}

static void l1_goes_before_l2_when_both_are_stale(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    l2_miss(f, 0);
    done(f, 0, OUTCOME_OK);
    f->now += 80 * SEC;
    request(f, 0, 1);
    l2_hit(f, 0, 65 * SEC);
    assert_text(done(f, 0, OUTCOME_HTTP_5XX), "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L1);
    assert_int_equal(record(f, 0)->age_ns, 80 * SEC);
}

static void an_older_body_never_replaces_a_younger_one(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1); /* both look into the second level */
    l2_miss(f, 0);
    done(f, 0, OUTCOME_OK);
    f->now += 1 * MS;
    assert_text(l2_hit(f, 1, 50 * SEC), "answer 1 cache");
    f->now += 30 * SEC;
    assert_text(request(f, 0, 1), "answer 0 cache");
    assert_int_equal(record(f, 0)->age_ns, 30 * SEC + 1 * MS);
}

static void an_answer_that_came_meanwhile_is_served_after_a_miss(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    request(f, 1, 1);
    l2_miss(f, 0);
    done(f, 0, OUTCOME_OK);
    assert_text(l2_miss(f, 1), "answer 1 cache");
    assert_text(path(f, 1), "l1:miss l2:miss l1:filled");
}

static void who_misses_second_joins_who_missed_first(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    assert_text(request(f, 0, 1), "l2 get 0");
    assert_text(request(f, 1, 1), "l2 get 1");
    assert_text(l2_miss(f, 1), "start 1.0");
    assert_text(l2_miss(f, 0), "");
    assert_text(done(f, 1, OUTCOME_OK), "store 1, l2 put 1, answer 1 upstream");
    assert_text(drain(f), "answer 0 upstream");
    assert_text(path(f, 0), "l1:miss l2:miss flight:joined flight:ok");
}

static void a_client_that_leaves_cancels_the_lookup(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    request(f, 0, 1);
    assert_text(client_gone(f, 0), "l2 cancel 0, answer 0 nobody");
    assert_int_equal(stats(f).calls, 0);
    assert_int_equal(engine_wakeup(f->engine), INSTANT_NEVER);
}

static void baselines_and_fresh_answers_ask_no_second_level(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    assert_text(baseline_only(f, 0, CODE_INPUT_INSUFFICIENT_HISTORY), "baseline 0");
    request(f, 1, 1);
    l2_miss(f, 1);
    done(f, 1, OUTCOME_OK);
    assert_text(request(f, 1, 1), "answer 1 cache");
}

static void an_open_breaker_does_not_keep_from_the_second_level(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 1;
    fixture_start(f);
    request(f, 0, 1);
    l2_miss(f, 0);
    done(f, 0, OUTCOME_HTTP_5XX);
    assert_int_equal(stats(f).breaker, BREAKER_OPEN);
    request(f, 1, 2);
    assert_text(l2_hit(f, 1, 0), "store 1 from l2, answer 1 cache");
    request(f, 1, 3);
    assert_text(l2_hit(f, 1, 70 * SEC),
                "store 1 from l2, answer 1 stale CACHE_STALE_SERVED CIRCUIT_OPEN");
    assert_text(path(f, 1), "l1:miss l2:stale breaker:open stale:l2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_fresh_body_is_served_and_fills_l1_as_old_as_it_is),
        TEST(a_body_older_than_the_clock_keeps_its_age),
        TEST(a_miss_goes_on_and_the_answer_is_written_behind),
        TEST(an_answer_too_large_for_l1_is_still_written_behind),
        TEST(a_silent_second_level_costs_its_timeout_only),
        TEST(waiting_for_it_never_goes_beyond_the_deadline),
        TEST(a_stale_body_is_served_when_the_upstream_fails),
        TEST(a_stale_body_serves_those_who_wait_too),
        TEST(a_stale_body_that_got_too_old_meanwhile_is_not_served),
        TEST(a_body_of_impossible_age_is_a_miss),
        TEST(l1_goes_before_l2_when_both_are_stale),
        TEST(an_older_body_never_replaces_a_younger_one),
        TEST(an_answer_that_came_meanwhile_is_served_after_a_miss),
        TEST(who_misses_second_joins_who_missed_first),
        TEST(a_client_that_leaves_cancels_the_lookup),
        TEST(baselines_and_fresh_answers_ask_no_second_level),
        TEST(an_open_breaker_does_not_keep_from_the_second_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
