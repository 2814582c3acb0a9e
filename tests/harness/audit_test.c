#include "harness/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

#define FAULTS(faults)                                                                             \
    "version: 1\nname: faults\nteaches: Faults.\nseed: 7\nduration: 20s\n"                         \
    "runtime:\n  env: prod\n  set:\n    breaker_failures_30s: 1000\n"                              \
    "    breaker_failure_ratio: 0\n    cache_ttl_s: 0\n    cache_stale_if_error_s: 0\n"            \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 4000 }\n"                      \
    "upstream:\n  latency: 5ms\n  phases:\n"                                                       \
    "    - { name: outage, from: 5s, to: 15s, faults: [ " faults " ] }\n"                          \
    "expect:\n  - order: guide\n"

static void open(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    stage_simulate(stage);
}

static void assert_invalid(struct stage *stage, const char *text)
{
    audit_run(&stage->run);
    if (!stage->run.invalid || strstr(stage->run.invalid_reason, text) == NULL) {
        fail_msg("invalid: %d \"%s\"; expected \"%s\"", stage->run.invalid,
                 stage->run.invalid_reason, text);
    }
    stage_judge(stage);
    assert_int_equal(CHECK_INVALID, stage->verdicts.status);
}

static void what_a_scenario_asks_for_is_valid(void **state)
{
    (void)state;
    static const char *const yamls[] = {
        FAULTS("{ status: 503, share: 30% }"),
        FAULTS("{ status: 503 }"),
        FAULTS("{ status: 503, share: 3% }, { delay: 50ms, share: 90% }"),
        FAULTS("{ status: 503, first: 5 }"),
        FAULTS("{ status: 503, every: 7 }"),
        FAULTS("{ status: 503, exact_share: 30% }"),
        FAULTS("{ status: 503, share: 50%, after: 2s, until: 4s, attempt: 0 }"),
        FAULTS("{ status: 503, ramp: { from: 0%, to: 100% } }"),
        FAULTS("{ status: 503, burst: { bad: 1s, good: 2s }, share: 80% }"),
        FAULTS("{ status: 503, share: 50%, first: 20 }"),
        FAULTS("{ status: 503, market: w0, share: 40% }"),
        FAULTS("{ status: 503, model: chronos, every: 3 }"),
    };
    for (size_t i = 0; i < sizeof yamls / sizeof yamls[0]; i++) {
        struct stage stage;
        open(&stage, yamls[i]);
        struct audit_fault seen = audit_fault(&stage.run, 0, 0);
        assert_true(seen.hit > 0);
        assert_true(seen.hit <= seen.eligible);
        audit_run(&stage.run);
        if (stage.run.invalid) fail_msg("%zu: %s", i, stage.run.invalid_reason);
        stage_close(&stage);
    }
}

/* Takes the fault off so many of the attempts that it hit. */
static void heal(struct stage *stage, uint64_t count)
{
    for (size_t i = 0; i < stage->run.delivery_count && count > 0; i++) {
        struct run_delivery *delivery = &stage->run.deliveries[i];
        if ((delivery->fired & 1) == 0) continue;
        delivery->fired &= ~UINT32_C(1);
        count--;
    }
}

static void a_share_that_was_not_played_makes_the_run_invalid(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ status: 503, share: 30% }"));
    struct audit_fault seen = audit_fault(&stage.run, 0, 0);
    assert_in_range(seen.eligible, 500, 700);
    heal(&stage, seen.hit / 2);
    assert_invalid(&stage, "the faults were not those of the scenario: \"status 503 30%\" of phase "
                           "outage hit ");
    stage_close(&stage);
    open(&stage, FAULTS("{ status: 503 }"));
    heal(&stage, 1); /* of 100 % none may be missing */
    assert_invalid(&stage, "asked for were 100% of them");
    stage_close(&stage);
    open(&stage, FAULTS("{ status: 503, first: 5 }"));
    heal(&stage, 1);
    assert_invalid(&stage, "\"status 503 first 5\" of phase outage hit 4 of ");
    stage_close(&stage);
    open(&stage, FAULTS("{ status: 503, burst: { bad: 1s, good: 1s } }"));
    heal(&stage, 1);
    assert_invalid(&stage, "the faults were not those of the scenario");
    stage_close(&stage);
    open(&stage, FAULTS("{ status: 503, market: w0 }"));
    heal(&stage, 1);
    assert_invalid(&stage, "the faults were not those of the scenario");
    stage_close(&stage);
    open(&stage, FAULTS("{ status: 503, exact_share: 30% }"));
    heal(&stage, 3);
    assert_invalid(&stage, "the faults were not those of the scenario");
    stage_close(&stage);
}

