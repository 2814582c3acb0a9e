#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "harness/capsule.h"
#include "harness/progress.h"
#include "harness/progress_private.h"
#include "harness/stalls.h"
#include "harness/unmodelled.h"

bool progress_was_begun(const struct suite_world *world)
{
    return !world->run.interrupted || world->run.stopped_ns > 0;
}

static void print_checks(struct progress *progress, const struct suite_scenario *item,
                         const struct suite_world *world, const char *world_text)
{
    if (!world->present) return;
    if (world->run.interrupted) { /* one reason for all of them */
        if (progress_was_begun(world)) {
            fprintf(progress->out, "%s: not judged (%s): %s\n", item->scenario.path, world_text,
                    world->run.invalid_reason);
        }
        return;
    }
    for (size_t i = 0; i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        if (check_is_quiet(check) && !progress->verbose) continue;
        bool asked = check->line > 0;
        if (check->status == CHECK_UNOBSERVABLE && !asked && !progress->verbose) continue;
        if (check->status == CHECK_INVALID && i > 0) break; /* one reason for all of them */
        fputs(item->scenario.path, progress->out);
        if (check->line > 0) fprintf(progress->out, ":%d:%d", check->line, check->column);
        fprintf(progress->out, ": %s%s%s (%s): %s: %s\n", progress_colour(progress, check->status),
                check_verdict_word(check), progress_plain(progress), world_text, check->name,
                check->sentence);
    }
}

static void print_speed(struct progress *progress)
{
    uint64_t virtual_ns = 0;
    uint64_t wall_ns = 0;
    for (size_t i = 0; i < progress->suite->count; i++) {
        const struct suite_scenario *item = &progress->suite->scenarios[i];
        if (!item->sim.present) continue;
        virtual_ns += run_played_ns(&item->sim.run);
        wall_ns += item->sim.run.wall_ns;
    }
    if (wall_ns == 0) return;
    fprintf(progress->out, "sim speed: %.0f virtual seconds per second (%.0f s in %.1f ms)\n",
            (double)virtual_ns / (double)wall_ns, (double)virtual_ns / 1e9, (double)wall_ns / 1e6);
}

/* Of a few scenarios everything is said, of many only what differs. */
static bool is_wordy(const struct progress *progress)
{
    enum { FEW = 8 };
    return progress->verbose || progress->suite->count <= FEW;
}

static void print_replay(struct progress *progress, const struct suite_scenario *item)
{
    if (!item->has_replay || (item->replay.identical && !is_wordy(progress))) return;
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    replay_sentence_write(&item->replay, &sentence);
    fprintf(progress->out, "  %-*s L0 replay: %s\n", progress->name_width, item->scenario.name,
            buf_text(&sentence));
    buf_deinit(&sentence);
}

/* A world that is known to lack something is not wrong. */
static const char *disagreement(const struct suite_scenario *item)
{
    return unmodelled_is_set(&item->config)
               ? ": the worlds DISAGREE, as a setting that the simulator does not model may have it"
               : ": the worlds DISAGREE";
}

static void print_parity(struct progress *progress, const struct suite_scenario *item)
{
    if (!item->has_parity || (item->parity.holds && !is_wordy(progress))) return;
    const struct parity *parity = &item->parity;
    struct buf figures;
    buf_init(&figures, BUF_UNBOUNDED);
    parity_served_write(parity, &figures);
    fprintf(progress->out, "  %-*s L1 agreement %s%s\n", progress->name_width, item->scenario.name,
            buf_text(&figures), parity->served_holds ? "" : disagreement(item));
    buf_clear(&figures);
    parity_intervals_write(&parity->intervals, &figures);
    fprintf(progress->out, "  %-*s L2 intervals: %s%s\n", progress->name_width, item->scenario.name,
            buf_text(&figures), parity->intervals.hold ? "" : disagreement(item));
    buf_deinit(&figures);
}

/* What both worlds had in common, over all scenarios in one line; those that differ have their own.
 */
