#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "base/yaml.h"
#include "harness/capsule.h"
#include "harness/cli.h"
#include "harness/interrupt.h"
#include "harness/shrink.h"
#include "harness/story.h"

static const char help[] =
    "usage: tollgate shrink [options] SCENARIO|CAPSULE\n"
    "\n"
    "Reduces a scenario that fails in the simulator to the fewest phases, faults, settings and\n"
    "requests with which the same check still fails, and writes it as a scenario.\n"
    "A run that failed has left such a scenario: reports/<run>/<name>/capsule.yaml; its folder\n"
    "will do as well.\n"
    "\n"
    "  --check NAME    the check that must keep failing (default: the first that fails)\n"
    "  --configs DIR   folder of dev.yaml, staging.yaml, prod.yaml (default: beside the "
    "scenario's\n"
    "                  folder, then ./configs)\n"
    "  --out FILE      write it there (default: standard output)\n"
    "  --runs N        simulations at most (default 3000)\n"
    "  --help\n"
    "\n"
    "exit codes: 0 written; 2 bad usage, or nothing fails in it\n";

static int usage(const char *sentence)
{
    fprintf(stderr, "error: %s; see tollgate shrink --help\n", sentence);
    return EXIT_BAD_USAGE;
}

/* A capsule's folder stands for the capsule in it. */
static bool find_capsule(struct shrink_options *options, struct buf *path)
{
    buf_printf(path, "%s/capsule.yaml", options->path);
    if (!file_is_folder(options->path)) return true;
    if (!file_exists(buf_text(path))) {
        fprintf(stderr,
                "error: %s holds no capsule.yaml; name the folder of one scenario of a run, or a "
                "scenario file\n",
                options->path);
        return false;
    }
    options->path = buf_text(path);
    return true;
}

/* As it can be used from any folder. */
static void print_replay(const char *out_path, const struct shrink_result *result)
{
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    buf_puts(&line, "replay it: tollgate run --world sim --configs ");
    capsule_write_path(&line, result->configs, CAPSULE_FOR_SHELL);
    buf_putc(&line, ' ');
    capsule_write_path(&line, out_path, CAPSULE_FOR_SHELL);
    fprintf(stderr, "%s\n", buf_text(&line));
    buf_deinit(&line);
}

/* What the smallest scenario names is beside it, too. */
static enum err carry_samples(const char *from, const char *out_path, const struct buf *smallest,
                              struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    enum err rc = yaml_parse(&arena, out_path, smallest->data, smallest->length, &file, note);
    if (rc == ERR_OK) rc = story_carry_samples(&arena, file.root, from, out_path, note);
    arena_deinit(&arena);
    return rc;
}

static int write_result(const char *path, const char *out_path, const struct shrink_result *result,
                        const struct buf *smallest, struct err_note *note)
{
    struct buf text;
    enum err rc = ERR_OK;
    int code = EXIT_OK;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, "# teaches that %s fails: %s\n", result->check, result->sentence);
    buf_put(&text, smallest->data, smallest->length);
    if (out_path != NULL) {
        rc = file_write(out_path, text.data, text.length, note);
        if (rc == ERR_OK) rc = carry_samples(path, out_path, smallest, note);
    } else {
        fputs(buf_text(&text), stdout);
        if (fflush(stdout) != 0) {
            rc = err_note_set(note, ERR_IO, NULL, 0, 0, "standard output cannot be written");
        }
    }
    if (rc != ERR_OK) {
        err_note_print(stderr, note);
        code = EXIT_BAD_USAGE;
    } else {
        fprintf(stderr,
                "%s still fails: %u requests instead of %u, %u faults instead of %u (%u runs)\n",
                result->check, result->requests[1], result->requests[0], result->faults[1],
                result->faults[0], result->runs);
        if (out_path != NULL) print_replay(out_path, result);
    }
    buf_deinit(&text);
    return code;
}

static int shrink_file(struct shrink_options *options, const char *out_path)
{
    interrupt_listen();
    struct err_note note = { .err = ERR_OK };
    struct shrink_result result;
    struct buf smallest;
    struct buf capsule;
    char *text = NULL;
    size_t length = 0;
    int code = EXIT_BAD_USAGE;
    buf_init(&smallest, BUF_UNBOUNDED);
    buf_init(&capsule, BUF_UNBOUNDED);
    enum err rc = ERR_OK;
    if (!find_capsule(options, &capsule)) goto out;
    rc = file_read(options->path, YAML_BYTES_MAX, &text, &length, &note);
    if (rc == ERR_OK) rc = shrink(text, length, options, &smallest, &result, &note);
    if (rc == ERR_OK) {
        code = write_result(options->path, out_path, &result, &smallest, &note);
    } else {
        err_note_print(stderr, &note);
    }
    if (code == EXIT_OK && interrupt_came()) {
        fputs("interrupted: this is the smallest so far; shrink it to go on\n", stderr);
        code = EXIT_INVALID_RUN;
    }
out:
    buf_deinit(&capsule);
    buf_deinit(&smallest);
    mem_free(text);
    return code;
}

/* One option with its value. */
static bool parse_option(struct shrink_options *options, const char **out_path, const char *name,
                         const char *value)
{
    if (strcmp(name, "--check") == 0) {
        options->check = value;
    } else if (strcmp(name, "--configs") == 0) {
        options->configs = value;
    } else if (strcmp(name, "--out") == 0) {
        *out_path = value;
    } else if (strcmp(name, "--runs") == 0) {
        uint64_t runs = 0;
        bool good = units_parse_decimal(value, 0, &runs) && runs > 0 && runs <= UINT32_MAX;
        options->runs_max = (uint32_t)runs;
        if (good) return true;
        fprintf(stderr, "error: --runs %s: write a number of simulations, such as 500\n", value);
        return false;
    } else {
        fprintf(stderr, "error: unknown option \"%s\"; see tollgate shrink --help\n", name);
        return false;
    }
    return true;
}

int shrink_command(int argc, char **argv)
{
    struct shrink_options options = { .runs_max = 0 };
    const char *out_path = NULL;
    int at = 1;
    while (at < argc) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (argv[at][0] != '-') {
            if (options.path != NULL) return usage("name one scenario only");
            options.path = argv[at++];
            continue;
        }
        if (at + 1 == argc) {
            fprintf(stderr, "error: %s has no value; see tollgate shrink --help\n", argv[at]);
            return EXIT_BAD_USAGE;
        }
        if (!parse_option(&options, &out_path, argv[at], argv[at + 1])) {
            return EXIT_BAD_USAGE;
        }
        at += 2;
    }
    if (options.path == NULL) return usage("name a scenario");
    return shrink_file(&options, out_path);
}
