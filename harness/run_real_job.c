#include <stdio.h>

#include "base/file.h"
#include "harness/audit.h"
#include "harness/run_real_private.h"

struct play *real_job_play(struct real_job *job)
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

static bool is_whole(const struct run *run)
{
    return !run->invalid && run->complete;
}

/* A run that the machine has spoilt counts for nothing, but what failed in it is told. */
static void judge_as_valid(const struct run *run, struct verdicts *out)
{
    struct run valid = *run; /* borrows all that it points to */
    valid.invalid = false;
    verdict_judge(&valid, out);
}

/* In the thread beside the loop. */
static void job_judge(void *context)
{
    struct real_job *job = context;
    struct suite_scenario *item = job_item(job);
    struct run *run = &item->real.run;
    parity_compare_fn *compare = job->real->options->compare;
    if (compare == NULL) compare = parity_compare;
    play_join(real_job_play(job));
    run_settle(run); /* one that was broken off before it began is not joined */
    audit_run(run);
    verdict_judge(run, &item->real.verdict);
    if (run->lagged) judge_as_valid(run, &job->seen);
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
    struct earlier *earlier = &item->real.earlier;
    enum run_company company = run_again_company(&job->tries);
    struct buf told;
    buf_init(&told, BUF_UNBOUNDED);
    buf_puts(&told, reason);
    earlier_add(earlier, item->seed, item->real.verdict.status, reason);
    earlier_add_failures_of(earlier, &job->seen);
    const struct earlier_play *play = &earlier->items[earlier->count - 1];
    if (play->failed_count > 0) buf_puts(&told, "; failing: ");
    earlier_write_failed(play, &told);
    queue_add(company == RUN_ALONE ? &real->alone : &real->again, job->index);
    progress_again(real->progress, job->index, buf_text(&told), company);
    buf_deinit(&told);
}

/* Whether the machine has spoilt it, and not for the last time. */
static void job_look_again(struct real_job *job)
{
    struct suite_scenario *item = job_item(job);
    if (run_again_lagged(&job->tries, &item->real.run)) {
        job_again(job, item->real.run.invalid_reason);
    } else if (item->has_parity &&
               run_again_disagrees(&job->tries, item->real.verdict.status, &item->parity)) {
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
    real_job_choose(job);
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
    verdict_deinit(&job->seen);
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

void real_job_init_run(const struct real_job *job)
{
    struct suite_scenario *item = job_item(job);
    run_init(&item->real.run, WORLD_REAL, &item->scenario, &item->schedule, &item->config,
             item->seed);
    item->real.present = true;
}

void real_job_start(struct real_job *job)
{
    struct real *real = job->real;
    const struct run_options *options = real->options;
    struct suite_scenario *item = job_item(job);
    real_job_set_aside(job);
    real_job_init_run(job);
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
    play_start(real_job_play(job), &real->loop, &config, &item->real.run);
}
