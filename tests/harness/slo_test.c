#include "harness/slo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "judge_fixture.h"

/* 40 requests/s for 2 minutes, and what is promised. */
#define TWO_MINUTES(slo)                                                                           \
    "version: 1\nname: two-minutes\nteaches: SLO.\nseed: 7\nduration: 2m\n"                        \
    "runtime: { env: prod }\n" slo                                                                 \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 40 }\n"                        \
    "upstream:\n  latency: 40ms\n"                                                                 \
    "expect:\n  - order: guide\n"

enum { PER_S = 40 };

static void open(struct stage *stage, const char *slo_yaml)
{
    stage_open(stage, slo_yaml, NULL);
    stage_make_up(stage);
}

static void make_errors(struct stage *stage, uint32_t from_s, uint32_t to_s)
{
    for (uint32_t i = from_s * PER_S; i < to_s * PER_S; i++) {
        stage->run.answers[i].served = SERVED_ERROR;
        stage->run.answers[i].http_status = 503;
    }
}

static void a_healthy_run_spends_nothing_and_alerts_nobody(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES(""));
    slo_report_make(&stage.run, &report);
    assert_true(report.known);
    assert_int_equal(40000000, report.rate_micro_per_s);
    for (size_t i = 0; i < SLO_COUNT; i++) {
        const struct slo_indicator *indicator = &report.indicators[i];
        assert_int_equal(4800, indicator->n);
        assert_int_equal(0, indicator->bad);
        assert_int_equal(1000000, indicator->good_ppm);
        assert_int_equal(0, indicator->spent_ppm);
        for (size_t a = 0; a < SLO_ALERTS; a++) assert_false(indicator->alerts[a].fired);
    }
    assert_int_equal(999000, report.indicators[SLO_AVAILABILITY].objective_ppm);
    assert_int_equal(950000, report.indicators[SLO_LATENCY].objective_ppm);
    stage_close(&stage);
}

/* The example of the header, in which nothing is rounded. */
static void a_minute_of_errors_pages_after_52_seconds(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES(""));
    make_errors(&stage, 0, 60);
    slo_report_make(&stage.run, &report);
    const struct slo_indicator *seen = &report.indicators[SLO_AVAILABILITY];
    assert_int_equal(2400, seen->bad);
    assert_int_equal(103680000, seen->month_n);
    assert_int_equal(103680, seen->budget);
    assert_in_range(seen->spent_ppm, 23148, 23148); /* 2,400 / 103,680 */
    assert_true(seen->alerts[0].fired);
    assert_int_equal(52 * NS_PER_S, seen->alerts[0].at_ns);
    assert_in_range(seen->alerts[0].peak_permille, 16666, 16667); /* 60 of 3,600 s, over 0.1 % */
    /* 6 % of 30 m is over 0.6 % after 11 s, but 0.6 % of 6 h needs 130 s of errors. */
    assert_false(seen->alerts[1].fired);
    assert_false(seen->alerts[2].fired);
    assert_false(report.indicators[SLO_LATENCY].alerts[0].fired);

    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    slo_sentence_write(seen, &text);
    assert_string_equal("would have sent a page after 52 s (burn 14.4 over 1h and 5m), "
                        "2.3 % of the month's error budget",
                        buf_text(&text));
    buf_deinit(&text);
    stage_close(&stage);
}

static void an_alert_is_silent_again_when_its_short_window_is_clean(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES(""));
    make_errors(&stage, 0, 60);
    slo_report_make(&stage.run, &report);
    /* Of the last 5 minutes 4.32 s must be bad for 14.4: the errors of second 55.68 and later are
     * in it until second 355.68. */
    assert_int_equal(356 * NS_PER_S, report.indicators[SLO_AVAILABILITY].alerts[0].resolved_ns);
    stage_close(&stage);
}

static void fifty_seconds_of_errors_page_nobody(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    struct buf text;
    open(&stage, TWO_MINUTES(""));
    make_errors(&stage, 30, 80);
    slo_report_make(&stage.run, &report);
    assert_false(report.indicators[SLO_AVAILABILITY].alerts[0].fired);
    buf_init(&text, BUF_UNBOUNDED);
    slo_sentence_write(&report.indicators[SLO_AVAILABILITY], &text);
    assert_string_equal("would have alerted nobody, 1.9 % of the month's error budget",
                        buf_text(&text));
    buf_deinit(&text);
    stage_close(&stage);
}

