#include "harness/sweep_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { REPORT_PATH_MAX = 1024 };

const char *sweep_objective_title(enum sweep_objective objective)
{
    switch (objective) {
    case SWEEP_FRESH: return "fresh answers";
    case SWEEP_SLOW: return "slow answers";
    case SWEEP_CALLS: return "upstream calls per request";
    case SWEEP_RECOVERY: return "recovery";
    case SWEEP_OBJECTIVES: return "loss";
    }
    return "";
}

void sweep_put_value(struct buf *out, enum sweep_objective objective, double value)
{
    switch (objective) {
    case SWEEP_FRESH:
    case SWEEP_SLOW: buf_printf(out, "%.2f %%", 100 * value); return;
    case SWEEP_CALLS: buf_printf(out, "%.3f", value); return;
    case SWEEP_RECOVERY: buf_printf(out, "%.2f s", value); return;
    case SWEEP_OBJECTIVES: buf_printf(out, "%.2f", value); return;
    }
}

void sweep_put_interval(struct buf *out, enum sweep_objective objective,
                        const struct sweep_interval *interval)
{
    bool share = objective == SWEEP_FRESH || objective == SWEEP_SLOW;
    double scale = share ? 100 : 1;
    int digits = objective == SWEEP_CALLS ? 3 : 2;
    const char *unit = share ? " pp" : objective == SWEEP_RECOVERY ? " s" : "";
    buf_printf(out, "%+.*f%s [%+.*f, %+.*f]", digits, scale * interval->mean, unit, digits,
               scale * interval->low, digits, scale * interval->high);
}

/* ---- what refuses ---- */

static int compare_refusals(const void *a, const void *b)
{
    const struct sweep_refusal *left = a;
    const struct sweep_refusal *right = b;
    if (left->refused != right->refused) return left->refused < right->refused ? 1 : -1;
    return (left->scenario > right->scenario) - (left->scenario < right->scenario);
}

/* How many of the sample fail `check` first in `block`. */
static size_t count_check(const struct sweep *sweep, uint32_t block, const char *check)
{
    size_t count = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_measure *measure =
            sweep_store_get(sweep->store, sweep->candidates[i].key, block);
        if (measure == NULL || measure->state != SWEEP_INFEASIBLE) continue;
        count += strcmp(measure->check, check) == 0;
    }
    return count;
}

static void count_refusals(const struct sweep *sweep, uint32_t block, struct sweep_refusal *out)
{
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_measure *measure =
            sweep_store_get(sweep->store, sweep->candidates[i].key, block);
        if (measure == NULL || measure->state == SWEEP_IMPOSSIBLE) continue;
        out->tried++;
        if (measure->state != SWEEP_INFEASIBLE) continue;
        out->refused++;
        /* After so many of one check no other can be more frequent. */
        if (strcmp(out->check, measure->check) == 0) continue;
        size_t count = count_check(sweep, block, measure->check);
        if (count <= out->check_count) continue;
        out->check_count = count;
        snprintf(out->check, sizeof out->check, "%s", measure->check);
    }
}

size_t sweep_refusals(const struct sweep *sweep, struct sweep_refusal **out)
{
    *out = mem_alloc(sweep->search_scenarios, sizeof **out);
    for (size_t i = 0; i < sweep->search_scenarios; i++) {
        uint32_t block = sweep->search_blocks[i];
        (*out)[i].scenario = sweep->world->blocks[block].scenario;
        count_refusals(sweep, block, &(*out)[i]);
    }
    qsort(*out, sweep->search_scenarios, sizeof **out, compare_refusals);
    return sweep->search_scenarios;
}

void sweep_report_refusals(struct buf *out, const struct sweep *sweep)
{
    struct sweep_refusal *refusals;
    size_t count = sweep_refusals(sweep, &refusals);
    for (size_t i = 0; i < count && refusals[i].refused > 0; i++) {
        const struct sweep_refusal *refusal = &refusals[i];
        const struct scenario *scenario =
            &sweep->world->suite.scenarios[refusal->scenario].scenario;
        bool all = refusal->refused == refusal->tried;
        buf_printf(out, "%s: fails with %s%zu of %zu configurations, most often %s (%zu)%s\n",
                   scenario->path, all ? "all " : "", refusal->refused, refusal->tried,
                   refusal->check, refusal->check_count,
                   all ? "; no setting of this sweep helps it: mend it, widen the ranges, name it "
                         "in scenarios: { without: [...] }, or the check in tolerated"
                       : "");
    }
    mem_free(refusals);
}

