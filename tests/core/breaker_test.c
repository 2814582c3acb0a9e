#include "breaker_fixture.h"

static void the_example_of_the_header(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    assert_false(attempt(breaker, OUTCOME_HTTP_503, 1 * NS_PER_S));
    assert_false(attempt(breaker, OUTCOME_HTTP_503, 2 * NS_PER_S));
    assert_int_equal(breaker_wakeup(breaker), INSTANT_NEVER);
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 3 * NS_PER_S));
    assert_int_equal(last.at, 3 * NS_PER_S);
    assert_int_equal(last.from, BREAKER_CLOSED);
    assert_int_equal(last.to, BREAKER_OPEN);
    assert_int_equal(last.rule, BREAKER_RULE_COUNT);
    assert_int_equal(last.failures, 3);
    assert_int_equal(last.volume, 3);
    assert_int_equal(last.cooldown_ns, 15 * NS_PER_S);
    assert_int_equal(last.generation, 1);

    struct breaker_permit permit;
    assert_false(breaker_would_admit(breaker));
    assert_false(breaker_admit(breaker, 4 * NS_PER_S, &permit));
    assert_int_equal(breaker_wakeup(breaker), 18 * NS_PER_S);
    assert_false(advance(breaker, 18 * NS_PER_S - 1));
    assert_true(advance(breaker, 18 * NS_PER_S));
    assert_int_equal(last.to, BREAKER_HALF_OPEN);
    assert_int_equal(last.rule, BREAKER_RULE_COOLDOWN_OVER);
    assert_int_equal(last.cooldown_ns, 0);
    assert_false(advance(breaker, 18 * NS_PER_S));

    struct breaker_permit first = admit(breaker, 18 * NS_PER_S);
    struct breaker_permit second = admit(breaker, 18 * NS_PER_S);
    assert_int_equal(first.probe, 1);
    assert_int_equal(second.probe, 2);
    assert_false(breaker_would_admit(breaker));
    assert_int_equal(breaker_permits_out(breaker), 2);
    assert_false(breaker_record(breaker, second, OUTCOME_OK, 19 * NS_PER_S, &last));
    assert_false(breaker_would_admit(breaker)); /* one success and one out make two */
    assert_true(breaker_record(breaker, first, OUTCOME_OK, 19 * NS_PER_S, &last));
    assert_int_equal(last.to, BREAKER_CLOSED);
    assert_int_equal(last.rule, BREAKER_RULE_PROBES_PASSED);
    assert_int_equal(last.failures, 2);
    assert_int_equal(last.volume, 2);
    assert_int_equal(last.generation, 3);
    assert_int_equal(breaker_permits_out(breaker), 0);
    assert_int_equal(breaker_wakeup(breaker), INSTANT_NEVER);
    breaker_destroy(breaker);
    breaker_destroy(NULL);
}

static void a_failure_exactly_one_window_old_does_not_count(void **state)
{
    (void)state;
    struct breaker *breaker = breaker_create(&example, 1);
    attempt(breaker, OUTCOME_HTTP_503, 1 * NS_PER_S);
    attempt(breaker, OUTCOME_HTTP_503, 2 * NS_PER_S);
    assert_false(attempt(breaker, OUTCOME_HTTP_503, 31 * NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 32 * NS_PER_S - 1)); /* 2 s, 31 s and now */
    breaker_destroy(breaker);
}

/* The bucket of the oldest failure has gone, its exact moment has not. */
static void the_count_is_exact_where_the_buckets_are_not(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.min_volume = 3;
    struct breaker *breaker = breaker_create(&config, 1);
    attempt(breaker, OUTCOME_HTTP_503, NS_PER_S / 2);
    attempt(breaker, OUTCOME_HTTP_503, 15 * NS_PER_S);
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 30 * NS_PER_S + NS_PER_S * 2 / 5));
    assert_int_equal(last.rule, BREAKER_RULE_COUNT);
    assert_int_equal(last.failures, 3);
    assert_int_equal(last.volume, 3);
    breaker_destroy(breaker);
}

