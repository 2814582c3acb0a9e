#include "harness/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

static void each_newer_kind_passes_and_fails(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
        const char *failure; /* NULL: it passes */
    } rows[] = {
#define ROW(name, expectation, failure) { STAGE_SCENARIO("  - " expectation "\n"), name, failure }
        ROW("freshness.6s", "freshness: { max_age: 6s, share: '>= 70%' }", NULL),
        ROW("freshness.1s", "freshness: { max_age: 1s, share: '>= 95%' }",
            "expected freshness >= 95%; "),
        ROW("freshness.2s outside outage",
            "freshness: { max_age: 2s, share: '>= 75%', outside: outage }", NULL),
        ROW("freshness.2s in outage", "freshness: { max_age: 2s, share: '>= 75%', in: outage }",
            "held a forecast no older than 2s, the rest not (r0003"),
        ROW("availability", "availability: '>= 99.9%'", NULL),
        ROW("availability", "availability: '< 99.9%'",
            "expected availability < 99.9%; 1200 of 1200 answers (100.00 %) were answered"),
        ROW("attempts.per_request", "attempts: { per_request: '<= 3' }", NULL),
        ROW("attempts.per_request", "attempts: { per_request: '<= 1' }",
            "expected attempts.per_request <= 1; "),
        ROW("attempts.per_request", "attempts: { per_request: '< 2' }", "at most 3 for one (r0003"),
        ROW("attempts.total in outage", "attempts: { total: '<= 60', in: outage }", NULL),
        ROW("attempts.total in outage", "attempts: { total: '> 60', in: outage }",
            "expected attempts.total > 60 in outage; "),
        ROW("amplification outside outage", "amplification: { ratio: '<= 1.0', outside: outage }",
            NULL),
        ROW("amplification in outage", "amplification: { ratio: '<= 1.0', in: outage }",
            "expected amplification <= 1 in outage; "),
        ROW("order in outage", "order: { chain: guide, in: outage }", NULL),
        ROW("recovers after outage", "recovers: { within: 5s, after: outage }", NULL),
        ROW("recovers after outage", "recovers: { within: 10ms, after: outage }",
            "of the last fault at 16.0 s; it took "),
        ROW("latency.p95 of workload 1 in outage",
            "latency: { p95: 100us, in: outage, workload: 1 }",
            "expected p95 <= 100us of workload 1 in outage; p95 was "),
        ROW("canary.p95", "canary: later", NULL),
        ROW("canary.error_rate", "canary: later", NULL),
        ROW("canary.invalid_output", "canary: stage", NULL),
        ROW("canary.fallback_rate", "canary: stage",
            "expected the canary's fallback rate <= 8%; "),
        ROW("canary.fallback_rate outside outage", "canary: { stage: later, outside: outage }",
            NULL),
        ROW("canary.fallback_rate in outage", "canary: { stage: later, in: outage }",
            "expected the canary's fallback rate <= 10% in outage; "),
        ROW("rollback", "rollback: never", NULL),
        ROW("rollback", "rollback: expected", "expected a rollback; no trigger fired (1200 "),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_simulate_and_judge(&stage, rows[i].yaml);
        if (rows[i].failure == NULL) stage_assert_passes(&stage, rows[i].name);
        else stage_assert_fails(&stage, rows[i].name, rows[i].failure);
        const struct check *check = stage_check(&stage, rows[i].name);
        assert_int_equal(22, check->line);
        assert_true(check->n > 0);
        stage_close(&stage);
    }
}

/* What a service without a trace does not show is neither passed nor failed. */
static void what_a_stranger_does_not_show_is_not_observable(void **state)
{
    (void)state;
    static const char *const hidden[] = {
        "breaker", "order", "backoff", "amplification", "attempts.total", "codes.RUNTIME_5XX",
        "invariant.no_attempt_while_open", "invariant.freshness", "invariant.codes",
        "invariant.baseline_never_cached", "invariant.negative", "invariant.permits_balance",
        "invariant.attempts", "invariant.backoff", "invariant.outcomes",
        "invariant.breaker_automaton",
    };
    static const char *const seen[] = { "latency.p95", "served.error", "availability",
                                        "invariant.one_answer", "invariant.deadline",
                                        "invariant.output" };
    struct stage stage;
    stage_simulate_and_judge(
        &stage, STAGE_SCENARIO("  - breaker: [closed]\n  - order: guide\n"
                               "  - backoff: full_jitter\n  - amplification: '<= 2'\n"
                               "  - attempts: { total: '<= 5000' }\n"
                               "  - codes: { RUNTIME_5XX: '>= 1' }\n"
                               "  - latency: { p95: 300ms }\n  - served: { error: 0 }\n"
                               "  - availability: '>= 99%'\n"));
    struct run *run = &stage.run;
    run->foreign = true;
    run->permits_known = false;
    run->path_count = run->attempt_count = run->delivery_count = run->transition_count = 0;
    for (size_t i = 0; i < stage.schedule.count; i++) {
        run->answers[i].path_count = run->answers[i].attempt_count = 0;
        run->answers[i].code = run->answers[i].cause = CODE_NONE;
    }
    stage_judge(&stage);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        const struct check *check = stage_check(&stage, hidden[i]);
        if (check->status != CHECK_UNOBSERVABLE) fail_msg("%s: %s", hidden[i], check->sentence);
        assert_non_null(strstr(check->sentence, "not observable: "));
    }
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) stage_assert_passes(&stage, seen[i]);
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    run->strict = true; /* what was asked for must be seen */
    stage_judge(&stage);
    assert_int_equal(CHECK_INCONCLUSIVE, stage.verdicts.status);
    stage_close(&stage);
}

