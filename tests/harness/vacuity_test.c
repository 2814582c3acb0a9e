#include "harness/vacuity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

static struct suite_scenario item_of(const struct stage *stage)
{
    return (struct suite_scenario){
        .scenario = stage->scenario,
        .config = stage->config,
        .schedule = stage->schedule,
        .seed = stage->scenario.seed,
    };
}

static const struct vacuity_item *find(const struct stage *stage, const struct vacuity *vacuity,
                                       const char *name)
{
    for (size_t i = 0; i < vacuity->count; i++) {
        if (strcmp(stage->scenario.expects[i].name, name) == 0) return &vacuity->items[i];
    }
    fail_msg("no expectation is named %s", name);
    return NULL;
}

/* What is said of the expectation of that name in that scenario. */
static struct vacuity_item look(const char *yaml, const char *name)
{
    struct stage stage;
    struct vacuity vacuity;
    stage_open(&stage, yaml, NULL);
    struct suite_scenario item = item_of(&stage);
    vacuity_find(&item, &vacuity);
    struct vacuity_item found = *find(&stage, &vacuity, name);
    vacuity_deinit(&vacuity);
    stage_close(&stage);
    return found;
}

#define ROW(expectation, name, never)                                                              \
    { STAGE_SCENARIO("  - " expectation "\n"), name, never }

static void what_holds_in_every_possible_run_can_never_fail(void **state)
{
    (void)state;
    static const struct {
        const char *expectation;
        const char *name;
        bool never_fails;
    } rows[] = {
        ROW("latency: { p50: 5s }", "latency.p50", true), /* the deadline is 1.8 s */
        ROW("latency: { p50: 1s }", "latency.p50", false),
        ROW("amplification: '<= 3'", "amplification", true), /* two retries at most */
        ROW("amplification: '<= 2.9'", "amplification", false),
        ROW("attempts: { per_request: '<= 3' }", "attempts.per_request", true),
        ROW("attempts: { per_request: '<= 2' }", "attempts.per_request", false),
        ROW("attempts: { total: '<= 3600' }", "attempts.total", true),
        ROW("attempts: { total: '<= 3599' }", "attempts.total", false),
        ROW("served: { error: '<= 1200' }", "served.error", true), /* 1,200 are sent */
        ROW("served: { error: '<= 1199' }", "served.error", false),
        ROW("served: { fresh: '>= 1%' }", "served.fresh", false),
        ROW("served: { stale: '< 100%' }", "served.stale", false),
        ROW("codes: { RUNTIME_NETWORK: 0 }", "codes.RUNTIME_NETWORK", false),
        ROW("codes: { RUNTIME_NETWORK: '<= 1200' }", "codes.RUNTIME_NETWORK", true),
        ROW("codes: { CIRCUIT_OPEN: '>= 1' }", "codes.CIRCUIT_OPEN", false),
        ROW("freshness: { max_age: 1s, share: '>= 1%' }", "freshness.1s", false),
        ROW("availability: '>= 50%'", "availability", false),
        ROW("recovers: { within: 5s }", "recovers", false),
        ROW("order: guide", "order", false),
        ROW("breaker: [closed]", "breaker", false),
        ROW("backoff: full_jitter", "backoff", false),
        ROW("rollback: never", "rollback", false),
        ROW("rollback: expected", "rollback", false),
        ROW("canary: stage", "canary.invalid_output", false),
        ROW("canary: stage", "canary.fallback_rate", false),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vacuity_item item = look(rows[i].expectation, rows[i].name);
        if (item.never_fails != rows[i].never_fails) fail_msg("row %zu: %s", i, rows[i].name);
    }
}

#define CYCLES(concurrency, expectation)                                                           \
    "version: 1\nname: cycles\nteaches: Late cycles.\nseed: 7\nduration: 6s\n"                     \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { cycle: { top: 50, every: 5s, concurrency: " concurrency " } }\n"    \
    "upstream:\n  latency: 90ms\n  phases:\n"                                                     \
    "    - { name: late, from: 5s, to: 6s, faults: [ { delay: 10ms } ] }\n"                        \
    "expect:\n  - " expectation "\n"

/* The second cycle is due after 5 s, and begins when the first is over. */
static void a_cycle_can_take_as_long_as_all_its_requests_and_those_before_it(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
        bool never_fails;
    } rows[] = {
        { CYCLES("1", "cycle: { max: 2s, in: late }"), "cycle.max in late", false },
        { CYCLES("1", "cycle: { max: 174s }"), "cycle.max", false }, /* 100 times 1.8 s, less 5 s */
        { CYCLES("1", "cycle: { max: 175s }"), "cycle.max", true },
        { CYCLES("8", "cycle: { max: 12s }"), "cycle.max", false }, /* 7 times 1.8 s, then again */
        { CYCLES("8", "cycle: { max: 21s }"), "cycle.max", true },
        { CYCLES("50", "cycle: { max: 1.7s }"), "cycle.max", false },
        { CYCLES("50", "cycle: { max: 2s }"), "cycle.max", true },
        /* how many there are in a window does not hang on that */
        { CYCLES("1", "served: { error: '<= 30', in: late }"), "served.error in late", false },
        { CYCLES("1", "served: { error: '<= 50', in: late }"), "served.error in late", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vacuity_item item = look(rows[i].yaml, rows[i].name);
        if (item.never_fails != rows[i].never_fails) fail_msg("row %zu: %s", i, rows[i].name);
    }
}