/* ---- the verdict ---- */

static void put_current(struct buf *out, const struct sweep *sweep)
{
    const struct sweep_score *score = &sweep->candidates[0].score;
    if (score->infeasible > 0) {
        buf_printf(out, " The current setting is infeasible: %s fails %s.",
                   sweep_block_name(sweep->world, score->worst_block), score->worst_check);
        return;
    }
    const struct sweep_score *fresh = &sweep->current.fresh;
    if (sweep->finalist_count > 0 && !sweep_score_feasible(fresh)) {
        buf_printf(out, " The current setting is infeasible with fresh seeds: %s fails %s.",
                   sweep_block_name(sweep->world, fresh->worst_block), fresh->worst_check);
    }
}

void sweep_report_verdict(struct buf *out, const struct sweep *sweep)
{
    const struct sweep_finalist *pick = sweep_pick(sweep);
    if (pick == NULL) {
        buf_printf(out, "None of %zu configurations passes every scenario.", sweep->count);
        put_current(out, sweep);
        return;
    }
    if (!sweep_score_feasible(&pick->fresh)) {
        buf_printf(out,
                   "No finalist passes with fresh seeds and held-out scenarios; the best of them "
                   "fails %s in %s.",
                   pick->fresh.worst_check,
                   sweep_block_name(sweep->world, pick->fresh.worst_block));
    } else if (pick->is_current) {
        buf_printf(out, "Keep the current setting: of %zu configurations no robust one is better.",
                   sweep->count);
    } else {
        buf_printf(out, "Set configuration %u: its loss is %.2f points, the current one's %.2f, ",
                   pick->id, pick->fresh.loss, sweep->current.fresh.loss);
        buf_puts(out, "difference ");
        sweep_put_interval(out, SWEEP_OBJECTIVES, &sweep->gain);
        buf_puts(out, sweep->gain.high >= 0 ? ", which may be chance." : ".");
    }
    if (pick->neighbours_known && !sweep_finalist_robust(pick)) {
        buf_printf(out, " It is not robust: %zu of %zu neighbours are infeasible.",
                   pick->neighbour_count - pick->neighbours_feasible, pick->neighbour_count);
    }
    put_current(out, sweep);
}

/* ---- files ---- */

static enum err write_file(const char *folder, const char *name, struct buf *text,
                           struct err_note *note)
{
    char path[REPORT_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum err rc = file_write(path, buf_text(text), text->length, note);
    buf_clear(text);
    return rc;
}

static enum err write_config(const struct sweep *sweep, const char *folder, struct buf *text,
                             struct err_note *note)
{
    char path[REPORT_PATH_MAX], name[128];
    snprintf(path, sizeof path, "%s/configs", folder);
    snprintf(name, sizeof name, "configs/%.100s.yaml", sweep->spec->environment);
    enum err rc = file_make_folder(path, note);
    if (rc == ERR_OK) rc = sweep_report_config(text, sweep, note);
    return rc != ERR_OK ? rc : write_file(folder, name, text, note);
}

enum err sweep_report_write(const struct sweep *sweep,
                            const struct sweep_confirmation *confirmation, const char *folder,
                            struct err_note *note)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_report_csv(&text, sweep);
    enum err rc = write_file(folder, "sweep.csv", &text, note);
    if (rc == ERR_OK) {
        sweep_report_jsonl(&text, sweep);
        rc = write_file(folder, "sweep.jsonl", &text, note);
    }
    if (rc == ERR_OK && sweep->finalist_count > 0) rc = write_config(sweep, folder, &text, note);
    if (rc == ERR_OK) {
        sweep_report_html(&text, sweep, confirmation);
        rc = write_file(folder, "sweep.html", &text, note);
    }
    buf_deinit(&text);
    return rc;
}
