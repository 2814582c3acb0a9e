#include <stdio.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/diff.h"
#include "harness/result_read.h"

enum { EXIT_WORSE = 1 };

static const char help[] =
    "usage: tollgate diff [--markdown] [--fail-on-missing] OLD NEW\n"
    "\n"
    "Compares two results: each a result.json, or the folder of a run. Prints which verdicts and\n"
    "checks changed, which are new or gone, and how p95 and the shares of fresh answers and "
    "errors\n"
    "moved. Figures count as worse only beyond what chance explains (p95: the 95 % intervals do\n"
    "not overlap; shares: more than 3.29 standard errors). What the old result could not judge is "
    "no\n"
    "comparison: behind an invalid run, what does not pass is worse, and nothing is better.\n"
    "\n"
    "  --markdown         for a pull request\n"
    "  --fail-on-missing  worse is also what only the old result has: a scenario, a world of one,\n"
    "                     an expectation\n"
    "\n"
    "exit codes: 0 the same or better; 1 worse; 2 bad usage, or no result\n"
    "\n"
    "example: tollgate diff baseline/result.json reports/latest\n";

struct words {
    const char *paths[2];
    int count;
    bool markdown;
    bool fail_on_missing;
    bool help;
};

static bool parse(struct words *words, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            words->help = true;
        } else if (strcmp(argv[i], "--markdown") == 0) {
            words->markdown = true;
        } else if (strcmp(argv[i], "--fail-on-missing") == 0) {
            words->fail_on_missing = true;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            fprintf(stderr, "error: unknown option %s; try: tollgate diff --help\n", argv[i]);
            return false;
        } else {
            if (words->count < 2) words->paths[words->count] = argv[i];
            words->count++;
        }
    }
    if (words->help || words->count == 2) return true;
    fputs("error: name two results, the old and the new; try: tollgate diff --help\n", stderr);
    return false;
}

static int compare(const struct words *words, const struct suite *suites)
{
    struct diff diff;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    diff_make(&diff, &suites[0], &suites[1]);
    if (words->fail_on_missing) diff_forbid_missing(&diff);
    if (words->markdown)
        diff_write_markdown(&out, &diff);
    else
        diff_write_text(&out, &diff);
    fputs(buf_text(&out), stdout);
    int code = diff.worse ? EXIT_WORSE : EXIT_OK;
    buf_deinit(&out);
    diff_deinit(&diff);
    return code;
}

int diff_command(int argc, char **argv)
{
    struct words words = { .count = 0 };
    if (!parse(&words, argc, argv)) return EXIT_BAD_USAGE;
    if (words.help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    struct arena arena = { .head = NULL };
    struct suite suites[2] = { { .count = 0 }, { .count = 0 } };
    struct err_note note = { .err = ERR_OK };
    enum err rc = result_load(words.paths[0], &arena, &suites[0], &note);
    if (rc == ERR_OK) rc = result_load(words.paths[1], &arena, &suites[1], &note);
    int code = EXIT_BAD_USAGE;
    if (rc == ERR_OK)
        code = compare(&words, suites);
    else
        err_note_print(stderr, &note);
    suite_deinit(&suites[0]);
    suite_deinit(&suites[1]);
    arena_deinit(&arena);
    return code;
}
