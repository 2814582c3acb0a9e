#include "harness/run_command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/audit.h"
#include "harness/capsule.h"
#include "harness/cli.h"
#include "harness/interrupt.h"
#include "harness/progress.h"
#include "harness/repeat_suite.h"
#include "harness/report.h"
#include "harness/report_troubles.h"
#include "harness/run_place.h"
#include "harness/run_real.h"
#include "harness/sim.h"

struct run_session {
    const struct run_options *options;
    struct suite suite;
    struct suite baseline;       /* of --baseline */
    struct progress progress;
    struct run_place place;
};

static enum err simulate(struct run *run, struct err_note *note)
{
    struct sim_options options = { .interrupt = interrupt_signal };
    instant_ns began = clock_now();
    enum err rc = sim_run(run, &options, NULL, note);
    run->wall_ns = clock_now() - began;
    return rc;
}

/* Once somebody wants the program to end, what is left has a result that says so. */
static enum err simulate_all(struct run_session *session, struct err_note *note)
{
    for (size_t i = 0; i < session->suite.count; i++) {
        struct suite_scenario *item = &session->suite.scenarios[i];
        struct run *run = &item->sim.run;
        int number = interrupt_signal();
        run_init(run, WORLD_SIM, &item->scenario, &item->schedule, &item->config, item->seed);
        item->sim.present = true;
        if (number != 0) {
            run_interrupt(run, number);
            run_settle(run);
        } else if (simulate(run, note) != ERR_OK) {
            return note->err;
        }
        session->suite.interrupted = session->suite.interrupted || run->interrupted;
        audit_run(run);
        verdict_judge(run, &item->sim.verdict);
        if (number == 0) progress_simulated(&session->progress, i);
    }
    return ERR_OK;
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

/* Of what is folded only the first run stays, so what all of them reached is counted before. */
static void fold_runs(struct run_session *session)
{
    struct suite *suite = &session->suite;
    uint32_t runs = session->options->repeat;
    coverage_make_repeated(&suite->coverage, suite, runs > 1 ? runs : 1);
    coverage_code_read("reports/coverage/coverage.xml", &suite->coverage);
    repeat_fold(suite, runs);
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
    FILE *people = report_outputs_on_stdout(&options->outputs) ? stderr : stdout;
    progress_init(&session->progress, people, options->quiet, &session->suite);
    session->progress.verbose = options->verbose;
    session->progress.sim_only = !options->real;
    session->progress.jobs = (uint32_t)run_real_jobs(options);
    instant_ns began = clock_now();
    enum err rc = options->sim ? simulate_all(session, &note) : ERR_OK;
    if (rc == ERR_OK && options->real) {
        rc = run_real_play(&session->suite, options, &session->place, &session->progress, &note);
    }
    if (rc == ERR_OK) write_capsules(session);
    if (rc == ERR_OK) fold_runs(session);
    session->suite.wall_ns = clock_now() - began;
    if (rc == ERR_OK) {
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

/* What an earlier run left where this one will write. */
static enum err clear_old(const struct run_options *options, struct err_note *note)
{
    enum err rc = options->out == NULL ? ERR_OK : report_clear(options->out, note);
    return rc == ERR_OK ? report_outputs_clear(&options->outputs, note) : rc;
}

/* What is asked of a run that cannot be played: why. */
static void report_troubles(const struct run_options *options, const struct troubles *troubles)
{
    struct err_note note = { .err = ERR_OK };
    enum err rc = ERR_OK;
    if (troubles->count == 0) return;
    if (options->out != NULL) rc = report_troubles_write(options->out, troubles, &note);
    if (rc == ERR_OK) rc = report_outputs_troubles(&options->outputs, troubles, &note);
    if (rc != ERR_OK) err_note_print(stderr, &note);
}

/* Fills the suite; the exit code, EXIT_OK when it can be played. */
static int prepare(struct run_session *session, struct arena *arena)
{
    const struct run_options *options = session->options;
    struct troubles troubles = { .count = 0 };
    struct err_note note = { .err = ERR_OK };
    struct discover_options discover_options = options->discover;
    enum err rc = report_outputs_open(&options->outputs, arena, &session->baseline, &note);
    if (rc == ERR_USAGE) {
        err_note_print(stderr, &note);
        return EXIT_BAD_USAGE;
    }
    if (rc != ERR_OK) troubles_tell(&troubles, stderr, &note);
    struct err_note blocked = { .err = ERR_OK };
    if (clear_old(options, &blocked) != ERR_OK) {
        err_note_print(stderr, &blocked);
        troubles_deinit(&troubles);
        return EXIT_INVALID_RUN;
    }
    discover_options.troubles = &troubles;
    if (rc == ERR_OK && options->ready == NULL) {
        rc = discover(&session->suite, arena, &discover_options, stderr);
    }
    report_troubles(options, &troubles);
    troubles_deinit(&troubles);
    return rc == ERR_OK ? EXIT_OK : EXIT_BAD_USAGE;
}

int run_command(const struct run_options *options)
{
    interrupt_listen();
    struct run_session *session = mem_alloc(1, sizeof *session);
    session->options = options;
    if (options->ready != NULL) session->suite = *options->ready;
    session->suite.started_wall_ms = clock_wall_ms();
    struct arena arena = { .head = NULL };
    int code = prepare(session, &arena);
    if (code == EXIT_OK) {
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
