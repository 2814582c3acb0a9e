#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "harness/diff.h"
#include "harness/report.h"
#include "report_fixture.h"

struct two {
    struct suite old, new;
    struct diff diff;
};

/* The third scenario's only world, which is invalid in the fixture. */
static void end_third_as(struct suite *suite, enum check_status status)
{
    struct suite_world *world = &suite->scenarios[2].real;
    world->run.invalid = status == CHECK_INVALID;
    world->verdict.checks[0].status = world->verdict.status = status;
}

/* Two results that are equal, until the test changes one of them. */
static int open_two(void **state)
{
    struct two *two = mem_alloc(1, sizeof *two);
    suite_fixture_open(&two->old);
    suite_fixture_open(&two->new);
    end_third_as(&two->old, CHECK_PASS);
    end_third_as(&two->new, CHECK_PASS);
    *state = two;
    return 0;
}

static int close_two(void **state)
{
    struct two *two = *state;
    diff_deinit(&two->diff);
    suite_fixture_close(&two->old);
    suite_fixture_close(&two->new);
    mem_free(two);
    return 0;
}

static void compare(struct two *two)
{
    diff_make(&two->diff, &two->old, &two->new);
}

static void check_says(const struct two *two, const char *wanted)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    diff_write_text(&out, &two->diff);
    if (strstr(buf_text(&out), wanted) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", buf_text(&out), wanted);
    }
    buf_deinit(&out);
}

static struct check *outage_check(struct suite *suite, size_t index)
{
    return &suite->scenarios[1].sim.verdict.checks[index];
}

static void a_result_is_no_worse_than_itself(void **state)
{
    struct two *two = *state;
    compare(two);
    assert_false(two->diff.worse);
    assert_false(two->diff.better);
    assert_int_equal(two->diff.world_count, 4);
    assert_int_equal(two->diff.check_count, 0);
    assert_int_equal(two->diff.same_checks, 7);
    check_says(two, "No worse: nothing that matters changed; 7 checks as before.");
}

static void nothing_behind_an_invalid_run_is_better(void **state)
{
    struct two *two = *state;
    end_third_as(&two->old, CHECK_INVALID);
    compare(two);
    assert_false(two->diff.worse);
    assert_false(two->diff.better);
    assert_int_equal(two->diff.checks[0].change, CHANGE_NEW);
    check_says(two, "invalid -> pass no comparison: a run is invalid");
    check_says(two, "No worse: nothing that matters changed; 6 checks as before.");
}

static void what_fails_behind_an_invalid_run_is_worse(void **state)
{
    struct two *two = *state;
    end_third_as(&two->old, CHECK_INVALID);
    end_third_as(&two->new, CHECK_FAIL);
    compare(two);
    assert_true(two->diff.worse);
    assert_false(two->diff.better);
    assert_true(two->diff.checks[0].new_fails);
    check_says(two, "Worse: 1 check was not judged before and does not pass, "
                    "1 run was not judged before and does not pass; 6 checks as before.");
}

/* Its own exit code says enough; a result is never worse than itself. */
static void a_run_that_is_invalid_as_before_is_no_comparison(void **state)
{
    struct two *two = *state;
    end_third_as(&two->old, CHECK_INVALID);
    end_third_as(&two->new, CHECK_INVALID);
    compare(two);
    assert_false(two->diff.worse);
    assert_false(two->diff.better);
    assert_int_equal(two->diff.check_count, 0);
    check_says(two, "no comparison: a run is invalid");
    check_says(two, "No worse: nothing that matters changed; 7 checks as before.");
}

static void a_check_that_could_not_be_observed_is_like_a_new_one(void **state)
{
    struct two *two = *state;
    outage_check(&two->old, 0)->status = CHECK_UNOBSERVABLE;
    outage_check(&two->old, 2)->status = CHECK_UNOBSERVABLE;
    compare(two);
    assert_true(two->diff.worse);
    assert_false(two->diff.better);
    assert_int_equal(two->diff.check_count, 2);
    assert_int_equal(two->diff.checks[0].change, CHANGE_NEW);
    assert_false(two->diff.checks[0].new_fails);
    assert_true(two->diff.checks[1].new_fails);
    check_says(two, "new    outage (sim) served.fresh: not observable -> pass");
}

