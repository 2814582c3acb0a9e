#include "harness/repeat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "harness/repeat_suite.h"
#include "harness/report.h"
#include "harness/result_read.h"
#include "judge_fixture.h"

#define EXPECTED "  - served: { error: 0 }\n  - latency: { p95: 300ms }\n"

/* Without any fault, which a run that is made up would not have met. */
#define QUIET                                                                                      \
    "version: 1\nname: quiet\nteaches: Nothing.\nseed: 7\nduration: 30s\nruntime: { env: prod }\n" \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 40 }\n"                        \
    "upstream:\n  latency: 40ms\nexpect:\n" EXPECTED

/* One judged run with that seed; its first `errors` answers are errors. */
static void play(struct stage *stage, uint64_t seed, uint32_t errors, uint64_t p95_ms)
{
    stage_open(stage, QUIET, NULL);
    stage_make_up(stage);
    stage->run.seed = seed;
    for (size_t i = 0; i < stage->run.schedule->count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        answer->done_ns = answer->intended_ns + p95_ms * NS_PER_MS;
        if (i < errors) answer->served = SERVED_ERROR;
    }
    stage_judge(stage);
}

static struct verdicts copy(const struct verdicts *verdicts)
{
    struct verdicts out = *verdicts;
    out.checks = mem_copy(verdicts->checks, verdicts->count * sizeof *verdicts->checks);
    return out;
}

static const struct check *find(const struct verdicts *verdicts, const char *name)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        if (strcmp(verdicts->checks[i].name, name) == 0) return &verdicts->checks[i];
    }
    fail_msg("no check is named %s", name);
    return NULL;
}

static void seeds_are_made_of_the_seed(void **state)
{
    (void)state;
    assert_int_equal(42, repeat_seed(42, 0));
    assert_int_not_equal(repeat_seed(42, 1), repeat_seed(42, 2));
    assert_int_not_equal(repeat_seed(42, 1), repeat_seed(43, 1));
    assert_int_equal(repeat_seed(42, 7), repeat_seed(42, 7));
    assert_int_not_equal(0, repeat_seed(42, 1));
}

static void any_run_that_fails_fails_all_and_says_with_which_seed(void **state)
{
    (void)state;
    static const uint64_t latencies_ms[] = { 10, 12, 14, 16, 18 };
    struct stage stages[5];
    struct repeats repeats;
    for (size_t i = 0; i < 5; i++) {
        uint32_t errors = i == 2 ? 3 : i == 4 ? 5 : 0;
        play(&stages[i], 100 + i, errors, latencies_ms[i]);
    }
    struct verdicts folded = copy(&stages[0].verdicts);
    repeats_begin(&repeats, 5, &stages[0].run, &folded);
    for (size_t i = 1; i < 5; i++) {
        repeats_add(&repeats, &stages[i].run, &stages[i].verdicts, &folded);
    }
    repeats_finish(&repeats, &folded);
    assert_int_equal(CHECK_FAIL, folded.status);
    const struct check *check = find(&folded, "served.error");
    assert_int_equal(CHECK_FAIL, check->status);
    assert_non_null(strstr(check->sentence, "3 of 1200 answers were errors"));
    assert_non_null(strstr(check->sentence, " [2 of 5 runs fail: seeds 102, 104]"));
    assert_non_null(strstr(find(&folded, "latency.p95")->sentence, " [5 of 5 runs pass]"));
    assert_int_equal(5, repeats.count);
    assert_int_equal(3, repeats.statuses[CHECK_PASS]);
    assert_int_equal(2, repeats.statuses[CHECK_FAIL]);

    const struct repeat_interval *p95 = &repeats.intervals[REPEAT_P95];
    assert_int_equal(10 * NS_PER_MS, p95->min);
    assert_int_equal(14 * NS_PER_MS, p95->median);
    assert_int_equal(18 * NS_PER_MS, p95->max);
    /* 14 +- 2.776 * sqrt(10) / sqrt(5) = 3.926 */
    assert_in_range(p95->low, 10073 * NS_PER_US, 10075 * NS_PER_US);
    assert_in_range(p95->high, 17925 * NS_PER_US, 17927 * NS_PER_US);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    repeats_sentence_write(&repeats, &text);
    assert_non_null(strstr(buf_text(&text), "5 runs: 3 pass, 2 fail; p95 10.0 ms to 18.0 ms, "));
    buf_deinit(&text);
    repeats_deinit(&repeats);
    verdict_deinit(&folded);
    for (size_t i = 0; i < 5; i++) stage_close(&stages[i]);
}

