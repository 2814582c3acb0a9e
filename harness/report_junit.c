#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "harness/report.h"
#include "harness/report_earlier.h"
#include "harness/report_text.h"

/* Surefire's schema has one suite per file and no suite of suites, so all worlds of all scenarios
 * stand in one suite, told apart by the class name: tollgate.<scenario>.<world>. */

struct totals {
    uint64_t tests;
    uint64_t errors;
    uint64_t failures;
    uint64_t skipped;
};

struct testcase {
    const char *scenario; /* NULL: the whole run */
    const char *path;     /* NULL: no file is to blame */
    const char *world;    /* "sim", "real", "parity" */
    uint64_t time_ns;
    const struct run *run; /* whose requests the check names; NULL: it names none */
    const struct check *check;
    bool excused; /* that it cannot be observed leaves the verdict as it is */
};

static void put_time(struct buf *out, uint64_t ns)
{
    uint64_t ms = ns / NS_PER_MS;
    buf_printf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ms / 1000, ms % 1000);
}

static void put_body(struct buf *out, const struct testcase *testcase)
{
    const struct check *check = testcase->check;
    if (check->line > 0 && testcase->path != NULL) {
        report_text_escaped(out, testcase->path);
        buf_printf(out, ":%d:%d: ", check->line, check->column);
        report_text_escaped(out, check->text);
        buf_putc(out, '\n');
    }
    report_text_escaped(out, check->sentence);
    for (uint32_t i = 0; testcase->run != NULL && i < check->id_count; i++) {
        char id[REQUEST_ID_MAX];
        buf_puts(out, i == 0 ? "\nrequests: " : ", ");
        buf_puts(out, schedule_request_id(check_request_number(testcase->run, check, i), id));
    }
}

static void put_problem(struct buf *out, const struct testcase *testcase, const char *element)
{
    buf_printf(out, "    <%s type=\"tollgate.%s\" message=\"", element,
               check_status_name(testcase->check->status));
    report_text_escaped(out, testcase->check->sentence);
    buf_puts(out, "\">");
    put_body(out, testcase);
    buf_printf(out, "</%s>\n", element);
}

static void put_error(struct buf *out, struct totals *totals, const struct testcase *testcase)
{
    totals->errors++;
    put_problem(out, testcase, "error");
}

static void put_skipped(struct buf *out, struct totals *totals, const struct testcase *testcase)
{
    totals->skipped++;
    buf_puts(out, "    <skipped message=\"");
    report_text_escaped(out, testcase->check->sentence);
    buf_puts(out, "\"/>\n");
}

static void put_testcase(struct buf *out, struct totals *totals, const struct testcase *testcase)
{
    buf_puts(out, "  <testcase classname=\"tollgate");
    if (testcase->scenario != NULL) {
        buf_putc(out, '.');
        report_text_escaped(out, testcase->scenario);
        buf_putc(out, '.');
        buf_puts(out, testcase->world);
    }
    buf_puts(out, "\" name=\"");
    report_text_escaped(out, testcase->check->name);
    buf_putc(out, '"');
    put_time(out, testcase->time_ns);
    buf_puts(out, ">\n");
    totals->tests++;
    switch (testcase->check->status) {
    case CHECK_PASS:
        buf_puts(out, "    <system-out>");
        put_body(out, testcase);
        buf_puts(out, "</system-out>\n");
        break;
    case CHECK_FAIL:
        totals->failures++;
        put_problem(out, testcase, "failure");
        break;
    case CHECK_INCONCLUSIVE:
    case CHECK_INVALID: put_error(out, totals, testcase); break;
    case CHECK_UNOBSERVABLE:
        if (testcase->excused) put_skipped(out, totals, testcase);
        else put_error(out, totals, testcase);
        break;
    }
    buf_puts(out, "  </testcase>\n");
}

