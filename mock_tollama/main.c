/* mock-tollama's command line. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/file.h"
#include "mock/mock.h"
#include "net/lifeline.h"
#include "scenario/scenario.h"

enum { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_CANNOT_RUN = 4, FILES_MAX = 65536, URL_MAX = 128 };

static const char HELP[] =
    "usage: mock-tollama [--listen HOST:PORT] [--scenario FILE] [--seed N] [--ledger FILE]\n"
    "\n"
    "A tollama model server that misbehaves on request.\n"
    "\n"
    "  --listen HOST:PORT  where to listen; port 0 takes a free one (default 127.0.0.1:11435)\n"
    "  --scenario FILE     play the faults of this scenario; without it every answer is healthy\n"
    "  --seed N            seed of the scenario's draws instead of the file's own\n"
    "  --ledger FILE       write one JSON line per forecast attempt (the file is emptied first)\n"
    "  --parent PID        end when that process ends\n"
    "  --help, --version\n"
    "\n"
    "Serves POST /v1/forecast, /api/forecast, /v1/timeseries/forecast and GET /v1/health,\n"
    "/health/live, /health/ready, /api/version, /api/tags. On a loopback address also\n"
    "POST /__mock/start {\"at_ns\": N} (sets the scenario's zero) and GET /__mock/ledger/stats.\n"
    "\n"
    "One line on stdout says when it is ready. SIGTERM and SIGINT end it.\n"
    "Exit codes: 0 ended by a signal; 2 bad usage or scenario; 4 cannot listen.\n"
    "\n"
    "  mock-tollama --listen 127.0.0.1:0 --scenario scenarios/brownout-503.yaml\n";

struct arguments {
    const char *listen;
    const char *scenario;
    const char *ledger;
    const char *seed;
    const char *parent;
    int exit_code; /* -1: run */
};

static bool parse_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (*text == '\0') return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static struct arguments arguments_parse(int argc, char **argv)
{
    static const struct option LONG[] = {
        { "listen", required_argument, NULL, 'l' }, { "scenario", required_argument, NULL, 's' },
        { "seed", required_argument, NULL, 'n' },   { "ledger", required_argument, NULL, 'g' },
        { "parent", required_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },      { NULL, 0, NULL, 0 },
    };
    struct arguments arguments = { .listen = "127.0.0.1:11435", .exit_code = -1 };
    for (int option; (option = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        switch (option) {
        case 'l': arguments.listen = optarg; break;
        case 's': arguments.scenario = optarg; break;
        case 'n': arguments.seed = optarg; break;
        case 'g': arguments.ledger = optarg; break;
        case 'p': arguments.parent = optarg; break;
        case 'h':
            fputs(HELP, stdout);
            arguments.exit_code = EXIT_OK;
            return arguments;
        case 'v':
            puts("mock-tollama " TOLLGATE_VERSION);
            arguments.exit_code = EXIT_OK;
            return arguments;
        default: /* getopt has said what is wrong */
            fputs("mock-tollama: see mock-tollama --help\n", stderr);
            arguments.exit_code = EXIT_USAGE;
            return arguments;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "mock-tollama: \"%s\" is not expected; see mock-tollama --help\n",
                argv[optind]);
        arguments.exit_code = EXIT_USAGE;
    }
    return arguments;
}

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

/* Runs until a signal comes. Returns the exit code. */
static int serve(struct mock_config *config, struct err_note *note)
{
    uv_loop_t loop;
    uv_signal_t signals[2];
    struct mock *mock = NULL;
    static const int NUMBERS[] = { SIGTERM, SIGINT };
    uv_loop_init(&loop);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&loop, &signals[i]);
        uv_signal_start(&signals[i], on_signal, NUMBERS[i]);
    }
    config->loop = &loop;
    enum err rc = mock_create(config, &mock, note);
    if (rc == ERR_OK) {
        char url[URL_MAX];
        struct address address = mock_address(mock);
        address_url(&address, url, sizeof url);
        printf("mock-tollama ready on %s\n", url);
        fflush(stdout);
        uv_run(&loop, UV_RUN_DEFAULT);
    } else {
        err_note_print(stderr, note);
    }
    mock_destroy(mock);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    if (rc == ERR_OK) return EXIT_OK;
    return rc == ERR_NETWORK ? EXIT_CANNOT_RUN : EXIT_USAGE;
}

static int run(const struct arguments *arguments)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct scenario scenario;
    struct mock_config config = { .ledger_path = arguments->ledger };
    int exit_code = EXIT_USAGE;
    if (address_parse(arguments->listen, &config.listen, &note) != ERR_OK) goto refused;
    if (arguments->scenario != NULL) {
        if (scenario_load(&arena, arguments->scenario, &scenario, &note) != ERR_OK) goto refused;
        config.scenario = &scenario;
        config.seed = scenario.seed;
    }
    if (arguments->seed != NULL && !parse_u64(arguments->seed, &config.seed)) {
        err_note_set(&note, ERR_USAGE, NULL, 0, 0,
                     "--seed: \"%.64s\" is not an integer from 0 to 18446744073709551615",
                     arguments->seed);
        goto refused;
    }
    raise_file_limit();
    exit_code = serve(&config, &note);
    goto out;

refused:
    err_note_print(stderr, &note);
out:
    arena_deinit(&arena);
    return exit_code;
}

int main(int argc, char **argv)
{
    file_open_standard();
    struct arguments arguments = arguments_parse(argc, argv);
    if (arguments.exit_code >= 0) return arguments.exit_code;
    if (arguments.parent != NULL) {
        uint64_t parent = 0;
        if (!parse_u64(arguments.parent, &parent) || parent == 0 || parent > INT32_MAX) {
            fprintf(stderr, "mock-tollama: --parent: \"%s\" is not a process id\n",
                    arguments.parent);
            return EXIT_USAGE;
        }
        lifeline_hold((pid_t)parent);
    }
    return run(&arguments);
}
