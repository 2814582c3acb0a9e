/* Whether enough attempts met a fault for the run to say anything. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "command.h"
#include "harness/coverage.h"
#include "harness/suite.h"
#include "judge_fixture.h"
#include "scratch.h"

/* 40 requests/s for 20 s, with a fault from 5 s to 15 s. */
#define STORY(settings, keys, fault)                                                               \
    "version: 1\nname: reach\nteaches: Who meets it.\nseed: 7\nduration: 20s\n"                    \
    "runtime:\n  env: prod\n  set: { breaker_failure_ratio: 0, " settings " }\n"                   \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: " keys " }\n"                  \
    "upstream:\n  latency: 40ms\n  phases:\n"                                                      \
    "    - { name: bad, from: 5s, to: 15s, faults: [ " fault " ] }\n"                              \
    "expect:\n  - served: { error: 0 }\n"

#define HARDLY_MET STORY("cache_ttl_s: 6", "10", "{ status: 503, share: 40% }")

static const struct check *judge(struct stage *stage, const char *yaml)
{
    stage_simulate_and_judge(stage, yaml);
    return stage_check(stage, "faults.bad");
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void a_fault_that_many_attempts_met_is_nothing_to_speak_of(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check =
        judge(&stage, STORY("cache_ttl_s: 1", "100", "{ status: 503, share: 40% }"));
    assert_int_equal(check->status, CHECK_PASS);
    assert_true(check_is_quiet(check));
    assert_string_equal(check_verdict_word(check), "pass");
    stage_close(&stage);
}

static void a_fault_behind_fresh_entries_is_warned_of_with_what_to_do(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check = judge(&stage, HARDLY_MET);
    assert_int_equal(check->status, CHECK_PASS);
    assert_false(check_is_quiet(check));
    assert_string_equal(check_verdict_word(check), "warning");
    assert_holds(check->sentence, "\"status 503 40%\" hit ");
    assert_holds(check->sentence, "did not need the upstream");
    assert_holds(check->sentence, "shorter cache_ttl_s");
    assert_int_equal(stage.verdicts.status, CHECK_PASS);
    stage_close(&stage);
}

static void a_breaker_that_spares_the_rest_is_no_reason_to_warn(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check = judge(
        &stage, STORY("cache_ttl_s: 1, breaker_failures_30s: 3, breaker_min_volume: 1, "
                      "breaker_cooldown_s: 20, retry_count: 0",
                      "100", "{ status: 503 }"));
    assert_true(check->n < 20);
    assert_true(check_is_quiet(check));
    stage_close(&stage);
}

static void a_call_that_many_wait_for_is_no_reason_to_warn(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check =
        judge(&stage, "version: 1\nname: reach\nteaches: One for all.\nseed: 7\nduration: 12s\n"
                      "runtime: { env: prod, set: { cache_ttl_s: 1 } }\n"
                      "workload:\n  - arrival: { burst: { size: 50, every: 2s, spread: 10ms } }\n"
                      "    keys: { count: 2 }\n"
                      "upstream:\n  latency: 40ms\n  phases:\n"
                      "    - { name: bad, from: 4s, to: 8s, faults: [ { delay: 100ms } ] }\n"
                      "expect:\n  - served: { error: 0 }\n");
    assert_true(check->n < 5);
    assert_true(check_is_quiet(check));
    stage_close(&stage);
}

static void connections_that_were_refused_are_counted_by_the_attempts(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check =
        judge(&stage, STORY("cache_ttl_s: 1, breaker_failures_30s: 500", "100",
                            "{ at: connect, do: refuse, until: 3s }, "
                            "{ at: connect, do: syn_drop, after: 4s, until: 6s }"));
    assert_int_equal(check->status, CHECK_PASS);
    assert_true(check->n > 100);
    assert_holds(check->sentence, "\"refuse at connect until 3s\" hit ");
    assert_holds(check->sentence, "\"syn_drop at connect after 4s until 6s\" hit ");
    stage_close(&stage);
}

static void connections_that_nobody_made_were_not_tried(void **state)
{
    (void)state;
    struct stage stage;
    const struct check *check =
        judge(&stage, STORY("cache_ttl_s: 60", "4", "{ at: connect, do: refuse }"));
    assert_int_equal(check->status, CHECK_INCONCLUSIVE);
    assert_holds(check->sentence, "\"refuse at connect\" hit 0 of 0");
    assert_holds(check->sentence, "what nobody met was not tried");
    stage_close(&stage);
}

static uint64_t count_of(const struct coverage *coverage, const char *group, const char *name)
{
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        bool same = strcmp(item->group, group) == 0 && strcmp(item->name, name) == 0;
        if (same) return item->count;
    }
    return UINT64_MAX;
}

