#include "harness/sweep_progress.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"

/* A rate over less than this says nothing yet. */
#define RATE_AFTER_NS (500 * NS_PER_MS)
#define DRAW_EVERY_NS (200 * NS_PER_MS)

void sweep_progress_init(struct sweep_progress *progress, FILE *out, bool quiet)
{
    *progress = (struct sweep_progress){ .out = out,
                                         .terminal = isatty(fileno(out)) == 1,
                                         .quiet = quiet,
                                         .began = clock_now() };
}

void sweep_progress_stage(struct sweep_progress *progress, enum sweep_stage stage, size_t tries,
                          const char *format, ...)
{
    progress->stage = stage;
    if (progress->planned[stage] < tries) progress->planned[stage] = tries;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(progress->what, sizeof progress->what, format, arguments);
    va_end(arguments);
    if (progress->quiet) return;
    if (!progress->terminal) {
        fprintf(progress->out, "%s: %zu simulations\n", progress->what, tries);
        fflush(progress->out);
    }
    progress->drawn = 0;
    sweep_progress_draw(progress);
}

void sweep_progress_end(struct sweep_progress *progress, enum sweep_stage stage)
{
    progress->planned[stage] = 0;
}

void sweep_progress_add(struct sweep_progress *progress, size_t tries)
{
    size_t *planned = &progress->planned[progress->stage];
    progress->done += tries;
    *planned = *planned > tries ? *planned - tries : 0;
}

static void put_time_left(const struct sweep_progress *progress, uint64_t elapsed_ns)
{
    if (elapsed_ns < RATE_AFTER_NS || progress->done == 0) return;
    size_t left = 0;
    for (size_t i = 0; i < SWEEP_STAGES; i++) left += progress->planned[i];
    double seconds = (double)left * ((double)elapsed_ns / 1e9) / (double)progress->done;
    if (seconds >= 90) {
        fprintf(progress->out, ", about %.0f min left", seconds / 60 + 0.5);
    } else {
        fprintf(progress->out, ", about %.0f s left", seconds + 0.5);
    }
}

void sweep_progress_draw(struct sweep_progress *progress)
{
    if (progress->quiet || !progress->terminal) return;
    instant_ns now = clock_now();
    if (progress->drawn != 0 && instant_until(now, progress->drawn) < DRAW_EVERY_NS) return;
    progress->drawn = now;
    uint64_t elapsed_ns = instant_until(now, progress->began);
    fprintf(progress->out, "\r\033[K%s; %llu simulations, %.0f s", progress->what,
            (unsigned long long)progress->done, (double)elapsed_ns / 1e9);
    put_time_left(progress, elapsed_ns);
    fflush(progress->out);
}

void sweep_progress_clear(struct sweep_progress *progress)
{
    if (progress->quiet || !progress->terminal) return;
    fputs("\r\033[K", progress->out);
    fflush(progress->out);
}