static void a_check_that_cannot_be_judged_any_more_is_worse(void **state)
{
    struct two *two = *state;
    outage_check(&two->new, 2)->status = CHECK_UNOBSERVABLE; /* it failed */
    compare(two);
    assert_true(two->diff.worse);
    assert_false(two->diff.better);
}

static void a_check_that_passed_and_fails_is_worse_and_the_other_way_round_better(void **state)
{
    struct two *two = *state;
    outage_check(&two->new, 0)->status = CHECK_FAIL;
    outage_check(&two->new, 2)->status = CHECK_PASS;
    compare(two);
    assert_true(two->diff.worse);
    assert_int_equal(two->diff.check_count, 2);
    assert_int_equal(two->diff.checks[0].change, CHANGE_WORSE);
    assert_int_equal(two->diff.checks[1].change, CHANGE_BETTER);
    check_says(two, "WORSE  outage (sim) served.fresh: pass -> fail: as it should be");
    check_says(two, "better outage (sim) latency.p95: fail -> pass\n");
    check_says(two, "Worse: 1 check is worse, 1 check is better; 5 checks as before.");
}

static void inconclusive_that_fails_is_worse_and_invalid_is_worst(void **state)
{
    struct two *two = *state;
    outage_check(&two->new, 1)->status = CHECK_FAIL;
    outage_check(&two->new, 2)->status = CHECK_INVALID;
    compare(two);
    assert_int_equal(two->diff.checks[0].change, CHANGE_WORSE);
    assert_int_equal(two->diff.checks[1].change, CHANGE_WORSE);
}

static void a_new_check_is_worse_only_when_it_does_not_pass(void **state)
{
    struct two *two = *state;
    snprintf(outage_check(&two->new, 0)->name, sizeof outage_check(&two->new, 0)->name, "fine");
    compare(two);
    assert_false(two->diff.worse);
    assert_int_equal(two->diff.checks[0].change, CHANGE_NEW);
    assert_int_equal(two->diff.checks[1].change, CHANGE_GONE);
    check_says(two, "gone   outage (sim) served.fresh: pass -> -");
    diff_deinit(&two->diff);
    outage_check(&two->new, 0)->status = CHECK_FAIL;
    compare(two);
    assert_true(two->diff.worse);
    check_says(two, "1 new check does not pass");
}

static void a_scenario_that_is_new_or_gone_is_told(void **state)
{
    struct two *two = *state;
    two->new.scenarios[0].scenario.name = "calmer";
    compare(two);
    assert_false(two->diff.worse);
    assert_int_equal(two->diff.world_count, 6);
    assert_int_equal(diff_find(&two->diff, "calmer", "real")->verdict, CHANGE_NEW);
    assert_int_equal(diff_find(&two->diff, "calm", "real")->verdict, CHANGE_GONE);
    assert_true(two->diff.missing > 0);
    assert_false(two->diff.worse);
    diff_forbid_missing(&two->diff);
    assert_true(two->diff.worse);
    assert_null(diff_find(&two->diff, "calm", "parity"));
    diff_deinit(&two->diff);
    two->new.scenarios[0].real.verdict.status = CHECK_INCONCLUSIVE;
    compare(two);
    assert_true(two->diff.worse);
}

static void an_expectation_that_asks_for_less_is_new_and_not_better(void **state)
{
    struct two *two = *state;
    struct check *failed = outage_check(&two->new, 2);
    snprintf(failed->text, sizeof failed->text, "p95 <= 9s");
    compare(two); /* it still fails */
    assert_false(two->diff.worse);
    assert_int_equal(two->diff.checks[0].change, CHANGE_NEW);
    diff_deinit(&two->diff);
    failed->status = CHECK_PASS;
    compare(two);
    assert_false(two->diff.worse || two->diff.better);
    check_says(two, "new    outage (sim) latency.p95: fail -> pass");
    diff_deinit(&two->diff);
    outage_check(&two->old, 2)->status = CHECK_PASS;
    failed->status = CHECK_FAIL;
    compare(two);
    assert_true(two->diff.worse);
}