static void faults_at_connect_are_covered_by_the_attempts_that_met_them(void **state)
{
    (void)state;
    struct stage stage;
    judge(&stage, STORY("cache_ttl_s: 1, breaker_failures_30s: 500", "100",
                        "{ at: connect, do: refuse, until: 3s }, "
                        "{ at: connect, do: reset, after: 4s, until: 6s }"));
    struct suite_scenario item = { .scenario = stage.scenario, .config = stage.config };
    item.sim = (struct suite_world){ .present = true, .run = stage.run };
    struct suite suite = { .scenarios = &item, .count = 1 };
    struct coverage coverage;
    coverage_make(&coverage, &suite);
    assert_true(count_of(&coverage, "fault", "refuse") > 20);
    assert_true(count_of(&coverage, "fault on a retry", "refuse") > 5);
    assert_true(count_of(&coverage, "fault x position", "reset at connect") > 20);
    assert_int_equal(count_of(&coverage, "fault x position", "stall at connect"), 0);
    assert_int_equal(count_of(&coverage, "fault", "syn_drop"), 0);
    coverage_deinit(&coverage);
    stage_close(&stage);
}

static struct command command;

/* `other` may be NULL. */
static int check(const char *first, const char *other)
{
    const char *arguments[] = { "check", "--configs", "configs", first, other, NULL };
    return command_run(&command, arguments);
}

static void the_warning_is_in_all_that_a_run_leaves(void **state)
{
    (void)state;
    const char *file = scratch_write("reach.yaml", HARDLY_MET);
    const char *run[] = { "run",   "--world", "sim",  "--configs", "configs",
                          "--out", scratch_path("out"), file, NULL };
    assert_int_equal(command_run(&command, run), 0);
    assert_says(&command, "reach.yaml:15:7: warning (sim): faults.bad: ");
    char *result = scratch_read("out/result.json");
    char *summary = scratch_read("out/summary.md");
    char *page = scratch_read("out/index.html");
    assert_holds(result, "\"scant\":true");
    assert_holds(summary, "### What says little");
    assert_holds(summary, "shorter cache_ttl_s");
    assert_holds(page, ">warning</span>");
    mem_free(result);
    mem_free(summary);
    mem_free(page);
    const char *again[] = { "report", "--summary", "-", scratch_path("out/result.json"), NULL };
    assert_int_equal(command_run(&command, again), 0);
    assert_says(&command, "### What says little");
}

static void check_tells_it_and_vacuity_exits_with_it(void **state)
{
    (void)state;
    const char *file = scratch_write("reach.yaml", HARDLY_MET);
    assert_int_equal(check(file, NULL), 0);
    assert_says(&command, "reach.yaml:15:7: warning: faults.bad: ");
    assert_int_equal(check("--vacuity", file), 1);
    file = scratch_write("reach.yaml", STORY("cache_ttl_s: 1", "100",
                                             "{ status: 503, share: 40% }"));
    assert_int_equal(check("--vacuity", file), 0);
    assert_does_not_say(&command, "faults.bad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_that_many_attempts_met_is_nothing_to_speak_of),
        cmocka_unit_test(a_fault_behind_fresh_entries_is_warned_of_with_what_to_do),
        cmocka_unit_test(a_breaker_that_spares_the_rest_is_no_reason_to_warn),
        cmocka_unit_test(a_call_that_many_wait_for_is_no_reason_to_warn),
        cmocka_unit_test(connections_that_were_refused_are_counted_by_the_attempts),
        cmocka_unit_test(connections_that_nobody_made_were_not_tried),
        cmocka_unit_test(faults_at_connect_are_covered_by_the_attempts_that_met_them),
        cmocka_unit_test(the_warning_is_in_all_that_a_run_leaves),
        cmocka_unit_test(check_tells_it_and_vacuity_exits_with_it),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
