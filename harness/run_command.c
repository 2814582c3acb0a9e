#include "harness/run_command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/audit.h"
#include "harness/capsule.h"
#include "harness/cli.h"
#include "harness/play.h"
#include "harness/priority.h"
#include "harness/progress.h"
#include "harness/repeat_suite.h"
#include "harness/report.h"
#include "harness/run_again.h"
#include "harness/run_place.h"
#include "harness/sim.h"

enum { RUN_DRAW_MS = 200 };

struct real_job {
    struct run_session *session;
    size_t index;
    struct play plays[RUN_PLAYS_MAX]; /* one per try: libuv may still hold a past one's */
    char config_path[RUN_PATH_MAX];
    char folder[RUN_PATH_MAX];
    struct run_tries tries;
    bool started;
};

struct run_session {
    const struct run_options *options;
    struct suite suite;
    struct suite baseline;       /* of --baseline */
    struct progress progress;
    struct run_place place;
    uv_loop_t loop;
    uv_timer_t draw_timer;
    uv_signal_t signals[3];
    struct real_job *jobs;       /* owned; by scenario */
    size_t *order;               /* owned: scenarios as they are started */
    size_t next;                 /* place in `order` */
    size_t *again;               /* owned: scenarios to play again, when the others are over */
    size_t again_count;
    size_t playing;
    bool stopping;
    enum err compared;           /* what became of comparing the worlds */
    struct err_note *note;       /* borrowed: why that failed */
};

static const int session_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* ---- the simulated world ---- */

static enum err simulate_all(struct run_session *session, struct err_note *note)
{
    for (size_t i = 0; i < session->suite.count; i++) {
        struct suite_scenario *item = &session->suite.scenarios[i];
        struct suite_world *world = &item->sim;
        run_init(&world->run, WORLD_SIM, &item->scenario, &item->schedule, &item->config,
                 item->seed);
        world->present = true;
        struct sim_options options = { .jitter_seed = 0 };
        instant_ns began = clock_now();
        enum err rc = sim_run(&world->run, &options, NULL, note);
        world->run.wall_ns = clock_now() - began;
        if (rc != ERR_OK) return rc;
        audit_run(&world->run);
        verdict_judge(&world->run, &world->verdict);
        progress_simulated(&session->progress, i);
    }
    return ERR_OK;
}

/* ---- the real world ---- */

static struct play *job_play(struct real_job *job)
{
    return &job->plays[job->tries.lags + job->tries.disagreements];
}

static void session_abort(struct run_session *session, size_t except, const char *reason)
{
    session->stopping = true;
    for (size_t i = 0; i < session->suite.count; i++) {
        struct real_job *job = &session->jobs[i];
        if (i != except && job->started) play_abort(job_play(job), reason);
    }
}

static void session_start_jobs(struct run_session *session);

static void job_judge(struct run_session *session, size_t index)
{
    struct suite_scenario *item = &session->suite.scenarios[index];
    audit_run(&item->real.run);
    verdict_judge(&item->real.run, &item->real.verdict);
    progress_set(&session->progress, index, PROGRESS_DONE, item->scenario.duration_ns);
}

/* Its place is among those that are played when nothing else is. */
static void job_again(struct run_session *session, size_t index, const char *reason)
{
    session->again[session->again_count++] = index;
    progress_again(&session->progress, index, reason);
}

static void job_on_done(void *context)
{
    struct real_job *job = context;
    struct run_session *session = job->session;
    struct suite_scenario *item = &session->suite.scenarios[job->index];
    session->playing--;
    job_judge(session, job->index);
    bool lagged = item->real.run.lagged;
    if (!session->stopping && run_again_lagged(&job->tries, &item->real.run)) {
        job_again(session, job->index, item->real.run.invalid_reason);
    }
    /* A lagging generator is the machine's trouble of one scenario; a dead program ends the run. */
    if (item->real.run.invalid && !lagged && !session->options->keep_going && !session->stopping) {
        char reason[RUN_PATH_MAX];
        snprintf(reason, sizeof reason, "stopped, because %s became invalid", item->scenario.name);
        session_abort(session, job->index, reason);
    }
    session_start_jobs(session);
}

