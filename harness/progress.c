#include "harness/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/mem.h"

static const char *colour(const struct progress *progress, enum check_status status)
{
    if (!progress->colour) return "";
    switch (status) {
    case CHECK_PASS: return "\033[32m";
    case CHECK_FAIL: return "\033[1;31m";
    case CHECK_INCONCLUSIVE: return "\033[33m";
    case CHECK_INVALID: return "\033[35m";
    case CHECK_UNOBSERVABLE: return "\033[33m";
    }
    return "";
}

static const char *plain(const struct progress *progress)
{
    return progress->colour ? "\033[0m" : "";
}

void progress_init(struct progress *progress, FILE *out, bool quiet, const struct suite *suite)
{
    const char *kind = getenv("TERM");
    bool moves = kind != NULL && strcmp(kind, "dumb") != 0; /* the cursor, as the live lines need */
    bool terminal = isatty(fileno(out)) == 1 && moves;
    *progress = (struct progress){
        .out = out,
        .terminal = terminal,
        .colour = terminal && getenv("NO_COLOR") == NULL,
        .quiet = quiet,
        .suite = suite,
        .states = mem_alloc(suite->count, sizeof *progress->states),
        .elapsed_ns = mem_alloc(suite->count, sizeof *progress->elapsed_ns),
    };
}

void progress_deinit(struct progress *progress)
{
    mem_free(progress->states);
    mem_free(progress->elapsed_ns);
}

static void print_world(struct progress *progress, const struct suite_world *world,
                        const char *name)
{
    enum check_status status = world->verdict.status;
    fprintf(progress->out, "%s %s%s%s", name, colour(progress, status), check_status_name(status),
            plain(progress));
}

static void draw_line(struct progress *progress, size_t index)
{
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    uint64_t elapsed_ns = progress->elapsed_ns[index];
    uint64_t left_ns = instant_until(item->scenario.duration_ns, elapsed_ns);
    fprintf(progress->out, "\033[2K  %-24s ", item->scenario.name);
    if (item->sim.present) {
        print_world(progress, &item->sim, "sim");
        fputs("   ", progress->out);
    }
    switch (progress->states[index]) {
    case PROGRESS_WAITING: fputs("real waiting", progress->out); break;
    case PROGRESS_STARTING: fputs("real starting", progress->out); break;
    case PROGRESS_PLAYING: {
        enum { BAR = 20 };
        uint64_t full = elapsed_ns * BAR / item->scenario.duration_ns;
        fputs("real [", progress->out);
        for (uint64_t i = 0; i < BAR; i++) fputc(i < full ? '#' : '.', progress->out);
        fprintf(progress->out, "] %" PRIu64 " s left", (left_ns + NS_PER_S - 1) / NS_PER_S);
        break;
    }
    case PROGRESS_DONE: print_world(progress, &item->real, "real"); break;
    }
    fputc('\n', progress->out);
}

void progress_draw(struct progress *progress)
{
    if (!progress->terminal || progress->quiet) return;
    if (progress->lines_drawn > 0) fprintf(progress->out, "\033[%zuA", progress->lines_drawn);
    for (size_t i = 0; i < progress->suite->count; i++) draw_line(progress, i);
    progress->lines_drawn = progress->suite->count;
    fflush(progress->out);
}

void progress_simulated(struct progress *progress, size_t index)
{
    if (progress->terminal || progress->quiet) return;
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    fprintf(progress->out, "%s: sim %s (%.1f ms)\n", item->scenario.name,
            check_status_name(item->sim.verdict.status), (double)item->sim.run.wall_ns / 1e6);
    fflush(progress->out);
}

void progress_set(struct progress *progress, size_t index, enum progress_state state,
                  uint64_t elapsed_ns)
{
    enum progress_state before = progress->states[index];
    progress->states[index] = state;
    progress->elapsed_ns[index] = elapsed_ns;
    if (progress->terminal || progress->quiet || before == state) return;
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    if (state == PROGRESS_PLAYING) {
        fprintf(progress->out, "%s: real started, %" PRIu64 " s\n", item->scenario.name,
                item->scenario.duration_ns / NS_PER_S);
    } else if (state == PROGRESS_DONE) {
        fprintf(progress->out, "%s: real %s (%.1f s)\n", item->scenario.name,
                check_status_name(item->real.verdict.status), (double)item->real.run.wall_ns / 1e9);
    }
    fflush(progress->out);
}

void progress_again(struct progress *progress, size_t index)
{
    progress->states[index] = PROGRESS_WAITING;
    if (progress->terminal || progress->quiet) return;
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    fprintf(progress->out, "%s: %s; playing it again, alone\n", item->scenario.name,
            item->real.run.invalid_reason);
    fflush(progress->out);
}

