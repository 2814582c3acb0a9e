#include "harness/report_command.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "harness/cli.h"
#include "harness/report.h"
#include "harness/report_outputs.h"
#include "harness/result_read.h"

static const char help[] =
    "usage: tollgate report [options] RESULT\n"
    "\n"
    "Makes reports again from a result.json, or from the folder of a run. Without an option:\n"
    "index.html, junit.xml and summary.md beside it.\n"
    "\n";

static const char help_end[] =
    "\n"
    "exit codes: 0; 1 less coverage than required; 2 bad usage, or no result of this version;\n"
    "4 a report could not be written\n"
    "\n"
    "example: tollgate report --baseline main.json --summary - reports/latest\n";

struct words {
    const char *path;
    struct report_outputs outputs;
    bool help;
};

static bool parse(struct words *words, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char **slot = report_outputs_slot(&words->outputs, argv[i]);
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            words->help = true;
        } else if (slot != NULL && i + 1 < argc) {
            *slot = argv[++i];
        } else if (slot != NULL) {
            fprintf(stderr, "error: %s needs a value; try: tollgate report --help\n", argv[i]);
            return false;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "error: unknown option %s; try: tollgate report --help\n", argv[i]);
            return false;
        } else if (words->path != NULL) {
            fputs("error: one result at a time; try: tollgate report --help\n", stderr);
            return false;
        } else {
            words->path = argv[i];
        }
    }
    if (words->help || words->path != NULL) return true;
    fputs("error: name a result.json or a run's folder; try: tollgate report --help\n", stderr);
    return false;
}

/* The folder of the result, or of the file that it is. */
static const char *folder_of(const char *path, struct arena *arena)
{
    if (file_is_folder(path)) return path;
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ".";
    return arena_copy_text(arena, path, (size_t)(slash - path));
}

static int make_reports(const struct words *words, struct suite *suite, struct arena *arena)
{
    struct suite baseline;
    struct err_note note = { .err = ERR_OK };
    enum err rc = report_outputs_open(&words->outputs, arena, &baseline, &note);
    if (words->outputs.baseline != NULL) suite->baseline = &baseline;
    bool named = report_outputs_any(&words->outputs);
    int code = rc == ERR_OK ? EXIT_INVALID_RUN : EXIT_BAD_USAGE;
    const char *folder = folder_of(words->path, arena);
    if (rc == ERR_OK && !named) rc = report_write_rebuilt(folder, suite, &note);
    if (rc == ERR_OK && !named) printf("report: %s/index.html\n", folder);
    if (rc == ERR_OK) rc = report_outputs_write(&words->outputs, suite, &note);
    if (rc == ERR_OK)
        code = report_outputs_gate(&words->outputs, suite, EXIT_OK, stderr);
    else
        err_note_print(stderr, &note);
    suite_deinit(&baseline);
    return code;
}

int report_command(int argc, char **argv)
{
    struct words words = { .path = NULL };
    if (!parse(&words, argc, argv)) return EXIT_BAD_USAGE;
    if (words.help) {
        printf("%s%s%s", help, report_outputs_help, help_end);
        return EXIT_OK;
    }
    struct arena arena = { .head = NULL };
    struct suite suite;
    struct err_note note = { .err = ERR_OK };
    int code = EXIT_BAD_USAGE;
    if (result_load(words.path, &arena, &suite, &note) == ERR_OK)
        code = make_reports(&words, &suite, &arena);
    else
        err_note_print(stderr, &note);
    suite_deinit(&suite);
    arena_deinit(&arena);
    return code;
}
