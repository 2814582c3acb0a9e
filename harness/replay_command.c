#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/cli.h"
#include "harness/replay.h"
#include "harness/whatif.h"

enum { EXIT_INCOMPLETE = 3, EXIT_DIVERGED = 5 };

static const char help_replay[] =
    "usage: tollgate replay TRACE [--set key=value ...]\n"
    "\n"
    "Feeds the inputs of a trace (tollgate-runtime --trace FILE, or a report's\n"
    "<scenario>/trace.jsonl) through a fresh engine and compares every action with the recorded\n"
    "one. Says where the first difference is, and which inputs came before it.\n"
    "\n"
    "  --set key=value  what would have happened with this setting: the trace's requests go\n"
    "                   through an engine that has it. An attempt that the trace has meets what\n"
    "                   was recorded; for any other the attempts of the same second are the\n"
    "                   model. Says from when on the answer is a model, and compares. May be\n"
    "                   given several times\n"
    "  --help\n"
    "\n"
    "exit codes: 0 identical, 5 diverged, 3 identical as far as it goes, but the trace was cut\n"
    "off or reached its bound, 2 not a trace that this program can read; with --set 0 compared,\n"
    "5 the trace diverges with its own settings, 3 compared, but the trace is not whole\n"
    "\n"
    "examples: tollgate replay reports/latest/brownout-503/trace.jsonl\n"
    "          tollgate replay reports/latest/brownout-503/trace.jsonl --set retry_count=0\n";

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

static void print_unread(const struct err_note *note)
{
    err_note_print(stderr, note);
    if (note->err != ERR_NOT_FOUND) return;
    fputs("a trace is written by runs over sockets (--world real or both): what is simulated has "
          "none\n",
          stderr);
}

static int replay(const char *path)
{
    struct replay result;
    struct err_note note = { .err = ERR_OK };
    int code = EXIT_BAD_USAGE;
    if (replay_file(path, &result, &note) != ERR_OK) {
        print_unread(&note);
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

static int replay_changed(const char *path, const struct trace_changes *changes)
{
    struct err_note note = { .err = ERR_OK };
    char *text = NULL;
    size_t length = 0;
    int code = EXIT_BAD_USAGE;
    if (file_read(path, REPLAY_BYTES_MAX, &text, &length, &note) != ERR_OK) {
        print_unread(&note);
    } else {
        code = whatif_command(path, text, length, changes);
    }
    mem_free(text);
    return code;
}

static int bad_usage(void)
{
    fputs("error: replay takes one trace, and settings as --set key=value; "
          "try: tollgate replay --help\n",
          stderr);
    return EXIT_BAD_USAGE;
}

int replay_command(int argc, char **argv)
{
    const char **sets = mem_alloc((size_t)argc, sizeof *sets);
    struct trace_changes changes = { .sets = sets };
    const char *path = NULL;
    bool help = false;
    bool bad = false;
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        help = help || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
        if (strcmp(word, "--set") == 0 && i + 1 < argc) {
            sets[changes.count++] = argv[++i];
        } else if (strncmp(word, "--set=", 6) == 0) {
            sets[changes.count++] = word + 6;
        } else if (word[0] != '-' && word[0] != '\0' && path == NULL) {
            path = word;
        } else {
            bad = true;
        }
    }
    int code = EXIT_OK;
    if (help) fputs(help_replay, stdout);
    else if (bad || path == NULL) code = bad_usage();
    else if (changes.count > 0) code = replay_changed(path, &changes);
    else code = replay(path);
    mem_free(sets);
    return code;
}
