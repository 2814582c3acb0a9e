#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/diff.h"
#include "harness/report_text.h"

void diff_put_latency(struct buf *out, uint64_t old_ns, uint64_t new_ns)
{
    if (old_ns == new_ns) {
        buf_puts(out, "=");
    } else if (new_ns == INSTANT_NEVER || old_ns == INSTANT_NEVER) {
        buf_puts(out, new_ns == INSTANT_NEVER ? "no answer now" : "answered now");
    } else {
        buf_puts(out, new_ns > old_ns ? "+" : "-");
        report_text_latency(out, new_ns > old_ns ? new_ns - old_ns : old_ns - new_ns);
    }
}

void diff_put_share(struct buf *out, uint64_t old_part, uint64_t old_whole, uint64_t new_part,
                    uint64_t new_whole)
{
    double before = old_whole == 0 ? 0 : 100.0 * (double)old_part / (double)old_whole;
    double after = new_whole == 0 ? 0 : 100.0 * (double)new_part / (double)new_whole;
    double points = after - before;
    if (points > -0.05 && points < 0.05)
        buf_puts(out, "=");
    else
        buf_printf(out, "%+.1f points", points);
}

static uint64_t fresh_of(const struct figures *figures)
{
    return figures->served[SERVED_CACHE] + figures->served[SERVED_UPSTREAM];
}

static uint64_t errors_of(const struct figures *figures)
{
    return figures->served[SERVED_ERROR] + figures->n - figures->answered;
}

static const char *change_word(enum change change)
{
    switch (change) {
    case CHANGE_NONE: return "";
    case CHANGE_BETTER: return "better";
    case CHANGE_WORSE: return "WORSE";
    case CHANGE_NEW: return "new";
    case CHANGE_GONE: return "gone";
    }
    return "";
}

static void put_figure(struct buf *out, const char *name, enum change change, struct buf *value)
{
    buf_printf(out, "%s %s%s%s%s", name, buf_text(value), change == CHANGE_NONE ? "" : " (",
               change_word(change), change == CHANGE_NONE ? "" : ")");
    buf_clear(value);
}

/* "p95 +1.2 ms (WORSE), fresh -0.3 points, errors =" */
static void put_figures(struct buf *out, const struct diff_world *row)
{
    const struct figures *old = &row->old_figures;
    const struct figures *new = &row->new_figures;
    struct buf value;
    if (!diff_has_figures(row)) {
        buf_puts(out, "no comparison: a run is invalid");
        return;
    }
    buf_init(&value, BUF_UNBOUNDED);
    diff_put_latency(&value, old->p95_ns, new->p95_ns);
    put_figure(out, "p95", row->p95, &value);
    diff_put_share(&value, fresh_of(old), old->n, fresh_of(new), new->n);
    put_figure(out, ", fresh", row->fresh, &value);
    diff_put_share(&value, errors_of(old), old->n, errors_of(new), new->n);
    put_figure(out, ", errors", row->errors, &value);
    buf_deinit(&value);
}

void diff_put_change(struct buf *out, const struct diff_world *row)
{
    if (row->old == NULL || row->new == NULL) {
        buf_puts(out, change_word(row->verdict));
        return;
    }
    if (row->verdict != CHANGE_NONE)
        buf_printf(out, "was %s; ", check_status_name(row->old->verdict.status));
    put_figures(out, row);
}

struct tally {
    const char *one, *many;
    size_t count;
};

static void put_tallies(struct buf *out, const struct tally *tallies, size_t count)
{
    const char *separator = "";
    for (size_t i = 0; i < count; i++) {
        if (tallies[i].count == 0) continue;
        buf_printf(out, "%s%zu %s", separator, tallies[i].count,
                   tallies[i].count == 1 ? tallies[i].one : tallies[i].many);
        separator = ", ";
    }
    if (separator[0] == '\0') buf_puts(out, "nothing that matters changed");
}

void diff_sentence(struct buf *out, const struct diff *diff)
{
    enum { WORSE, DISAGREE, P95, SHARES, NEW_CHECK, BLIND_CHECK, NEW_RUN, BLIND_RUN };
    enum { BETTER = BLIND_RUN + 1, AGREE, FIGURES, GONE, RUN_GONE };
    struct tally tallies[] = {
        [WORSE] = { "check is worse", "checks are worse", 0 },
        [DISAGREE] = { "scenario's worlds disagree now", "scenarios' worlds disagree now", 0 },
        [P95] = { "p95 rose beyond chance", "p95s rose beyond chance", 0 },
        [SHARES] = { "share of answers is worse", "shares of answers are worse", 0 },
        [NEW_CHECK] = { "new check does not pass", "new checks do not pass", 0 },
        [BLIND_CHECK] = { "check was not judged before and does not pass",
                          "checks were not judged before and do not pass", 0 },
        [NEW_RUN] = { "new run does not pass", "new runs do not pass", 0 },
        [BLIND_RUN] = { "run was not judged before and does not pass",
                        "runs were not judged before and do not pass", 0 },
        [BETTER] = { "check is better", "checks are better", 0 },
        [AGREE] = { "scenario's worlds agree again", "scenarios' worlds agree again", 0 },
        [FIGURES] = { "figure is better", "figures are better", 0 },
        [GONE] = { "check is gone", "checks are gone", 0 },
        [RUN_GONE] = { "run is gone", "runs are gone", 0 },
    };
    for (size_t i = 0; i < diff->check_count; i++) {
        const struct diff_check *check = &diff->checks[i];
        tallies[WORSE].count += check->change == CHANGE_WORSE;
        tallies[BETTER].count += check->change == CHANGE_BETTER;
        tallies[check->old == NULL ? NEW_CHECK : BLIND_CHECK].count += check->new_fails;
        tallies[GONE].count += check->change == CHANGE_GONE;
    }
    for (size_t i = 0; i < diff->world_count; i++) {
        const struct diff_world *row = &diff->worlds[i];
        tallies[DISAGREE].count += row->agreement == CHANGE_WORSE;
        tallies[AGREE].count += row->agreement == CHANGE_BETTER;
        tallies[P95].count += row->p95 == CHANGE_WORSE;
        tallies[SHARES].count += row->fresh == CHANGE_WORSE;
        tallies[SHARES].count += row->errors == CHANGE_WORSE;
        tallies[row->old == NULL ? NEW_RUN : BLIND_RUN].count += row->new_fails;
        tallies[RUN_GONE].count += row->verdict == CHANGE_GONE;
        const enum change figures[] = { row->p95, row->fresh, row->errors };
        for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++)
            tallies[FIGURES].count += figures[f] == CHANGE_BETTER;
    }
    buf_puts(out, diff->worse ? "Worse: " : diff->better ? "Better: " : "No worse: ");
    put_tallies(out, tallies, sizeof tallies / sizeof tallies[0]);
    buf_printf(out, "; %zu checks as before.", diff->same_checks);
}

