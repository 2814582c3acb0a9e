#include <inttypes.h>

#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_text.h"

static const char *status_icon(enum check_status status)
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

static void put_row(struct buf *out, const struct suite_scenario *item,
                    const struct suite_world *world)
{
    if (!world->present) return;
    struct figures figures;
    figures_make(&figures, &world->run);
    buf_puts(out, "| ");
    report_text_markdown(out, item->scenario.name);
    buf_printf(out, " | %s | %s %s | ", world_name(world->run.world),
               status_icon(world->verdict.status), check_status_name(world->verdict.status));
    report_text_count(out, figures.n);
    buf_puts(out, " | ");
    report_text_latency(out, figures.p95_ns);
    static const enum served order[] = { SERVED_CACHE, SERVED_UPSTREAM, SERVED_STALE,
                                         SERVED_BASELINE, SERVED_ERROR };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct buf share;
        buf_init(&share, BUF_UNBOUNDED);
        report_text_share(&share, figures.served[order[i]], figures.n);
        buf_puts(out, " | ");
        report_text_markdown(out, buf_text(&share));
        buf_deinit(&share);
    }
    buf_puts(out, " | ");
    if (item->has_parity && world->run.world == WORLD_REAL) {
        const struct parity *parity = &item->parity;
        buf_printf(out, "%s%" PRIu32 " of %" PRIu32, parity->holds ? "" : "❌ ", parity->agree,
                   parity->decided);
    } else {
        buf_puts(out, "–");
    }
    buf_puts(out, " |\n");
}

static void put_check(struct buf *out, const struct suite_scenario *item,
                      const struct suite_world *world, const struct check *check)
{
    buf_printf(out, "- %s ", status_icon(check->status));
    report_text_markdown(out, item->scenario.path);
    if (check->line > 0) buf_printf(out, ":%d:%d", check->line, check->column);
    buf_puts(out, " **");
    report_text_markdown(out, check->name);
    buf_printf(out, "** (%s): ", world_name(world->run.world));
    report_text_markdown(out, check->sentence);
    for (uint32_t i = 0; i < check->id_count; i++) {
        char id[REQUEST_ID_MAX];
        buf_puts(out, i == 0 ? " Requests: " : ", ");
        buf_puts(out, schedule_request_id(check->ids[i], id));
    }
    buf_putc(out, '\n');
}

/* Writes the checks that passed, or those that did not; returns how many. An invalid run has one
 * reason for all its checks: it is given once. */
static size_t put_checks(struct buf *out, const struct suite_scenario *item,
                         const struct suite_world *world, bool passed)
{
    if (!world->present) return 0;
    size_t count = 0;
    for (size_t i = 0; i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        if ((check->status == CHECK_PASS) != passed) continue;
        count++;
        if (world->run.invalid && count > 1) continue;
        put_check(out, item, world, check);
    }
    return count;
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

static size_t put_section(struct buf *out, const struct suite *suite, bool passed)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        count += put_checks(out, item, &item->sim, passed);
        count += put_checks(out, item, &item->real, passed);
        if (!passed && put_diverged(out, item)) count++;
        if (passed || !item->has_parity || item->parity.holds) continue;
        count++;
        buf_puts(out, "- ❌ ");
        report_text_markdown(out, item->scenario.path);
        buf_puts(out, " **parity**: simulation and sockets disagree on ");
        report_text_count(out, item->parity.decided - item->parity.agree);
        buf_puts(out, " of ");
        report_text_count(out, item->parity.decided);
        buf_puts(out, " decided requests\n");
    }
    return count;
}

void report_write_summary(struct buf *out, const struct suite *suite)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &text);
    buf_printf(out, "## tollgate %s ", suite_exit_code(suite) == 0 ? "✅" : "❌");
    report_text_markdown(out, buf_text(&text));
    buf_puts(out, "\n\n"
                  "| scenario | world | verdict | requests | p95 | cache | upstream | stale | "
                  "baseline | error | L1 agreement |\n"
                  "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < suite->count; i++) {
        put_row(out, &suite->scenarios[i], &suite->scenarios[i].sim);
        put_row(out, &suite->scenarios[i], &suite->scenarios[i].real);
    }
    put_replays(out, suite);
    buf_clear(&text);
    if (put_section(&text, suite, false) > 0) {
        buf_puts(out, "\n### What did not pass\n\n");
        buf_puts(out, buf_text(&text));
    }
    buf_clear(&text);
    size_t passed = put_section(&text, suite, true);
    if (passed > 0) {
        buf_printf(out, "\n<details><summary>%zu checks passed</summary>\n\n%s\n</details>\n",
                   passed, buf_text(&text));
    }
    buf_deinit(&text);
}