static void more_than_there_can_be_can_never_pass(void **state)
{
    (void)state;
    static const struct {
        const char *expectation;
        const char *name;
        bool never_passes;
    } rows[] = {
        ROW("served: { error: '>= 1201' }", "served.error", true), /* 1,200 are sent */
        ROW("served: { error: '>= 1200' }", "served.error", false),
        ROW("served: { stale: '> 1200' }", "served.stale", true),
        ROW("served: { fresh: '>= 1200' }", "served.fresh", false),
        ROW("served: { stale: '>= 321', in: outage }", "served.stale in outage", true),
        ROW("served: { stale: '>= 320', in: outage }", "served.stale in outage", false),
        ROW("codes: { RUNTIME_NETWORK: '>= 1201' }", "codes.RUNTIME_NETWORK", true),
        ROW("codes: { RUNTIME_NETWORK: '>= 1200' }", "codes.RUNTIME_NETWORK", false),
        ROW("attempts: { per_request: '>= 4' }", "attempts.per_request", true), /* two retries */
        ROW("attempts: { per_request: '>= 3' }", "attempts.per_request", false),
        ROW("served: { error: 1201 }", "served.error", true),
        ROW("served: { error: 1200 }", "served.error", false),
        ROW("served: { error: 7 }", "served.error", false),
        ROW("served: { error: 0 }", "served.error", false),
        ROW("codes: { RUNTIME_NETWORK: 1201 }", "codes.RUNTIME_NETWORK", true),
        ROW("codes: { RUNTIME_NETWORK: 3 }", "codes.RUNTIME_NETWORK", false),
        ROW("attempts: { total: 3601 }", "attempts.total", true),
        ROW("attempts: { total: 5 }", "attempts.total", false),
        ROW("amplification: '>= 3.1'", "amplification", true),
        ROW("amplification: '>= 3'", "amplification", false),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vacuity_item item = look(rows[i].expectation, rows[i].name);
        if (item.never_passes != rows[i].never_passes) fail_msg("row %zu: %s", i, rows[i].name);
    }
}

static void a_gate_with_too_few_requests_can_never_pass(void **state)
{
    (void)state;
    struct stage stage;
    struct vacuity vacuity;
    stage_open(&stage,
               STAGE_SCENARIO("  - latency: { p90: 500us, p95: 300ms, p99.9: 300ms }\n"
                              "  - canary: later\n"
                              "  - canary: { stage: stage, in: outage }\n"
                              "  - served: { error: 0 }\n"),
               NULL);
    struct suite_scenario item = item_of(&stage);
    vacuity_find(&item, &vacuity);
    assert_false(find(&stage, &vacuity, "latency.p95")->never_passes);
    assert_false(find(&stage, &vacuity, "latency.p90")->never_passes);
    assert_true(find(&stage, &vacuity, "latency.p99.9")->never_passes); /* 4,603 are needed */
    assert_false(find(&stage, &vacuity, "canary.error_rate")->never_passes);
    assert_true(find(&stage, &vacuity, "canary.error_rate in outage")->never_passes);
    assert_false(find(&stage, &vacuity, "served.error")->never_passes);
    vacuity_deinit(&vacuity);
    stage_close(&stage);
}

static void without_its_faults_an_expectation_fails(void **state)
{
    (void)state;
    struct stage stage;
    struct vacuity vacuity;
    struct err_note note;
    stage_open(&stage,
               STAGE_SCENARIO("  - served: { error: 0 }\n  - served: { stale: '>= 1' }\n"
                              "  - codes: { RUNTIME_5XX: '>= 5' }\n  - order: guide\n"),
               NULL);
    struct suite_scenario item = item_of(&stage);
    vacuity_find(&item, &vacuity);
    assert_int_equal(ERR_OK, vacuity_simulate(&item, &vacuity, &note));
    assert_true(vacuity.has_faults);
    assert_int_equal(2, vacuity.failing);
    assert_true(vacuity.differing > 100);
    assert_true(find(&stage, &vacuity, "served.stale")->fails_without);
    assert_true(find(&stage, &vacuity, "codes.RUNTIME_5XX")->fails_without);
    assert_true(find(&stage, &vacuity, "served.error")->untouched);
    assert_false(find(&stage, &vacuity, "served.stale")->untouched);
    assert_false(vacuity_is_empty(&vacuity));
    vacuity_deinit(&vacuity);
    stage_close(&stage);
}

/* A fault that nobody meets: the upstream is not asked while it lasts. */
static void a_fault_that_changes_nothing_is_vacuous(void **state)
{
    (void)state;
    struct stage stage;
    struct vacuity vacuity;
    struct err_note note;
    stage_open(&stage,
               "version: 1\nname: vacuous\nteaches: Nothing.\nseed: 7\nduration: 30s\n"
               "runtime:\n  env: prod\n  set: { cache_ttl_s: 60 }\n"
               "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 5 }\n"
               "upstream:\n  latency: 40ms\n  phases:\n"
               "    - { name: outage, from: 8s, to: 16s, faults: [ { status: 503 } ] }\n"
               "expect:\n  - served: { error: 0 }\n",
               NULL);
    struct suite_scenario item = item_of(&stage);
    vacuity_find(&item, &vacuity);
    assert_int_equal(ERR_OK, vacuity_simulate(&item, &vacuity, &note));
    assert_true(vacuity_is_empty(&vacuity));
    vacuity_deinit(&vacuity);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_in_every_possible_run_can_never_fail),
        cmocka_unit_test(a_cycle_can_take_as_long_as_all_its_requests_and_those_before_it),
        cmocka_unit_test(more_than_there_can_be_can_never_pass),
        cmocka_unit_test(a_gate_with_too_few_requests_can_never_pass),
        cmocka_unit_test(without_its_faults_an_expectation_fails),
        cmocka_unit_test(a_fault_that_changes_nothing_is_vacuous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
