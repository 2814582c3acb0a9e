#include "runtime/command_line.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/units.h"
#include "runtime/workers.h"

#define DEFAULT_UPSTREAM "http://127.0.0.1:11435"
#define DEFAULT_LISTEN "127.0.0.1:8000"

enum flag {
    FLAG_CONFIG,
    FLAG_UPSTREAM,
    FLAG_LISTEN,
    FLAG_SET,
    FLAG_SEED,
    FLAG_TRACE,
    FLAG_WORKERS,
    FLAG_PARENT,
    FLAG_PRINT_CONFIG, /* from here on: without a value */
    FLAG_HELP,
    FLAG_VERSION,
};

enum { FLAG_COUNT = FLAG_VERSION + 1 };

static const char *const flag_names[FLAG_COUNT] = {
    [FLAG_CONFIG] = "--config",
    [FLAG_UPSTREAM] = "--upstream",
    [FLAG_LISTEN] = "--listen",
    [FLAG_SET] = "--set",
    [FLAG_SEED] = "--seed",
    [FLAG_TRACE] = "--trace",
    [FLAG_WORKERS] = "--workers",
    [FLAG_PARENT] = "--parent",
    [FLAG_PRINT_CONFIG] = "--print-config",
    [FLAG_HELP] = "--help",
    [FLAG_VERSION] = "--version",
};

static const char help[] =
    "usage: tollgate-runtime [options]\n"
    "\n"
    "Serves forecasts at POST /tsfm/forecast from a tollama model server, and stays predictable\n"
    "when that server misbehaves: deadlines, retries with jitter, a circuit breaker, a cache that\n"
    "may serve stale, and a baseline forecast as the last resort.\n"
    "\n"
    "  --config FILE       settings (YAML), for example configs/prod.yaml; without it the\n"
    "                      production defaults of the hardening guide\n"
    "  --upstream URL      the model server (default " DEFAULT_UPSTREAM ")\n"
    "  --listen HOST:PORT  where to serve (default " DEFAULT_LISTEN "); port 0 takes a free one\n"
    "  --set KEY=VALUE     overrides one setting; may be given several times\n"
    "  --seed N            seed of every random choice; 0 or absent: drawn at start and logged\n"
    "  --trace FILE        writes each input and output of the policy engine, one JSON line each\n"
    "  --workers N         processes that serve the port together (default 1); one that crashes\n"
    "                      is started again, and GET /metrics of any of them is the sum; each\n"
    "                      writes a trace of its own, FILE.0, FILE.1, ...\n"
    "  --parent PID        ends when that process ends\n"
    "  --print-config      prints all settings with their sources, and exits\n"
    "  --help, --version\n"
    "\n"
    "Settings come from the defaults, then --config, then the environment (TSFM_<KEY>, such as\n"
    "TSFM_CACHE_TTL_S=5), then --set; the later wins. docs/options.md explains each of them.\n"
    "\n"
    "TSFM_FORECAST_API_TOKEN, when set, is what callers must show; TSFM_UPSTREAM_API_KEY is shown\n"
    "to the model server. docs/security.md has more.\n"
    "\n"
    "When ready it prints one line, `tollgate-runtime ready on http://HOST:PORT`. Logs are JSON\n"
    "lines on standard error. SIGTERM finishes what is in work (at most drain_s), then ends;\n"
    "a second one ends at once. SIGHUP reads the settings again; docs/options.md says which\n"
    "changes hold without a restart.\n"
    "\n"
    "GET /health/live, /health/ready and /metrics are there for probes and dashboards.\n"
    "\n"
    "Exit codes: 0 ended as asked; 2 bad usage or settings; 4 cannot listen, or a worker cannot\n"
    "be kept running; 128 + its number after a second signal.\n";

const char *command_line_help(void)
{
    return help;
}

/* The flag that `arg` begins with, up to `length`; FLAG_COUNT when none. */
static enum flag find_flag(const char *arg, size_t length)
{
    for (unsigned i = 0; i < FLAG_COUNT; i++) {
        if (strlen(flag_names[i]) == length && strncmp(arg, flag_names[i], length) == 0) {
            return (enum flag)i;
        }
    }
    return (enum flag)FLAG_COUNT;
}

static enum err refuse_unknown(const char *arg, size_t length, struct err_note *note)
{
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)(length < 60 ? length : 60), arg);
    const char *near = suggest(typed, flag_names, FLAG_COUNT);
    if (arg[0] != '-') {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "unexpected argument \"%s\"; try --help", typed);
    }
    if (near == NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0, "unknown option \"%s\"; try --help",
                            typed);
    }
    return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                        "unknown option \"%s\"; did you mean \"%s\"? Try --help", typed, near);
}

