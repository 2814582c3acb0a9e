#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "harness/coverage.h"
#include "report_fixture.h"

static const struct coverage_item *find(const struct coverage *coverage, const char *group,
                                        const char *name)
{
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        if (strcmp(item->group, group) == 0 && strcmp(item->name, name) == 0) return item;
    }
    fail_msg("no item %s: %s", group, name);
    return NULL;
}

static uint64_t count_of(const struct coverage *coverage, const char *group, const char *name)
{
    return find(coverage, group, name)->count;
}

static void what_the_runs_reached_is_counted_by_name(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    const struct coverage *coverage = &suite.coverage;
    /* calm: 2 x 100 from the upstream; outage: 40 upstream, 30 stale, 25 baseline, 4 errors. */
    assert_int_equal(count_of(coverage, "served", "upstream"), 240);
    assert_int_equal(find(coverage, "served", "upstream")->scenarios, 2);
    assert_int_equal(count_of(coverage, "served", "stale"), 30);
    assert_int_equal(count_of(coverage, "served", "cache"), 0);
    assert_int_equal(count_of(coverage, "code", "RUNTIME_5XX"), 59);
    assert_int_equal(count_of(coverage, "code", "CACHE_STALE_SERVED"), 30);
    assert_int_equal(count_of(coverage, "code", "INPUT_INVALID"), 0);
    assert_int_equal(count_of(coverage, "outcome", "http_503"), 240);
    assert_int_equal(count_of(coverage, "attempt", "1st"), 240);
    assert_int_equal(count_of(coverage, "chain", "l1:miss"), 299);
    assert_int_equal(count_of(coverage, "chain", "baseline:ok"), 0);
    assert_int_equal(count_of(coverage, "breaker", "closed > open, count"), 1);
    assert_int_equal(count_of(coverage, "breaker", "open > half_open, cooldown_over"), 1);
    assert_int_equal(count_of(coverage, "breaker", "half_open > closed, probes_passed"), 0);
    assert_int_equal(count_of(coverage, "cause x served", "RUNTIME_5XX > stale"), 30);
    assert_int_equal(count_of(coverage, "cause x served", "RUNTIME_5XX > baseline"), 25);
    assert_int_equal(count_of(coverage, "cause x served", "CIRCUIT_OPEN > stale"), 0);
    assert_true(count_of(coverage, "breaker x cache", "open > miss") > 0);
    assert_int_equal(count_of(coverage, "fault", "status"), 1);
    assert_int_equal(count_of(coverage, "fault on a retry", "status"), 0);
    suite_fixture_close(&suite);
}

static void a_fault_is_counted_with_its_kind_its_place_and_its_attempt(void **state)
{
    (void)state;
    struct suite suite;
    static const struct fault faults[] = {
        { .effect = FAULT_RESET, .at = FAULT_AT_RESPONSE_BODY, .text = "reset" },
        { .effect = FAULT_ANSWER, .answer = ANSWER_WRONG_ID, .text = "answer" },
        { .effect = FAULT_MALFORMED, .malform = MALFORM_CHUNK_CUT, .text = "malformed" },
    };
    static const struct phase phases[] = { { .name = "p", .faults = faults, .fault_count = 3 } };
    suite_fixture_open(&suite);
    suite.scenarios[1].scenario.phases = phases;
    suite.scenarios[1].scenario.phase_count = 1;
    struct run *run = &suite.scenarios[1].sim.run;
    run->delivery_count = 0;
    *run_add_delivery(run) = (struct run_delivery){ .phase = 0, .fired = 3, .attempt = 0 };
    *run_add_delivery(run) = (struct run_delivery){ .phase = 0, .fired = 5, .attempt = 2 };
    *run_add_delivery(run) = (struct run_delivery){ .phase = UINT32_MAX, .fired = 7 };
    struct coverage coverage;
    coverage_make(&coverage, &suite);
    assert_int_equal(count_of(&coverage, "fault", "reset"), 2);
    assert_int_equal(count_of(&coverage, "fault", "answer wrong_id"), 1);
    assert_int_equal(count_of(&coverage, "fault", "malformed chunk_cut"), 1);
    assert_int_equal(count_of(&coverage, "fault x position", "reset at response_body"), 2);
    assert_int_equal(count_of(&coverage, "fault x position", "reset at response_head"), 0);
    assert_int_equal(count_of(&coverage, "fault on a retry", "reset"), 1);
    assert_int_equal(count_of(&coverage, "fault on a retry", "answer"), 0);
    coverage_deinit(&coverage);
    suite_fixture_close(&suite);
}

