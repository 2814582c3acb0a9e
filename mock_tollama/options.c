#include "mock/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/instant.h"
#include "base/units.h"

enum { FAULTS_MAX = 16, UPSTREAM_TIMEOUT_S = 60, ATTEMPTS_MAX = 99, IDLE_MIN_MS = 10 };

static const char HELP[] =
    "usage: mock-tollama [options]\n"
    "\n"
    "A tollama model server that misbehaves on request. Without options: a healthy one on\n"
    "http://127.0.0.1:11435.\n"
    "\n"
    "what it does wrong (docs/faults.md lists every fault with a line to copy):\n"
    "  --fault FAULT         one fault, for example '{ status: 503, retry_after: 1s, share: 20% "
    "}';\n"
    "                        repeat it for more. All start with the program\n"
    "  --latency TIME        how long a forecast takes: 40ms, or { p50: 40ms, p99: 220ms, max: 1s "
    "}\n"
    "  --scenario FILE       the faults of a scenario; of its keys only `upstream` must be there\n"
    "  --seed N              seed of all draws instead of the scenario's own: same seed, same "
    "fates\n"
    "  --hold                begin with POST /__mock/start, not with the program\n"
    "  --dry-run N           print what would happen to the first N requests of the scenario, and "
    "end\n"
    "  --attempts N          with --dry-run: to the first N attempts of each\n"
    "  --summary             at the end, print how often each fault fired, how long delays were, "
    "and\n"
    "                        whether that is what was asked for\n"
    "\n"
    "what it is:\n"
    "  --listen HOST:PORT    where to listen; port 0 takes a free one (default 127.0.0.1:11435)\n"
    "  --idle T              close connections that are not used for so long: 5s, as uvicorn does\n"
    "                        (default 75s)\n"
    "  --models FILE|a,b     the models it has (a YAML list, or names); without it any name will "
    "do\n"
    "  --api-key KEY         ask for \"Authorization: Bearer KEY\"; repeat it for more keys. Also "
    "the\n"
    "                        environment variable MOCK_TOLLAMA_API_KEYS, separated by commas\n"
    "\n"
    "between a client and a real tollama:\n"
    "  --upstream URL        forward to this server and do to its answers what the scenario says\n"
    "  --upstream-timeout T  how long to wait for its head, and between two pieces of its body\n"
    "                        (default 60s)\n"
    "  --record FILE         one JSON line per forwarded call: moments, status, sizes\n"
    "  --record-bodies       with the bodies\n"
    "\n"
    "what it tells and takes:\n"
    "  --ledger FILE         one JSON line per forecast attempt (the file is emptied first)\n"
    "  --ledger-end          and, when the mock ends, a last one that says how many there were\n"
    "  --control HOST:PORT   the control interface on a port of its own, which no fault touches;\n"
    "                        on a loopback address it is under /__mock/ of the main port, too\n"
    "  --control-anywhere    allow a control port that is not on a loopback address\n"
    "  --parent PID          end when that process ends\n"
    "  --help, --version\n"
    "\n"
    "A line on stdout says when it is ready. SIGTERM and SIGINT end it.\n"
    "Exit codes: 0 ended by a signal; 2 bad usage or scenario; 4 cannot listen, or print where.\n"
    "\n"
    "20 % 503 with Retry-After for a minute, then a reset in mid-body for every fifth call:\n"
    "  mock-tollama --fault '{ status: 503, retry_after: 1s, share: 20%, until: 60s }' \\\n"
    "               --fault '{ at: response_body@50%, do: reset, every: 5, after: 60s }'\n"
    "change it while it runs:\n"
    "  curl -d '{ status: 500, share: 50% }' http://127.0.0.1:11435/__mock/fault\n"
    "  curl --data-binary @scenarios/brownout-503.yaml http://127.0.0.1:11435/__mock/scenario\n"
    "  curl http://127.0.0.1:11435/__mock/ledger/stats\n"
    "docs/mock.md has the rest.\n";

struct texts {
    const char *listen;
    const char *scenario;
    const char *seed;
    const char *parent;
    const char *control;
    const char *latency;
    const char *timeout;
    const char *idle;
    const char *dry_run;
    const char *attempts;
    const char *faults[FAULTS_MAX];
    size_t fault_count;
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

static enum err add_fault(struct texts *texts, const char *fault, struct err_note *note)
{
    if (texts->fault_count == FAULTS_MAX) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "there are more than %d --fault; write a scenario file", FAULTS_MAX);
    }
    texts->faults[texts->fault_count++] = fault;
    return ERR_OK;
}

