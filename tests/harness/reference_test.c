#include "harness/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "core/backoff.h"
#include "judge_fixture.h"

static const uint64_t second = NS_PER_S;

/* A hand-made history: N = 3 in 30 s, no ratio rule, cooldown 15 s without jitter, two probes. */
struct history {
    struct stage stage;
    struct breaker_config *breaker;
    struct reference_finding finding;
};

static void begin(struct history *history)
{
    stage_open(&history->stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    history->breaker = &history->stage.config.engine.breaker;
    history->breaker->failures_to_open = 3;
    history->breaker->min_volume = 1;
    history->breaker->count_ratio_floor_permille = 0;
    history->breaker->failure_ratio_permille = 0;
    history->breaker->cooldown_ns = 15 * second;
    history->breaker->cooldown_jitter_permille = 0;
    history->breaker->half_open_probes = 2;
}

/* An attempt that starts 100 ms before it ends so. */
static void ends(struct history *history, uint64_t at_ns, enum outcome outcome)
{
    *run_add_attempt(&history->stage.run) = (struct run_attempt){
        .outcome = outcome,
        .start_known = true,
        .started_ns = at_ns - second / 10,
        .latency_ns = second / 10,
    };
}

static void fails(struct history *history, uint64_t at_ns)
{
    ends(history, at_ns, OUTCOME_HTTP_503);
}

static void moves(struct history *history, uint64_t at_ns, enum breaker_state to,
                  enum breaker_rule rule)
{
    struct run *run = &history->stage.run;
    size_t count = run->transition_count;
    enum breaker_state from = count == 0 ? BREAKER_CLOSED : run->transitions[count - 1].to;
    *run_add_transition(run) =
        (struct breaker_transition){ .at = at_ns, .from = from, .to = to, .rule = rule };
}

static void check(struct history *history, const char *text)
{
    struct reference_tolerance exact = { .order_ns = 0 };
    reference_breaker_check(&history->stage.run, exact, &history->finding);
    if (text == NULL) {
        if (history->finding.wrong) fail_msg("%s", history->finding.sentence);
    } else if (!history->finding.wrong || strstr(history->finding.sentence, text) == NULL) {
        fail_msg("found \"%s\", expected \"%s\"", history->finding.sentence, text);
    }
}

static void end(struct history *history, const char *text)
{
    check(history, text);
    stage_close(&history->stage);
}

/* Three failures, and the move that they cause. */
static void open_at_3s(struct history *history)
{
    begin(history);
    fails(history, 1 * second);
    fails(history, 2 * second);
    fails(history, 3 * second);
    moves(history, 3 * second, BREAKER_OPEN, BREAKER_RULE_COUNT);
}

static void half_open_at_18s(struct history *history)
{
    open_at_3s(history);
    moves(history, 18 * second, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER);
}

static void the_examples_of_the_guide_are_allowed(void **state)
{
    (void)state;
    struct history history;
    half_open_at_18s(&history);
    ends(&history, 20 * second, OUTCOME_OK);
    ends(&history, 21 * second, OUTCOME_HTTP_4XX); /* the upstream is well */
    moves(&history, 21 * second, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED);
    fails(&history, 22 * second); /* the window is empty: two more are allowed */
    fails(&history, 23 * second);
    end(&history, NULL);

    half_open_at_18s(&history);
    ends(&history, 20 * second, OUTCOME_OK);
    fails(&history, 21 * second);
    moves(&history, 21 * second, BREAKER_OPEN, BREAKER_RULE_PROBE_FAILED);
    end(&history, NULL);
}

static void an_opening_needs_its_rule(void **state)
{
    (void)state;
    struct history history;
    begin(&history);
    fails(&history, 1 * second);
    fails(&history, 2 * second);
    moves(&history, 2 * second, BREAKER_OPEN, BREAKER_RULE_COUNT);
    end(&history, "at 2.000 s by the count rule, but its window held at most 2 failures of 2");

    begin(&history); /* the first one is out of the window */
    fails(&history, 1 * second);
    fails(&history, 32 * second);
    fails(&history, 33 * second);
    moves(&history, 33 * second, BREAKER_OPEN, BREAKER_RULE_COUNT);
    end(&history, "at most 2 failures");

    open_at_3s(&history);
    history.breaker->min_volume = 4;
    end(&history, "from 4 attempts on");

    open_at_3s(&history);
    ends(&history, 2 * second, OUTCOME_OK);
    history.breaker->count_ratio_floor_permille = 800;
    end(&history, "at most 3 failures of 4");

    begin(&history); /* nothing happened at that moment */
    fails(&history, 1 * second);
    fails(&history, 2 * second);
    fails(&history, 3 * second);
    moves(&history, 3 * second + 1, BREAKER_OPEN, BREAKER_RULE_COUNT);
    end(&history, "the breaker did not open at 3.000 s");
}

static void a_429_counts_only_when_configured(void **state)
{
    (void)state;
    struct history history;
    begin(&history);
    for (uint64_t i = 1; i <= 5; i++) ends(&history, i * second, OUTCOME_HTTP_429);
    check(&history, NULL);
    history.breaker->count_429 = true;
    end(&history, "the breaker did not open at 3.000 s, where the count rule was true");
}

static void excluded_and_good_results_open_nothing(void **state)
{
    (void)state;
    struct history history;
    begin(&history);
    for (uint64_t i = 1; i <= 9; i += 3) {
        ends(&history, i * second, OUTCOME_DEADLINE);
        ends(&history, (i + 1) * second, OUTCOME_ABANDONED);
        ends(&history, (i + 2) * second, OUTCOME_HTTP_4XX);
    }
    end(&history, NULL);
}

static void a_missing_opening_is_found(void **state)
{
    (void)state;
    struct history history;
    begin(&history);
    for (uint64_t i = 1; i <= 3; i++) fails(&history, i * second);
    end(&history, "the breaker did not open at 3.000 s, where the count rule was true: 3 failures");

    begin(&history); /* never three within 30 s */
    for (uint64_t i = 1; i <= 6; i++) fails(&history, i * 15 * second);
    end(&history, NULL);

    begin(&history);
    history.breaker->failures_to_open = 100;
    history.breaker->failure_ratio_permille = 500;
    history.breaker->min_volume = 4;
    ends(&history, 1 * second, OUTCOME_OK);
    ends(&history, 2 * second, OUTCOME_OK);
    fails(&history, 3 * second);
    check(&history, NULL);
    fails(&history, 4 * second);
    end(&history, "at 4.000 s, where the ratio rule was true: 2 failures of 4 attempts");
}

/* It counts in the state in which it started: that is what its permit says. */
static void late_results_change_nothing(void **state)
{
    (void)state;
    struct history history;
    half_open_at_18s(&history);
    *run_add_attempt(&history.stage.run) = (struct run_attempt){
        .outcome = OUTCOME_HTTP_503,
        .start_known = true,
        .started_ns = 2 * second,
        .latency_ns = 17 * second, /* begun when closed, ends when half open */
    };
    check(&history, NULL);
    moves(&history, 19 * second, BREAKER_OPEN, BREAKER_RULE_PROBE_FAILED);
    end(&history, "opened again at 19.000 s, but no probe failed then");
}

static void open_lasts_one_cooldown(void **state)
{
    (void)state;
    struct history history;
    open_at_3s(&history);
    moves(&history, 17 * second, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER);
    end(&history, "left open at 17.000 s after 14.000 s; the cooldown is at least 15.000 s");

    open_at_3s(&history);
    moves(&history, 17 * second, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER);
    history.breaker->cooldown_jitter_permille = 200;
    end(&history, NULL);

    open_at_3s(&history);
    moves(&history, 19 * second, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER);
    end(&history, "still open at 19.000 s");

    open_at_3s(&history); /* the scenario's duration is 30 s */
    end(&history, "still open at 30.000 s, 27.000 s after it opened; the cooldown is at most 15.0");
}

static void half_open_ends_by_its_probes_alone(void **state)
{
    (void)state;
    struct history history;
    half_open_at_18s(&history);
    ends(&history, 20 * second, OUTCOME_OK);
    moves(&history, 20 * second, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED);
    end(&history, "closed at 20.000 s after 1 successful probes; 2 are needed");

    half_open_at_18s(&history);
    fails(&history, 20 * second);
    end(&history, "a probe failed at 20.000 s and the breaker did not open again");

    half_open_at_18s(&history);
    ends(&history, 20 * second, OUTCOME_OK);
    ends(&history, 21 * second, OUTCOME_OK);
    end(&history, "2 probes had succeeded by 21.000 s and the breaker did not close");

    half_open_at_18s(&history);
    moves(&history, 20 * second, BREAKER_OPEN, BREAKER_RULE_PROBE_SILENT);
    end(&history, "no probe was silent");
}

static void a_silent_probe_opens_again_at_its_deadline(void **state)
{
    (void)state;
    struct history history;
    half_open_at_18s(&history);
    history.breaker->probe_deadline_ns = 2 * second;
    *run_add_attempt(&history.stage.run) = (struct run_attempt){
        .outcome = OUTCOME_OK,
        .start_known = true,
        .started_ns = 19 * second,
        .latency_ns = 5 * second,
    };
    check(&history, "a probe of 19.000 s never reported");
    moves(&history, 21 * second, BREAKER_OPEN, BREAKER_RULE_PROBE_SILENT);
    end(&history, NULL);
}

static void half_open_admits_no_more_than_its_probes(void **state)
{
    (void)state;
    struct history history;
    half_open_at_18s(&history);
    for (uint64_t i = 0; i < 3; i++) {
        *run_add_attempt(&history.stage.run) = (struct run_attempt){
            .outcome = OUTCOME_OK,
            .start_known = true,
            .started_ns = 19 * second + i,
            .latency_ns = second,
        };
    }
    moves(&history, 20 * second + 1, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED);
    check(&history, "admitted 3 probes when half open since 18.000 s; 2 are allowed");
    history.stage.run.attempts[3].outcome = OUTCOME_DEADLINE; /* gives its place back */
    history.stage.run.attempts[3].latency_ns = second / 2;
    history.stage.run.attempts[4].latency_ns = second - 1;
    history.stage.run.attempts[5].latency_ns = second - 1;
    end(&history, NULL);
}

static void the_automaton_has_no_other_edges(void **state)
{
    (void)state;
    struct history history;
    open_at_3s(&history);
    moves(&history, 18 * second, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED);
    end(&history, "from open to closed by probes_passed, which it cannot when it is open");

    open_at_3s(&history);
    history.stage.run.transitions[0].from = BREAKER_HALF_OPEN;
    history.stage.run.transitions[0].rule = BREAKER_RULE_PROBE_FAILED;
    end(&history, "which it cannot when it is closed");
}

/* In the real world a result and the move that it causes are noted at slightly different times. */
static void tolerance_forgives_close_moments(void **state)
{
    (void)state;
    struct history history;
    struct reference_tolerance close = { .order_ns = NS_PER_MS, .timer_ns = 150 * NS_PER_MS };
    begin(&history);
    fails(&history, 1 * second);
    fails(&history, 2 * second);
    fails(&history, 3 * second);
    moves(&history, 3 * second - 900000, BREAKER_OPEN, BREAKER_RULE_COUNT);
    moves(&history, 18 * second + 100 * NS_PER_MS, BREAKER_HALF_OPEN, BREAKER_RULE_COOLDOWN_OVER);
    ends(&history, 20 * second, OUTCOME_OK);
    ends(&history, 21 * second, OUTCOME_OK);
    moves(&history, 21 * second + 900000, BREAKER_CLOSED, BREAKER_RULE_PROBES_PASSED);
    reference_breaker_check(&history.stage.run, close, &history.finding);
    assert_false(history.finding.wrong);
    history.stage.run.transitions[0].at -= NS_PER_MS;
    reference_breaker_check(&history.stage.run, close, &history.finding);
    assert_true(history.finding.wrong);
    stage_close(&history.stage);
}

/* Two texts of one guide. */
static void reference_and_core_agree_on_outcomes_and_ceilings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        const struct outcome_rule *core = classify((enum outcome)i);
        const struct reference_rule *reference = reference_outcome((enum outcome)i);
        assert_int_equal(core->code, reference->code);
        assert_int_equal(core->retryable, reference->retryable);
        assert_int_equal(core->verdict, reference->verdict);
    }
    struct backoff_config config = { .base_ns = 100, .cap_ns = 800 };
    for (unsigned retry = 0; retry < 70; retry++) {
        assert_int_equal(backoff_ceiling_ns(&config, retry),
                         reference_backoff_ceiling_ns(&config, retry));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_guide_are_allowed),
        cmocka_unit_test(an_opening_needs_its_rule),
        cmocka_unit_test(a_429_counts_only_when_configured),
        cmocka_unit_test(excluded_and_good_results_open_nothing),
        cmocka_unit_test(a_missing_opening_is_found),
        cmocka_unit_test(late_results_change_nothing),
        cmocka_unit_test(open_lasts_one_cooldown),
        cmocka_unit_test(half_open_ends_by_its_probes_alone),
        cmocka_unit_test(a_silent_probe_opens_again_at_its_deadline),
        cmocka_unit_test(half_open_admits_no_more_than_its_probes),
        cmocka_unit_test(the_automaton_has_no_other_edges),
        cmocka_unit_test(tolerance_forgives_close_moments),
        cmocka_unit_test(reference_and_core_agree_on_outcomes_and_ceilings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