static void no_rule_fires_below_the_least_volume(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.min_volume = 6;
    config.failure_ratio_permille = 100;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 5; i++)
        assert_false(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_int_equal(last.failures, 6);
    assert_int_equal(last.volume, 6);
    breaker_destroy(breaker);
}

static void successes_fill_the_volume_but_only_a_failure_is_judged(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.min_volume = 4;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 3; i++)
        assert_false(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_false(attempt(breaker, OUTCOME_OK, NS_PER_S)); /* all conditions hold, but no failure */
    assert_int_equal(breaker_state(breaker), BREAKER_CLOSED);
    assert_true(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_int_equal(last.failures, 4);
    assert_int_equal(last.volume, 5);
    breaker_destroy(breaker);
}

static void the_count_rule_minds_its_ratio_floor(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.count_ratio_floor_permille = 500;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 4; i++)
        attempt(breaker, OUTCOME_OK, NS_PER_S);
    for (int i = 0; i < 3; i++)
        assert_false(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S)); /* 4 of 8 */
    assert_int_equal(last.volume, 8);
    breaker_destroy(breaker);
}

static void the_ratio_rule_opens_without_the_count(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.failures_to_open = 100;
    config.failure_ratio_permille = 500;
    config.min_volume = 10;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 6; i++)
        attempt(breaker, OUTCOME_OK, NS_PER_S);
    for (int i = 0; i < 5; i++)
        assert_false(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S)); /* 6 of 12 */
    assert_int_equal(last.rule, BREAKER_RULE_RATIO);
    assert_int_equal(last.failures, 6);
    assert_int_equal(last.volume, 12);
    breaker_destroy(breaker);
}

static void the_ratio_forgets_what_left_the_window(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.failures_to_open = 100;
    config.failure_ratio_permille = 500;
    config.min_volume = 2;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 50; i++)
        attempt(breaker, OUTCOME_OK, NS_PER_S / 2);
    assert_false(attempt(breaker, OUTCOME_HTTP_503, 29 * NS_PER_S)); /* 1 of 51 */
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 30 * NS_PER_S));  /* 2 of 2 */
    assert_int_equal(last.volume, 2);
    breaker_destroy(breaker);
}

static void windows_that_thirty_does_not_divide_work(void **state)
{
    (void)state;
    struct breaker_config config = example;
    const uint64_t windows[] = { 1, 7, 31, 1000003 };
    for (size_t i = 0; i < 4; i++) {
        config.window_ns = windows[i];
        struct breaker *breaker = breaker_create(&config, 1);
        attempt(breaker, OUTCOME_HTTP_503, 1000);
        attempt(breaker, OUTCOME_HTTP_503, 1000);
        assert_false(attempt(breaker, OUTCOME_HTTP_503, 1000 + windows[i]));
        assert_int_equal(breaker_state(breaker), BREAKER_CLOSED);
        attempt(breaker, OUTCOME_HTTP_503, 1000 + windows[i]);
        assert_true(attempt(breaker, OUTCOME_HTTP_503, 1000 + windows[i]));
        breaker_destroy(breaker);
    }
}

static void excluded_outcomes_count_nowhere(void **state)
{
    (void)state;
    const enum outcome excluded[] = { OUTCOME_HTTP_429, OUTCOME_DEADLINE, OUTCOME_ABANDONED };
    struct breaker_config config = example;
    config.min_volume = 4;
    struct breaker *breaker = breaker_create(&config, 1);
    for (int i = 0; i < 30; i++)
        assert_false(attempt(breaker, excluded[i % 3], NS_PER_S));
    for (int i = 0; i < 3; i++)
        assert_false(attempt(breaker, OUTCOME_HTTP_503, NS_PER_S));
    assert_int_equal(breaker_state(breaker), BREAKER_CLOSED); /* a volume of 3, not of 33 */
    assert_int_equal(breaker_permits_out(breaker), 0);
    breaker_destroy(breaker);
}

static void a_429_counts_when_it_is_asked_to(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.count_429 = true;
    struct breaker *breaker = breaker_create(&config, 1);
    attempt(breaker, OUTCOME_HTTP_429, 1);
    attempt(breaker, OUTCOME_HTTP_429, 1);
    assert_true(attempt(breaker, OUTCOME_HTTP_429, 1));
    breaker_destroy(breaker);
}

