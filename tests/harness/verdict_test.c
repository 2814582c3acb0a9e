#include "harness/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

static void each_kind_of_expectation_passes_and_fails(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
        const char *failure; /* NULL: it passes */
    } rows[] = {
#define ROW(name, expectation, failure) { STAGE_SCENARIO("  - " expectation "\n"), name, failure }
        ROW("latency.p95 outside outage", "latency: { p95: 300ms, outside: outage }", NULL),
        ROW("latency.p95 outside outage", "latency: { p95: 20ms, outside: outage }",
            "expected p95 <= 20ms outside outage; p95 was 40.5 ms (95 % sure: 40.5 ms to "),
        ROW("latency.p50", "latency: { p50: 40500us }", NULL), /* exactly what it takes */
        ROW("latency.p99", "latency: { p99: 40499us }", "answers were slower (r0000"),
        ROW("served.error in outage", "served: { error: 0, in: outage }", NULL),
        ROW("served.stale in outage", "served: { stale: 0, in: outage }",
            "expected served.stale = 0 in outage; "),
        ROW("served.fresh in outage", "served: { fresh: '>= 8%', in: outage }", NULL),
        ROW("served.fresh in outage", "served: { fresh: '>= 90%', in: outage }",
            "expected served.fresh >= 90% in outage; "),
        ROW("served.upstream", "served: { upstream: '> 10%' }", NULL),
        ROW("served.cache", "served: { cache: '< 1%' }", "were fresh cache hits (r00"),
        ROW("served.baseline", "served: { baseline: '>= 1' }", NULL),
        ROW("served.baseline", "served: { baseline: '>= 1300' }",
            " of 1200 answers were baselines, the rest not (r000000, "),
        ROW("breaker", "breaker: [closed, open, half_open, open, half_open, closed]", NULL),
        ROW("breaker", "breaker: [closed, open, half_open, closed]",
            "expected breaker closed > open > half_open > closed; seen closed > open (8.2"),
        ROW("breaker", "breaker: [closed]", "count, 12 of "),
        ROW("breaker in outage", "breaker: { states: [closed, open, half_open, open], in: outage }",
            NULL),
        ROW("breaker in outage", "breaker: { states: [closed, open], in: outage }",
            "expected breaker closed > open in outage; seen closed > open (8.2"),
        ROW("breaker in outage",
            "breaker: { states: [half_open, open, half_open, open], in: outage }",
            "expected breaker half_open > open > half_open > open in outage; seen closed > open"),
        ROW("breaker after outage",
            "breaker: { states: [open, half_open, closed], after: outage }", NULL),
        ROW("breaker after outage",
            "breaker: { states: [closed, open, half_open, closed], after: outage }",
            "closed > open > half_open > closed after outage; seen open > half_open (1"),
        ROW("codes.RUNTIME_5XX", "codes: { RUNTIME_5XX: '>= 5' }", NULL),
        ROW("codes.RUNTIME_5XX", "codes: { RUNTIME_5XX: 0 }", "expected codes.RUNTIME_5XX = 0; "),
        ROW("codes.CIRCUIT_OPEN", "codes: { CIRCUIT_OPEN: '>= 99%' }",
            "show it, the rest not (r000000"),
        ROW("codes.CACHE_STALE_SERVED", "codes: { CACHE_STALE_SERVED: '>= 1' }", NULL),
        ROW("order", "order: guide", NULL),
        ROW("amplification", "amplification: '<= 1.2'", NULL),
        ROW("amplification", "amplification: '<= 1.0'", "expected amplification <= 1; "),
        ROW("recovers", "recovers: { within: 5s }", NULL),
        ROW("recovers", "recovers: { within: 10ms }",
            "expected recovery within 10ms of the last fault at 16.0 s; it took "),
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
        assert_int_equal(rows[i].failure == NULL ? CHECK_PASS : CHECK_FAIL, stage.verdicts.status);
        stage_close(&stage);
    }
}

