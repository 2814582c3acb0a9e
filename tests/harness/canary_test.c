#include "harness/canary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

/* 10 requests/s for 30 minutes: six 5-minute windows of 3,000 requests. */
#define HALF_HOUR(expect)                                                                          \
    "version: 1\nname: half-hour\nteaches: Canary.\nseed: 7\nduration: 30m\n"                      \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { constant: 10/s }\n    keys: { count: 40 }\n"                        \
    "upstream:\n  latency: 40ms\n"                                                                 \
    "expect:\n" expect

enum { PER_WINDOW = 3000, PER_S = 10 };

static void open(struct stage *stage, const char *yaml)
{
    stage_open(stage, yaml, NULL);
    stage_make_up(stage);
    assert_int_equal(6 * PER_WINDOW, stage->run.schedule->count);
}

static void make_slow(struct run_answer *answer)
{
    answer->done_ns = answer->intended_ns + 401 * NS_PER_MS;
}

static void make_error(struct run_answer *answer)
{
    answer->served = SERVED_ERROR;
    answer->http_status = 503;
}

static void make_stale(struct run_answer *answer)
{
    answer->served = SERVED_STALE;
}

/* Every `each`-th of the answers from..to-1. */
static void spoil(struct stage *stage, void (*make)(struct run_answer *answer), uint32_t from,
                  uint32_t to, uint32_t each)
{
    for (uint32_t i = from; i < to; i += each) make(&stage->run.answers[i]);
}

static void add_open(struct stage *stage, uint64_t from_s, uint64_t to_s)
{
    *run_add_transition(&stage->run) = (struct breaker_transition){
        .at = from_s * NS_PER_S, .from = BREAKER_CLOSED, .to = BREAKER_OPEN,
    };
    *run_add_transition(&stage->run) = (struct breaker_transition){
        .at = to_s * NS_PER_S, .from = BREAKER_OPEN, .to = BREAKER_HALF_OPEN,
    };
}

static struct rollback find(struct stage *stage, enum rollback_trigger trigger)
{
    struct rollback found[ROLLBACK_TRIGGERS];
    rollback_find(&stage->run, found);
    return found[trigger];
}

static void each_gate_passes_at_its_limit_and_fails_above(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
        void (*make)(struct run_answer *answer);
        uint32_t good, bad; /* every so many answers are spoilt */
        const char *failure;
    } rows[] = {
        { HALF_HOUR("  - canary: stage\n"), "canary.p95", make_slow, 25, 16,
          "p95 <= 300ms; 1125 " },
        { HALF_HOUR("  - canary: stage\n"), "canary.error_rate", make_error, 130, 80,
          "the canary's error rate <= 1%; 225 of 18000 answers (1.25 %) were errors (r000000" },
        { HALF_HOUR("  - canary: stage\n"), "canary.fallback_rate", make_stale, 14, 11,
          "fallback rate <= 8%; " },
        { HALF_HOUR("  - canary: later\n"), "canary.fallback_rate", make_stale, 11, 9,
          "fallback rate <= 10%; " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int bad = 0; bad < 2; bad++) {
            struct stage stage;
            open(&stage, rows[i].yaml);
            spoil(&stage, rows[i].make, 0, 6 * PER_WINDOW, bad ? rows[i].bad : rows[i].good);
            stage_judge(&stage);
            if (bad) stage_assert_fails(&stage, rows[i].name, rows[i].failure);
            else stage_assert_passes(&stage, rows[i].name);
            stage_close(&stage);
        }
    }
}

static void one_invalid_output_fails_the_canary_and_rolls_back(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - canary: later\n  - rollback: never\n"));
    stage_judge(&stage);
    stage_assert_passes(&stage, "canary.invalid_output");
    stage_assert_passes(&stage, "rollback");
    stage.run.answers[1234].output_valid = false;
    stage_judge(&stage);
    stage_assert_fails(&stage, "canary.invalid_output",
                       "1 of 18000 answers (0.01 %) held no valid");
    stage_assert_fails(&stage, "rollback", "expected no rollback; an invalid output at 123 s");
    assert_int_equal(1234, stage_check(&stage, "rollback")->ids[0]);
    stage_close(&stage);
}

static void a_canary_of_few_requests_is_inconclusive(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO("  - canary: { stage: later, in: outage }\n"), NULL);
    stage_make_up(&stage);
    stage_judge(&stage);
    const struct check *check = stage_check(&stage, "canary.error_rate in outage");
    assert_int_equal(CHECK_INCONCLUSIVE, check->status); /* 320; 459 are needed for 1 % */
    assert_non_null(strstr(check->sentence, "139 more answers"));
    stage_assert_passes(&stage, "canary.p95 in outage");
    stage_close(&stage);
}

static void slow_answers_roll_back_after_two_windows_in_a_row(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - rollback: never\n"));
    spoil(&stage, make_slow, 0, PER_WINDOW, 10);
    spoil(&stage, make_slow, 2 * PER_WINDOW, 3 * PER_WINDOW, 10);
    spoil(&stage, make_slow, 3 * PER_WINDOW, 4 * PER_WINDOW, 21); /* under 5 %: p95 is good */
    assert_false(find(&stage, ROLLBACK_P95).fired);
    spoil(&stage, make_slow, 3 * PER_WINDOW, 4 * PER_WINDOW, 15);
    struct rollback found = find(&stage, ROLLBACK_P95);
    assert_true(found.fired);
    assert_int_equal(1200 * NS_PER_S, found.at_ns);
    assert_int_equal(0, found.request);
    stage_judge(&stage);
    stage_assert_fails(&stage, "rollback",
                       "p95 > 400 ms in two consecutive 5-minute windows at 1200 s");
    stage_close(&stage);
}