static void print_checks(struct progress *progress, const struct suite_scenario *item,
                         const struct suite_world *world, const char *world_text)
{
    if (!world->present) return;
    for (size_t i = 0; i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        if (check->status == CHECK_PASS) continue;
        bool asked = check->line > 0;
        if (check->status == CHECK_UNOBSERVABLE && !asked && !progress->verbose) continue;
        if (check->status == CHECK_INVALID && i > 0) break; /* one reason for all of them */
        fputs(item->scenario.path, progress->out);
        if (check->line > 0) fprintf(progress->out, ":%d:%d", check->line, check->column);
        fprintf(progress->out, ": %s%s%s (%s): %s: %s\n", colour(progress, check->status),
                check_status_name(check->status), plain(progress), world_text, check->name,
                check->sentence);
    }
}

static void print_row(struct progress *progress, const struct suite_scenario *item,
                      const struct suite_world *world, const char *world_text)
{
    if (!world->present) return;
    const struct run *run = &world->run;
    size_t served[SERVED_COUNT] = { 0 };
    for (size_t i = 0; i < run->schedule->count; i++) {
        if (run->answers[i].answered) served[run->answers[i].served]++;
    }
    enum check_status status = world->verdict.status;
    uint64_t p95_ns = run_latency_quantile_ns(run, NULL, 950000);
    char p95[32] = "never";
    if (p95_ns != INSTANT_NEVER) snprintf(p95, sizeof p95, "%.1f", (double)p95_ns / 1e6);
    fprintf(progress->out, "  %-24s %-5s %s%-12s%s %7zu %8s %8zu %9zu %6zu %9zu %6zu\n",
            item->scenario.name, world_text, colour(progress, status), check_status_name(status),
            plain(progress), run->schedule->count, p95, served[SERVED_CACHE],
            served[SERVED_UPSTREAM], served[SERVED_STALE], served[SERVED_BASELINE],
            served[SERVED_ERROR]);
    if (world->repeats.count == 0) return;
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    repeats_sentence_write(&world->repeats, &sentence);
    fprintf(progress->out, "  %-24s       %s\n", "", buf_text(&sentence));
    buf_deinit(&sentence);
}

static void print_speed(struct progress *progress)
{
    uint64_t virtual_ns = 0;
    uint64_t wall_ns = 0;
    for (size_t i = 0; i < progress->suite->count; i++) {
        const struct suite_scenario *item = &progress->suite->scenarios[i];
        if (!item->sim.present) continue;
        virtual_ns += item->scenario.duration_ns;
        wall_ns += item->sim.run.wall_ns;
    }
    if (wall_ns == 0) return;
    fprintf(progress->out, "sim speed: %.0f virtual seconds per second (%.0f s in %.1f ms)\n",
            (double)virtual_ns / (double)wall_ns, (double)virtual_ns / 1e9, (double)wall_ns / 1e6);
}

static void print_replay(struct progress *progress, const struct suite_scenario *item)
{
    if (!item->has_replay) return;
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    replay_sentence_write(&item->replay, &sentence);
    fprintf(progress->out, "  %-24s L0 replay: %s\n", item->scenario.name, buf_text(&sentence));
    buf_deinit(&sentence);
}

static void print_parity(struct progress *progress, const struct suite_scenario *item)
{
    if (!item->has_parity) return;
    const struct parity *parity = &item->parity;
    fprintf(progress->out,
            "  %-24s L1 agreement %" PRIu32 " of %" PRIu32 " decided requests (%.2f %%), %" PRIu32
            " within the 5 ms margin%s\n",
            item->scenario.name, parity->agree, parity->decided,
            parity->decided == 0 ? 100.0 : 100.0 * parity->agree / parity->decided,
            parity->marginal, parity->holds ? "" : ": the worlds DISAGREE");
}

void progress_summary(struct progress *progress, const char *report_folder)
{
    const struct suite *suite = progress->suite;
    FILE *out = progress->out;
    if (!progress->quiet) {
        fprintf(out, "\n  %-24s %-5s %-12s %7s %8s %8s %9s %6s %9s %6s\n", "scenario", "world",
                "verdict", "n", "p95 ms", "cache", "upstream", "stale", "baseline", "error");
        for (size_t i = 0; i < suite->count; i++) {
            print_row(progress, &suite->scenarios[i], &suite->scenarios[i].sim, "sim");
            print_row(progress, &suite->scenarios[i], &suite->scenarios[i].real, "real");
        }
        fputc('\n', out);
        for (size_t i = 0; i < suite->count; i++) print_replay(progress, &suite->scenarios[i]);
        for (size_t i = 0; i < suite->count; i++) print_parity(progress, &suite->scenarios[i]);
        print_speed(progress);
    }
    for (size_t i = 0; i < suite->count; i++) {
        print_checks(progress, &suite->scenarios[i], &suite->scenarios[i].sim, "sim");
        print_checks(progress, &suite->scenarios[i], &suite->scenarios[i].real, "real");
    }
    struct buf sentence;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(suite, &sentence);
    fprintf(out, "%s\n", buf_text(&sentence));
    if (report_folder[0] != '\0') fprintf(out, "report: %s/index.html\n", report_folder);
    buf_deinit(&sentence);
    fflush(out);
}
