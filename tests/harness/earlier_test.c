/* Playings that did not count: kept in result.json, told in every report, no change to a diff. The
 * fixture's "calm" was played again twice over sockets, nothing else was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "harness/diff.h"
#include "harness/report.h"
#include "harness/result_read.h"
#include "report_fixture.h"

#define LAG "the load generator lagged: p99 is 9.0 ms"
#define FAILING "; failing: order, invariant.hold"

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("it does not hold \"%s\"", wanted);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* The fixture as it is when nothing was played again. */
static void open_undisturbed(struct suite *suite)
{
    suite_fixture_open(suite);
    earlier_deinit(&suite->scenarios[0].real.earlier);
}

/* What a report says when nothing was played again. */
static char *text_undisturbed(report_write_fn *write)
{
    struct suite suite;
    open_undisturbed(&suite);
    char *text = report_text(write, &suite);
    suite_fixture_close(&suite);
    return text;
}

static void assert_only_with_earlier_plays(report_write_fn *write, const char *wanted)
{
    char *with = report_text_of_fixture(write);
    char *without = text_undisturbed(write);
    check_holds(with, wanted);
    assert_int_equal(count_of(with, wanted), 1);
    assert_null(strstr(without, wanted));
    mem_free(with);
    mem_free(without);
}

static void the_result_has_the_verdict_and_the_reason_of_each(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_json);
    check_holds(text, "\"earlier_plays\":[{\"seed\":0,\"verdict\":\"invalid\",\"reason\":\"" LAG
                      "\",\"failing_checks\":[\"order\",\"invariant.hold\"]},"
                      "{\"seed\":\"18446744073709551614\",\"verdict\":\"pass\",\"reason\":");
    /* The other three worlds say that nothing was. */
    assert_int_equal(count_of(text, "\"earlier_plays\":[]"), 3);
    mem_free(text);
}

static void the_page_says_it_below_the_scenarios_verdict(void **state)
{
    (void)state;
    assert_only_with_earlier_plays(
        report_write_html,
        "</p>\n<p class=\"facts\">real, played again 2 times; before: invalid (" LAG FAILING
        "), pass (&lt;script&gt;");
}

static void the_summary_counts_them_and_folds_the_names(void **state)
{
    (void)state;
    assert_only_with_earlier_plays(
        report_write_summary,
        "<details><summary>Played again, because the machine had spoilt a run: 1 scenario, 2 "
        "times</summary>\n\n- calm: played again 2 times; before: invalid (" LAG FAILING
        "), pass (");
    char *without = text_undisturbed(report_write_summary);
    assert_null(strstr(without, "Played again"));
    mem_free(without);
}

static void junit_has_them_as_a_property(void **state)
{
    (void)state;
    assert_only_with_earlier_plays(
        report_write_junit, "  <properties>\n    <property name=\"played_again.calm\" "
                            "value=\"played again 2 times; before: invalid (" LAG FAILING
                            "), pass (");
    char *without = text_undisturbed(report_write_junit);
    assert_null(strstr(without, "propert"));
    mem_free(without);
}

static char *without_all(const char *text, const char *part)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    for (const char *hit; (hit = strstr(text, part)) != NULL; text = hit + strlen(part)) {
        buf_put(&out, text, (size_t)(hit - text));
    }
    buf_puts(&out, text);
    return buf_take(&out);
}

static void a_result_from_before_they_were_kept_has_none(void **state)
{
    (void)state;
    char *today = text_undisturbed(report_write_json);
    char *old = without_all(today, ",\"earlier_plays\":[]");
    assert_null(strstr(old, "earlier_plays"));
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    enum err rc = result_read("result.json", old, strlen(old), &arena, &suite, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
    assert_int_equal(suite.count, 3);
    assert_int_equal(suite.scenarios[0].real.earlier.count, 0);
    suite_deinit(&suite);
    arena_deinit(&arena);
    mem_free(old);
    mem_free(today);
}

static void a_damaged_one_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char wanted[] = "{\"seed\":0,\"verdict\":\"invalid\"";
    char *text = report_text_of_fixture(report_write_json);
    char *at = strstr(text, wanted);
    assert_non_null(at);
    at[strlen(wanted) - 2] = 'e'; /* "invalie" */
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    assert_int_not_equal(result_read("result.json", text, strlen(text), &arena, &suite, &note),
                         ERR_OK);
    check_holds(note.sentence, "scenario \"calm\", real: \"invalie\" is no verdict");
    suite_deinit(&suite);
    arena_deinit(&arena);
    mem_free(text);
}