static void latency_counts_what_never_came_as_slow(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - latency: { p50: 300ms }\n"));
    for (size_t i = 0; i < stage.schedule.count; i += 3) stage.run.answers[i].answered = false;
    stage_judge(&stage);
    stage_assert_passes(&stage, "latency.p50");
    for (size_t i = 0; i < stage.schedule.count; i++) {
        if (i % 5 != 0) stage.run.answers[i].answered = false;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "latency.p50", "p50 was never (not answered)");
    stage_close(&stage);
}

static void latency_of_too_few_answers_is_inconclusive_and_says_how_many_are_missing(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage,
               "version: 1\nname: few\nteaches: Few.\nseed: 7\nduration: 2s\n"
               "runtime: { env: prod }\n"
               "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 5 }\n"
               "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
               "upstream:\n  latency: 40ms\n"
               "expect:\n  - latency: { p95: 300ms }\n",
               NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    const struct check *check = stage_check(&stage, "latency.p95");
    assert_int_equal(80, check->n);
    assert_int_equal(CHECK_INCONCLUSIVE, check->status);
    assert_non_null(strstr(check->sentence, "10 more answers"));
    assert_int_equal(CHECK_INCONCLUSIVE, stage.verdicts.status);
    stage_close(&stage);
}

static void a_lost_answer_counts_as_an_error(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - served: { error: 0, fresh: '>= 10%' }\n"));
    stage_assert_passes(&stage, "served.error");
    stage.run.answers[412].answered = false;
    stage.run.answers[700].served = SERVED_ERROR;
    stage_judge(&stage);
    stage_assert_fails(&stage, "served.error",
                       "= 0; 2 of 1200 answers were errors (r000412, r000700)");
    const struct check *check = stage_check(&stage, "served.error");
    assert_int_equal(2, check->id_count);
    assert_int_equal(412, check->ids[0]);
    stage_close(&stage);
}

/* Its own code, its cause, and the class of each of its attempts. */
static void a_code_is_seen_wherever_it_stands(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage,
                             STAGE_SCENARIO("  - codes: { RUNTIME_NETWORK: 0, RUNTIME_TIMEOUT: 0, "
                                            "RUNTIME_RATE_LIMITED: 0 }\n"));
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    struct run_answer *answer = stage_answer(&stage, SERVED_UPSTREAM, 1);
    stage_attempt(&stage, answer, 0)->outcome = OUTCOME_READ_ERROR;
    stage.run.answers[5].cause = CODE_RUNTIME_TIMEOUT;
    stage.run.answers[6].code = CODE_RUNTIME_RATE_LIMITED;
    stage_judge(&stage);
    stage_assert_fails(&stage, "codes.RUNTIME_NETWORK", "1 of 1200 answers show it (r000000)");
    stage_assert_fails(&stage, "codes.RUNTIME_TIMEOUT", "1 of 1200 answers show it (r000005)");
    stage_assert_fails(&stage, "codes.RUNTIME_RATE_LIMITED", "1 of 1200 answers show it (r000006)");
    stage_close(&stage);
}

static void amplification_believes_the_upstream_rather_than_the_service(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - amplification: '<= 1.2'\n"));
    stage_assert_passes(&stage, "amplification");
    size_t count = stage.run.delivery_count;
    for (size_t i = 0; i < count; i++) {
        struct run_delivery again = stage.run.deliveries[i]; /* each was sent twice */
        *run_add_delivery(&stage.run) = again;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "amplification", "expected amplification <= 1.2; ");
    stage.run.delivery_count = 0; /* unknown: then the service's own list */
    stage_judge(&stage);
    stage_assert_passes(&stage, "amplification");
    stage.run.attempt_count = 0;
    for (size_t i = 0; i < stage.schedule.count; i++) stage.run.answers[i].attempt_count = 0;
    stage_judge(&stage);
    assert_int_equal(CHECK_INCONCLUSIVE, stage_check(&stage, "amplification")->status);
    stage_close(&stage);
}

