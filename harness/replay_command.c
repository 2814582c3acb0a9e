#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/replay.h"

enum { EXIT_INCOMPLETE = 3, EXIT_DIVERGED = 5 };

static const char help_replay[] =
    "usage: tollgate replay TRACE\n"
    "\n"
    "Feeds the inputs of a trace (tollgate-runtime --trace FILE, or a report's\n"
    "<scenario>/trace.jsonl) through a fresh engine and compares every action with the recorded\n"
    "one. Says where the first difference is, and which inputs came before it.\n"
    "\n"
    "exit codes: 0 identical, 5 diverged, 3 identical as far as it goes, but the trace was cut\n"
    "off or reached its bound, 2 not a trace that this program can read\n"
    "\n"
    "example: tollgate replay reports/latest/brownout-503/trace.jsonl\n";

static void print_divergence(const char *path, const struct replay *replay)
{
    if (replay->before_count > 0) puts("the inputs before it:");
    for (uint32_t i = 0; i < replay->before_count; i++) {
        printf("  %d: %s\n", replay->before_line[i], replay->before[i]);
    }
    printf("expected (%s:%d):\n  %s\ngot (replayed):\n  %s\n", path, replay->line,
           replay->expected == NULL ? "nothing" : replay->expected,
           replay->got == NULL ? "nothing" : replay->got);
    if (strcmp(replay->version, TOLLGATE_VERSION) != 0) {
        printf("the trace was written by %s %s; this is %s\n", replay->program, replay->version,
               TOLLGATE_VERSION);
    }
}

static int replay(const char *path)
{
    struct replay result;
    struct err_note note = { .err = ERR_OK };
    int code = EXIT_BAD_USAGE;
    if (replay_file(path, &result, &note) != ERR_OK) {
        err_note_print(stderr, &note);
    } else {
        struct buf sentence;
        buf_init(&sentence, BUF_UNBOUNDED);
        replay_sentence_write(&result, &sentence);
        printf("%s: %s, %" PRIu64 " actions compared\n", path, buf_text(&sentence),
               result.actions);
        buf_deinit(&sentence);
        if (!result.identical) print_divergence(path, &result);
        bool whole = result.end == REPLAY_WHOLE;
        code = !result.identical ? EXIT_DIVERGED : whole ? EXIT_OK : EXIT_INCOMPLETE;
    }
    replay_deinit(&result);
    return code;
}

int replay_command(int argc, char **argv)
{
    const char *word = argc > 2 ? argv[2] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(help_replay, stdout);
        return EXIT_OK;
    }
    if (argc == 3 && word[0] != '-' && word[0] != '\0') return replay(word);
    fputs("error: replay takes one trace; try: tollgate replay --help\n", stderr);
    return EXIT_BAD_USAGE;
}
