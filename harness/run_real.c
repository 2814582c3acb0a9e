#include "harness/run_real.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/aside.h"
#include "harness/audit.h"
#include "harness/play.h"
#include "harness/priority.h"
#include "harness/run_admit.h"
#include "harness/run_again.h"

enum {
    REAL_DRAW_MS = 200,
    REAL_LOOKS = 5, /* lateness is looked for in the last so many times REAL_DRAW_MS */
};

struct real;

struct real_job {
    struct real *real;
    size_t index;
    struct play plays[RUN_PLAYS_MAX]; /* one per try: libuv may still hold a past one's */
    char config_path[RUN_PATH_MAX];
    char folder[RUN_PATH_MAX];
    struct run_tries tries;
    struct aside_task judging;
    struct err_note note; /* why the worlds could not be compared */
    bool started;
};

/* Scenarios to be played again, first come, first served. */
struct real_queue {
    size_t *items; /* owned; room for each of RUN_PLAYS_MAX tries of all */
    size_t at, end;
};

struct real {
    struct suite *suite;
    const struct run_options *options;
    const struct run_place *place;
    struct progress *progress;
    uv_loop_t loop;
    uv_timer_t draw_timer;
    uv_signal_t signals[3];
    struct aside helper;      /* starts programs and the like */
    struct aside judge;
    struct real_job *jobs;    /* owned; by scenario */
    size_t *order;            /* owned: scenarios as they are started */
    size_t next;              /* place in `order` */
    struct real_queue again;  /* with a few others */
    struct real_queue alone;
    size_t playing;
    size_t judging;
    struct load_pulse pulse;
    struct load_pulse looks[REAL_LOOKS]; /* a ring of the pulse as it was */
    size_t look;
    bool late;
    bool stopping;
    bool closed;
    enum err rc;              /* of comparing the worlds */
    struct err_note *note;    /* borrowed: why that failed */
};

static const int real_signals[] = { SIGINT, SIGTERM, SIGHUP };

static struct play *job_play(struct real_job *job)
{
    return &job->plays[job->tries.lags + job->tries.disagreements];
}

static struct suite_scenario *job_item(const struct real_job *job)
{
    return &job->real->suite->scenarios[job->index];
}

static void queue_add(struct real_queue *queue, size_t index)
{
    queue->items[queue->end++] = index;
}

static size_t queue_count(const struct real_queue *queue)
{
    return queue->end - queue->at;
}

static void real_abort(struct real *real, size_t except, const char *reason)
{
    real->stopping = true;
    for (size_t i = 0; i < real->suite->count; i++) {
        struct real_job *job = &real->jobs[i];
        if (i != except && job->started) play_abort(job_play(job), reason);
    }
}

static void real_go_on(struct real *real);

/* ---- one scenario ---- */

static bool is_whole(const struct run *run)
{
    return !run->invalid && run->complete;
}