static void a_fault_outside_its_window_is_not_what_was_asked_for(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ status: 503, share: 5%, after: 2s, until: 4s }"));
    for (size_t i = 0; i < stage.run.delivery_count; i++) {
        struct run_delivery *delivery = &stage.run.deliveries[i];
        if (delivery->phase == 0 && delivery->at_ns > 10 * NS_PER_S) delivery->fired |= 1;
    }
    assert_invalid(&stage, "the faults were not those of the scenario");
    stage_close(&stage);
}

/* A busy machine plays replies late: the run says nothing, and is worth another try. */
static void replies_that_come_too_late_make_the_run_invalid(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ status: 503, share: 30% }"));
    stage.run.world = WORLD_REAL;
    size_t n = stage.run.delivery_count;
    for (size_t i = 0; i < n; i++) stage.run.deliveries[i].late_ns = AUDIT_LATE_NS;
    for (size_t i = 0; i < n; i += 20) stage.run.deliveries[i].late_ns = 400 * NS_PER_MS;
    audit_run(&stage.run);
    assert_false(stage.run.invalid);
    for (size_t i = 0; i < n; i += 10) stage.run.deliveries[i].late_ns = AUDIT_LATE_NS + 1;
    assert_invalid(&stage, "the mock lagged: ");
    assert_true(stage.run.lagged);
    stage_close(&stage);
}

static void another_delay_than_the_drawn_one_makes_the_run_invalid(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ delay: { uniform: [100ms, 300ms] }, share: 50% }"));
    stage.run.deliveries[9].asked_ns++;
    assert_invalid(&stage, ", attempt 0, was to be answered after 5ms, and the upstream meant "
                           "5.000001ms");
    stage_close(&stage);
}

static void delays_of_another_distribution_make_the_run_invalid(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ delay: { uniform: [100ms, 300ms] } }"));
    audit_run(&stage.run);
    assert_false(stage.run.invalid);
    assert_non_null(strstr(stage.run.realised_delays,
                           "{\"text\":\"uniform 100ms to 300ms\",\"phase\":\"outage\","));
    assert_non_null(strstr(stage.run.realised_delays, "\"ppm\":500000,\"asked_ns\":200000000,"));
    /* One attempt's draw for all. */
    const struct run_delivery *one = NULL;
    for (size_t i = 0; i < stage.run.delivery_count; i++) {
        struct run_delivery *delivery = &stage.run.deliveries[i];
        if (delivery->phase != 0) continue;
        if (one == NULL) one = delivery;
        delivery->request = one->request;
        delivery->asked_ns = one->asked_ns;
    }
    assert_invalid(&stage, " attempts with \"delay uniform 100ms to 300ms\" ");
    stage_close(&stage);
}

static void nothing_is_late_in_the_simulation(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, FAULTS("{ status: 503, share: 30% }"));
    audit_run(&stage.run);
    assert_false(stage.run.invalid);
    stage.run.deliveries[7].late_ns = 1;
    assert_invalid(&stage, "the mock lagged: 1 of ");
    assert_false(stage.run.lagged); /* no machine is to blame */
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_scenario_asks_for_is_valid),
        cmocka_unit_test(a_share_that_was_not_played_makes_the_run_invalid),
        cmocka_unit_test(a_fault_outside_its_window_is_not_what_was_asked_for),
        cmocka_unit_test(replies_that_come_too_late_make_the_run_invalid),
        cmocka_unit_test(another_delay_than_the_drawn_one_makes_the_run_invalid),
        cmocka_unit_test(delays_of_another_distribution_make_the_run_invalid),
        cmocka_unit_test(nothing_is_late_in_the_simulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