static void job_start(struct run_session *session, size_t index)
{
    struct suite_scenario *item = &session->suite.scenarios[index];
    struct real_job *job = &session->jobs[index];
    if (item->real.present) { /* played before */
        verdict_deinit(&item->real.verdict);
        run_deinit(&item->real.run);
    }
    item->has_parity = false;
    job->session = session;
    job->index = index;
    job->started = true;
    run_init(&item->real.run, WORLD_REAL, &item->scenario, &item->schedule, &item->config,
             item->seed);
    item->real.present = true;
    discover_config_path(&item->scenario, session->options->discover.configs, job->config_path,
                         sizeof job->config_path);
    snprintf(job->folder, sizeof job->folder, "%.700s/%.200s", session->place.folder,
             item->scenario.name);
    struct err_note note = { .err = ERR_OK };
    if (file_make_folder(job->folder, &note) != ERR_OK) {
        run_set_invalid(&item->real.run, "%s: %s", note.path, note.sentence);
        job_judge(session, index);
        return;
    }
    struct play_config config = {
        .programs = session->place.programs,
        .config_path = job->config_path,
        .folder = job->folder,
        .target = target_is_given(&session->options->target) ? &session->options->target : NULL,
        .on_done = job_on_done,
        .context = job,
    };
    session->playing++;
    progress_set(&session->progress, index, PROGRESS_STARTING, 0);
    play_start(job_play(job), &session->loop, &config, &item->real.run);
}

static void session_on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void session_close_handles(struct run_session *session)
{
    uv_close((uv_handle_t *)&session->draw_timer, session_on_handle_closed);
    for (size_t i = 0; i < sizeof session_signals / sizeof session_signals[0]; i++) {
        uv_close((uv_handle_t *)&session->signals[i], session_on_handle_closed);
    }
}

/* One service can only have one model server at a time. */
static size_t session_jobs(const struct run_session *session)
{
    return target_is_shared(&session->options->target) ? 1 : session->options->jobs;
}

/* Compares what can be compared and was not yet; nothing plays meanwhile, because it takes the
 * loop's time. A disagreement is looked at again in a run of its own: run_again.h. */
static enum err compare_worlds(struct run_session *session, struct err_note *note)
{
    parity_compare_fn *compare = session->options->compare;
    for (size_t i = 0; i < session->suite.count; i++) {
        struct suite_scenario *item = &session->suite.scenarios[i];
        if (item->has_parity || !item->sim.present || !item->real.present) continue;
        if (item->real.run.invalid || !item->real.run.complete) continue;
        if (compare == NULL) compare = parity_compare;
        enum err rc = compare(&item->sim.run, &item->real.run, &item->parity, note);
        if (rc != ERR_OK) return rc;
        item->has_parity = true;
        if (session->stopping) continue;
        if (run_again_disagrees(&session->jobs[i].tries, &item->parity)) {
            job_again(session, i, "simulation and sockets disagree");
        }
    }
    return ERR_OK;
}

static void session_start_jobs(struct run_session *session)
{
    while (!session->stopping && session->next < session->suite.count &&
           session->playing < session_jobs(session)) {
        job_start(session, session->order[session->next++]);
    }
    if (session->playing == 0 && session->again_count == 0 && session->compared == ERR_OK) {
        session->compared = compare_worlds(session, session->note);
    }
    while (session->playing == 0 && session->again_count > 0 && !session->stopping) {
        job_start(session, session->again[--session->again_count]);
    }
    if (session->playing == 0) session_close_handles(session);
}

static void session_on_draw(uv_timer_t *timer)
{
    struct run_session *session = timer->data;
    for (size_t i = 0; i < session->suite.count; i++) {
        if (session->progress.states[i] == PROGRESS_DONE) continue;
        if (session->progress.states[i] == PROGRESS_WAITING) continue;
        const struct play *play = job_play(&session->jobs[i]);
        uint64_t elapsed_ns = play_elapsed_ns(play);
        bool playing = play->state >= PLAY_PLAYING;
        progress_set(&session->progress, i, playing ? PROGRESS_PLAYING : PROGRESS_STARTING,
                     elapsed_ns);
    }
    progress_draw(&session->progress);
}

static void session_on_signal(uv_signal_t *handle, int number)
{
    struct run_session *session = handle->data;
    char reason[64];
    snprintf(reason, sizeof reason, "interrupted by signal %d", number);
    session->suite.interrupted = true;
    session_abort(session, SIZE_MAX, reason);
}

