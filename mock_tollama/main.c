/* mock-tollama: a tollama model server that misbehaves on request. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/mem.h"
#include "mock/options.h"
#include "net/lifeline.h"
#include "scenario/fates.h"
#include "scenario/realised.h"

enum {
    FILES_MAX = 65536,
    URL_MAX = 128,
    KEPT_BYTES = 4 << 20, /* of freed memory */
};

/* Thousands of open answers need as many descriptors; the soft limit is often 1024. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    rlim_t wanted = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static void print_address(const char *what, const struct address *address)
{
    char url[URL_MAX];
    address_url(address, url, sizeof url);
    printf("mock-tollama %s on %s\n", what, url);
}

/* Who reads the line of readiness has read all. False: nobody can read it. */
static bool say_ready(const struct mock *mock, const struct mock_config *config)
{
    struct address address = mock_address(mock);
    if (config->control != NULL) {
        struct address control = mock_control_address(mock);
        print_address("control", &control);
    }
    print_address("ready", &address);
    return fflush(stdout) == 0;
}

/* Runs until a signal comes. Returns the exit code. */
static int serve(struct mock_config *config)
{
    uv_loop_t loop;
    uv_signal_t signals[2];
    struct mock *mock = NULL;
    struct err_note note = { .err = ERR_OK };
    static const int NUMBERS[] = { SIGTERM, SIGINT };
    uv_loop_init(&loop);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&loop, &signals[i]);
        uv_signal_start(&signals[i], on_signal, NUMBERS[i]);
    }
    config->loop = &loop;
    enum err rc = mock_create(config, &mock, &note);
    bool said = rc == ERR_OK && say_ready(mock, config);
    if (said) uv_run(&loop, UV_RUN_DEFAULT);
    if (rc != ERR_OK) err_note_print(stderr, &note);
    mock_destroy(mock);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    if (rc == ERR_OK) return said ? EXIT_OK : EXIT_CANNOT_RUN;
    return rc == ERR_NETWORK ? EXIT_CANNOT_RUN : EXIT_USAGE;
}

static void print_fates(const struct options_mock *options)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    fates_write(&text, &options->stage->scenario, options->stage->seed,
                (struct fates_range){ options->dry_run, (unsigned)options->attempts });
    fputs(buf_text(&text), stdout);
    buf_deinit(&text);
}

/* Of what the program was started with. */
static void print_summary(const struct options_mock *options)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    realised_write_all(&text, &options->stage->scenario, options->stage->plans);
    realised_delays_write_all(&text, options->stage->delays);
    fputs(buf_text(&text), stdout);
    buf_deinit(&text);
}

int main(int argc, char **argv)
{
    struct options_mock options;
    file_open_standard();
    mem_keep(KEPT_BYTES);
    options_mock_parse(&options, argc, argv);
    int exit_code = options.exit_code;
    if (exit_code < 0 && options.dry_run > 0) {
        print_fates(&options);
        exit_code = EXIT_OK;
    } else if (exit_code < 0) {
        if (options.parent != 0) lifeline_hold(options.parent);
        raise_file_limit();
        exit_code = serve(&options.config);
        if (options.summary) print_summary(&options);
    }
    options_mock_deinit(&options);
    return file_close_standard(exit_code, EXIT_CANNOT_RUN);
}