static const struct option LONG[] = {
    { "listen", required_argument, NULL, 'l' },
    { "scenario", required_argument, NULL, 's' },
    { "fault", required_argument, NULL, 'f' },
    { "latency", required_argument, NULL, 't' },
    { "seed", required_argument, NULL, 'n' },
    { "dry-run", required_argument, NULL, 'd' },
    { "attempts", required_argument, NULL, 'e' },
    { "hold", no_argument, NULL, 'o' },
    { "summary", no_argument, NULL, 'y' },
    { "idle", required_argument, NULL, 'i' },
    { "models", required_argument, NULL, 'm' },
    { "api-key", required_argument, NULL, 'k' },
    { "ledger", required_argument, NULL, 'g' },
    { "ledger-end", no_argument, NULL, 'E' },
    { "control", required_argument, NULL, 'c' },
    { "control-anywhere", no_argument, NULL, 'a' },
    { "upstream", required_argument, NULL, 'u' },
    { "upstream-timeout", required_argument, NULL, 'T' },
    { "record", required_argument, NULL, 'r' },
    { "record-bodies", no_argument, NULL, 'b' },
    { "parent", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'v' },
    { NULL, 0, NULL, 0 },
};

/* ERR_USAGE without a note: getopt has said what is wrong. */
static enum err read_texts(struct options_mock *out, struct texts *texts, int argc, char **argv,
                           struct err_note *note)
{
    enum err rc = ERR_OK;
    for (int option; rc == ERR_OK && (option = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        switch (option) {
        case 'l': texts->listen = optarg; break;
        case 's': texts->scenario = optarg; break;
        case 'f': rc = add_fault(texts, optarg, note); break;
        case 't': texts->latency = optarg; break;
        case 'n': texts->seed = optarg; break;
        case 'i': texts->idle = optarg; break;
        case 'm': out->config.models = optarg; break;
        case 'k': rc = auth_add(&out->auth, optarg, note); break;
        case 'g': out->config.ledger_path = optarg; break;
        case 'E': out->config.ledger_end = true; break;
        case 'c': texts->control = optarg; break;
        case 'a': out->config.control_anywhere = true; break;
        case 'u': out->upstream.url = optarg; break;
        case 'T': texts->timeout = optarg; break;
        case 'r': out->upstream.record_path = optarg; break;
        case 'b': out->upstream.record_bodies = true; break;
        case 'p': texts->parent = optarg; break;
        case 'd': texts->dry_run = optarg; break;
        case 'e': texts->attempts = optarg; break;
        case 'o': out->config.held = true; break;
        case 'y': out->summary = true; break;
        case 'h':
            fputs(HELP, stdout);
            out->exit_code = EXIT_OK;
            return ERR_OK;
        case 'v':
            puts("mock-tollama " TOLLGATE_VERSION);
            out->exit_code = EXIT_OK;
            return ERR_OK;
        default: return ERR_USAGE;
        }
    }
    if (rc != ERR_OK || optind >= argc) return rc;
    return err_note_set(note, ERR_USAGE, NULL, 0, 0, "\"%s\" is not expected", argv[optind]);
}

/* --dry-run N --attempts N */
static enum err read_dry_run(struct options_mock *out, const struct texts *texts,
                             struct err_note *note)
{
    out->attempts = 1;
    if (texts->dry_run != NULL && (!parse_u64(texts->dry_run, &out->dry_run) ||
                                   out->dry_run == 0)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--dry-run: \"%.64s\" is not a number of requests; write 20",
                            texts->dry_run);
    }
    if (texts->attempts == NULL) return ERR_OK;
    if (!parse_u64(texts->attempts, &out->attempts) || out->attempts == 0 ||
        out->attempts > ATTEMPTS_MAX) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--attempts: \"%.64s\" is not a number from 1 to %d", texts->attempts,
                            ATTEMPTS_MAX);
    }
    if (texts->dry_run != NULL) return ERR_OK;
    return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                        "--attempts is for what is only printed; add --dry-run 20");
}

static bool read_idle(const char *text, uint64_t *out)
{
    return units_parse_duration(text, out) && *out >= IDLE_MIN_MS * NS_PER_MS &&
           *out <= MOCK_IDLE_TIMEOUT_S * NS_PER_S;
}

static enum err read_numbers(struct options_mock *out, const struct texts *texts,
                             struct err_note *note)
{
    uint64_t parent = 0;
    if (texts->seed != NULL && !parse_u64(texts->seed, &out->seed)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--seed: \"%.64s\" is not an integer from 0 to 18446744073709551615",
                            texts->seed);
    }
    if (texts->seed != NULL) out->config.seed = &out->seed;
    if (texts->parent != NULL) {
        if (!parse_u64(texts->parent, &parent) || parent == 0 || parent > INT32_MAX) {
            return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                                "--parent: \"%.64s\" is not a process id", texts->parent);
        }
        out->parent = (pid_t)parent;
    }
    if (texts->idle != NULL && !read_idle(texts->idle, &out->config.idle_ns)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--idle: \"%.64s\" is not a length of time from 10ms to 75s; write 5s",
                            texts->idle);
    }
    enum err rc = address_parse(texts->listen, &out->config.listen, note);
    if (rc != ERR_OK || texts->control == NULL) return rc;
    out->config.control = &out->control;
    return address_parse(texts->control, &out->control, note);
}

