#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/config.h"
#include "net/lifeline.h"
#include "runtime/command_line.h"
#include "runtime/descriptors.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "runtime/service.h"
#include "runtime/supervisor.h"
#include "runtime/start_checks.h"
#include "runtime/trace_file.h"

#define PROGRAM "tollgate-runtime"

enum {
    EXIT_USAGE = 2,
    EXIT_CANNOT_RUN = 4,
    EXIT_SIGNAL_BASE = 128,
    KEPT_BYTES = 32 << 20, /* of freed memory */
};

extern char **environ;

struct program {
    uv_loop_t loop;
    uv_signal_t term;
    uv_signal_t interrupt;
    uv_signal_t hangup;
    const struct config_source *source;
    const struct worker *worker; /* NULL: the only process */
    struct log log;
    struct service *service;
    bool signalled;
    int exit_code;
};

/* What is known before anything is done. */
struct process {
    struct secrets secrets;
    const struct command_line *line;
    struct runtime_config *config;
    struct config_source source;
};

static int fail(const struct err_note *note, int exit_code)
{
    /* A note with a place begins with it, as editors expect. */
    if (note->path[0] == '\0') fputs(PROGRAM ": ", stderr);
    err_note_print(stderr, note);
    return exit_code;
}

static void on_drained(void *context)
{
    struct program *program = context;
    uv_stop(&program->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    /* A worker may hear the same signal from the supervisor and from whoever stops all processes
     * of a service at once: it is the supervisor who loses patience. */
    if (program->signalled && program->worker == NULL) {
        program->exit_code = EXIT_SIGNAL_BASE + number;
        uv_stop(&program->loop);
        return;
    }
    program->signalled = true;
    service_drain(program->service);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    (void)number;
    service_reload(program->service, program->source);
}

static void watch_signals(struct program *program)
{
    uv_signal_init(&program->loop, &program->hangup);
    program->hangup.data = program;
    uv_signal_start(&program->hangup, on_hangup, SIGHUP);
    uv_signal_init(&program->loop, &program->term);
    uv_signal_init(&program->loop, &program->interrupt);
    program->term.data = program;
    program->interrupt.data = program;
    uv_signal_start(&program->term, on_signal, SIGTERM);
    uv_signal_start(&program->interrupt, on_signal, SIGINT);
}

static void log_start(struct program *program, const struct command_line *line,
                      const struct runtime_config *config)
{
    struct log_line out;
    for (uint32_t i = 0; i < config->warning_count; i++) {
        if (!log_begin(&program->log, &out, LOG_LEVEL_WARN, "config_warning")) break;
        log_text(&out, "message", config->warnings[i]);
        log_end(&program->log, &out);
    }
    char url[96];
    struct address address = service_address(program->service);
    address_url(&address, url, sizeof url);
    if (log_begin(&program->log, &out, LOG_LEVEL_INFO, "start")) {
        log_text(&out, "version", TOLLGATE_VERSION);
        log_text(&out, "listen", url);
        log_text(&out, "upstream", line->upstream);
        log_text(&out, "config", line->config);
        log_u64(&out, "seed", config->engine.seed);
        log_end(&program->log, &out);
    }
}

static void say_ready(void *context, const struct address *listen)
{
    char url[96];
    (void)context;
    address_url(listen, url, sizeof url);
    printf(PROGRAM " ready on %s\n", url);
    fflush(stdout);
}

static void stop(struct program *program, struct trace_file *trace)
{
    service_destroy(program->service);
    struct log_line line;
    bool traced = trace_file_destroy(trace) == ERR_OK;
    if (!traced && log_begin(&program->log, &line, LOG_LEVEL_ERROR, "trace_incomplete")) {
        log_end(&program->log, &line);
    }
    if (log_begin(&program->log, &line, LOG_LEVEL_INFO, "stop")) {
        log_u64(&line, "exit_code", (uint64_t)program->exit_code);
        log_end(&program->log, &line);
    }
    uv_close((uv_handle_t *)&program->term, NULL);
    uv_close((uv_handle_t *)&program->interrupt, NULL);
    uv_close((uv_handle_t *)&program->hangup, NULL);
    uv_run(&program->loop, UV_RUN_DEFAULT);
    uv_loop_close(&program->loop);
}

/* A trace of its own for each life of each worker: FILE.1, and when that was killed FILE.1.1. */
static const char *trace_path(const struct command_line *line, const struct worker *worker,
                              char out[PATH_MAX])
{
    if (worker == NULL) return line->trace;
    if (worker->life == 0) {
        snprintf(out, PATH_MAX, "%s.%u", line->trace, (unsigned)worker->index);
    } else {
        snprintf(out, PATH_MAX, "%s.%u.%u", line->trace, (unsigned)worker->index,
                 (unsigned)worker->life);
    }
    return out;
}

static int serve(const struct process *process, const struct worker *worker)
{
    const struct command_line *line = process->line;
    const struct runtime_config *config = process->config;
    struct program program = {
        .exit_code = EXIT_SUCCESS,
        .source = &process->source,
        .worker = worker,
    };
    struct err_note note = { 0 };
    struct trace_file *trace = NULL;
    if (line->trace != NULL) {
        char path[PATH_MAX];
        const struct trace_file_config traced = {
            .path = trace_path(line, worker, path),
            .program = PROGRAM,
            .version = TOLLGATE_VERSION,
            .start = clock_now(),
            .config = config,
        };
        if (trace_file_create(&traced, &trace, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
        trace_file_flush_on_crash(trace);
    }
    uint64_t descriptors = descriptors_raise();
    uv_loop_init(&program.loop);
    log_init(&program.log, STDERR_FILENO, (enum log_level)config->server.log_level);
    if (worker != NULL) program.log.worker = (int)worker->index;
    const struct service_setup setup = {
        .loop = &program.loop,
        .config = config,
        .upstream = line->upstream,
        .listen = worker == NULL ? line->listen : worker->listen,
        .workers = worker == NULL ? NULL : worker->shared,
        .worker = worker == NULL ? 0 : worker->index,
        .log = &program.log,
        .trace = trace,
        .secrets = &process->secrets,
        .on_drained = on_drained,
        .context = &program,
    };
    if (service_create(&setup, &program.service, &note) != ERR_OK) {
        (void)trace_file_destroy(trace);
        uv_loop_close(&program.loop);
        return fail(&note, EXIT_CANNOT_RUN);
    }
    watch_signals(&program);
    start_warn(&program.log, &(struct start_facts){
        .config = config,
        .secrets = &process->secrets,
        .upstream = line->upstream,
        .listen = line->listen,
        .descriptors = descriptors,
    });
    log_start(&program, line, config);
    struct address address = service_address(program.service);
    if (worker != NULL) worker_is_ready(worker);
    else say_ready(NULL, &address);
    /* Who waits for that line, and it got nowhere, would wait for ever. */
    if (!ferror(stdout)) uv_run(&program.loop, UV_RUN_DEFAULT);
    stop(&program, trace);
    return program.exit_code;
}

static int work(void *context, const struct worker *worker)
{
    struct process *process = context;
    process->config->engine.seed = worker->seed;
    return serve(process, worker);
}

static int supervise(struct process *process)
{
    struct log log;
    struct err_note note = { 0 };
    log_init(&log, STDERR_FILENO, (enum log_level)process->config->server.log_level);
    const struct supervisor_setup setup = {
        .count = process->line->workers,
        .listen = process->line->listen,
        .config = process->config,
        .source = &process->source,
        .log = &log,
        .work = work,
        .on_ready = say_ready,
        .context = process,
    };
    int exit_code = supervisor_run(&setup, &note);
    return note.sentence[0] == '\0' ? exit_code : fail(&note, exit_code);
}

static int print_config(const struct runtime_config *config)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    config_write(&text, config);
    fputs(buf_text(&text), stdout);
    buf_deinit(&text);
    return EXIT_SUCCESS;
}

static int load_and_serve(const struct command_line *line)
{
    struct err_note note = { 0 };
    /* Static: it is large, and everything points into it until the end. */
    static struct runtime_config config;
    struct process process = {
        .line = line,
        .config = &config,
        .source = {
            .path = line->config,
            .environment = environ,
            .sets = line->sets,
            .set_count = line->set_count,
        },
    };
    if (config_load(&config, &process.source, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
    if (line->has_seed) config.engine.seed = line->seed;
    if (line->command == COMMAND_PRINT_CONFIG) return print_config(&config);
    /* Before any worker: it would only be started again. */
    if (secrets_load(&process.secrets, environ, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
    if (start_check(&config, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
    if (config.engine.seed == 0) config.engine.seed = clock_entropy();
    return line->workers > 1 ? supervise(&process) : serve(&process, NULL);
}

static int run(const struct command_line *line)
{
    switch (line->command) {
    case COMMAND_HELP: fputs(command_line_help(), stdout); return EXIT_SUCCESS;
    case COMMAND_VERSION: puts(PROGRAM " " TOLLGATE_VERSION); return EXIT_SUCCESS;
    case COMMAND_SERVE:
    case COMMAND_PRINT_CONFIG: break;
    }
    if (line->parent > 0) lifeline_hold(line->parent);
    return load_and_serve(line);
}

int main(int argc, char *argv[])
{
    mem_keep(KEPT_BYTES);
    file_open_standard();
    struct command_line line;
    struct err_note note = { 0 };
    enum err rc = command_line_parse(argc, argv, &line, &note);
    int exit_code = rc == ERR_OK ? run(&line) : fail(&note, EXIT_USAGE);
    command_line_deinit(&line);
    return file_close_standard(exit_code, EXIT_CANNOT_RUN);
}