/* A sentence that is already as long as a sentence may be still ends with the counts. */
static void the_counts_are_never_cut_off(void **state)
{
    (void)state;
    struct stage one, two;
    struct repeats repeats;
    play(&one, 1, 0, 5);
    play(&two, 2, 1, 5);
    for (size_t i = 0; i < two.verdicts.count; i++) {
        memset(two.verdicts.checks[i].sentence, 'x', CHECK_SENTENCE_MAX - 1);
    }
    struct verdicts folded = copy(&one.verdicts);
    repeats_begin(&repeats, 2, &one.run, &folded);
    repeats_add(&repeats, &two.run, &two.verdicts, &folded);
    repeats_finish(&repeats, &folded);
    const char *sentence = find(&folded, "served.error")->sentence;
    assert_non_null(strstr(sentence, "xxx [1 of 2 runs fail: seeds 2]"));
    repeats_deinit(&repeats);
    verdict_deinit(&folded);
    stage_close(&one);
    stage_close(&two);
}

typedef void report_write_fn(struct buf *out, const struct suite *suite);

/* `count` runs of one scenario, each simulated, their schedules of different lengths. */
static void open_runs(struct suite *suite, struct stage *stage, uint32_t count)
{
    static const char text[] =
        "version: 1\nname: lengths\nteaches: Nothing.\nseed: 7\nduration: 10s\n"
        "runtime: { env: prod }\nworkload:\n  - arrival: { poisson: 20/s }\n"
        "    keys: { count: 40 }\nupstream:\n  latency: 40ms\nexpect:\n" EXPECTED;
    stage_open(stage, text, NULL);
    *suite = (struct suite){ .scenarios = mem_alloc(1, sizeof *suite->scenarios), .count = 1 };
    suite->name = "x";
    struct suite_scenario *first = &suite->scenarios[0];
    first->scenario = stage->scenario;
    first->config = stage->config;
    first->seed = 5;
    schedule_create(&first->scenario, first->seed, &first->schedule);
    repeat_expand(suite, &stage->arena, count);
    for (size_t i = 0; i < suite->count; i++) {
        struct suite_scenario *item = &suite->scenarios[i];
        struct sim_options options = { .jitter_seed = 0 };
        struct err_note note;
        run_init(&item->sim.run, WORLD_SIM, &item->scenario, &item->schedule, &item->config,
                 item->seed);
        item->sim.present = true;
        assert_int_equal(ERR_OK, sim_run(&item->sim.run, &options, NULL, &note));
    }
}

static void judge_and_fold(struct suite *suite)
{
    uint32_t count = (uint32_t)suite->count;
    for (size_t i = 0; i < count; i++) {
        struct suite_scenario *item = &suite->scenarios[i];
        verdict_judge(&item->sim.run, &item->sim.verdict);
    }
    repeat_fold(suite, count);
}