static void worlds_that_disagree_now_are_worse(void **state)
{
    struct two *two = *state;
    two->new.scenarios[0].parity.holds = false;
    compare(two);
    assert_true(two->diff.worse);
    assert_int_equal(diff_find(&two->diff, "calm", "real")->agreement, CHANGE_WORSE);
    check_says(two, "Worse: 1 scenario's worlds disagree now; 7 checks as before.");
    diff_deinit(&two->diff);
    two->old.scenarios[0].parity.holds = false;
    compare(two);
    assert_false(two->diff.worse);
    diff_deinit(&two->diff);
    two->new.scenarios[0].parity.holds = true;
    compare(two);
    assert_true(two->diff.better);
    diff_deinit(&two->diff);
    two->new.scenarios[0].has_parity = false; /* not compared */
    compare(two);
    assert_false(two->diff.worse || two->diff.better);
    diff_deinit(&two->diff);
    two->new.scenarios[0].has_parity = true;
    two->new.scenarios[0].parity.holds = false;
    two->new.scenarios[0].scenario.name = "calmer";
    compare(two);
    assert_true(two->diff.worse);
}

static void slow_down(struct suite *suite, uint64_t more_ns)
{
    struct run *run = &suite->scenarios[0].real.run;
    for (size_t i = 0; i < run->schedule->count; i++)
        run->answers[i].done_ns += more_ns;
}

static void a_faster_p95_is_better_and_an_invalid_run_has_none(void **state)
{
    struct two *two = *state;
    slow_down(&two->old, 30 * NS_PER_MS);
    compare(two);
    assert_int_equal(diff_find(&two->diff, "calm", "real")->p95, CHANGE_BETTER);
    check_says(two, "p95 -30.0 ms (better), fresh =");
    check_says(two, "Better: 1 figure is better");
    assert_false(two->diff.worse);
    diff_deinit(&two->diff);
    two->old.scenarios[0].real.run.invalid = true;
    compare(two);
    assert_int_equal(diff_find(&two->diff, "calm", "real")->p95, CHANGE_NONE);
}

/* A world of so many answers of this latency. */
static void grow_real(struct suite *suite, size_t count, uint64_t latency_ns)
{
    struct suite_scenario *item = &suite->scenarios[0];
    struct run *run = &item->real.run;
    run->answers = mem_resize(run->answers, count, sizeof *run->answers);
    item->schedule.items = mem_resize(item->schedule.items, count, sizeof *item->schedule.items);
    item->sim.present = false;
    for (size_t i = 0; i < count; i++) {
        run->answers[i] = run->answers[0];
        run->answers[i].intended_ns = i;
        run->answers[i].done_ns = i + latency_ns + (i % 100) * NS_PER_MS;
        item->schedule.items[i] = item->schedule.items[0];
    }
    item->schedule.count = count;
}

static void close_sim(struct suite *suite)
{
    struct suite_world *world = &suite->scenarios[0].sim;
    verdict_deinit(&world->verdict);
    run_deinit(&world->run);
}

static void p95_and_shares_change_beyond_chance_or_not_at_all(void **state)
{
    struct two *two = *state;
    close_sim(&two->old);
    close_sim(&two->new);
    grow_real(&two->old, 1000, 10 * NS_PER_MS);
    grow_real(&two->new, 1000, 12 * NS_PER_MS);
    struct run *run = &two->new.scenarios[0].real.run;
    for (size_t i = 0; i < 3; i++)
        run->answers[i].served = SERVED_ERROR;
    compare(two);
    const struct diff_world *row = diff_find(&two->diff, "calm", "real");
    assert_int_equal(row->p95, CHANGE_NONE);    /* 103 to 106 ms, 2 ms more: within each other */
    assert_int_equal(row->errors, CHANGE_NONE); /* 0 and 0.3 % */
    assert_false(two->diff.worse);
    diff_deinit(&two->diff);

    for (size_t i = 0; i < 1000; i++)
        run->answers[i].done_ns += 10 * NS_PER_MS;
    for (size_t i = 0; i < 20; i++)
        run->answers[i].served = SERVED_ERROR;
    compare(two);
    row = diff_find(&two->diff, "calm", "real");
    assert_int_equal(row->p95, CHANGE_WORSE);
    assert_int_equal(row->errors, CHANGE_WORSE);
    assert_int_equal(row->fresh, CHANGE_WORSE);
    check_says(two, "p95 +12.0 ms (WORSE), fresh -2.0 points (WORSE), errors +2.0 points (WORSE)");
    check_says(two, "Worse: 1 p95 rose beyond chance, 2 shares of answers are worse");
}