static const char *status_of(const struct check *check)
{
    return check == NULL ? "-" : check_status_name(check->status);
}

static const char *verdict_of(const struct suite_world *world)
{
    return world == NULL ? "-" : check_status_name(world->verdict.status);
}

static void put_check_text(struct buf *out, const struct diff_check *check)
{
    const struct check *any = check->new != NULL ? check->new : check->old;
    buf_printf(out, "  %-6s %s (%s) %s: %s -> %s", change_word(check->change), check->scenario,
               check->world, any->name, status_of(check->old), status_of(check->new));
    if (check->new != NULL && check->new->status != CHECK_PASS)
        buf_printf(out, ": %s", check->new->sentence);
    buf_putc(out, '\n');
}

/* "pass", "pass -> fail"; returns its length. */
static int verdicts_of(const struct diff_world *row, char *out, size_t size)
{
    if (row->verdict == CHANGE_NONE) return snprintf(out, size, "%s", verdict_of(row->new));
    return snprintf(out, size, "%s -> %s", verdict_of(row->old), verdict_of(row->new));
}

void diff_write_text(struct buf *out, const struct diff *diff)
{
    char verdict[64];
    int name_width = (int)strlen("scenario");
    int verdict_width = (int)strlen("verdict");
    for (size_t i = 0; i < diff->world_count; i++) {
        const int name = (int)strlen(diff->worlds[i].scenario);
        const int length = verdicts_of(&diff->worlds[i], verdict, sizeof verdict);
        if (name > name_width) name_width = name;
        if (length > verdict_width) verdict_width = length;
    }
    buf_printf(out, "  %-*s %-5s %-*s %s\n", name_width, "scenario", "world", verdict_width,
               "verdict", "change");
    for (size_t i = 0; i < diff->world_count; i++) {
        const struct diff_world *row = &diff->worlds[i];
        (void)verdicts_of(row, verdict, sizeof verdict);
        buf_printf(out, "  %-*s %-5s %-*s ", name_width, row->scenario, row->world, verdict_width,
                   verdict);
        if (row->old != NULL && row->new != NULL)
            put_figures(out, row);
        else
            buf_puts(out, change_word(row->verdict));
        buf_putc(out, '\n');
    }
    if (diff->check_count > 0) buf_putc(out, '\n');
    for (size_t i = 0; i < diff->check_count; i++)
        put_check_text(out, &diff->checks[i]);
    buf_putc(out, '\n');
    diff_sentence(out, diff);
    buf_putc(out, '\n');
}

static void put_check_markdown(struct buf *out, const struct diff_check *check)
{
    const struct check *any = check->new != NULL ? check->new : check->old;
    buf_printf(out, "- %s: ", change_word(check->change));
    report_text_markdown(out, check->scenario);
    buf_printf(out, " (%s) **", check->world);
    report_text_markdown(out, any->name);
    buf_printf(out, "** %s → %s", status_of(check->old), status_of(check->new));
    if (check->new != NULL && check->new->status != CHECK_PASS) {
        buf_puts(out, ": ");
        report_text_markdown(out, check->new->sentence);
    }
    buf_putc(out, '\n');
}

static void put_world_markdown(struct buf *out, const struct diff_world *row)
{
    buf_puts(out, "| ");
    report_text_markdown(out, row->scenario);
    buf_printf(out, " | %s | %s", row->world, verdict_of(row->old));
    if (row->verdict != CHANGE_NONE) buf_printf(out, " → %s", verdict_of(row->new));
    buf_puts(out, " | ");
    if (row->old != NULL && row->new != NULL)
        put_figures(out, row);
    else
        buf_puts(out, change_word(row->verdict));
    buf_puts(out, " |\n");
}

void diff_write_markdown(struct buf *out, const struct diff *diff)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    diff_sentence(&sentence, diff);
    buf_printf(out, "## tollgate diff %s ", diff->worse ? "❌" : "✅");
    report_text_markdown(out, buf_text(&sentence));
    buf_deinit(&sentence);
    buf_puts(out, "\n\n");
    for (size_t i = 0; i < diff->check_count; i++)
        put_check_markdown(out, &diff->checks[i]);
    buf_printf(out,
               "%s<details><summary>%zu runs, one by one</summary>\n\n"
               "| scenario | world | verdict | change |\n|---|---|---|---|\n",
               diff->check_count > 0 ? "\n" : "", diff->world_count);
    for (size_t i = 0; i < diff->world_count; i++)
        put_world_markdown(out, &diff->worlds[i]);
    buf_puts(out, "\n</details>\n");
}