/* Parity level 0. */
static void replay_traces(struct run_session *session)
{
    for (size_t i = 0; i < session->suite.count; i++) {
        struct suite_scenario *item = &session->suite.scenarios[i];
        if (item->real.run.foreign) continue; /* it writes none */
        if (!item->real.present || item->real.run.invalid || !item->real.run.complete) continue;
        char path[RUN_PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/trace.jsonl", session->jobs[i].folder);
        replay_checked(path, &item->replay);
        item->has_replay = true;
    }
}

/* Scenarios that were never started because the run was stopped. */
static void judge_unstarted(struct run_session *session)
{
    for (size_t i = 0; i < session->suite.count; i++) {
        struct suite_scenario *item = &session->suite.scenarios[i];
        if (session->jobs[i].started) continue;
        run_init(&item->real.run, WORLD_REAL, &item->scenario, &item->schedule, &item->config,
                 item->seed);
        item->real.present = true;
        run_set_invalid(&item->real.run, "not started, because the run was stopped");
        job_judge(session, i);
    }
}

static enum err play_all(struct run_session *session, struct err_note *note)
{
    session->note = note;
    session->order = run_order(&session->suite);
    session->jobs = mem_alloc(session->suite.count, sizeof *session->jobs);
    session->again = mem_alloc(session->suite.count, sizeof *session->again);
    priority_raise_generator();
    int rc = uv_loop_init(&session->loop);
    assert(rc == 0);
    uv_timer_init(&session->loop, &session->draw_timer);
    session->draw_timer.data = session;
    uv_timer_start(&session->draw_timer, session_on_draw, 0, RUN_DRAW_MS);
    for (size_t i = 0; i < sizeof session_signals / sizeof session_signals[0]; i++) {
        uv_signal_init(&session->loop, &session->signals[i]);
        session->signals[i].data = session;
        uv_signal_start(&session->signals[i], session_on_signal, session_signals[i]);
    }
    session_start_jobs(session);
    uv_run(&session->loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&session->loop);
    assert(rc == 0);
    judge_unstarted(session);
    replay_traces(session);
    progress_draw(&session->progress);
    mem_free(session->order);
    mem_free(session->again);
    mem_free(session->jobs);
    return session->compared;
}

/* One that cannot be written spoils no report. */
static void write_capsules(struct run_session *session)
{
    for (size_t i = 0; i < session->suite.count; i++) {
        struct err_note note = { .err = ERR_OK };
        if (capsule_write(session->place.folder, &session->suite.scenarios[i], &note) == ERR_OK) {
            continue;
        }
        err_note_print(stderr, &note);
    }
}

static int session_run(struct run_session *session)
{
    const struct run_options *options = session->options;
    struct err_note note = { .err = ERR_OK };
    session->place.mock_alone = target_is_given(&options->target);
    if (options->real && run_find_programs(&session->place, options->programs, &note) != ERR_OK) {
        err_note_print(stderr, &note);
        return EXIT_BAD_USAGE;
    }
    run_name(&session->place, options->out, session->suite.started_wall_ms);
    session->suite.name = session->place.name;
    if (file_make_folder(session->place.folder, &note) != ERR_OK) {
        err_note_print(stderr, &note);
        return EXIT_INVALID_RUN;
    }
    progress_init(&session->progress, stdout, options->quiet, &session->suite);
    session->progress.verbose = options->verbose;
    session->progress.sim_only = !options->real;
    session->progress.jobs = options->jobs;
    instant_ns began = clock_now();
    enum err rc = options->sim ? simulate_all(session, &note) : ERR_OK;
    if (rc == ERR_OK && options->real) rc = play_all(session, &note);
    if (rc == ERR_OK) write_capsules(session);
    if (rc == ERR_OK) repeat_fold(&session->suite, options->repeat);
    session->suite.wall_ns = clock_now() - began;
    if (rc == ERR_OK) {
        coverage_make(&session->suite.coverage, &session->suite);
        coverage_code_read("reports/coverage/coverage.xml", &session->suite.coverage);
        rc = report_write_all(session->place.folder, &session->suite, &note);
    }
    int code = EXIT_INVALID_RUN;
    if (rc == ERR_OK) {
        run_link_latest(&session->place);
        progress_summary(&session->progress, session->place.folder);
        code = report_outputs_gate(&options->outputs, &session->suite,
                                   suite_exit_code(&session->suite), stderr);
        rc = report_outputs_write(&options->outputs, &session->suite, &note);
    }
    if (rc != ERR_OK) {
        code = EXIT_INVALID_RUN;
        err_note_print(stderr, &note);
    }
    progress_deinit(&session->progress);
    return code;
}

int run_command(const struct run_options *options)
{
    struct run_session *session = mem_alloc(1, sizeof *session);
    session->options = options;
    if (options->ready != NULL) session->suite = *options->ready;
    session->suite.started_wall_ms = clock_wall_ms();
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    int code = EXIT_BAD_USAGE;
    if (report_outputs_open(&options->outputs, &arena, &session->baseline, &note) != ERR_OK) {
        err_note_print(stderr, &note);
    } else if (options->ready != NULL ||
               discover(&session->suite, &arena, &options->discover, stderr) == ERR_OK) {
        if (options->outputs.baseline != NULL) session->suite.baseline = &session->baseline;
        repeat_expand(&session->suite, &arena, options->repeat);
        code = session_run(session);
    }
    suite_deinit(&session->baseline);
    if (options->ready != NULL) *options->ready = session->suite;
    else suite_deinit(&session->suite);
    arena_deinit(&arena);
    mem_free(session);
    return code;
}