/* Between two faults: from the end of the one that is named until the next begins. */
static void a_recovery_may_be_that_from_an_earlier_fault(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               "version: 1\nname: twice\nteaches: Twice.\nseed: 7\nduration: 30s\n"
               "runtime:\n  env: prod\n  set: { cache_ttl_s: 1 }\n"
               "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 40 }\n"
               "upstream:\n  latency: 40ms\n  phases:\n"
               "    - { name: first, from: 4s, to: 6s, faults: [ { status: 500 } ] }\n"
               "    - { name: second, from: 16s, to: 18s, faults: [ { status: 500 } ] }\n"
               "expect:\n  - recovers: { within: 3s, after: first }\n"
               "  - recovers: { within: 3s }\n",
               NULL);
    stage_make_up(&stage);
    struct run_answer *answers = stage.run.answers;
    for (size_t i = 160; i < 300; i++) answers[i].served = SERVED_STALE; /* until 7.5 s */
    for (size_t i = 640; i < 960; i++) answers[i].served = SERVED_STALE; /* until 24 s */
    stage_judge(&stage);
    stage_assert_passes(&stage, "recovers after first");
    stage_assert_fails(&stage, "recovers", "of the last fault at 18.0 s; it took 6.0");
    for (size_t i = 160; i < 400; i++) answers[i].served = SERVED_STALE; /* until 10 s */
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers after first", "fault at 6.0 s; it took 4.0");
    assert_int_equal(400, stage_check(&stage, "recovers after first")->n); /* 6 s to 16 s */
    stage_close(&stage);
}

static void a_stranger_of_whom_nothing_is_seen_does_not_pass(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - backoff: full_jitter\n"));
    stage.run.foreign = true;
    stage_judge(&stage);
    assert_int_equal(CHECK_UNOBSERVABLE, stage_check(&stage, "backoff")->status);
    assert_int_equal(CHECK_INCONCLUSIVE, stage.verdicts.status);
    stage_close(&stage);
}

/* A fault that nobody met was not tried. */
static void a_fault_that_hit_nobody_is_inconclusive(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - served: { error: 0 }\n"));
    stage_assert_passes(&stage, "faults.outage");
    assert_non_null(strstr(stage_check(&stage, "faults.outage")->sentence, "\"status 503\" hit "));
    assert_int_equal(20, stage_check(&stage, "faults.outage")->line);
    for (size_t i = 0; i < stage.run.delivery_count; i++) stage.run.deliveries[i].fired = 0;
    stage_judge(&stage);
    const struct check *check = stage_check(&stage, "faults.outage");
    assert_int_equal(CHECK_INCONCLUSIVE, check->status);
    assert_non_null(strstr(check->sentence, "\"status 503\" hit 0 of "));
    assert_non_null(strstr(check->sentence, "what nobody met was not tried"));
    stage_close(&stage);
}

/* Invariants that nobody asked for leave a stranger's verdict to what can be seen. */
static void a_stranger_passes_by_what_can_be_seen(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - served: { error: 0 }\n"));
    stage.run.foreign = true;
    stage_judge(&stage);
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    stage.run.answers[3].served = SERVED_ERROR;
    stage_judge(&stage);
    assert_int_equal(CHECK_FAIL, stage.verdicts.status);
    stage_close(&stage);
}

