#include <inttypes.h>
#include <string.h>

#include "harness/capsule.h"
#include "harness/report.h"
#include "harness/report_earlier.h"
#include "harness/report_summary.h"
#include "harness/report_text.h"
#include "harness/unmodelled.h"

const char *report_summary_icon(enum check_status status)
{
    switch (status) {
    case CHECK_PASS: return "✅";
    case CHECK_FAIL: return "❌";
    case CHECK_INCONCLUSIVE: return "❔";
    case CHECK_INVALID: return "⚠️";
    case CHECK_UNOBSERVABLE: return "➖";
    }
    return "";
}

static void put_check(struct buf *out, const struct suite_scenario *item,
                      const struct suite_world *world, const struct check *check)
{
    bool warns = check->status == CHECK_PASS;
    buf_printf(out, "- %s ", warns ? "🔸" : report_summary_icon(check->status));
    report_text_markdown(out, item->scenario.path);
    if (check->line > 0) buf_printf(out, ":%d:%d", check->line, check->column);
    buf_puts(out, " **");
    report_text_markdown(out, check->name);
    buf_printf(out, "** (%s): ", world_name(world->run.world));
    report_text_markdown(out, check->sentence);
    const char *separator = " Requests: ";
    for (uint32_t i = 0; i < check->id_count; i++) {
        char id[REQUEST_ID_MAX];
        schedule_request_id(check_request_number(&world->run, check, i), id);
        if (strstr(check->sentence, id) != NULL) {
            separator = " Others: "; /* the sentence names the first of them */
            continue;
        }
        buf_puts(out, separator);
        buf_puts(out, id);
        separator = ", ";
    }
    buf_putc(out, '\n');
}

/* Writes the checks that did not pass; returns how many. An invalid run has one reason for all its
 * checks: it is given once. */
static size_t put_failed(struct buf *out, const struct suite_scenario *item,
                         const struct suite_world *world)
{
    size_t count = 0;
    for (size_t i = 0; world->present && i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        bool asked = check->line > 0;
        if (check->status == CHECK_PASS) continue;
        if (check->status == CHECK_UNOBSERVABLE && !asked) continue;
        count++;
        if (world->run.invalid && count > 1) continue;
        put_check(out, item, world, check);
    }
    return count;
}

/* Those that passed, but say little. */
static size_t put_warned(struct buf *out, const struct suite_scenario *item,
                         const struct suite_world *world)
{
    size_t count = 0;
    for (size_t i = 0; world->present && i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        if (check->status != CHECK_PASS || check_is_quiet(check)) continue;
        count++;
        put_check(out, item, world, check);
    }
    return count;
}

/* Those that passed by their names alone, in one line: a step's summary has a limit of 1 MiB, and
 * the page has their sentences. */
static size_t put_passed(struct buf *out, const struct suite_scenario *item,
                         const struct suite_world *world)
{
    size_t count = 0;
    for (size_t i = 0; world->present && i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        if (check->status != CHECK_PASS) continue;
        if (count++ == 0) {
            buf_puts(out, "- ");
            report_text_markdown(out, item->scenario.name);
            buf_printf(out, " (%s): ", world_name(world->run.world));
        } else {
            buf_puts(out, ", ");
        }
        report_text_markdown(out, check->name);
    }
    if (count > 0) buf_putc(out, '\n');
    return count;
}

static size_t put_checks(struct buf *out, const struct suite_scenario *item,
                         const struct suite_world *world, bool passed)
{
    return passed ? put_passed(out, item, world) : put_failed(out, item, world);
}

static void put_intervals_of(struct buf *out, const struct suite *suite)
{
    size_t count = 0;
    size_t within = 0;
    for (size_t i = 0; i < suite->count; i++) {
        if (!suite->scenarios[i].has_parity) continue;
        count++;
        if (suite->scenarios[i].parity.intervals.hold) within++;
    }
    if (count > 0) buf_printf(out, "\nL2 intervals: %zu of %zu scenarios.\n", within, count);
}

/* One line: how many real runs' traces, replayed, gave the same again. */
static void put_replays(struct buf *out, const struct suite *suite)
{
    size_t count = 0;
    size_t identical = 0;
    for (size_t i = 0; i < suite->count; i++) {
        if (!suite->scenarios[i].has_replay) continue;
        count++;
        if (suite->scenarios[i].replay.identical) identical++;
    }
    if (count > 0) buf_printf(out, "\nL0 replay: %zu of %zu traces identical.\n", identical, count);
    put_intervals_of(out, suite);
}

static bool put_diverged(struct buf *out, const struct suite_scenario *item)
{
    if (!item->has_replay || item->replay.identical) return false;
    buf_puts(out, "- ❌ ");
    report_text_markdown(out, item->scenario.path);
    buf_printf(out, " **replay**: its trace, replayed, diverges at line %d: ", item->replay.line);
    report_text_markdown(out, item->replay.sentence);
    buf_puts(out, "\n");
    return true;
}

