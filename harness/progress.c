#include "harness/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fixed.h"
#include "base/instant.h"
#include "base/mem.h"
#include "harness/progress_private.h"

const char *progress_colour(const struct progress *progress, enum check_status status)
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

const char *progress_plain(const struct progress *progress)
{
    return progress->colour ? "\033[0m" : "";
}

/* As it is now: a window is made smaller at any time. 0: not known, or no terminal. */
static size_t terminal_columns(const struct progress *progress)
{
    struct winsize size;
    if (!progress->terminal || ioctl(fileno(progress->out), TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

int progress_name_width(const struct progress *progress, size_t rest)
{
    enum { LEAST = 12 };
    size_t room = terminal_columns(progress);
    if (room == 0 || rest + (size_t)progress->name_width <= room) return progress->name_width;
    int left = room > rest + LEAST ? (int)(room - rest) : LEAST;
    return left < progress->name_width ? left : progress->name_width;
}

void progress_put_name(const struct progress *progress, const char *name, int width)
{
    if (strlen(name) <= (size_t)width) fprintf(progress->out, "%-*s", width, name);
    else fprintf(progress->out, "%.*s..", width - 2, name);
}

static int longest_name(const struct suite *suite)
{
    size_t longest = strlen("scenario");
    for (size_t i = 0; i < suite->count; i++) {
        size_t length = strlen(suite->scenarios[i].scenario.name);
        if (length > longest) longest = length;
    }
    return (int)longest;
}

void progress_init(struct progress *progress, FILE *out, bool quiet, const struct suite *suite)
{
    const char *kind = getenv("TERM");
    bool moves = kind != NULL && strcmp(kind, "dumb") != 0; /* the cursor, as the live lines need */
    bool terminal = isatty(fileno(out)) == 1 && moves;
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    *progress = (struct progress){
        .out = out,
        .terminal = terminal,
        .colour = terminal && (no_colour == NULL || no_colour[0] == '\0'),
        .quiet = quiet,
        .name_width = longest_name(suite),
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
    fprintf(progress->out, "%s %s%s%s", name, progress_colour(progress, status),
            check_status_name(status), progress_plain(progress));
}

/* Seconds until the end, from what is known of the scenarios' lengths: the waiting ones fill the
 * places as these become free. */
static uint64_t seconds_left(const struct progress *progress)
{
    uint64_t all_ns = 0;
    uint64_t longest_ns = 0;
    for (size_t i = 0; i < progress->suite->count; i++) {
        if (progress->states[i] == PROGRESS_DONE) continue;
        uint64_t left_ns = instant_until(progress->suite->scenarios[i].scenario.duration_ns,
                                         progress->elapsed_ns[i]);
        all_ns += left_ns;
        longest_ns = u64_max(longest_ns, left_ns);
    }
    uint64_t left_ns = u64_max(longest_ns, all_ns / u64_max(progress->jobs, 1));
    return (left_ns + NS_PER_S - 1) / NS_PER_S;
}

static size_t done_count(const struct progress *progress)
{
    size_t done = 0;
    for (size_t i = 0; i < progress->suite->count; i++) {
        done += progress->states[i] == PROGRESS_DONE;
    }
    return done;
}

/* "12 of 40 done, about 45 s left" */
static void print_overall(const struct progress *progress)
{
    size_t done = done_count(progress);
    fprintf(progress->out, "%zu of %zu done", done, progress->suite->count);
    if (done < progress->suite->count)
        fprintf(progress->out, ", about %" PRIu64 " s left", seconds_left(progress));
}

static void draw_line(struct progress *progress, size_t index)
{
    enum { BAR = 20, BESIDE_NAME = 2 + 1 + BAR + 2 + 16 };
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    uint64_t elapsed_ns = progress->elapsed_ns[index];
    uint64_t left_ns = instant_until(item->scenario.duration_ns, elapsed_ns);
    fputs("  ", progress->out);
    progress_put_name(progress, item->scenario.name, progress_name_width(progress, BESIDE_NAME));
    fputc(' ', progress->out);
    if (progress->states[index] == PROGRESS_STARTING) {
        fputs("starting\n", progress->out);
        return;
    }
    if (progress->states[index] == PROGRESS_JUDGING) {
        fputs("judging\n", progress->out);
        return;
    }
    uint64_t full = elapsed_ns * BAR / item->scenario.duration_ns;
    fputc('[', progress->out);
    for (uint64_t i = 0; i < BAR; i++)
        fputc(i < full ? '#' : '.', progress->out);
    fprintf(progress->out, "] %" PRIu64 " s left\n", (left_ns + NS_PER_S - 1) / NS_PER_S);
}

static void erase(struct progress *progress)
{
    if (progress->lines_drawn > 0) fprintf(progress->out, "\033[%zuA\033[J", progress->lines_drawn);
    progress->lines_drawn = 0;
}

/* The live lines: what is playing, as far as a small screen has room, and the whole. */
void progress_draw(struct progress *progress)
{
    enum { LIVE_MAX = 10 };
    if (!progress->terminal || progress->quiet) return;
    size_t playing = 0;
    erase(progress);
    for (size_t i = 0; i < progress->suite->count; i++) {
        enum progress_state state = progress->states[i];
        if (state == PROGRESS_WAITING || state == PROGRESS_DONE) continue;
        if (++playing <= LIVE_MAX) draw_line(progress, i);
    }
    if (playing > 0) {
        fputs("  ", progress->out);
        print_overall(progress);
        if (playing > LIVE_MAX) fprintf(progress->out, ", %zu playing", playing);
        fputc('\n', progress->out);
        progress->lines_drawn = (playing < LIVE_MAX ? playing : LIVE_MAX) + 1;
    }
    fflush(progress->out);
}

/* One line per scenario that is over, above the live lines. */
static void print_finished(struct progress *progress, size_t index)
{
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    erase(progress);
    fprintf(progress->out, "  %-*s ", progress->name_width, item->scenario.name);
    if (item->sim.present) print_world(progress, &item->sim, "sim");
    if (item->sim.present && item->real.present) fputs("   ", progress->out);
    if (item->real.present) {
        print_world(progress, &item->real, "real");
        fprintf(progress->out, "   %.1f s", (double)item->real.run.wall_ns / 1e9);
    }
    fputc('\n', progress->out);
    progress_draw(progress);
}

void progress_simulated(struct progress *progress, size_t index)
{
    if (progress->quiet) return;
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    if (progress->terminal) {
        if (progress->sim_only) print_finished(progress, index);
        return;
    }
    fprintf(progress->out, "%s: sim %s (%.1f ms)\n", item->scenario.name,
            check_status_name(item->sim.verdict.status), (double)item->sim.run.wall_ns / 1e6);
    fflush(progress->out);
}

static void print_moved(struct progress *progress, size_t index)
{
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    if (progress->states[index] == PROGRESS_PLAYING) {
        fprintf(progress->out, "%s: real started, %" PRIu64 " s\n", item->scenario.name,
                item->scenario.duration_ns / NS_PER_S);
    } else if (progress->states[index] == PROGRESS_DONE) {
        fprintf(progress->out, "%s: real %s (%.1f s); ", item->scenario.name,
                check_status_name(item->real.verdict.status), (double)item->real.run.wall_ns / 1e9);
        print_overall(progress);
        fputc('\n', progress->out);
    }
    fflush(progress->out);
}

void progress_set(struct progress *progress, size_t index, enum progress_state state,
                  uint64_t elapsed_ns)
{
    enum progress_state before = progress->states[index];
    progress->states[index] = state;
    progress->elapsed_ns[index] = elapsed_ns;
    if (progress->quiet || before == state) return;
    if (!progress->terminal)
        print_moved(progress, index);
    else if (state == PROGRESS_DONE)
        print_finished(progress, index);
}

void progress_again(struct progress *progress, size_t index, const char *reason,
                    enum run_company company)
{
    progress->states[index] = PROGRESS_WAITING;
    progress->elapsed_ns[index] = 0;
    if (progress->quiet) return;
    const struct suite_scenario *item = &progress->suite->scenarios[index];
    erase(progress);
    fprintf(progress->out, "%s%s: %s; playing it again, %s", progress->terminal ? "  " : "",
            item->scenario.name, reason, company == RUN_ALONE ? "alone" : "with few others");
    if (!progress->terminal) {
        fputs("; ", progress->out);
        print_overall(progress);
    }
    fputc('\n', progress->out);
    progress_draw(progress);
    fflush(progress->out);
}
