#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "config/config.h"
#include "net/lifeline.h"
#include "runtime/command_line.h"
#include "runtime/log.h"
#include "runtime/service.h"
#include "runtime/trace_file.h"

#define PROGRAM "tollgate-runtime"

enum { EXIT_USAGE = 2, EXIT_CANNOT_RUN = 4, EXIT_SIGNAL_BASE = 128 };

extern char **environ;

struct program {
    uv_loop_t loop;
    uv_signal_t term;
    uv_signal_t interrupt;
    struct log log;
    struct service *service;
    bool signalled;
    int exit_code;
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
    if (program->signalled) {
        program->exit_code = EXIT_SIGNAL_BASE + number;
        uv_stop(&program->loop);
        return;
    }
    program->signalled = true;
    service_drain(program->service);
}

static void watch_signals(struct program *program)
{
    uv_signal_init(&program->loop, &program->term);
    uv_signal_init(&program->loop, &program->interrupt);
    program->term.data = program;
    program->interrupt.data = program;
    uv_signal_start(&program->term, on_signal, SIGTERM);
    uv_signal_start(&program->interrupt, on_signal, SIGINT);
}

/* Each caller and each attempt costs a descriptor: as many as the system lets us have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
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
    uv_run(&program->loop, UV_RUN_DEFAULT);
    uv_loop_close(&program->loop);
}

static int serve(const struct command_line *line, const struct runtime_config *config)
{
    struct program program = { .exit_code = EXIT_SUCCESS };
    struct err_note note = { 0 };
    struct trace_file *trace = NULL;
    if (line->trace != NULL) {
        const struct trace_file_config traced = {
            .path = line->trace,
            .program = PROGRAM,
            .version = TOLLGATE_VERSION,
            .start = clock_now(),
            .config = config,
        };
        if (trace_file_create(&traced, &trace, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
        trace_file_flush_on_crash(trace);
    }
    raise_descriptor_limit();
    uv_loop_init(&program.loop);
    log_init(&program.log, STDERR_FILENO, (enum log_level)config->server.log_level);
    const struct service_setup setup = {
        .loop = &program.loop,
        .config = config,
        .upstream = line->upstream,
        .listen = line->listen,
        .log = &program.log,
        .trace = trace,
        .on_drained = on_drained,
        .context = &program,
    };
    if (service_create(&setup, &program.service, &note) != ERR_OK) {
        (void)trace_file_destroy(trace);
        uv_loop_close(&program.loop);
        return fail(&note, EXIT_CANNOT_RUN);
    }
    watch_signals(&program);
    log_start(&program, line, config);
    uv_run(&program.loop, UV_RUN_DEFAULT);
    stop(&program, trace);
    return program.exit_code;
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
    const struct config_source source = {
        .path = line->config,
        .environment = environ,
        .sets = line->sets,
        .set_count = line->set_count,
    };
    if (config_load(&config, &source, &note) != ERR_OK) return fail(&note, EXIT_USAGE);
    if (line->has_seed) config.engine.seed = line->seed;
    if (line->command == COMMAND_PRINT_CONFIG) return print_config(&config);
    if (config.engine.seed == 0) config.engine.seed = clock_entropy();
    return serve(line, &config);
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
    struct command_line line;
    struct err_note note = { 0 };
    enum err rc = command_line_parse(argc, argv, &line, &note);
    int exit_code = rc == ERR_OK ? run(&line) : fail(&note, EXIT_USAGE);
    command_line_deinit(&line);
    return exit_code;
}
