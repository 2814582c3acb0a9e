#include "harness/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "harness/check_command.h"
#include "harness/cli_help.h"
#include "harness/diff.h"
#include "harness/faults_command.h"
#include "harness/hunt.h"
#include "harness/list_command.h"
#include "harness/replay.h"
#include "harness/report_command.h"
#include "harness/run_command.h"
#include "harness/shrink.h"
#include "harness/sweep_command.h"

enum { JOBS_MAX = 256 };

enum verb { VERB_RUN, VERB_CHECK, VERB_LIST };

static const char *const verb_names[] = {
    "run",    "check",  "list",    "report", "diff",  "sweep", "hunt",
    "shrink", "replay", "options", "faults", "fates", "help",
};

static const char *const option_names[] = {
    "--world", "--seed", "--repeat", "--vacuity", "--only", "--jobs", "--out", "--configs",
    "--programs", "--keep-going", "--quiet", "--target", "--target-command", "--mock-listen",
    "--strict", "--tier", "--verbose", "--junit", "--summary", "--html", "--openmetrics",
    "--rules", "--annotations", "--baseline", "--require-coverage", "--help",
};

struct parse {
    int argc;
    char **argv;
    int at;
    enum verb verb;
    const char **paths; /* owned */
    bool help;
    bool bad;
    bool vacuity;
    bool has_world;
    struct run_options options;
};

static void usage_error(struct parse *parse, const char *format, const char *text)
{
    fputs("error: ", stderr);
    fprintf(stderr, format, text);
    static const char *const verbs[] = { "run", "check", "list" };
    fprintf(stderr, "; try: tollgate %s --help\n", verbs[parse->verb]);
    parse->bad = true;
}

static const char *option_value(struct parse *parse)
{
    if (parse->at + 1 >= parse->argc) {
        usage_error(parse, "%s needs a value", parse->argv[parse->at]);
        return "";
    }
    return parse->argv[++parse->at];
}

static uint64_t option_number(struct parse *parse, uint64_t min, uint64_t max)
{
    const char *option = parse->argv[parse->at];
    const char *text = option_value(parse);
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (parse->bad) return 0;
    bool number = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
    if (!number || value < min || value > max) {
        fprintf(stderr, "error: %s %s: ", option, text);
        fprintf(stderr, "not a whole number from %" PRIu64 " to %" PRIu64 "\n", min, max);
        parse->bad = true;
    }
    return value;
}

static void parse_world(struct parse *parse)
{
    const char *world = option_value(parse);
    if (parse->bad) return;
    parse->has_world = true;
    parse->options.sim = strcmp(world, "sim") == 0 || strcmp(world, "both") == 0;
    parse->options.real = strcmp(world, "real") == 0 || strcmp(world, "both") == 0;
    if (!parse->options.sim && !parse->options.real) {
        usage_error(parse, "--world %s: allowed are sim, real and both", world);
    }
}

static void parse_tier(struct parse *parse)
{
    const char *tier = option_value(parse);
    struct discover_options *options = &parse->options.discover;
    if (parse->bad) return;
    options->has_tier = strcmp(tier, "all") != 0;
    if (options->has_tier && !scenario_tier_parse(tier, &options->tier)) {
        usage_error(parse, "--tier %s: allowed are gate, nightly and all", tier);
    }
}

static void unknown_option(struct parse *parse, const char *word)
{
    const char *equals = strchr(word, '=');
    if (equals != NULL) {
        fprintf(stderr, "error: %s: write the option and its value as two words: %.*s %s\n", word,
                (int)(equals - word), word, equals + 1);
        parse->bad = true;
        return;
    }
    const char *near =
        suggest(word, option_names, sizeof option_names / sizeof option_names[0]);
    if (near == NULL) {
        usage_error(parse, "unknown option %s", word);
        return;
    }
    fprintf(stderr, "error: unknown option %s; did you mean %s?\n", word, near);
    parse->bad = true;
}

static void parse_run_option(struct parse *parse, const char *word)
{
    struct run_options *options = &parse->options;
    if (strcmp(word, "--world") == 0) {
        parse_world(parse);
    } else if (strcmp(word, "--seed") == 0) {
        /* 0 tells the runtime to draw one, which no simulation could repeat. */
        options->discover.seed = option_number(parse, 1, UINT64_MAX);
        options->discover.has_seed = true;
    } else if (strcmp(word, "--jobs") == 0) {
        options->jobs = (uint32_t)option_number(parse, 1, JOBS_MAX);
    } else if (strcmp(word, "--repeat") == 0) {
        options->repeat = (uint32_t)option_number(parse, 1, REPEAT_MAX);
    } else if (strcmp(word, "--out") == 0) {
        options->out = option_value(parse);
    } else if (strcmp(word, "--programs") == 0) {
        options->programs = option_value(parse);
    } else if (strcmp(word, "--keep-going") == 0) {
        options->keep_going = true;
    } else if (strcmp(word, "-q") == 0 || strcmp(word, "--quiet") == 0) {
        options->quiet = true;
    } else if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0) {
        options->verbose = true;
    } else if (strcmp(word, "--strict") == 0) {
        options->target.strict = true;
    } else if (target_slot(&options->target, word) != NULL) {
        *target_slot(&options->target, word) = option_value(parse);
    } else if (report_outputs_slot(&options->outputs, word) != NULL) {
        *report_outputs_slot(&options->outputs, word) = option_value(parse);
    } else {
        unknown_option(parse, word);
    }
}

