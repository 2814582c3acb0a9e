#include "harness/run_real.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "base/mem.h"
#include "harness/interrupt.h"
#include "harness/priority.h"
#include "harness/run_admit.h"
#include "harness/run_again.h"
#include "harness/run_real_private.h"

enum { REAL_DRAW_MS = 200 };

static const int real_signals[] = { SIGINT, SIGTERM, SIGHUP };

static size_t queue_count(const struct real_queue *queue)
{
    return queue->end - queue->at;
}

void real_abort(struct real *real, size_t except, const char *reason)
{
    real->stopping = true;
    for (size_t i = 0; i < real->suite->count; i++) {
        struct real_job *job = &real->jobs[i];
        if (i != except && job->started) play_abort(real_job_play(job), reason);
    }
}

size_t run_real_jobs(const struct run_options *options)
{
    /* One service can only have one model server at a time. */
    if (target_is_shared(&options->target)) return 1;
    return options->jobs > 0 ? options->jobs : run_jobs_default(uv_available_parallelism());
}

static bool job_is_starting(struct real_job *job)
{
    return job->started && play_is_starting(real_job_play(job));
}

static struct run_floor real_floor(const struct real *real)
{
    struct run_floor floor = {
        .jobs = run_real_jobs(real->options),
        .playing = real->playing,
        .fresh = real->suite->count - real->next,
        .again = queue_count(&real->again),
        .alone = queue_count(&real->alone),
        .late = real->late,
    };
    for (size_t i = 0; i < real->suite->count; i++)
        floor.starting += job_is_starting(&real->jobs[i]);
    return floor;
}

/* SIZE_MAX: none may begin now. */
static size_t real_next(struct real *real)
{
    struct run_floor floor = real_floor(real);
    switch (run_admit(&floor)) {
    case RUN_NEXT_NONE: return SIZE_MAX;
    case RUN_NEXT_FRESH: return real->order[real->next++];
    case RUN_NEXT_AGAIN: return real->again.items[real->again.at++];
    case RUN_NEXT_ALONE:
        /* Nor beside a judgement, which may find one more that is to be played with others. */
        return real->judging > 0 ? SIZE_MAX : real->alone.items[real->alone.at++];
    }
    return SIZE_MAX;
}

static void real_close(struct real *real)
{
    real->closed = true;
    aside_close(&real->helper);
    aside_close(&real->judge);
    uv_close((uv_handle_t *)&real->draw_timer, NULL);
    for (size_t i = 0; i < sizeof real_signals / sizeof real_signals[0]; i++)
        uv_close((uv_handle_t *)&real->signals[i], NULL);
}

void real_go_on(struct real *real)
{
    while (!real->stopping) { /* ends: each turn begins one more */
        size_t index = real_next(real);
        if (index == SIZE_MAX) break;
        real_job_start(&real->jobs[index]);
    }
    if (real->playing == 0 && real->judging == 0 && !real->closed) real_close(real);
}

static void real_draw(struct real *real)
{
    for (size_t i = 0; i < real->suite->count; i++) {
        enum progress_state state = real->progress->states[i];
        if (state != PROGRESS_STARTING && state != PROGRESS_PLAYING) continue;
        const struct play *play = real_job_play(&real->jobs[i]);
        state = play_is_starting(play) ? PROGRESS_STARTING : PROGRESS_PLAYING;
        progress_set(real->progress, i, state, play_elapsed_ns(play));
    }
    progress_draw(real->progress);
}

static void real_on_timer(uv_timer_t *timer)
{
    struct real *real = timer->data;
    real->late = run_is_late(real->looks[real->look], real->pulse);
    real->looks[real->look] = real->pulse;
    real->look = (real->look + 1) % REAL_LOOKS;
    real_draw(real);
    real_go_on(real);
}

static void real_interrupt(struct real *real, int number)
{
    real->suite->interrupted = true;
    real->stopping = true;
    for (size_t i = 0; i < real->suite->count; i++) {
        struct real_job *job = &real->jobs[i];
        if (job->started) play_interrupt(real_job_play(job), number);
    }
}

static void real_on_signal(uv_signal_t *handle, int number)
{
    interrupt_note(number);
    real_interrupt(handle->data, number);
}

/* Scenarios that were never started because the run was stopped. */
static void judge_unstarted(struct real *real)
{
    for (size_t i = 0; i < real->suite->count; i++) {
        struct suite_scenario *item = &real->suite->scenarios[i];
        if (real->jobs[i].started) continue;
        real_job_init_run(&real->jobs[i]);
        if (real->suite->interrupted) run_interrupt(&item->real.run, interrupt_signal());
        run_set_invalid(&item->real.run, "not started, because the run was stopped");
        run_settle(&item->real.run);
        verdict_judge(&item->real.run, &item->real.verdict);
        progress_set(real->progress, i, PROGRESS_DONE, item->scenario.duration_ns);
    }
}

static void real_init(struct real *real)
{
    size_t count = real->suite->count;
    real->order = run_order(real->suite);
    real->jobs = mem_alloc(count, sizeof *real->jobs);
    for (size_t i = 0; i < count; i++) {
        real->jobs[i].real = real;
        real->jobs[i].index = i;
    }
    real->again.items = mem_alloc(count * RUN_PLAYS_MAX, sizeof *real->again.items);
    real->alone.items = mem_alloc(count * RUN_PLAYS_MAX, sizeof *real->alone.items);
    int rc = uv_loop_init(&real->loop);
    assert(rc == 0);
    aside_init(&real->helper, &real->loop, ASIDE_SOON);
    aside_init(&real->judge, &real->loop, ASIDE_PATIENT);
    uv_timer_init(&real->loop, &real->draw_timer);
    real->draw_timer.data = real;
    uv_timer_start(&real->draw_timer, real_on_timer, 0, REAL_DRAW_MS);
    for (size_t i = 0; i < sizeof real_signals / sizeof real_signals[0]; i++) {
        uv_signal_init(&real->loop, &real->signals[i]);
        real->signals[i].data = real;
        uv_signal_start(&real->signals[i], real_on_signal, real_signals[i]);
    }
}

static void real_deinit(struct real *real)
{
    mem_free(real->order);
    mem_free(real->again.items);
    mem_free(real->alone.items);
    mem_free(real->jobs);
    mem_free(real);
}

enum err run_real_play(struct suite *suite, const struct run_options *options,
                       const struct run_place *place, struct progress *progress,
                       struct err_note *note)
{
    struct real *real = mem_alloc(1, sizeof *real);
    *real = (struct real){
        .suite = suite,
        .options = options,
        .place = place,
        .progress = progress,
        .note = note,
    };
    interrupt_listen();
    priority_raise_generator();
    real_init(real);
    if (interrupt_signal() != 0) real_interrupt(real, interrupt_signal());
    real_go_on(real);
    uv_run(&real->loop, UV_RUN_DEFAULT);
    priority_settle_thread(false); /* reports are no reason to push anybody aside */
    int rc = uv_loop_close(&real->loop);
    assert(rc == 0);
    interrupt_listen(); /* libuv's handles did so far */
    judge_unstarted(real);
    real_drop_waiting(real);
    progress_draw(progress);
    enum err result = real->rc;
    real_deinit(real);
    return result;
}