static void print_agreement(struct progress *progress)
{
    uint64_t traces = 0;
    uint64_t identical = 0;
    uint64_t decided = 0;
    uint64_t agree = 0;
    uint64_t compared = 0;
    uint64_t within = 0;
    for (size_t i = 0; i < progress->suite->count; i++) {
        const struct suite_scenario *item = &progress->suite->scenarios[i];
        print_replay(progress, item);
        print_parity(progress, item);
        traces += item->has_replay;
        identical += item->has_replay && item->replay.identical;
        decided += item->has_parity ? item->parity.decided : 0;
        agree += item->has_parity ? item->parity.agree : 0;
        compared += item->has_parity;
        within += item->has_parity && item->parity.intervals.hold;
    }
    if (traces > 0) {
        fprintf(progress->out, "L0 replay: %" PRIu64 " of %" PRIu64 " traces identical\n",
                identical, traces);
    }
    if (decided == 0) return;
    fprintf(progress->out, "L1 agreement: %" PRIu64 " of %" PRIu64 " decided requests (%.2f %%)\n",
            agree, decided, 100.0 * (double)agree / (double)decided);
    fprintf(progress->out, "L2 intervals: %" PRIu64 " of %" PRIu64 " scenarios\n", within,
            compared);
}

static void print_coverage(struct progress *progress)
{
    const struct coverage *coverage = &progress->suite->coverage;
    if (coverage->count == 0) return;
    fprintf(progress->out, "behaviour coverage: %zu of %zu (%.1f %%)\n", coverage->reached,
            coverage->count, (double)coverage_permille(coverage) / 10);
    for (size_t i = 0; progress->verbose && i < coverage->count; i++) {
        if (coverage->items[i].count > 0) continue;
        fprintf(progress->out, "  not reached: %s: %s\n", coverage->items[i].group,
                coverage->items[i].name);
    }
}

static void print_stalls(struct progress *progress)
{
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    if (progress->verbose) stalls_write(progress->suite, &line);
    if (line.length > 0) fprintf(progress->out, "%s\n", buf_text(&line));
    buf_deinit(&line);
}

static void print_tables(struct progress *progress)
{
    progress_print_table(progress);
    fputc('\n', progress->out);
    print_agreement(progress);
    print_speed(progress);
    print_stalls(progress);
    print_coverage(progress);
}

/* The one command, and the one after it. */
static void print_capsule(struct progress *progress, const struct suite_scenario *item)
{
    if (item->capsule == NULL) return;
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    buf_puts(&line, "  play it again: ");
    capsule_replay_command(&line, item, CAPSULE_FOR_SHELL);
    buf_puts(&line, "\n");
    if (item->capsule_in_sim) buf_puts(&line, "  make it smaller: ");
    if (capsule_shrink_command(&line, item, CAPSULE_FOR_SHELL)) buf_puts(&line, "\n");
    fputs(buf_text(&line), progress->out);
    buf_deinit(&line);
}

/* What a simulated verdict is not about, and why the worlds may disagree. */
static void print_unmodelled(struct progress *progress, const struct suite_scenario *item)
{
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    if (item->sim.present && unmodelled_write(&item->config, &sentence)) {
        fprintf(progress->out, "%s: note: %s\n", item->scenario.path, buf_text(&sentence));
    }
    buf_deinit(&sentence);
}

void progress_summary(struct progress *progress, const char *report_folder)
{
    const struct suite *suite = progress->suite;
    FILE *out = progress->out;
    if (!progress->quiet) print_tables(progress);
    for (size_t i = 0; i < suite->count; i++) {
        print_checks(progress, &suite->scenarios[i], &suite->scenarios[i].sim, "sim");
        print_checks(progress, &suite->scenarios[i], &suite->scenarios[i].real, "real");
        print_unmodelled(progress, &suite->scenarios[i]);
        print_capsule(progress, &suite->scenarios[i]);
    }
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &sentence);
    fprintf(out, "%s\n", buf_text(&sentence));
    if (report_folder[0] != '\0') fprintf(out, "report: %s/index.html\n", report_folder);
    buf_deinit(&sentence);
    fflush(out);
}
