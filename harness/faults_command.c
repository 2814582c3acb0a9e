#include "harness/faults_command.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "harness/cli.h"
#include "scenario/fates.h"
#include "scenario/fault_table.h"

enum { FATES_SHOWN = 20, FATES_MAX = 1000000, FATES_ATTEMPTS_MAX = 99 };

static const char help_faults[] = "usage: tollgate faults\n"
                                  "\n"
                                  "Prints every fault that a scenario can have, with a line to "
                                  "copy, how it is played and what a\n"
                                  "client must call it (docs/faults.md).\n";

static const char help_fates[] =
    "usage: tollgate fates [--requests N] [--attempts N] [--seed N] SCENARIO\n"
    "\n"
    "Prints what will happen to each request's first attempt, without running anything: when it "
    "is\n"
    "sent, the phase, what the upstream does, which rules fire and what they drew. What counts\n"
    "(first, nth, exact shares, queues) is counted as if requests were read when they are sent.\n"
    "\n"
    "  --requests N  so many (default 20)\n"
    "  --attempts N  of each, as if it were retried at the same moment (default 1, at most 99)\n"
    "  --seed N      instead of the scenario's\n";

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    }
    return false;
}

static int usage(const char *sentence, const char *word, const char *help)
{
    fprintf(stderr, "error: %s\"%s\"\n\n%s", sentence, word, help);
    return EXIT_BAD_USAGE;
}

int faults_command(int argc, char **argv)
{
    struct buf page;
    if (wants_help(argc, argv)) {
        fputs(help_faults, stdout);
        return EXIT_OK;
    }
    if (argc > 0)
        return usage("tollgate faults takes nothing, but here stands ", argv[0], help_faults);
    buf_init(&page, BUF_UNBOUNDED);
    fault_table_write(&page);
    fputs(buf_text(&page), stdout);
    buf_deinit(&page);
    return EXIT_OK;
}

struct fates_options {
    uint64_t requests;
    uint64_t attempts;
    uint64_t seed; /* 0: the scenario's */
    const char *path;
};

/* Where the value of this option goes, and the most it may be; NULL: it is none with a value. */
static uint64_t *option_value(struct fates_options *options, const char *word, uint64_t *most)
{
    *most = UINT64_MAX;
    if (strcmp(word, "--seed") == 0) return &options->seed;
    *most = FATES_ATTEMPTS_MAX;
    if (strcmp(word, "--attempts") == 0) return &options->attempts;
    *most = FATES_MAX;
    return strcmp(word, "--requests") == 0 ? &options->requests : NULL;
}

/* False: `argv[at]` is not what it should be. */
static bool parse_fates(int argc, char **argv, struct fates_options *out, int *at)
{
    *out = (struct fates_options){ .requests = FATES_SHOWN, .attempts = 1 };
    for (*at = 0; *at < argc; ++*at) {
        const char *word = argv[*at];
        uint64_t most = 0;
        uint64_t *value = option_value(out, word, &most);
        if (value != NULL) {
            if (*at + 1 == argc || !units_parse_decimal(argv[*at + 1], 0, value)) return false;
            if (*value == 0 || *value > most) return false;
            ++*at;
        } else if (word[0] == '-' || out->path != NULL) {
            return false;
        } else {
            out->path = word;
        }
    }
    return true;
}

int fates_command(int argc, char **argv)
{
    struct fates_options options;
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    struct buf text;
    int at = 0;
    int code = EXIT_OK;
    if (wants_help(argc, argv)) {
        fputs(help_fates, stdout);
        return EXIT_OK;
    }
    if (!parse_fates(argc, argv, &options, &at)) {
        return usage("this cannot stand here, or its value is not allowed: ", argv[at], help_fates);
    }
    if (options.path == NULL)
        return usage("which scenario? Name a file instead of ", "", help_fates);
    buf_init(&text, BUF_UNBOUNDED);
    if (scenario_load(&arena, options.path, &scenario, &note) == ERR_OK) {
        uint64_t seed = options.seed != 0 ? options.seed : scenario.seed;
        fates_write(&text, &scenario, seed,
                    (struct fates_range){ options.requests, (unsigned)options.attempts });
        fputs(buf_text(&text), stdout);
    } else {
        err_note_print(stderr, &note);
        code = EXIT_BAD_USAGE;
    }
    buf_deinit(&text);
    arena_deinit(&arena);
    return code;
}