static struct stage *stage_of_latency(const char *latency, const uint64_t *seed,
                                      struct err_note *note)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, "upstream: { latency: %s }\n", latency);
    struct stage *stage = stage_parse(&(struct stage_text){ .name = "--latency",
                                                            .bytes = buf_text(&text),
                                                            .length = text.length },
                                      seed, note);
    buf_deinit(&text);
    return stage;
}

/* Each fault alone first: its place in a note is then the place in its argument. */
static struct stage *stage_of_faults(const struct texts *texts, struct stage *below,
                                     const uint64_t *seed, struct err_note *note)
{
    struct buf list;
    struct stage *stage = NULL;
    buf_init(&list, BUF_UNBOUNDED);
    buf_putc(&list, '[');
    for (size_t i = 0; i < texts->fault_count; i++) {
        stage_release(stage);
        stage = stage_fault(below,
                            &(struct stage_text){ .name = "--fault",
                                                  .bytes = texts->faults[i],
                                                  .length = strlen(texts->faults[i]) },
                            seed, note);
        if (stage == NULL) goto out;
        buf_printf(&list, "%s%s", i > 0 ? ",\n" : "\n", texts->faults[i]);
    }
    stage_release(stage);
    buf_puts(&list, "\n]\n");
    stage =
        stage_fault(below,
                    &(struct stage_text){
                        .name = "--fault ...", .bytes = buf_text(&list), .length = list.length },
                    seed, note);
out:
    buf_deinit(&list);
    return stage;
}

static enum err read_upstream(struct options_mock *out, const struct texts *texts,
                              struct err_note *note)
{
    struct proxy_config *upstream = &out->upstream;
    upstream->timeout_ns = UPSTREAM_TIMEOUT_S * NS_PER_S;
    if (texts->timeout != NULL && (!units_parse_duration(texts->timeout, &upstream->timeout_ns) ||
                                   upstream->timeout_ns == 0)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--upstream-timeout: \"%.64s\" is not a length of time; write 60s",
                            texts->timeout);
    }
    if (upstream->record_bodies && upstream->record_path == NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--record-bodies says what a record holds; add --record FILE");
    }
    if (upstream->url != NULL) {
        out->config.upstream = upstream;
    } else if (upstream->record_path != NULL || upstream->record_bodies || texts->timeout != NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--record and --upstream-timeout are for calls that are forwarded; "
                            "add --upstream URL");
    }
    return ERR_OK;
}

static enum err read_stage(struct options_mock *out, const struct texts *texts,
                           struct err_note *note)
{
    const uint64_t *seed = out->config.seed;
    struct stage *below = NULL;
    if (texts->scenario != NULL && (texts->fault_count > 0 || texts->latency != NULL)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--scenario has its own faults and latency; leave --fault and "
                            "--latency out, or write them into the file");
    }
    if (texts->scenario != NULL) {
        out->stage = stage_load(texts->scenario, seed, note);
    } else {
        if (texts->latency != NULL) {
            below = stage_of_latency(texts->latency, seed, note);
            if (below == NULL) return note->err;
        }
        out->stage = below;
        if (texts->fault_count > 0) {
            out->stage = stage_of_faults(texts, below, seed, note);
            stage_release(below);
        }
    }
    out->config.stage = out->stage;
    if (note->err == ERR_OK && out->stage == NULL && (out->dry_run > 0 || out->summary)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--dry-run and --summary tell of faults, and there are none; add "
                            "--scenario FILE or --fault FAULT");
    }
    return note->err;
}

void options_mock_parse(struct options_mock *options, int argc, char **argv)
{
    struct err_note note = { .err = ERR_OK };
    struct texts texts = { .listen = "127.0.0.1:11435" };
    *options = (struct options_mock){ .exit_code = -1 };
    options->config.auth = &options->auth;
    enum err rc = read_texts(options, &texts, argc, argv, &note);
    if (options->exit_code >= 0) return;
    if (rc == ERR_OK) rc = auth_add_list(&options->auth, getenv("MOCK_TOLLAMA_API_KEYS"), &note);
    if (rc == ERR_OK) rc = read_numbers(options, &texts, &note);
    if (rc == ERR_OK) rc = read_dry_run(options, &texts, &note);
    if (rc == ERR_OK) rc = read_upstream(options, &texts, &note);
    if (rc == ERR_OK) rc = read_stage(options, &texts, &note);
    if (rc == ERR_OK) return;
    options->exit_code = EXIT_USAGE;
    if (note.err != ERR_OK) err_note_print(stderr, &note);
    if (note.path[0] == '\0') fputs("mock-tollama: see mock-tollama --help\n", stderr);
}

void options_mock_deinit(struct options_mock *options)
{
    stage_release(options->stage);
    auth_deinit(&options->auth);
}
