#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "harness/progress_private.h"
#include "harness/report_figures.h"

enum { N, P95, CACHE, UPSTREAM, STALE, BASELINE, FAILED, CELLS };
enum { CELL_BYTES = 24, WORLD_WIDTH = 5 };

static const char *const titles[CELLS] = { "n",     "p95 ms",   "cache", "upstream",
                                           "stale", "baseline", "error" };

/* One world of one scenario. */
struct row {
    const struct suite_scenario *item;
    const struct suite_world *world;
    const char *world_text;
    char cells[CELLS][CELL_BYTES];
};

struct table {
    struct row *rows; /* owned */
    size_t count;
    int name_width, verdict_width;
    int widths[CELLS]; /* 0: not shown */
};

static void widen(int *width, const char *text)
{
    int length = (int)strlen(text);
    if (length > *width) *width = length;
}

static void fill_cells(struct row *row)
{
    struct figures figures;
    figures_make(&figures, &row->world->run);
    const uint64_t counts[CELLS] = {
        [N] = figures.n,
        [CACHE] = figures.served[SERVED_CACHE],
        [UPSTREAM] = figures.served[SERVED_UPSTREAM],
        [STALE] = figures.served[SERVED_STALE],
        [BASELINE] = figures.served[SERVED_BASELINE],
        [FAILED] = figures.served[SERVED_ERROR] + figures.n - figures.answered,
    };
    for (size_t i = 0; i < CELLS; i++)
        snprintf(row->cells[i], CELL_BYTES, "%" PRIu64, counts[i]);
    if (figures.p95_ns == INSTANT_NEVER) snprintf(row->cells[P95], CELL_BYTES, "never");
    else snprintf(row->cells[P95], CELL_BYTES, "%.1f", (double)figures.p95_ns / 1e6);
}

static void add_row(struct table *table, const struct suite_scenario *item,
                    const struct suite_world *world, const char *world_text)
{
    if (!world->present || !progress_was_begun(world)) return;
    struct row *row = &table->rows[table->count++];
    *row = (struct row){ .item = item, .world = world, .world_text = world_text };
    fill_cells(row);
    widen(&table->verdict_width, check_status_name(world->verdict.status));
    for (size_t i = 0; i < CELLS; i++)
        widen(&table->widths[i], row->cells[i]);
}

/* What a row takes beside its name. */
static size_t rest_width(const struct table *table)
{
    size_t width = (size_t)(2 + 1 + WORLD_WIDTH + 1 + table->verdict_width);
    for (size_t i = 0; i < CELLS; i++) {
        if (table->widths[i] > 0) width += 1 + (size_t)table->widths[i];
    }
    return width;
}

/* On a narrow terminal the good answers are left to the report first, as n less the others; then
 * names are cut; and only then are the others left out that are no errors. */
static void fit(struct table *table, const struct progress *progress)
{
    static const int spare[] = { CACHE, UPSTREAM, STALE, BASELINE };
    enum { GOOD = 2, NAME_LEAST = 20 };
    table->name_width = progress_name_width(progress, rest_width(table));
    for (size_t i = 0; i < sizeof spare / sizeof spare[0]; i++) {
        bool enough = i >= GOOD && table->name_width >= NAME_LEAST;
        if (enough || table->name_width == progress->name_width) break;
        table->widths[spare[i]] = 0;
        table->name_width = progress_name_width(progress, rest_width(table));
    }
}

static void print_left_out(const struct table *table, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < CELLS; i++) {
        if (table->widths[i] > 0) continue;
        fprintf(out, "%s%s", count++ == 0 ? "  (no room for " : ", ", titles[i]);
    }
    if (count > 0) fputs(")\n", out);
}

static void print_head(const struct table *table, FILE *out)
{
    fprintf(out, "\n  %-*s %-*s %-*s", table->name_width, "scenario", WORLD_WIDTH, "world",
            table->verdict_width, "verdict");
    for (size_t i = 0; i < CELLS; i++) {
        if (table->widths[i] > 0) fprintf(out, " %*s", table->widths[i], titles[i]);
    }
    fputc('\n', out);
}

static void print_row(const struct table *table, const struct row *row,
                      const struct progress *progress)
{
    enum check_status status = row->world->verdict.status;
    fputs("  ", progress->out);
    progress_put_name(progress, row->item->scenario.name, table->name_width);
    fprintf(progress->out, " %-*s %s%-*s%s", WORLD_WIDTH, row->world_text,
            progress_colour(progress, status), table->verdict_width, check_status_name(status),
            progress_plain(progress));
    for (size_t i = 0; i < CELLS; i++) {
        if (table->widths[i] > 0) fprintf(progress->out, " %*s", table->widths[i], row->cells[i]);
    }
    fputc('\n', progress->out);
    if (row->world->repeats.count == 0) return;
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    repeats_sentence_write(&row->world->repeats, &sentence);
    fprintf(progress->out, "  %-*s       %s\n", table->name_width, "", buf_text(&sentence));
    buf_deinit(&sentence);
}

void progress_print_table(const struct progress *progress)
{
    const struct suite *suite = progress->suite;
    struct table table = { .rows = mem_alloc(2 * suite->count, sizeof *table.rows) };
    widen(&table.verdict_width, "verdict");
    for (size_t i = 0; i < CELLS; i++)
        widen(&table.widths[i], titles[i]);
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        add_row(&table, item, &item->sim, "sim");
        add_row(&table, item, &item->real, "real");
    }
    fit(&table, progress);
    print_head(&table, progress->out);
    for (size_t i = 0; i < table.count; i++)
        print_row(&table, &table.rows[i], progress);
    print_left_out(&table, progress->out);
    mem_free(table.rows);
}