/* What the report says of the suite, and, the same, of the suite that its result.json holds. */
static char *written(report_write_fn *write, const struct suite *suite)
{
    struct buf json, text, again;
    struct arena arena = { .head = NULL };
    struct suite copy;
    struct err_note note = { .err = ERR_OK };
    buf_init(&json, BUF_UNBOUNDED);
    buf_init(&text, BUF_UNBOUNDED);
    buf_init(&again, BUF_UNBOUNDED);
    report_write_json(&json, suite);
    write(&text, suite);
    enum err rc = result_read("result.json", buf_text(&json), json.length, &arena, &copy, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
    write(&again, &copy);
    assert_string_equal(buf_text(&text), buf_text(&again));
    suite_deinit(&copy);
    arena_deinit(&arena);
    buf_deinit(&again);
    buf_deinit(&json);
    return buf_take(&text);
}

static const struct {
    report_write_fn *write;
    const char *before, *after; /* of a request's id */
} writers[] = {
    { report_write_json, "\"requests\":[\"", "\"],\"of_another_run\":true" },
    { report_write_junit, "\nrequests: ", "</failure>" },
    { report_write_summary, "were errors (", ")" },
    { report_write_html, "another run than the one drawn show it: <code>", "</code></p>" },
};

/* A longer run than the first one fails at its last request, which the first one has not. */
static void what_another_run_shows_keeps_its_name_in_every_report(void **state)
{
    (void)state;
    struct suite suite;
    struct stage stage;
    open_runs(&suite, &stage, 8);
    size_t longest = 0;
    for (size_t i = 1; i < suite.count; i++) {
        size_t most = suite.scenarios[longest].schedule.count;
        if (suite.scenarios[i].schedule.count > most) longest = i;
    }
    assert_int_not_equal(0, longest);
    struct run *run = &suite.scenarios[longest].sim.run;
    char id[REQUEST_ID_MAX];
    schedule_request_id(run->schedule->items[run->schedule->count - 1].number, id);
    run->answers[run->schedule->count - 1].served = SERVED_ERROR;
    judge_and_fold(&suite);
    assert_non_null(strstr(find(&suite.scenarios[0].sim.verdict, "served.error")->sentence, id));
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        char wanted[200];
        char *text = written(writers[i].write, &suite);
        snprintf(wanted, sizeof wanted, "%s%s%s", writers[i].before, id, writers[i].after);
        if (strstr(text, wanted) == NULL) fail_msg("no %s in: %.20000s", wanted, text);
        snprintf(wanted, sizeof wanted, "data-request=\"%s\"", id);
        assert_null(strstr(text, wanted)); /* there is nothing to lead to */
        mem_free(text);
    }
    suite_deinit(&suite);
    stage_close(&stage);
}

/* Half of one run's requests never got an answer. */
static void what_never_came_has_no_mean(void **state)
{
    (void)state;
    struct suite suite;
    struct stage stage;
    open_runs(&suite, &stage, 3);
    struct run *run = &suite.scenarios[2].sim.run;
    for (size_t i = 0; i < run->schedule->count; i += 2) {
        run->answers[i].answered = false;
        run->answers[i].served = SERVED_NOBODY;
    }
    judge_and_fold(&suite);
    const struct repeats *repeats = &suite.scenarios[0].sim.repeats;
    const struct repeat_interval *p95 = &repeats->intervals[REPEAT_P95];
    assert_true(p95->min < NS_PER_S && p95->median < NS_PER_S);
    assert_true(p95->max == INSTANT_NEVER);
    assert_true(p95->low == INSTANT_NEVER && p95->high == INSTANT_NEVER);
    const struct repeat_interval *fresh = &repeats->intervals[REPEAT_FRESH];
    assert_in_range(fresh->min, 400000, 600000);
    assert_int_equal(1000000, fresh->high); /* no share is more than all */
    char *page = written(report_write_html, &suite);
    assert_non_null(strstr(page, " ms to never, without a mean; fresh "));
    mem_free(page);
    char *json = written(report_write_json, &suite);
    assert_non_null(strstr(json, ",null,null,null]\n,[\"fresh\","));
    mem_free(json);
    suite_deinit(&suite);
    stage_close(&stage);
}