/* Whoever hangs up is owed no answer, and counts in no share. */
static void a_client_that_hung_up_is_owed_nothing(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(
        &stage, STAGE_SCENARIO("  - latency: { p95: 300ms }\n  - served: { error: 0 }\n"
                               "  - availability: '>= 100%'\n"
                               "  - freshness: { max_age: 10s, share: '>= 70%' }\n"));
    uint64_t n = stage_check(&stage, "availability")->n;
    for (size_t i = 0; i < 100; i++) {
        stage.run.answers[i].answered = false;
        stage.run.answers[i].answers = 0;
        stage.run.answers[i].served = SERVED_NOBODY;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.one_answer", "the first was never answered");
    stage_assert_fails(&stage, "availability", "1100 of 1200 answers");
    for (size_t i = 0; i < 100; i++) stage.run.answers[i].hung_up = true;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.one_answer");
    stage_assert_passes(&stage, "availability");
    stage_assert_passes(&stage, "served.error");
    stage_assert_passes(&stage, "latency.p95");
    assert_int_equal(n - 100, stage_check(&stage, "availability")->n);
    stage_close(&stage);
}

static void leave(struct stage *stage, size_t index, uint64_t after_ns)
{
    struct run_answer *answer = &stage->run.answers[index];
    answer->done_ns = answer->intended_ns + after_ns;
    answer->answered = false;
    answer->answers = 0;
    answer->served = SERVED_NOBODY;
    answer->hung_up = true;
}

static void nothing_judged_passes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = { "order", "attempts.per_request", "attempts.total",
                                         "rollback", "amplification" };
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - order: guide\n  - attempts: { per_request: '<= 3' }\n"
                                      "  - attempts: { total: '<= 60' }\n  - rollback: never\n"
                                      "  - amplification: '<= 2'\n"), NULL);
    stage_make_up(&stage);
    stage.run.attempt_count = stage.run.delivery_count = 0;
    for (size_t i = 0; i < stage.schedule.count; i++) {
        leave(&stage, i, 5 * NS_PER_MS);
        stage.run.answers[i].attempt_count = 0;
    }
    stage_judge(&stage);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct check *check = stage_check(&stage, names[i]);
        if (check->status != CHECK_INCONCLUSIVE) fail_msg("%s: %s", names[i], check->sentence);
        assert_int_equal(0, check->n);
    }
    stage_close(&stage);
}

/* Answers of the cache: none needed an attempt, which is what some expectations ask for. */
static void no_attempt_passes_what_asks_for_few_of_all(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - attempts: { per_request: '<= 3', total: 0 }\n"
                                      "  - attempts: { per_request: 0, in: outage }\n"
                                      "  - attempts: { total: '>= 1', in: outage }\n"), NULL);
    stage_make_up(&stage);
    stage.run.attempt_count = stage.run.delivery_count = 0;
    for (size_t i = 0; i < stage.schedule.count; i++) {
        stage.run.answers[i].served = SERVED_CACHE;
        stage.run.answers[i].attempt_count = 0;
    }
    stage_judge(&stage);
    assert_int_equal(CHECK_INCONCLUSIVE, stage_check(&stage, "attempts.per_request")->status);
    stage_assert_passes(&stage, "attempts.total");
    assert_int_equal(1200, stage_check(&stage, "attempts.total")->n);
    stage_assert_passes(&stage, "attempts.per_request in outage");
    stage_assert_fails(&stage, "attempts.total in outage", "0 attempts for 0 requests");
    stage_close(&stage);
}

/* Who hung up later than the limit waited longer than it; who left earlier says nothing. */
static void whoever_hangs_up_later_than_the_limit_was_not_served_in_time(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - latency: { p95: 300ms }\n  - canary: stage\n"
                                      "  - served: { error: 0 }\n"), NULL);
    stage_make_up(&stage);
    for (size_t i = 0; i < 120; i++) leave(&stage, i, 300 * NS_PER_MS);
    stage_judge(&stage);
    stage_assert_passes(&stage, "latency.p95");
    stage_assert_passes(&stage, "canary.p95");
    assert_int_equal(1080, stage_check(&stage, "latency.p95")->n);
    for (size_t i = 0; i < 120; i++) leave(&stage, i, 300 * NS_PER_MS + 1);
    stage_judge(&stage);
    stage_assert_fails(&stage, "latency.p95",
                       "p95 was never (not answered), 120 of 1200 answers were slower (r000000");
    stage_assert_fails(&stage, "canary.p95", "120 of 1200 answers (10.00 %) were slower");
    assert_int_equal(1080, stage_check(&stage, "canary.error_rate")->n);
    stage_assert_passes(&stage, "served.error"); /* it is owed none */
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_newer_kind_passes_and_fails),
        cmocka_unit_test(what_a_stranger_does_not_show_is_not_observable),
        cmocka_unit_test(a_recovery_may_be_that_from_an_earlier_fault),
        cmocka_unit_test(a_stranger_of_whom_nothing_is_seen_does_not_pass),
        cmocka_unit_test(a_fault_that_hit_nobody_is_inconclusive),
        cmocka_unit_test(a_stranger_passes_by_what_can_be_seen),
        cmocka_unit_test(a_client_that_hung_up_is_owed_nothing),
        cmocka_unit_test(nothing_judged_passes_nothing),
        cmocka_unit_test(no_attempt_passes_what_asks_for_few_of_all),
        cmocka_unit_test(whoever_hangs_up_later_than_the_limit_was_not_served_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