static void markdown_escapes_what_strangers_wrote_and_folds_the_rest(void **state)
{
    struct two *two = *state;
    struct check *check = outage_check(&two->new, 0);
    check->status = CHECK_FAIL;
    snprintf(check->sentence, sizeof check->sentence, "%s", "<b>|x");
    compare(two);
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    diff_write_markdown(&out, &two->diff);
    assert_non_null(strstr(buf_text(&out), "## tollgate diff ❌ Worse: 1 check is worse"));
    assert_non_null(strstr(buf_text(&out), "pass → fail: &lt;b&gt;\\|x"));
    assert_non_null(strstr(buf_text(&out), "<details><summary>4 runs, one by one</summary>"));
    buf_deinit(&out);
}

static void the_summary_shows_the_change_since_a_baseline(void **state)
{
    struct two *two = *state;
    outage_check(&two->old, 2)->status = CHECK_PASS;
    two->old.scenarios[1].sim.verdict.status = CHECK_PASS;
    two->new.baseline = &two->old;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_summary(&out, &two->new);
    assert_non_null(strstr(buf_text(&out), "Since the baseline 20260102-030405: Worse: 1 check"));
    assert_non_null(strstr(buf_text(&out), "| verdict | change | requests |"));
    assert_non_null(strstr(buf_text(&out), "| outage | sim | ❌ fail | was pass; p95 =, fresh ="));
    buf_deinit(&out);
    compare(two);
}

static void the_summary_takes_an_invalid_baseline_for_no_comparison(void **state)
{
    struct two *two = *state;
    end_third_as(&two->old, CHECK_INVALID);
    end_third_as(&two->new, CHECK_FAIL);
    two->new.baseline = &two->old;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_summary(&out, &two->new);
    assert_non_null(strstr(buf_text(&out), "Worse: 1 check was not judged"));
    assert_non_null(strstr(buf_text(&out), "was invalid; no comparison: a run is invalid"));
    buf_deinit(&out);
    compare(two);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_two, close_two)
    static const struct CMUnitTest tests[] = {
        TEST(a_result_is_no_worse_than_itself),
        TEST(nothing_behind_an_invalid_run_is_better),
        TEST(what_fails_behind_an_invalid_run_is_worse),
        TEST(a_run_that_is_invalid_as_before_is_no_comparison),
        TEST(a_check_that_could_not_be_observed_is_like_a_new_one),
        TEST(a_check_that_cannot_be_judged_any_more_is_worse),
        TEST(a_check_that_passed_and_fails_is_worse_and_the_other_way_round_better),
        TEST(inconclusive_that_fails_is_worse_and_invalid_is_worst),
        TEST(a_new_check_is_worse_only_when_it_does_not_pass),
        TEST(a_scenario_that_is_new_or_gone_is_told),
        TEST(an_expectation_that_asks_for_less_is_new_and_not_better),
        TEST(worlds_that_disagree_now_are_worse),
        TEST(a_faster_p95_is_better_and_an_invalid_run_has_none),
        TEST(p95_and_shares_change_beyond_chance_or_not_at_all),
        TEST(markdown_escapes_what_strangers_wrote_and_folds_the_rest),
        TEST(the_summary_shows_the_change_since_a_baseline),
        TEST(the_summary_takes_an_invalid_baseline_for_no_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