static enum err take_upstream(struct command_line *out, const char *url, struct err_note *note)
{
    size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
    size_t length = strlen(url);
    while (length > scheme && url[length - 1] == '/') length--;
    bool bad = scheme == 0 || length == scheme || length >= UPSTREAM_URL_MAX || url[scheme] == ':';
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)url[i];
        bad = bad || c <= ' ' || c >= 0x7F || c == '?' || c == '#';
    }
    if (memchr(url + scheme, '@', strcspn(url + scheme, "/")) != NULL) { /* and not repeated here */
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream: a user or password in the URL would be seen in logs and "
                            "in lists of processes; give the key in TSFM_UPSTREAM_API_KEY");
    }
    if (bad) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream: \"%.100s\" is not a base URL; write for example "
                            DEFAULT_UPSTREAM, url);
    }
    memcpy(out->upstream, url, length);
    out->upstream[length] = '\0';
    return ERR_OK;
}

static enum err take_number(const char *flag, const char *text, uint64_t max, uint64_t *out,
                            struct err_note *note)
{
    if (units_parse_decimal(text, 0, out) && *out <= max) return ERR_OK;
    return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                        "%s: \"%.60s\" is not a whole number from 0 to %llu", flag, text,
                        (unsigned long long)max);
}

static enum err take(struct command_line *out, enum flag flag, const char *value,
                     struct err_note *note)
{
    uint64_t number = 0;
    enum err rc = ERR_OK;
    switch (flag) {
    case FLAG_CONFIG: out->config = value; break;
    case FLAG_UPSTREAM: return take_upstream(out, value, note);
    case FLAG_LISTEN: return address_parse(value, &out->listen, note);
    case FLAG_SET: out->sets[out->set_count++] = value; break;
    case FLAG_SEED:
        out->has_seed = true;
        return take_number("--seed", value, UINT64_MAX, &out->seed, note);
    case FLAG_TRACE: out->trace = value; break;
    case FLAG_WORKERS:
        rc = take_number("--workers", value, WORKERS_MAX, &number, note);
        out->workers = (uint32_t)number;
        if (rc == ERR_OK && number == 0) {
            rc = err_note_set(note, ERR_USAGE, NULL, 0, 0, "--workers: at least 1 must serve");
        }
        break;
    case FLAG_PARENT:
        rc = take_number("--parent", value, INT_MAX, &number, note);
        out->parent = (pid_t)number;
        break;
    case FLAG_PRINT_CONFIG: out->command = COMMAND_PRINT_CONFIG; break;
    case FLAG_HELP: out->command = COMMAND_HELP; break;
    case FLAG_VERSION: out->command = COMMAND_VERSION; break;
    }
    return rc;
}

static void set_defaults(struct command_line *out, size_t sets_max)
{
    struct err_note note = { 0 };
    *out = (struct command_line){ .command = COMMAND_SERVE, .workers = 1 };
    out->sets = mem_alloc(sets_max, sizeof *out->sets);
    enum err rc = address_parse(DEFAULT_LISTEN, &out->listen, &note);
    assert(rc == ERR_OK);
    rc = take_upstream(out, DEFAULT_UPSTREAM, &note);
    assert(rc == ERR_OK);
    (void)rc;
}

enum err command_line_parse(int argc, char *const argv[], struct command_line *out,
                            struct err_note *note)
{
    set_defaults(out, (size_t)argc + 1);
    bool seen[FLAG_COUNT] = { false };
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        enum flag flag = find_flag(argv[i], length);
        if ((unsigned)flag == FLAG_COUNT) return refuse_unknown(argv[i], length, note);
        bool inlined = argv[i][length] == '=';
        bool wants_value = flag < FLAG_PRINT_CONFIG;
        const char *value = inlined ? argv[i] + length + 1 : NULL;
        if (inlined && !wants_value) {
            return err_note_set(note, ERR_USAGE, NULL, 0, 0, "%s takes no value; try --help",
                                flag_names[flag]);
        }
        if (wants_value && !inlined) {
            if (i + 1 == argc) {
                return err_note_set(note, ERR_USAGE, NULL, 0, 0, "%s needs a value; try --help",
                                    flag_names[flag]);
            }
            value = argv[++i];
        }
        if (seen[flag] && flag != FLAG_SET) {
            return err_note_set(note, ERR_USAGE, NULL, 0, 0, "%s is given twice",
                                flag_names[flag]);
        }
        seen[flag] = true;
        enum err rc = take(out, flag, value, note);
        if (rc != ERR_OK) return rc;
    }
    return ERR_OK;
}

void command_line_deinit(struct command_line *line)
{
    mem_free(line->sets);
    line->sets = NULL;
}