static bool has(const struct coverage *coverage, const struct coverage_excuse *excuse)
{
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        bool same = strcmp(item->group, excuse->group) == 0 &&
                    strcmp(item->name, excuse->name) == 0;
        if (same) return true;
    }
    return false;
}

static void what_no_scenario_can_ask_for_counts_only_when_it_was_reached(void **state)
{
    (void)state;
    struct suite suite;
    struct coverage coverage;
    size_t count = 0;
    const struct coverage_excuse *excuses = coverage_excuses(&count);
    suite_fixture_open(&suite);
    coverage_make(&coverage, &suite);
    for (size_t i = 0; i < count; i++) {
        if (has(&coverage, &excuses[i])) fail_msg("%s counts", excuses[i].name);
    }
    coverage_deinit(&coverage);
    struct run *run = &suite.scenarios[1].sim.run;
    run->attempts[0].outcome = OUTCOME_WRITE_ERROR;
    run->attempts[1].outcome = OUTCOME_WRITE_TIMEOUT;
    run->transitions[0].rule = BREAKER_RULE_PROBE_SILENT;
    coverage_make(&coverage, &suite);
    for (size_t i = 0; i < count; i++) {
        if (!has(&coverage, &excuses[i])) fail_msg("%s is misspelt", excuses[i].name);
    }
    coverage_deinit(&coverage);
    suite_fixture_close(&suite);
}

static void an_invalid_run_reaches_nothing(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    for (size_t i = 0; i < suite.count; i++) {
        suite.scenarios[i].sim.run.invalid = true;
        suite.scenarios[i].real.run.invalid = true;
    }
    struct coverage coverage;
    coverage_make(&coverage, &suite);
    assert_true(coverage.count > 100);
    assert_int_equal(coverage.reached, 0);
    assert_int_equal(coverage_permille(&coverage), 0);
    coverage_deinit(&coverage);
    suite_fixture_close(&suite);
}

static void attempts_are_named_up_to_what_the_settings_allow(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    suite.scenarios[2].config.engine.retry_count = 3;
    struct coverage coverage;
    coverage_make(&coverage, &suite);
    find(&coverage, "attempt", "4th");
    for (size_t i = 0; i < coverage.count; i++) {
        assert_string_not_equal(coverage.items[i].name, "5th");
    }
    coverage_deinit(&coverage);
    suite_fixture_close(&suite);
}

static void gcovrs_figures_are_read_and_nothing_else_is_taken_for_them(void **state)
{
    (void)state;
    struct coverage coverage = { .count = 0 };
    assert_true(coverage_code_parse("<?xml version='1.0'?>\n<coverage line-rate=\"0.9612\" "
                                    "branch-rate=\"0.5\" lines-covered=\"1\" lines-valid=\"12\" "
                                    "branches-covered=\"1\" branches-valid=\"34\" version=\"g\">",
                                    &coverage));
    assert_true(coverage.has_code);
    assert_int_equal(coverage.line_permille, 961);
    assert_int_equal(coverage.branch_permille, 500);
    assert_int_equal(coverage.lines_valid, 12);
    assert_int_equal(coverage.branches_valid, 34);
    static const char *const others[] = {
        "",
        "<html>",
        "<coverage line-rate=\"0.5\"",
        "<coverage line-rate=\"0.5\"> branch-rate=\"0.5\" lines-valid=\"1\" branches-valid=\"1\">",
        "<coverage line-rate=\"1.5\" branch-rate=\"0.5\" lines-valid=\"1\" branches-valid=\"1\">",
        "<coverage line-rate=\"nan\" branch-rate=\"0.5\" lines-valid=\"1\" branches-valid=\"1\">",
        "<coverage line-rate=\"0.5\" branch-rate=\"0.5\" lines-valid=\"-1\" branches-valid=\"1\">",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct coverage none = { .count = 0 };
        if (coverage_code_parse(others[i], &none)) fail_msg("took %s", others[i]);
        assert_false(none.has_code);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_runs_reached_is_counted_by_name),
        cmocka_unit_test(a_fault_is_counted_with_its_kind_its_place_and_its_attempt),
        cmocka_unit_test(what_no_scenario_can_ask_for_counts_only_when_it_was_reached),
        cmocka_unit_test(an_invalid_run_reaches_nothing),
        cmocka_unit_test(attempts_are_named_up_to_what_the_settings_allow),
        cmocka_unit_test(gcovrs_figures_are_read_and_nothing_else_is_taken_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