/* A client that left after the limit waited longer; one that left before may have been served. */
static void whoever_left_after_waiting_too_long_rolls_back(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - rollback: never\n"));
    for (uint32_t i = 0; i < 2 * PER_WINDOW; i += 10) {
        struct run_answer *answer = &stage.run.answers[i];
        answer->answered = false;
        answer->hung_up = true;
        answer->done_ns = answer->intended_ns + 400 * NS_PER_MS;
    }
    assert_false(find(&stage, ROLLBACK_P95).fired);
    assert_false(find(&stage, ROLLBACK_ERRORS).fired); /* it is owed none */
    spoil(&stage, make_slow, 0, 2 * PER_WINDOW, 10);
    struct rollback found = find(&stage, ROLLBACK_P95);
    assert_true(found.fired);
    assert_int_equal(600 * NS_PER_S, found.at_ns);
    assert_int_equal(0, found.request);
    assert_false(find(&stage, ROLLBACK_ERRORS).fired);
    stage_close(&stage);
}

/* Ten seconds of errors in five healthy minutes are 3.3 %; five seconds 1.7 %. */
static void errors_roll_back_as_soon_as_any_window_has_too_many(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - rollback: expected\n"));
    spoil(&stage, make_error, 100 * PER_S, 105 * PER_S, 1);
    assert_false(find(&stage, ROLLBACK_ERRORS).fired);
    stage_judge(&stage);
    stage_assert_fails(&stage, "rollback", "expected a rollback; no trigger fired");
    spoil(&stage, make_error, 105 * PER_S, 110 * PER_S, 1);
    struct rollback found = find(&stage, ROLLBACK_ERRORS);
    assert_true(found.fired);
    assert_int_equal(107 * NS_PER_S, found.at_ns); /* 61 of 3,000 are over 2 % */
    assert_in_range(found.worst, 33000, 33400);
    stage_judge(&stage);
    stage_assert_passes(&stage, "rollback");
    stage_close(&stage);
}

static void fallbacks_roll_back_after_fifteen_minutes(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - rollback: never\n"));
    spoil(&stage, make_stale, 0, 2 * PER_WINDOW, 4);
    spoil(&stage, make_stale, 2 * PER_WINDOW, 3 * PER_WINDOW, 6); /* 17 % */
    spoil(&stage, make_stale, 3 * PER_WINDOW, 5 * PER_WINDOW, 4);
    assert_false(find(&stage, ROLLBACK_FALLBACKS).fired);
    spoil(&stage, make_stale, 2 * PER_WINDOW, 3 * PER_WINDOW, 4);
    struct rollback found = find(&stage, ROLLBACK_FALLBACKS);
    assert_true(found.fired);
    assert_int_equal(900 * NS_PER_S, found.at_ns);
    stage_close(&stage);
}

static void requests_that_want_a_baseline_are_no_fallbacks(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - canary: stage\n"));
    spoil(&stage, make_stale, 0, 6 * PER_WINDOW, 4);
    for (uint32_t i = 0; i < 6 * PER_WINDOW; i += 4) {
        stage.run.answers[i].cause = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    }
    assert_false(find(&stage, ROLLBACK_FALLBACKS).fired);
    stage_judge(&stage);
    stage_assert_passes(&stage, "canary.fallback_rate");
    stage_close(&stage);
}

static void an_open_breaker_rolls_back_after_fifteen_minutes(void **state)
{
    (void)state;
    struct stage stage;
    open(&stage, HALF_HOUR("  - rollback: never\n"));
    add_open(&stage, 100, 200);
    add_open(&stage, 400, 480); /* 27 % of its window */
    add_open(&stage, 700, 850);
    add_open(&stage, 1000, 1100);
    assert_false(find(&stage, ROLLBACK_BREAKER).fired);
    stage.run.transitions[3].at += 20 * NS_PER_S;
    struct rollback found = find(&stage, ROLLBACK_BREAKER);
    assert_true(found.fired);
    assert_int_equal(900 * NS_PER_S, found.at_ns);
    stage.run.permits_known = false; /* no trace */
    stage.run.transition_count = 0;
    assert_false(find(&stage, ROLLBACK_BREAKER).observable);
    stage_judge(&stage);
    assert_int_equal(CHECK_UNOBSERVABLE, stage_check(&stage, "rollback")->status);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gate_passes_at_its_limit_and_fails_above),
        cmocka_unit_test(one_invalid_output_fails_the_canary_and_rolls_back),
        cmocka_unit_test(a_canary_of_few_requests_is_inconclusive),
        cmocka_unit_test(slow_answers_roll_back_after_two_windows_in_a_row),
        cmocka_unit_test(whoever_left_after_waiting_too_long_rolls_back),
        cmocka_unit_test(errors_roll_back_as_soon_as_any_window_has_too_many),
        cmocka_unit_test(fallbacks_roll_back_after_fifteen_minutes),
        cmocka_unit_test(requests_that_want_a_baseline_are_no_fallbacks),
        cmocka_unit_test(an_open_breaker_rolls_back_after_fifteen_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