/* Nothing that was observed accounts for the verdict: what was not observed does. */
static bool is_blind(const struct verdicts *verdict)
{
    int worst = check_status_badness(CHECK_PASS);
    for (size_t i = 0; i < verdict->count; i++) {
        enum check_status status = verdict->checks[i].status;
        int badness = check_status_badness(status);
        if (status != CHECK_UNOBSERVABLE && badness > worst) worst = badness;
    }
    return check_status_badness(verdict->status) > worst;
}

static void put_world(struct buf *out, struct totals *totals, const struct suite_scenario *item,
                      const struct suite_world *world)
{
    if (!world->present) return;
    struct testcase testcase = {
        .scenario = item->scenario.name,
        .path = item->scenario.path,
        .world = world_name(world->run.world),
        .run = &world->run,
    };
    /* The checks of a run share its time, so that a CI's sum is right. */
    if (world->verdict.count > 0) testcase.time_ns = world->run.wall_ns / world->verdict.count;
    bool blind = is_blind(&world->verdict);
    for (size_t i = 0; i < world->verdict.count; i++) {
        testcase.check = &world->verdict.checks[i];
        testcase.excused = verdict_excuses(&world->run, testcase.check) &&
                           (!blind || testcase.check->line == 0);
        put_testcase(out, totals, &testcase);
    }
}

/* The agreement of the worlds decides the exit code too, so it is a test. */
static void put_parity(struct buf *out, struct totals *totals, const struct suite_scenario *item)
{
    if (!item->has_parity) return;
    const struct parity *parity = &item->parity;
    struct check check = parity_served_check(parity);
    put_testcase(
        out, totals,
        &(struct testcase){ .scenario = item->scenario.name, .world = "parity", .check = &check });
    check = parity_intervals_check(&parity->intervals);
    put_testcase(
        out, totals,
        &(struct testcase){ .scenario = item->scenario.name, .world = "parity", .check = &check });
}

static void put_replay(struct buf *out, struct totals *totals, const struct suite_scenario *item)
{
    if (!item->has_replay) return;
    struct check check = { .name = "parity.replay",
                           .status = item->replay.identical ? CHECK_PASS : CHECK_FAIL };
    struct buf sentence;
    buf_init(&sentence, sizeof check.sentence - 1);
    buf_puts(&sentence, "the real run's trace, replayed: ");
    replay_sentence_write(&item->replay, &sentence);
    snprintf(check.sentence, sizeof check.sentence, "%s", buf_text(&sentence));
    buf_deinit(&sentence);
    put_testcase(
        out, totals,
        &(struct testcase){ .scenario = item->scenario.name, .world = "parity", .check = &check });
}

static void put_interrupted(struct buf *out, struct totals *totals)
{
    const struct check check = { .name = "run.complete",
                                 .status = CHECK_INVALID,
                                 .sentence = "the run was interrupted" };
    put_testcase(out, totals, &(struct testcase){ .check = &check });
}

void report_write_junit(struct buf *out, const struct suite *suite)
{
    struct totals totals = { 0 };
    struct buf cases;
    buf_init(&cases, BUF_UNBOUNDED);
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        put_world(&cases, &totals, item, &item->sim);
        put_world(&cases, &totals, item, &item->real);
        put_replay(&cases, &totals, item);
        put_parity(&cases, &totals, item);
    }
    if (suite->interrupted) put_interrupted(&cases, &totals);
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"tollgate\"");
    buf_printf(out, " tests=\"%" PRIu64 "\" errors=\"%" PRIu64 "\"", totals.tests, totals.errors);
    buf_printf(out, " skipped=\"%" PRIu64 "\" failures=\"%" PRIu64 "\"", totals.skipped,
               totals.failures);
    put_time(out, suite->wall_ns);
    buf_puts(out, ">\n");
    report_junit_earlier(out, suite);
    buf_put(out, buf_text(&cases), cases.length);
    buf_puts(out, "</testsuite>\n");
    buf_deinit(&cases);
}
