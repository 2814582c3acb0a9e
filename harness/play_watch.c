#include <stdio.h>

#include "base/clock.h"
#include "harness/play_private.h"
#include "harness/stalls.h"

/* Of the play's ticks: a look costs the loop some microseconds. */
enum { TICKS_PER_LOOK = 3 };

static void begin(struct cpu_wait *wait, const struct child *child)
{
    char folder[CPU_WAIT_PATH_MAX];
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)child->pid);
    cpu_wait_begin(wait, folder, clock_now());
}

void play_watch_begin(struct play *play)
{
    play->ticked = clock_now();
    play->run->generator_stall = (struct run_stall){ .known = true };
    begin(&play->mock_wait, &play->mock);
    /* Another service may be a shell, what that has started, or on another machine. */
    if (!play->run->foreign) begin(&play->service_wait, &play->runtime);
}

static uint64_t offset_of(const struct play *play, instant_ns at)
{
    return at == INSTANT_NEVER ? 0 : instant_until(at, play->start);
}

void play_watch_tick(struct play *play)
{
    if (play->state != PLAY_PLAYING) return;
    struct run_stall *stall = &play->run->generator_stall;
    instant_ns now = clock_now();
    uint64_t late_ns = instant_until(now, instant_add(play->ticked, PLAY_TICK_MS * NS_PER_MS));
    play->ticked = now;
    if (late_ns > stall->worst_ns) {
        stall->worst_ns = late_ns;
        stall->at_ns = offset_of(play, now);
    }
    if (++play->ticks % TICKS_PER_LOOK != 0) return;
    cpu_wait_look(&play->mock_wait, now);
    cpu_wait_look(&play->service_wait, now);
    uint64_t wait_ns = u64_max(play->mock_wait.latest_ns, play->service_wait.latest_ns);
    if (play->config.pulse != NULL) play->config.pulse->stalls += wait_ns > STALLS_MAX_NS / 2;
}

static struct run_stall stall_of(const struct play *play, const struct cpu_wait *wait)
{
    return (struct run_stall){
        .known = wait->known,
        .worst_ns = wait->worst_ns,
        .at_ns = offset_of(play, wait->worst_at),
    };
}

void play_watch_end(struct play *play)
{
    if (play->state != PLAY_PLAYING) return;
    play->ticks = TICKS_PER_LOOK - 1;
    play_watch_tick(play);
    cpu_wait_end(&play->mock_wait);
    cpu_wait_end(&play->service_wait);
    play->run->mock_stall = stall_of(play, &play->mock_wait);
    play->run->service_stall = stall_of(play, &play->service_wait);
}