static void recovery_needs_two_good_seconds(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - recovers: { within: 5s }\n"));
    stage_assert_passes(&stage, "recovers");
    for (size_t i = 640; i < 1060; i += 60) { /* a relapse each 1.5 s, the last at 25 s */
        stage.run.answers[i].served = SERVED_STALE;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers", "it took 9.0");
    for (size_t i = 1060; i < stage.schedule.count; i += 60) { /* the last at 29.5 s of 30 */
        stage.run.answers[i].served = SERVED_STALE;
    }
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers", "none began 2 s of fresh ones");
    for (size_t i = 640; i < stage.schedule.count; i++) stage.run.answers[i].answered = false;
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers", "none began 2 s of fresh ones");
    stage_close(&stage);
}

/* All is bad until the last second: whether that is a recovery nobody has seen. */
static void a_recovery_that_the_end_cuts_short_is_inconclusive(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - recovers: { within: 20s }\n"));
    for (size_t i = 640; i < 1161; i++) stage.run.answers[i].served = SERVED_STALE;
    stage_judge(&stage);
    const struct check *check = stage_check(&stage, "recovers");
    assert_int_equal(CHECK_INCONCLUSIVE, check->status);
    assert_non_null(strstr(check->sentence, "from 29.025 s on, but the scenario ends before"));
    stage.run.answers[stage.schedule.count - 1].served = SERVED_STALE;
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers", "none began 2 s of fresh ones");
    stage_close(&stage);
}

static void assert_not_seen(struct stage *stage, const char *text)
{
    stage_judge(stage);
    const struct check *check = stage_check(stage, "recovers");
    if (check->status != CHECK_INCONCLUSIVE) fail_msg("%s", check->sentence);
    if (strstr(check->sentence, text) == NULL) fail_msg("%s", check->sentence);
    assert_int_equal(0, check->id_count);
}

static void hang_up(struct stage *stage, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) stage->run.answers[i].hung_up = true;
}

/* Quiet time is not a time of fresh answers. The outage ends with request 640, and 40 a second
 * come. */
static void a_recovery_that_nobody_asks_for_is_inconclusive(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - recovers: { within: 5s }\n"), NULL);
    stage_make_up(&stage);
    hang_up(&stage, 645, stage.schedule.count);
    assert_not_seen(&stage, "fresh from 16.000 s on, but after 16.100 s none was asked for");
    stage.run.answers[700].hung_up = false; /* 17.5 s */
    stage.run.answers[719].hung_up = false; /* 17.975 s: not yet 2 s */
    assert_not_seen(&stage, "but after 17.975 s none was asked for");
    stage.run.answers[719].hung_up = true;
    stage.run.answers[720].hung_up = false;
    stage_judge(&stage);
    stage_assert_passes(&stage, "recovers");
    stage.run.answers[720].served = SERVED_STALE; /* nobody saw when it went bad */
    assert_not_seen(&stage, "but after 17.500 s none was asked for");
    stage.run.answers[710].hung_up = false;
    stage.run.answers[710].served = SERVED_STALE; /* within 2 s of those of the beginning */
    stage.run.answers[700].served = SERVED_STALE;
    stage_judge(&stage);
    stage_assert_fails(&stage, "recovers", "of 8 answers none began 2 s of fresh ones");
    assert_int_equal(700, stage_check(&stage, "recovers")->ids[0]);
    stage_close(&stage);
}

static void a_recovery_told_by_baselines_alone_is_inconclusive(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - recovers: { within: 5s }\n"), NULL);
    stage_make_up(&stage);
    for (size_t i = 640; i < stage.schedule.count; i++) {
        stage.run.answers[i].served = SERVED_BASELINE;
        stage.run.answers[i].cause = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    }
    assert_not_seen(&stage, "no request that needs the upstream was sent after it");
    stage_close(&stage);
}