static bool put_intervals(struct buf *out, const struct suite_scenario *item)
{
    if (!item->has_parity || item->parity.intervals.hold) return false;
    const struct check check = parity_intervals_check(&item->parity.intervals);
    put_check(out, item, &item->real, &check);
    return true;
}

static void put_capsule(struct buf *out, const struct suite_scenario *item)
{
    if (item->capsule == NULL) return;
    buf_puts(out, "  - play it again: `");
    capsule_replay_command(out, item, CAPSULE_FOR_FILE);
    buf_puts(out, "`");
    if (item->capsule_in_sim) buf_puts(out, ", make it smaller: `");
    buf_puts(out, capsule_shrink_command(out, item, CAPSULE_FOR_FILE) ? "`\n" : "\n");
}

static void put_disagreement(struct buf *out, const struct parity *parity)
{
    if (parity->chaotic) {
        buf_puts(out, " **parity**: simulation and sockets disagree; ");
        parity_served_write(parity, out);
        return;
    }
    buf_puts(out, " **parity**: simulation and sockets disagree on ");
    report_text_count(out, parity->decided - parity->agree);
    buf_puts(out, " of ");
    report_text_count(out, parity->decided);
    buf_puts(out, " decided requests");
}

static size_t put_section(struct buf *out, const struct suite *suite, bool passed)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        count += put_checks(out, item, &item->sim, passed);
        count += put_checks(out, item, &item->real, passed);
        if (!passed) put_capsule(out, item);
        if (!passed && put_diverged(out, item)) count++;
        if (passed) continue;
        count += put_intervals(out, item);
        if (!item->has_parity || item->parity.served_holds) continue;
        count++;
        buf_puts(out, "- ❌ ");
        report_text_markdown(out, item->scenario.path);
        put_disagreement(out, &item->parity);
        if (unmodelled_is_set(&item->config)) {
            buf_puts(out, ", as a setting that the simulator does not model may have it");
        }
        buf_putc(out, '\n');
    }
    return count;
}

static void put_headline(struct buf *out, const struct suite *suite, const struct diff *diff)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &text);
    buf_printf(out, "## tollgate %s ", suite_exit_code(suite) == 0 ? "✅" : "❌");
    report_text_markdown(out, buf_text(&text));
    buf_puts(out, "\n\n");
    buf_clear(&text);
    if (diff != NULL) {
        diff_sentence(&text, diff);
        buf_puts(out, "Since the baseline ");
        report_text_markdown(out, suite->baseline->name);
        buf_puts(out, ": ");
        report_text_markdown(out, buf_text(&text));
        buf_puts(out, "\n\n");
    }
    buf_deinit(&text);
}

/* What a simulated verdict is not about. */
static bool put_unmodelled(struct buf *out, const struct suite_scenario *item)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    bool any = item->sim.present && unmodelled_write(&item->config, &sentence);
    if (any) {
        buf_puts(out, "- ");
        report_text_markdown(out, item->scenario.path);
        buf_puts(out, ": note: ");
        report_text_markdown(out, buf_text(&sentence));
        buf_putc(out, '\n');
    }
    buf_deinit(&sentence);
    return any;
}

static void put_checks_of(struct buf *out, const struct suite *suite)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    if (put_section(&text, suite, false) > 0) {
        buf_puts(out, "\n### What did not pass\n\n");
        buf_puts(out, buf_text(&text));
    }
    buf_clear(&text);
    size_t warned = 0;
    for (size_t i = 0; i < suite->count; i++) {
        warned += put_warned(&text, &suite->scenarios[i], &suite->scenarios[i].sim);
        warned += put_warned(&text, &suite->scenarios[i], &suite->scenarios[i].real);
        warned += put_unmodelled(&text, &suite->scenarios[i]);
    }
    if (warned > 0) buf_printf(out, "\n### What says little\n\n%s", buf_text(&text));
    buf_clear(&text);
    size_t passed = put_section(&text, suite, true);
    if (passed > 0) {
        buf_printf(out, "\n<details><summary>%zu checks passed</summary>\n\n%s\n</details>\n",
                   passed, buf_text(&text));
    }
    buf_deinit(&text);
}

void report_write_summary(struct buf *out, const struct suite *suite)
{
    struct diff diff = { .world_count = 0 };
    const struct diff *against = NULL;
    if (suite->baseline != NULL) {
        diff_make(&diff, suite->baseline, suite);
        against = &diff;
    }
    put_headline(out, suite, against);
    report_summary_table(out, suite, against);
    put_replays(out, suite);
    put_checks_of(out, suite);
    report_summary_earlier(out, suite);
    report_summary_slo(out, suite);
    report_summary_coverage(out, &suite->coverage);
    diff_deinit(&diff);
}
