/* Stale answers of the same family: another request for the same market, made earlier. */

#include "engine_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.config.cache.families = true; /* ttl 60 s and 180 s more, as guide 9.3 */
    fixture.config.cache.ttl_ns = 60 * SEC;
    fixture.config.cache.stale_ns = 180 * SEC;
    fixture.config.retry_count = 0;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static const char *ask(struct fixture *f, uint32_t call, uint8_t key, uint8_t family)
{
    return step(f, (struct engine_input){ .kind = ENGINE_REQUEST,
                                          .call = call,
                                          .request_key = 1000 + call,
                                          .cache_key = { .bytes = { [3] = key } },
                                          .has_family = true,
                                          .family_key = { .bytes = { [7] = family } } });
}

/* The upstream answers; returns the slot of the entry. */
static uint32_t keep(struct fixture *f, uint8_t key, uint8_t family)
{
    assert_text(ask(f, 0, key, family), "start 0.0");
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    return record(f, 0)->cache_slot;
}

/* The upstream fails: what follows. */
static const char *ask_in_vain(struct fixture *f, uint8_t key, uint8_t family)
{
    assert_text(ask(f, 0, key, family), "start 0.0");
    return done(f, 0, OUTCOME_HTTP_503);
}

static void assert_family_stale(struct fixture *f, const char *actions, uint32_t slot,
                                uint64_t age_ns)
{
    assert_text(actions, "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:RUNTIME_5XX stale:family");
    assert_int_equal(record(f, 0)->cache_state, CACHE_STALE);
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L1);
    assert_int_equal(record(f, 0)->cache_slot, slot);
    assert_int_equal(record(f, 0)->age_ns, age_ns);
    assert_true(record(f, 0)->stale_family);
}

static void a_failed_request_is_served_its_familys_latest_entry_until_that_is_too_old(void **state)
{
    struct fixture *f = *state;
    f->config.breaker.failures_to_open = 8;
    fixture_start(f);
    uint32_t slot = keep(f, 1, 9);
    /* At once, when the entry itself is fresh: still as stale, because it answered another. */
    assert_family_stale(f, ask_in_vain(f, 2, 9), slot, 0);
    f->now += 30 * SEC;
    assert_family_stale(f, ask_in_vain(f, 2, 9), slot, 30 * SEC);
    f->now += 210 * SEC - 1;
    assert_family_stale(f, ask_in_vain(f, 3, 9), slot, 240 * SEC - 1);
    f->now += 1;
    assert_text(ask_in_vain(f, 2, 9), "baseline 0");
    baseline_done(f, 0, true);
    assert_text(path(f, 0),
                "l1:miss breaker:closed attempt:RUNTIME_5XX stale:miss baseline:ok");
    assert_false(record(f, 0)->stale_family);
    assert_text(drain(f), "drop 0"); /* it was of no use to anybody */
}

static void another_family_and_a_request_without_one_get_the_baseline(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    keep(f, 1, 9);
    assert_text(ask_in_vain(f, 2, 8), "baseline 0");
    baseline_done(f, 0, true);
    request(f, 0, 2);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "baseline 0");
    baseline_done(f, 0, true);
}

static void switched_off_the_family_is_not_looked_at(void **state)
{
    struct fixture *f = *state;
    f->config.cache.families = false;
    fixture_start(f);
    keep(f, 1, 9);
    assert_text(ask_in_vain(f, 2, 9), "baseline 0");
    baseline_done(f, 0, true);
}

static void an_entry_is_never_fresh_for_another_request_of_its_family(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    keep(f, 1, 9);
    assert_text(ask(f, 0, 2, 9), "start 0.0"); /* not "answer 0 cache" */
    assert_text(done(f, 0, OUTCOME_OK), "store 0, answer 0 upstream");
    assert_text(path(f, 0), "l1:miss breaker:closed attempt:ok");
}