/* Answers that never ask the upstream say nothing about its recovery. */
static void recovery_ignores_requests_that_go_to_the_baseline_anyway(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - recovers: { within: 5s }\n"));
    for (size_t i = 1; i < stage.schedule.count; i += 7) {
        stage.run.answers[i].served = SERVED_BASELINE;
        stage.run.answers[i].cause = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    }
    stage_judge(&stage);
    stage_assert_passes(&stage, "recovers");
    stage_close(&stage);
}

/* What comes behind a window is none of its business; what comes before decides how it begins. */
static void a_window_of_the_breaker_takes_the_transitions_within_it(void **state)
{
    (void)state;
    static const struct {
        instant_ns at;
        enum breaker_state to;
    } moves[] = {
        { 2 * NS_PER_S, BREAKER_OPEN },
        { 8 * NS_PER_S, BREAKER_HALF_OPEN }, /* with the outage */
        { 16 * NS_PER_S - 1, BREAKER_OPEN },
        { 16 * NS_PER_S, BREAKER_HALF_OPEN }, /* with its end */
        { 17 * NS_PER_S, BREAKER_CLOSED },
    };
    static const struct {
        const char *yaml, *name;
        size_t first, count; /* of the moves: those that there are */
    } rows[] = {
#define ROW(word, list, first, count)                                                              \
    { STAGE_SCENARIO("  - breaker: { states: [" list "], " word ": outage }\n"),                   \
      "breaker " word " outage", first, count }
        ROW("in", "open, half_open, open", 0, 5),
        ROW("after", "open, half_open, closed", 0, 5),
        ROW("in", "open", 0, 1),
        ROW("after", "open", 0, 3),
        ROW("in", "closed", 3, 2), /* nothing but later ones */
        ROW("in", "closed", 0, 0),
        ROW("after", "closed", 0, 0),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_simulate_and_judge(&stage, rows[i].yaml);
        stage.run.transition_count = 0;
        for (size_t k = rows[i].first; k < rows[i].first + rows[i].count; k++) {
            *run_add_transition(&stage.run) =
                (struct breaker_transition){ .at = moves[k].at, .to = moves[k].to };
        }
        stage_judge(&stage);
        stage_assert_passes(&stage, rows[i].name);
        stage.run.transition_count = 0;
        *run_add_transition(&stage.run) =
            (struct breaker_transition){ .at = 9 * NS_PER_S, .to = BREAKER_OPEN };
        *run_add_transition(&stage.run) =
            (struct breaker_transition){ .at = 18 * NS_PER_S, .to = BREAKER_HALF_OPEN };
        stage_judge(&stage);
        assert_int_equal(CHECK_FAIL, stage_check(&stage, rows[i].name)->status);
        stage_close(&stage);
    }
}

static void a_breaker_without_a_trace_is_not_judged(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - breaker: [closed]\n"));
    stage.run.permits_known = false;
    stage.run.transition_count = 0;
    stage_judge(&stage);
    const struct check *check = stage_check(&stage, "breaker");
    assert_int_equal(CHECK_UNOBSERVABLE, check->status);
    assert_non_null(strstr(check->sentence, "not observable: the service gave no trace"));
    stage_close(&stage);
}

static void an_invalid_run_makes_every_check_invalid(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - served: { stale: 0 }\n"));
    assert_int_equal(CHECK_FAIL, stage.verdicts.status);
    run_set_invalid(&stage.run, "the mock died by signal %d", 9);
    run_set_invalid(&stage.run, "a later reason");
    stage_judge(&stage);
    assert_int_equal(CHECK_INVALID, stage.verdicts.status);
    for (size_t i = 0; i < stage.verdicts.count; i++) {
        assert_int_equal(CHECK_INVALID, stage.verdicts.checks[i].status);
        assert_non_null(strstr(stage.verdicts.checks[i].sentence, "the mock died by signal 9"));
    }
    stage_close(&stage);
}

