#include <inttypes.h>

#include "harness/report_figures.h"
#include "harness/report_summary.h"
#include "harness/report_text.h"

enum { ROWS_UNFOLDED = 12 };

static const enum served order[] = { SERVED_CACHE, SERVED_UPSTREAM, SERVED_STALE, SERVED_BASELINE,
                                     SERVED_ERROR };

static void put_head(struct buf *out, const struct diff *diff)
{
    buf_printf(out,
               "| scenario | world | verdict | %srequests | p95 | cache | upstream | stale | "
               "baseline | error | L1 agreement |\n"
               "|---|---|---|%s--:|--:|--:|--:|--:|--:|--:|--:|\n",
               diff == NULL ? "" : "change | ", diff == NULL ? "" : "---|");
}

static void put_agreement(struct buf *out, const struct suite_scenario *item,
                          const struct suite_world *world)
{
    const struct parity *parity = &item->parity;
    if (!item->has_parity || world->run.world != WORLD_REAL) {
        buf_puts(out, "–");
        return;
    }
    buf_printf(out, "%s%" PRIu32 " of %" PRIu32, parity->holds ? "" : "❌ ", parity->agree,
               parity->decided);
}

static void put_change(struct buf *out, const struct diff_world *row)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    if (row != NULL) diff_put_change(&text, row);
    report_text_markdown(out, buf_text(&text));
    buf_puts(out, " | ");
    buf_deinit(&text);
}

static void put_row(struct buf *out, const struct suite_scenario *item,
                    const struct suite_world *world, const struct diff *diff)
{
    struct figures figures;
    const char *name = world_name(world->run.world);
    figures_make(&figures, &world->run);
    buf_puts(out, "| ");
    report_text_markdown(out, item->scenario.name);
    buf_printf(out, " | %s | %s %s | ", name, report_summary_icon(world->verdict.status),
               check_status_name(world->verdict.status));
    if (diff != NULL) put_change(out, diff_find(diff, item->scenario.name, name));
    report_text_count(out, figures.n);
    buf_puts(out, " | ");
    report_text_latency(out, figures.p95_ns);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct buf share;
        buf_init(&share, BUF_UNBOUNDED);
        report_text_share(&share, figures.served[order[i]], figures.n);
        buf_puts(out, " | ");
        report_text_markdown(out, buf_text(&share));
        buf_deinit(&share);
    }
    buf_puts(out, " | ");
    put_agreement(out, item, world);
    buf_puts(out, " |\n");
}

static bool is_notable(const struct suite_scenario *item, const struct suite_world *world,
                       const struct diff *diff)
{
    if (world->verdict.status != CHECK_PASS) return true;
    if (item->has_parity && !item->parity.holds) return true;
    if (diff == NULL) return false;
    const struct diff_world *row =
        diff_find(diff, item->scenario.name, world_name(world->run.world));
    return row != NULL && (row->verdict != CHANGE_NONE || row->p95 != CHANGE_NONE ||
                           row->fresh != CHANGE_NONE || row->errors != CHANGE_NONE);
}

/* The rows that are notable, or those that are not; how many. */
static size_t put_rows(struct buf *out, const struct suite *suite, const struct diff *diff,
                       bool notable)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        const struct suite_world *const worlds[] = { &item->sim, &item->real };
        for (size_t w = 0; w < 2; w++) {
            if (!worlds[w]->present || is_notable(item, worlds[w], diff) != notable) continue;
            put_row(out, item, worlds[w], diff);
            count++;
        }
    }
    return count;
}

static void put_gone(struct buf *out, const struct diff *diff)
{
    for (size_t i = 0; diff != NULL && i < diff->world_count; i++) {
        if (diff->worlds[i].verdict != CHANGE_GONE) continue;
        buf_puts(out, "| ");
        report_text_markdown(out, diff->worlds[i].scenario);
        buf_printf(out, " | %s | – | gone | | | | | | | | |\n", diff->worlds[i].world);
    }
}

void report_summary_table(struct buf *out, const struct suite *suite, const struct diff *diff)
{
    struct buf notable;
    struct buf others;
    buf_init(&notable, BUF_UNBOUNDED);
    buf_init(&others, BUF_UNBOUNDED);
    size_t shown = put_rows(&notable, suite, diff, true);
    size_t count = put_rows(&others, suite, diff, false);
    put_gone(&notable, diff);
    bool fold = shown + count > ROWS_UNFOLDED;
    if (!fold || notable.length > 0) {
        put_head(out, diff);
        buf_puts(out, buf_text(&notable));
    }
    if (fold && count > 0) {
        buf_printf(out, "\n<details><summary>%zu runs passed%s</summary>\n\n", count,
                   diff == NULL ? "" : " and are as before");
        put_head(out, diff);
    }
    buf_puts(out, buf_text(&others));
    if (fold && count > 0) buf_puts(out, "\n</details>\n");
    buf_deinit(&others);
    buf_deinit(&notable);
}