static void the_requests_own_stale_entry_goes_first(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    uint32_t own = keep(f, 1, 9);
    f->now += 70 * SEC;
    keep(f, 2, 9);
    assert_text(ask_in_vain(f, 1, 9), "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 0), "l1:stale breaker:closed attempt:RUNTIME_5XX stale:hit");
    assert_int_equal(record(f, 0)->cache_slot, own);
    assert_false(record(f, 0)->stale_family);
}

static void the_latest_entry_of_a_family_is_the_one_served(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    keep(f, 1, 9);
    f->now += 10 * SEC;
    uint32_t later = keep(f, 2, 9);
    f->now += 5 * SEC;
    assert_text(ask(f, 0, 1, 9), "answer 0 cache"); /* used, not stored: changes nothing */
    assert_family_stale(f, ask_in_vain(f, 3, 9), later, 5 * SEC);
}

static void a_body_of_the_second_level_joins_unless_a_later_one_is_there(void **state)
{
    struct fixture *f = *state;
    f->config.l2_enabled = true;
    f->config.l2_timeout_ns = 50 * MS;
    fixture_start(f);
    struct engine_input found = {
        .kind = ENGINE_L2_DONE, .l2_hit = true, .age_ns = 20 * SEC, .body_bytes = 100
    };
    const struct engine_input missed = { .kind = ENGINE_L2_DONE };
    ask(f, 0, 1, 9);
    assert_text(step(f, found), "store 0 from l2, answer 0 cache");
    uint32_t first = record(f, 0)->cache_slot;
    ask(f, 0, 2, 9);
    found.age_ns = 40 * SEC; /* older than what is there */
    assert_text(step(f, found), "store 0 from l2, answer 0 cache");
    ask(f, 0, 3, 9);
    step(f, missed);
    assert_text(done(f, 0, OUTCOME_HTTP_503), "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 0), "l1:miss l2:miss breaker:closed attempt:RUNTIME_5XX stale:family");
    assert_int_equal(record(f, 0)->cache_slot, first);
    assert_int_equal(record(f, 0)->age_ns, 20 * SEC);
    assert_int_equal(record(f, 0)->cache_tier, CACHE_TIER_L1);
}

static void the_second_levels_stale_body_of_the_very_request_goes_first(void **state)
{
    struct fixture *f = *state;
    f->config.l2_enabled = true;
    f->config.l2_timeout_ns = 50 * MS;
    fixture_start(f);
    ask(f, 0, 1, 9);
    step(f, (struct engine_input){ .kind = ENGINE_L2_DONE });
    assert_text(done(f, 0, OUTCOME_OK), "store 0, l2 put 0, answer 0 upstream");
    ask(f, 0, 2, 9);
    step(f, (struct engine_input){
                .kind = ENGINE_L2_DONE, .l2_hit = true, .age_ns = 100 * SEC, .body_bytes = 100 });
    done(f, 0, OUTCOME_HTTP_503);
    assert_text(path(f, 0), "l1:miss l2:stale breaker:closed attempt:RUNTIME_5XX stale:l2");
    assert_false(record(f, 0)->stale_family);
}

static void an_evicted_entry_is_not_found_by_its_family(void **state)
{
    struct fixture *f = *state;
    f->config.cache.entries_max = 2;
    fixture_start(f);
    keep(f, 1, 9);
    keep(f, 2, 8);
    uint32_t latest = keep(f, 3, 8); /* in the slot of the first */
    assert_text(ask_in_vain(f, 4, 9), "baseline 0");
    baseline_done(f, 0, true);
    assert_family_stale(f, ask_in_vain(f, 4, 8), latest, 0);
}

static void refusals_before_any_attempt_are_served_from_the_family_too(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    uint32_t slot = keep(f, 1, 9);
    open_breaker(f);
    assert_text(ask(f, 0, 2, 9), "answer 0 stale CACHE_STALE_SERVED CIRCUIT_OPEN");
    assert_text(path(f, 0), "l1:miss breaker:open stale:family");
    assert_int_equal(record(f, 0)->cache_slot, slot);
}

static void those_who_waited_for_a_failed_flight_get_the_family_too(void **state)
{
    struct fixture *f = *state;
    f->config.single_flight = true;
    fixture_start(f);
    uint32_t slot = keep(f, 1, 9);
    ask(f, 0, 2, 9);
    assert_text(ask(f, 1, 2, 9), "");
    assert_text(done(f, 0, OUTCOME_HTTP_503), "answer 0 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(drain(f), "answer 1 stale CACHE_STALE_SERVED RUNTIME_5XX");
    assert_text(path(f, 1), "l1:miss flight:joined flight:failed stale:family");
    assert_int_equal(record(f, 1)->cache_slot, slot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failed_request_is_served_its_familys_latest_entry_until_that_is_too_old),
        TEST(another_family_and_a_request_without_one_get_the_baseline),
        TEST(switched_off_the_family_is_not_looked_at),
        TEST(an_entry_is_never_fresh_for_another_request_of_its_family),
        TEST(the_requests_own_stale_entry_goes_first),
        TEST(the_latest_entry_of_a_family_is_the_one_served),
        TEST(a_body_of_the_second_level_joins_unless_a_later_one_is_there),
        TEST(the_second_levels_stale_body_of_the_very_request_goes_first),
        TEST(an_evicted_entry_is_not_found_by_its_family),
        TEST(refusals_before_any_attempt_are_served_from_the_family_too),
        TEST(those_who_waited_for_a_failed_flight_get_the_family_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