static void the_cooldown_is_jittered_by_the_seed_and_within_bounds(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.cooldown_jitter_permille = 200;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct breaker *breaker = breaker_create(&config, seed);
        open_at(breaker, 1);
        assert_in_range(last.cooldown_ns, 12 * NS_PER_S, 18 * NS_PER_S - 1);
        if (last.cooldown_ns < least) least = last.cooldown_ns;
        if (last.cooldown_ns > most) most = last.cooldown_ns;
        breaker_destroy(breaker);
    }
    assert_true(least < 12 * NS_PER_S + NS_PER_S / 10);
    assert_true(most > 18 * NS_PER_S - NS_PER_S / 10);
}

static void each_cooldown_of_one_breaker_is_another(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.cooldown_jitter_permille = 200;
    struct breaker *breaker = breaker_create(&config, 7);
    open_at(breaker, 1);
    uint64_t first_ns = last.cooldown_ns;
    assert_true(advance(breaker, 1 + first_ns));
    assert_true(attempt(breaker, OUTCOME_HTTP_503, 1 + first_ns));
    assert_int_not_equal(last.cooldown_ns, first_ns);
    breaker_destroy(breaker);
}

static void a_cooldown_of_zero_still_opens(void **state)
{
    (void)state;
    struct breaker_config config = example;
    config.cooldown_ns = 0;
    struct breaker *breaker = breaker_create(&config, 1);
    open_at(breaker, 5);
    assert_false(breaker_would_admit(breaker));
    assert_int_equal(breaker_wakeup(breaker), 6);
    breaker_destroy(breaker);
}

static void names_parse_back(void **state)
{
    (void)state;
    const char *const states[] = { "closed", "open", "half_open" };
    for (int i = 0; i < 3; i++) {
        enum breaker_state parsed = BREAKER_CLOSED;
        assert_string_equal(breaker_state_name((enum breaker_state)i), states[i]);
        assert_true(breaker_state_parse(states[i], &parsed));
        assert_int_equal(parsed, i);
    }
    const char *const rules[] = { "count",        "ratio",        "cooldown_over",
                                  "probe_failed", "probe_silent", "probes_passed" };
    for (int i = 0; i < 6; i++) {
        enum breaker_rule parsed = BREAKER_RULE_COUNT;
        assert_string_equal(breaker_rule_name((enum breaker_rule)i), rules[i]);
        assert_true(breaker_rule_parse(rules[i], &parsed));
        assert_int_equal(parsed, i);
    }
    enum breaker_state parsed_state = BREAKER_OPEN;
    enum breaker_rule parsed_rule = BREAKER_RULE_RATIO;
    assert_false(breaker_state_parse("half-open", &parsed_state));
    assert_false(breaker_rule_parse("", &parsed_rule));
    assert_int_equal(parsed_state, BREAKER_OPEN);
    assert_int_equal(parsed_rule, BREAKER_RULE_RATIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_header),
        cmocka_unit_test(a_failure_exactly_one_window_old_does_not_count),
        cmocka_unit_test(the_count_is_exact_where_the_buckets_are_not),
        cmocka_unit_test(no_rule_fires_below_the_least_volume),
        cmocka_unit_test(successes_fill_the_volume_but_only_a_failure_is_judged),
        cmocka_unit_test(the_count_rule_minds_its_ratio_floor),
        cmocka_unit_test(the_ratio_rule_opens_without_the_count),
        cmocka_unit_test(the_ratio_forgets_what_left_the_window),
        cmocka_unit_test(windows_that_thirty_does_not_divide_work),
        cmocka_unit_test(excluded_outcomes_count_nowhere),
        cmocka_unit_test(a_429_counts_when_it_is_asked_to),
        cmocka_unit_test(the_cooldown_is_jittered_by_the_seed_and_within_bounds),
        cmocka_unit_test(each_cooldown_of_one_breaker_is_another),
        cmocka_unit_test(a_cooldown_of_zero_still_opens),
        cmocka_unit_test(names_parse_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