static void a_run_that_was_cut_short_is_invalid(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO(STAGE_EXPECT));
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    stage.run.complete = false;
    stage_judge(&stage);
    assert_int_equal(CHECK_INVALID, stage.verdicts.status);
    stage_close(&stage);
}

/* More checks than the list's first capacity. */
static void many_expectations_are_all_judged(void **state)
{
    (void)state;
    struct stage stage;
#define FOUR(phase)                                                                                \
    "  - served: { error: 0, cache: '< 1200', upstream: '< 1200', baseline: '< 1200', " phase " }\n"
    stage_simulate_and_judge(
        &stage,
        STAGE_SCENARIO(FOUR("in: outage") FOUR("outside: outage") FOUR(
            "after: outage") "  - codes: { RUNTIME_5XX: '<= 1200', INPUT_INVALID: 0 }\n"
                             "  - latency: { p50: 1s, p60: 1s, p70: 1s, p80: 1s, p90: 1s }\n"
                             "  - order: guide\n  - amplification: '<= 3'\n"
                             "  - recovers: { within: 20s }\n"));
    assert_int_equal(47, stage.verdicts.count);
    assert_int_equal(CHECK_PASS, stage.verdicts.status);
    stage_close(&stage);
}

static void quantiles_are_nearest_rank(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    bool keep[1200] = { false };
    for (uint64_t i = 0; i < 20; i++) { /* 1..20 ms, backwards */
        stage.run.answers[i].answered = true;
        stage.run.answers[i].done_ns = stage.run.answers[i].intended_ns + (20 - i) * NS_PER_MS;
        keep[i] = true;
    }
    assert_int_equal(19 * NS_PER_MS, run_latency_quantile_ns(&stage.run, keep, 950000));
    assert_int_equal(20 * NS_PER_MS, run_latency_quantile_ns(&stage.run, keep, 950001));
    assert_int_equal(10 * NS_PER_MS, run_latency_quantile_ns(&stage.run, keep, 500000));
    assert_int_equal(1 * NS_PER_MS, run_latency_quantile_ns(&stage.run, keep, 1));
    assert_int_equal(INSTANT_NEVER, run_latency_quantile_ns(&stage.run, NULL, 950000));
    memset(keep, 0, sizeof keep);
    assert_int_equal(0, run_latency_quantile_ns(&stage.run, keep, 950000));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_expectation_passes_and_fails),
        cmocka_unit_test(latency_counts_what_never_came_as_slow),
        cmocka_unit_test(
            latency_of_too_few_answers_is_inconclusive_and_says_how_many_are_missing),
        cmocka_unit_test(a_lost_answer_counts_as_an_error),
        cmocka_unit_test(a_code_is_seen_wherever_it_stands),
        cmocka_unit_test(amplification_believes_the_upstream_rather_than_the_service),
        cmocka_unit_test(recovery_needs_two_good_seconds),
        cmocka_unit_test(a_recovery_that_the_end_cuts_short_is_inconclusive),
        cmocka_unit_test(a_recovery_that_nobody_asks_for_is_inconclusive),
        cmocka_unit_test(a_recovery_told_by_baselines_alone_is_inconclusive),
        cmocka_unit_test(recovery_ignores_requests_that_go_to_the_baseline_anyway),
        cmocka_unit_test(a_window_of_the_breaker_takes_the_transitions_within_it),
        cmocka_unit_test(a_breaker_without_a_trace_is_not_judged),
        cmocka_unit_test(an_invalid_run_makes_every_check_invalid),
        cmocka_unit_test(a_run_that_was_cut_short_is_invalid),
        cmocka_unit_test(many_expectations_are_all_judged),
        cmocka_unit_test(quantiles_are_nearest_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