static void what_failed_in_them_is_read_back_and_need_not_be_there(void **state)
{
    (void)state;
    char *today = report_text_of_fixture(report_write_json);
    char *old = without_all(today, ",\"failing_checks\":[\"order\",\"invariant.hold\"]");
    const struct {
        const char *text;
        size_t failed;
    } results[] = { { today, 2 }, { old, 0 } };
    for (size_t i = 0; i < 2; i++) {
        struct suite suite;
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        const char *text = results[i].text;
        enum err rc = result_read("result.json", text, strlen(text), &arena, &suite, &note);
        if (rc != ERR_OK) fail_msg("%s", note.sentence);
        const struct earlier *earlier = &suite.scenarios[0].real.earlier;
        assert_int_equal(earlier->count, 2);
        assert_int_equal(earlier->items[0].failed_count, results[i].failed);
        assert_int_equal(earlier->items[1].failed_count, 0);
        if (results[i].failed > 0) {
            assert_string_equal(earlier->items[0].failed[0], "order");
            assert_string_equal(earlier->items[0].failed[1], "invariant.hold");
        }
        suite_deinit(&suite);
        arena_deinit(&arena);
    }
    mem_free(old);
    mem_free(today);
}

static void only_checks_that_failed_are_kept(void **state)
{
    (void)state;
    struct check checks[] = { { .name = "order", .status = CHECK_FAIL },
                              { .name = "breaker", .status = CHECK_PASS },
                              { .name = "latency.p95", .status = CHECK_INCONCLUSIVE },
                              { .name = "invariant.hold", .status = CHECK_FAIL } };
    const struct verdicts seen = { .checks = checks, .count = 4 };
    struct earlier earlier = { .count = 0 };
    earlier_add(&earlier, 1, CHECK_INVALID, "late");
    earlier_add_failures_of(&earlier, &seen);
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    earlier_write(&earlier, &out);
    assert_string_equal(buf_text(&out),
                        "played again once; before: invalid (late; failing: order, "
                        "invariant.hold)");
    earlier_deinit(&earlier);
    buf_deinit(&out);
}

static void a_result_that_was_played_again_is_neither_worse_nor_better(void **state)
{
    (void)state;
    struct suite with;
    struct suite without;
    suite_fixture_open(&with);
    open_undisturbed(&without);
    const struct suite *pairs[][2] = { { &with, &without }, { &without, &with } };
    for (size_t i = 0; i < 2; i++) {
        struct diff diff;
        diff_make(&diff, pairs[i][0], pairs[i][1]);
        assert_false(diff.worse);
        assert_false(diff.better);
        assert_int_equal(diff.check_count, 0);
        diff_deinit(&diff);
    }
    suite_fixture_close(&with);
    suite_fixture_close(&without);
}

static void those_of_repeated_runs_come_together(void **state)
{
    (void)state;
    struct earlier first = { .count = 0 };
    struct earlier second = { .count = 0 };
    earlier_add(&first, 1, CHECK_INVALID, "late");
    earlier_add(&second, 2, CHECK_PASS, "disagree");
    earlier_move(&first, &second);
    assert_int_equal(second.count, 0);
    assert_null(second.items);
    assert_int_equal(first.count, 2);
    assert_int_equal(first.items[1].seed, 2);
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    earlier_write(&first, &out);
    assert_string_equal(buf_text(&out),
                        "played again 2 times; before: invalid (late), pass (disagree)");
    buf_clear(&out);
    earlier_deinit(&first);
    earlier_write(&first, &out);
    assert_string_equal(buf_text(&out), "");
    earlier_add(&first, 1, CHECK_INVALID, "late");
    earlier_write(&first, &out);
    assert_string_equal(buf_text(&out), "played again once; before: invalid (late)");
    earlier_deinit(&first);
    buf_deinit(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_has_the_verdict_and_the_reason_of_each),
        cmocka_unit_test(the_page_says_it_below_the_scenarios_verdict),
        cmocka_unit_test(the_summary_counts_them_and_folds_the_names),
        cmocka_unit_test(junit_has_them_as_a_property),
        cmocka_unit_test(a_result_from_before_they_were_kept_has_none),
        cmocka_unit_test(a_damaged_one_is_refused_with_its_place),
        cmocka_unit_test(what_failed_in_them_is_read_back_and_need_not_be_there),
        cmocka_unit_test(only_checks_that_failed_are_kept),
        cmocka_unit_test(a_result_that_was_played_again_is_neither_worse_nor_better),
        cmocka_unit_test(those_of_repeated_runs_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