static void parse_word(struct parse *parse)
{
    const char *word = parse->argv[parse->at];
    struct discover_options *discover_options = &parse->options.discover;
    if (word[0] != '-') {
        parse->paths[discover_options->path_count++] = word;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        parse->help = true;
    } else if (strcmp(word, "--configs") == 0) {
        discover_options->configs = option_value(parse);
    } else if (strcmp(word, "--only") == 0) {
        discover_options->only = option_value(parse);
    } else if (strcmp(word, "--tier") == 0) {
        parse_tier(parse);
    } else if (parse->verb == VERB_CHECK && strcmp(word, "--vacuity") == 0) {
        parse->vacuity = true;
    } else if (parse->verb == VERB_RUN) {
        parse_run_option(parse, word);
    } else {
        unknown_option(parse, word);
    }
}

static int options_command(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "--help") != 0) {
        fprintf(stderr, "error: tollgate options takes nothing, but here stands \"%s\"\n", argv[0]);
        return EXIT_BAD_USAGE;
    }
    struct buf manual;
    buf_init(&manual, BUF_UNBOUNDED);
    config_write_manual(&manual);
    fputs(buf_text(&manual), stdout);
    buf_deinit(&manual);
    return EXIT_OK;
}

/* Another service can only be judged over sockets. */
static bool settle_target(struct parse *parse)
{
    struct run_options *options = &parse->options;
    struct err_note note = { .err = ERR_OK };
    if (target_check(&options->target, &note) != ERR_OK) {
        err_note_print(stderr, &note);
        return false;
    }
    if (!target_is_given(&options->target)) return true;
    if (!parse->has_world) options->sim = false;
    if (!options->sim) return true;
    usage_error(parse, "%s", "--target judges another service, which no simulation knows; leave "
                             "--world out");
    return false;
}

static int run_verb(struct parse *parse)
{
    static const char *const helps[] = { cli_help_run, cli_help_check, cli_help_list };
    static const char *const catalogue[] = { "scenarios" };
    struct discover_options *discover_options = &parse->options.discover;
    for (parse->at = 2; parse->at < parse->argc && !parse->bad; parse->at++) parse_word(parse);
    if (parse->bad) return EXIT_BAD_USAGE;
    if (parse->help) {
        fputs(helps[parse->verb], stdout);
        if (parse->verb == VERB_RUN) {
            printf("%s%s%s", report_outputs_help, target_help, cli_help_run_end);
        }
        return EXIT_OK;
    }
    discover_options->paths = parse->paths;
    if (discover_options->path_count == 0 && parse->verb == VERB_LIST) {
        discover_options->paths = catalogue;
        discover_options->path_count = 1;
    }
    if (discover_options->path_count == 0) {
        usage_error(parse, "%s", "name at least one scenario file or folder");
        return EXIT_BAD_USAGE;
    }
    switch (parse->verb) {
    case VERB_RUN: return settle_target(parse) ? run_command(&parse->options) : EXIT_BAD_USAGE;
    case VERB_CHECK:
        return check_command(&(struct check_options){ *discover_options, parse->vacuity });
    case VERB_LIST: return list_command(discover_options);
    }
    return EXIT_BAD_USAGE;
}

int cli_main(int argc, char **argv)
{
    const char *verb = argc < 2 ? "" : argv[1];
    if (strcmp(verb, "help") == 0 && argc > 2 && strcmp(argv[2], "help") != 0) {
        char *words[] = { argv[0], argv[2], "--help", NULL };
        return cli_main(3, words);
    }
    if (strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        fputs(cli_help_main, stdout);
        return EXIT_OK;
    }
    if (strcmp(verb, "--version") == 0) {
        puts("tollgate " TOLLGATE_VERSION);
        return EXIT_OK;
    }
    for (enum verb at = VERB_RUN; at <= VERB_LIST; at++) {
        if (strcmp(verb, verb_names[at]) != 0) continue;
        struct parse parse = {
            .argc = argc,
            .argv = argv,
            .verb = at,
            .paths = mem_alloc((size_t)argc, sizeof(char *)),
            .options = { .sim = true, .real = true, .repeat = 1 },
        };
        int code = run_verb(&parse);
        mem_free(parse.paths);
        return code;
    }
    if (strcmp(verb, "sweep") == 0) return sweep_command(argc, argv);
    if (strcmp(verb, "hunt") == 0) return hunt_command(argc - 1, argv + 1);
    if (strcmp(verb, "shrink") == 0) return shrink_command(argc - 1, argv + 1);
    if (strcmp(verb, "replay") == 0) return replay_command(argc, argv);
    if (strcmp(verb, "report") == 0) return report_command(argc, argv);
    if (strcmp(verb, "diff") == 0) return diff_command(argc, argv);
    if (strcmp(verb, "options") == 0) return options_command(argc - 2, argv + 2);
    if (strcmp(verb, "faults") == 0) return faults_command(argc - 2, argv + 2);
    if (strcmp(verb, "fates") == 0) return fates_command(argc - 2, argv + 2);
    const char *near = suggest(verb, verb_names, sizeof verb_names / sizeof verb_names[0]);
    if (verb[0] == '\0') {
        fputs(cli_help_main, stderr);
    } else if (near != NULL) {
        fprintf(stderr, "error: unknown verb \"%s\"; did you mean \"%s\"?\n", verb, near);
    } else {
        fprintf(stderr, "error: unknown verb \"%s\"; try: tollgate help\n", verb);
    }
    return EXIT_BAD_USAGE;
}