static void runs_that_are_all_invalid_have_no_figures(void **state)
{
    (void)state;
    struct suite suite;
    struct stage stage;
    open_runs(&suite, &stage, 2);
    for (size_t i = 0; i < 2; i++) run_set_invalid(&suite.scenarios[i].sim.run, "of the machine");
    judge_and_fold(&suite);
    char *page = written(report_write_html, &suite);
    assert_non_null(strstr(page, "repeated: 2 runs: 2 invalid</p>"));
    mem_free(page);
    suite_deinit(&suite);
    stage_close(&stage);
}

/* Scenarios of a suite, as `tollgate run --repeat 3` plays them. */
static void a_suite_is_expanded_played_and_folded(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(EXPECTED), NULL);
    struct suite suite = { .scenarios = mem_alloc(2, sizeof *suite.scenarios), .count = 2 };
    for (size_t i = 0; i < 2; i++) {
        struct suite_scenario *item = &suite.scenarios[i];
        item->scenario = stage.scenario;
        item->config = stage.config;
        item->seed = 5 + i;
        schedule_create(&item->scenario, item->seed, &item->schedule);
    }
    repeat_expand(&suite, &stage.arena, 3);
    assert_int_equal(6, suite.count);
    assert_string_equal("judged", suite.scenarios[3].scenario.name);
    assert_string_equal("judged-run3", suite.scenarios[5].scenario.name);
    assert_int_equal(6, suite.scenarios[3].seed);
    assert_int_equal(repeat_seed(6, 2), suite.scenarios[5].seed);
    for (size_t i = 0; i < suite.count; i++) {
        struct suite_scenario *item = &suite.scenarios[i];
        struct sim_options options = { .jitter_seed = 0 };
        struct err_note note;
        run_init(&item->sim.run, WORLD_SIM, &item->scenario, &item->schedule, &item->config,
                 item->seed);
        item->sim.present = true;
        assert_int_equal(ERR_OK, sim_run(&item->sim.run, &options, NULL, &note));
        if (i == 4) item->sim.run.answers[7].served = SERVED_ERROR;
        verdict_judge(&item->sim.run, &item->sim.verdict);
        if (i > 3) earlier_add(&item->sim.earlier, item->seed, CHECK_INVALID, "late");
    }
    const uint64_t last_seed = suite.scenarios[5].seed;
    repeat_fold(&suite, 3);
    assert_int_equal(2, suite.count);
    assert_int_equal(3, suite.scenarios[0].sim.repeats.count);
    assert_int_equal(CHECK_PASS, suite.scenarios[0].sim.verdict.status);
    assert_int_equal(CHECK_FAIL, suite.scenarios[1].sim.verdict.status);
    assert_ptr_equal(&suite.scenarios[1].scenario, suite.scenarios[1].sim.run.scenario);
    assert_ptr_equal(&suite.scenarios[1].schedule, suite.scenarios[1].sim.run.schedule);
    assert_ptr_equal(&suite.scenarios[1].config, suite.scenarios[1].sim.run.config);
    assert_int_equal(1, suite_exit_code(&suite));
    /* What was played again is told, whichever of the runs it was. */
    assert_int_equal(0, suite.scenarios[0].sim.earlier.count);
    assert_int_equal(2, suite.scenarios[1].sim.earlier.count);
    assert_int_equal(last_seed, suite.scenarios[1].sim.earlier.items[1].seed);
    suite_deinit(&suite);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_made_of_the_seed),
        cmocka_unit_test(any_run_that_fails_fails_all_and_says_with_which_seed),
        cmocka_unit_test(the_counts_are_never_cut_off),
        cmocka_unit_test(what_another_run_shows_keeps_its_name_in_every_report),
        cmocka_unit_test(what_never_came_has_no_mean),
        cmocka_unit_test(runs_that_are_all_invalid_have_no_figures),
        cmocka_unit_test(a_suite_is_expanded_played_and_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