/* In the thread beside the loop. */
static void job_judge(void *context)
{
    struct real_job *job = context;
    struct suite_scenario *item = job_item(job);
    struct run *run = &item->real.run;
    parity_compare_fn *compare = job->real->options->compare;
    if (compare == NULL) compare = parity_compare;
    play_join(job_play(job));
    audit_run(run);
    verdict_judge(run, &item->real.verdict);
    if (is_whole(run) && !run->foreign) { /* another service writes no trace */
        char path[RUN_PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/trace.jsonl", job->folder);
        replay_checked(path, &item->replay);
        item->has_replay = true;
    }
    if (is_whole(run) && item->sim.present) {
        item->has_parity = compare(&item->sim.run, run, &item->parity, &job->note) == ERR_OK;
    }
}

static void job_again(struct real_job *job, const char *reason)
{
    struct real *real = job->real;
    struct suite_scenario *item = job_item(job);
    enum run_company company = run_again_company(&job->tries);
    earlier_add(&item->real.earlier, item->seed, item->real.verdict.status, reason);
    queue_add(company == RUN_ALONE ? &real->alone : &real->again, job->index);
    progress_again(real->progress, job->index, reason, company);
}

/* Whether the machine has spoilt it, and not for the last time. */
static void job_look_again(struct real_job *job)
{
    struct suite_scenario *item = job_item(job);
    if (run_again_lagged(&job->tries, &item->real.run)) {
        job_again(job, item->real.run.invalid_reason);
    } else if (item->has_parity && run_again_disagrees(&job->tries, &item->parity)) {
        struct buf reason;
        buf_init(&reason, BUF_UNBOUNDED);
        run_again_disagreement(&item->parity, &reason);
        job_again(job, buf_text(&reason));
        buf_deinit(&reason);
    }
}

static void job_on_judged(void *context)
{
    struct real_job *job = context;
    struct real *real = job->real;
    struct suite_scenario *item = job_item(job);
    const struct run *run = &item->real.run;
    bool dead = run->invalid && !run->lagged;
    real->judging--;
    progress_set(real->progress, job->index, PROGRESS_DONE, item->scenario.duration_ns);
    if (job->note.err != ERR_OK && real->rc == ERR_OK) {
        real->rc = job->note.err;
        *real->note = job->note;
        real_abort(real, job->index, "stopped, because the worlds could not be compared");
    }
    /* A lagging generator is the machine's trouble of one scenario; a dead program ends the run. */
    if (dead && !real->options->keep_going && !real->stopping) {
        char reason[RUN_PATH_MAX];
        snprintf(reason, sizeof reason, "stopped, because %s became invalid", item->scenario.name);
        real_abort(real, job->index, reason);
    }
    if (!real->stopping) job_look_again(job);
    real_go_on(real);
}

static void job_send_to_judge(struct real_job *job)
{
    job->judging = (struct aside_task){
        .work = job_judge,
        .after = job_on_judged,
        .context = job,
    };
    job->real->judging++;
    aside_add(&job->real->judge, &job->judging);
}

static void job_on_played(void *context)
{
    struct real_job *job = context;
    job->real->playing--;
    progress_set(job->real->progress, job->index, PROGRESS_JUDGING,
                 job_item(job)->scenario.duration_ns);
    job_send_to_judge(job);
    real_go_on(job->real);
}

/* What an earlier try has left. */
static void job_forget(const struct real_job *job)
{
    struct suite_scenario *item = job_item(job);
    if (item->real.present) {
        verdict_deinit(&item->real.verdict);
        run_deinit(&item->real.run);
    }
    if (item->has_replay) replay_deinit(&item->replay);
    item->has_replay = false;
    item->has_parity = false;
}

static void job_init_run(const struct real_job *job)
{
    struct suite_scenario *item = job_item(job);
    run_init(&item->real.run, WORLD_REAL, &item->scenario, &item->schedule, &item->config,
             item->seed);
    item->real.present = true;
}

static void job_start(struct real_job *job)
{
    struct real *real = job->real;
    const struct run_options *options = real->options;
    struct suite_scenario *item = job_item(job);
    job_forget(job);
    job_init_run(job);
    job->started = true;
    discover_config_path(&item->scenario, options->discover.configs, job->config_path,
                         sizeof job->config_path);
    snprintf(job->folder, sizeof job->folder, "%.700s/%.200s", real->place->folder,
             item->scenario.name);
    struct err_note note = { .err = ERR_OK };
    if (file_make_folder(job->folder, &note) != ERR_OK) {
        run_set_invalid(&item->real.run, "%s: %s", note.path, note.sentence);
        job_send_to_judge(job);
        return;
    }
    struct play_config config = {
        .programs = real->place->programs,
        .config_path = job->config_path,
        .folder = job->folder,
        .target = target_is_given(&options->target) ? &options->target : NULL,
        .aside = &real->helper,
        .pulse = &real->pulse,
        .on_done = job_on_played,
        .context = job,
    };
    real->playing++;
    progress_set(real->progress, job->index, PROGRESS_STARTING, 0);
    play_start(job_play(job), &real->loop, &config, &item->real.run);
}

/* ---- all of them ---- */

size_t run_real_jobs(const struct run_options *options)
{
    /* One service can only have one model server at a time. */
    if (target_is_shared(&options->target)) return 1;
    return options->jobs > 0 ? options->jobs : run_jobs_default(uv_available_parallelism());
}

static bool job_is_starting(struct real_job *job)
{
    return job->started && play_is_starting(job_play(job));
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

static void real_go_on(struct real *real)
{
    while (!real->stopping) { /* ends: each turn begins one more */
        size_t index = real_next(real);
        if (index == SIZE_MAX) break;
        job_start(&real->jobs[index]);
    }
    if (real->playing == 0 && real->judging == 0 && !real->closed) real_close(real);
}

static void real_draw(struct real *real)
{
    for (size_t i = 0; i < real->suite->count; i++) {
        enum progress_state state = real->progress->states[i];
        if (state != PROGRESS_STARTING && state != PROGRESS_PLAYING) continue;
        const struct play *play = job_play(&real->jobs[i]);
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

static void real_on_signal(uv_signal_t *handle, int number)
{
    struct real *real = handle->data;
    char reason[64];
    snprintf(reason, sizeof reason, "interrupted by signal %d", number);
    real->suite->interrupted = true;
    real_abort(real, SIZE_MAX, reason);
}

/* Scenarios that were never started because the run was stopped. */
static void judge_unstarted(struct real *real)
{
    for (size_t i = 0; i < real->suite->count; i++) {
        struct suite_scenario *item = &real->suite->scenarios[i];
        if (real->jobs[i].started) continue;
        job_init_run(&real->jobs[i]);
        run_set_invalid(&item->real.run, "not started, because the run was stopped");
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
    priority_raise_generator();
    real_init(real);
    real_go_on(real);
    uv_run(&real->loop, UV_RUN_DEFAULT);
    priority_settle_thread(false); /* reports are no reason to push anybody aside */
    int rc = uv_loop_close(&real->loop);
    assert(rc == 0);
    judge_unstarted(real);
    progress_draw(progress);
    enum err result = real->rc;
    real_deinit(real);
    return result;
}