static void a_stricter_objective_pages_sooner(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES("slo: { availability: 99.99% }\n"));
    make_errors(&stage, 30, 80);
    slo_report_make(&stage.run, &report);
    const struct slo_indicator *seen = &report.indicators[SLO_AVAILABILITY];
    assert_int_equal(10368, seen->budget);
    assert_true(seen->alerts[0].fired);
    assert_int_equal(36 * NS_PER_S, seen->alerts[0].at_ns);  /* 5.184 s of errors */
    assert_true(seen->alerts[1].fired);
    assert_int_equal(43 * NS_PER_S, seen->alerts[1].at_ns);  /* 12.96 s: 0.06 % of 6 h */
    assert_true(seen->alerts[2].fired);
    assert_int_equal(56 * NS_PER_S, seen->alerts[2].at_ns);  /* 25.92 s: 0.01 % of 3 d */
    stage_close(&stage);
}

static void latency_and_freshness_have_their_own_budgets(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES("slo:\n  latency: { within: 200ms, share: 90% }\n"
                             "  freshness: { max_age: 30s, share: 99% }\n"));
    for (uint32_t i = 0; i < 4800; i += 8) {
        struct run_answer *answer = &stage.run.answers[i];
        answer->done_ns = answer->intended_ns + (i % 16 == 0 ? 200 : 201) * NS_PER_MS;
        answer->served = SERVED_STALE;
        answer->age_ns = (i % 16 == 0 ? 30 : 31) * NS_PER_S;
    }
    slo_report_make(&stage.run, &report);
    assert_int_equal(300, report.indicators[SLO_LATENCY].bad);
    assert_int_equal(10368000, report.indicators[SLO_LATENCY].budget);
    assert_int_equal(300, report.indicators[SLO_FRESHNESS].bad);
    assert_int_equal(0, report.indicators[SLO_AVAILABILITY].bad);
    stage_close(&stage);
}

/* Without an age, what the cache calls fresh is fresh, and a stale answer is not. */
static void what_counts_is_what_was_asked_for_and_could_be_given(void **state)
{
    (void)state;
    struct stage stage;
    struct slo_report report;
    open(&stage, TWO_MINUTES(""));
    struct run_answer *answers = stage.run.answers;
    answers[0].served = SERVED_STALE;
    answers[1].served = SERVED_CACHE;
    answers[1].age_ns = 50 * NS_PER_S;
    answers[2].served = SERVED_BASELINE;
    answers[2].cause = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    answers[3].served = SERVED_ERROR;
    answers[3].http_status = 400;
    answers[4].answered = false;
    answers[5].answered = false;
    answers[5].hung_up = true;
    slo_report_make(&stage.run, &report);
    /* Not the 400, not the hang-up after 1 ms. */
    assert_int_equal(4798, report.indicators[SLO_AVAILABILITY].n);
    assert_int_equal(1, report.indicators[SLO_AVAILABILITY].bad);
    assert_int_equal(1, report.indicators[SLO_LATENCY].bad);
    assert_int_equal(4797, report.indicators[SLO_FRESHNESS].n);
    assert_int_equal(2, report.indicators[SLO_FRESHNESS].bad);
    answers[5].done_ns = answers[5].intended_ns + 301 * NS_PER_MS; /* it waited too long for 300 */
    slo_report_make(&stage.run, &report);
    assert_int_equal(4798, report.indicators[SLO_AVAILABILITY].n);
    assert_int_equal(2, report.indicators[SLO_LATENCY].bad);
    assert_int_equal(4797, report.indicators[SLO_FRESHNESS].n);
    run_set_invalid(&stage.run, "nothing");
    slo_report_make(&stage.run, &report);
    assert_false(report.known);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_run_spends_nothing_and_alerts_nobody),
        cmocka_unit_test(a_minute_of_errors_pages_after_52_seconds),
        cmocka_unit_test(an_alert_is_silent_again_when_its_short_window_is_clean),
        cmocka_unit_test(fifty_seconds_of_errors_page_nobody),
        cmocka_unit_test(a_stricter_objective_pages_sooner),
        cmocka_unit_test(latency_and_freshness_have_their_own_budgets),
        cmocka_unit_test(what_counts_is_what_was_asked_for_and_could_be_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
