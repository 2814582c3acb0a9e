#include "harness/sweep_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "harness/cli.h"
#include "harness/sweep_options.h"
#include "harness/sweep_report.h"

enum { COMMAND_PATH_MAX = 1024, EXIT_NO_PICK = 1 };

#define COMMAND_FILE_MAX (UINT64_C(1) << 30)

struct command {
    struct sweep_options options;
    struct arena arena;
    struct sweep_spec spec;
    struct sweep_world world;
    struct sweep_store store;
    struct sweep sweep;
    struct sweep_head head;
    char folder[COMMAND_PATH_MAX];
    char config_path[COMMAND_PATH_MAX]; /* the copy of the base configuration */
};

static int give_up(const struct err_note *note)
{
    err_note_print(stderr, note);
    bool stopped = note->err == ERR_LIMIT || note->err == ERR_IO;
    return stopped ? EXIT_INVALID_RUN : EXIT_BAD_USAGE;
}

/* ---- what a result depends on ---- */

static enum err add_file(uint64_t *fingerprint, const char *path, struct err_note *note)
{
    char *bytes = NULL;
    size_t length = 0;
    enum err rc = file_read(path, COMMAND_FILE_MAX, &bytes, &length, note);
    if (rc == ERR_OK) *fingerprint = draw(*fingerprint, hash_bytes(bytes, length), length, 0);
    mem_free(bytes);
    return rc;
}

/* The sweep file, the configuration, the scenarios, and this program: another build may decide
 * differently. */
static enum err make_fingerprint(const struct command *command, uint64_t *out,
                                 struct err_note *note)
{
    *out = 0;
    enum err rc = add_file(out, "/proc/self/exe", note);
    if (rc == ERR_OK) rc = add_file(out, command->spec.path, note);
    if (rc == ERR_OK) rc = add_file(out, command->spec.config_path, note);
    for (size_t i = 0; i < command->world.suite.count && rc == ERR_OK; i++) {
        rc = add_file(out, command->world.suite.scenarios[i].scenario.path, note);
    }
    return rc;
}

/* ---- the folder ---- */

static void name_folder(struct command *command)
{
    const struct sweep_shard *shard = &command->options.shard;
    const char *name = command->spec.name;
    if (command->options.out != NULL) {
        snprintf(command->folder, sizeof command->folder, "%s", command->options.out);
    } else if (shard->count > 1) {
        snprintf(command->folder, sizeof command->folder, "reports/%s-shard-%u-of-%u", name,
                 shard->index, shard->count);
    } else {
        snprintf(command->folder, sizeof command->folder, "reports/%s", name);
    }
}

/* The base configuration is copied, so that editing it does not change a sweep under way. */
static enum err copy_config(struct command *command, struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    char folder[COMMAND_PATH_MAX];
    snprintf(folder, sizeof folder, "%.900s/base", command->folder);
    snprintf(command->config_path, sizeof command->config_path, "%.920s/%.90s.yaml", folder,
             command->spec.environment);
    enum err rc = file_make_folder(folder, note);
    if (rc == ERR_OK) {
        rc = file_read(command->spec.config_path, COMMAND_FILE_MAX, &text, &length, note);
    }
    if (rc == ERR_OK) rc = file_write(command->config_path, text, length, note);
    command->world.config_path = command->config_path;
    mem_free(text);
    return rc;
}

static enum err open_folder(struct command *command, struct err_note *note)
{
    const struct sweep_options *options = &command->options;
    char journal[COMMAND_PATH_MAX];
    name_folder(command);
    command->head = (struct sweep_head){ .shard = options->shard.index,
                                         .shards = options->shard.count };
    enum err rc = make_fingerprint(command, &command->head.fingerprint, note);
    if (rc == ERR_OK) rc = copy_config(command, note);
    if (rc != ERR_OK) return rc;
    snprintf(journal, sizeof journal, "%.1000s/journal.jsonl", command->folder);
    if (options->resume && !file_exists(journal)) {
        return err_note_set(note, ERR_NOT_FOUND, journal, 0, 0,
                            "there is nothing to go on with; leave --resume out");
    }
    /* Merging is repeatable from the shards, so it never goes on with what an earlier one left. */
    if (options->restart || options->merge) unlink(journal);
    size_t resumed = 0;
    rc = sweep_store_open(&command->store, journal, &command->head, &resumed, note);
    if (rc == ERR_OK && resumed > 0 && !options->quiet) {
        printf("%s: going on after %zu simulations\n", command->folder, resumed);
    }
    return rc;
}

/* ---- notes before the start ---- */

static void note_overridden(const struct command *command)
{
    const struct sweep_space *space = &command->spec.space;
    for (size_t i = 0; i < space->count; i++) {
        const struct sweep_parameter *parameter = &space->parameters[i];
        if (parameter->where_set != SWEEP_SET_REPLACED) continue;
        size_t length = strlen(parameter->row->key);
        size_t count = 0;
        const char *first = "";
        for (size_t j = 0; j < command->world.suite.count; j++) {
            const struct scenario *scenario = &command->world.suite.scenarios[j].scenario;
            for (size_t k = 0; k < scenario->setting_count; k++) {
                const char *set = scenario->settings[k].assignment;
                if (strncmp(set, parameter->row->key, length) != 0 || set[length] != '=') continue;
                if (count++ == 0) first = scenario->name;
            }
        }
        if (count == 0) continue;
        printf("%s:%d:%d: note: %zu scenarios (%s, ...) set %s themselves; the sweep's values "
               "replace it there (where_set: scaled or kept would not)\n",
               command->spec.path, parameter->line, parameter->column, count, first,
               parameter->row->key);
    }
}

/* ---- after the search ---- */

static void say_found(const struct command *command)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_report_verdict(&text, &command->sweep);
    buf_putc(&text, '\n');
    if (command->sweep.finalist_count == 0) sweep_report_refusals(&text, &command->sweep);
    fputs(buf_text(&text), stdout);
    buf_deinit(&text);
}

static void say_files(const struct command *command)
{
    if (command->options.quiet) return;
    if (command->sweep.finalist_count > 0) {
        printf("%s/configs/%s.yaml\n", command->folder, command->spec.environment);
    }
    printf("%s/sweep.html\n", command->folder);
    fflush(stdout);
}

static int finish(struct command *command)
{
    struct sweep *sweep = &command->sweep;
    struct sweep_confirmation confirmation = { .done = false };
    struct err_note note = { .err = ERR_OK };
    /* First without the confirmation, which takes long: who stops it has all the rest. */
    enum err rc = sweep_report_write(sweep, &confirmation, command->folder, &note);
    if (rc != ERR_OK) return give_up(&note);
    say_found(command);
    say_files(command);
    const struct sweep_finalist *pick = sweep_pick(sweep);
    if (pick == NULL || !sweep_score_feasible(&pick->fresh)) return EXIT_NO_PICK;
    if (command->options.no_confirm) return EXIT_OK;
    struct sweep_confirm_options options = { .folder = command->folder,
                                             .programs = command->options.programs,
                                             .quiet = command->options.quiet };
    int code = EXIT_INVALID_RUN;
    if (sweep_confirm(sweep, &options, &confirmation)) {
        code = confirmation.exit_code;
        puts(confirmation.sentence);
        rc = sweep_report_write(sweep, &confirmation, command->folder, &note);
        if (rc != ERR_OK) code = give_up(&note);
    }
    sweep_confirmation_deinit(&confirmation);
    return code;
}

/* ---- shards ---- */

static enum err take_shards(struct command *command, bool *have, struct err_note *note)
{
    uint32_t count = 0;
    for (size_t i = 0; i < command->options.word_count; i++) {
        char path[COMMAND_PATH_MAX];
        struct sweep_head head;
        snprintf(path, sizeof path, "%.1000s/journal.jsonl", command->options.words[i]);
        enum err rc = sweep_store_merge(&command->store, path, command->head.fingerprint, &head,
                                        note);
        if (rc != ERR_OK) return rc;
        if (count == 0) count = head.shards;
        if (head.shards != count) {
            return err_note_set(note, ERR_INVALID, path, 1, 1,
                                "this is a shard of %u, the others are of %u", head.shards, count);
        }
        *have = true;
    }
    command->sweep.shard.count = count;
    return ERR_OK;
}

/* Every configuration's first round must be there; else says whose part is missing. */
static enum err check_shards(const struct command *command, struct err_note *note)
{
    const struct sweep *sweep = &command->sweep;
    uint32_t shards = sweep->shard.count;
    for (size_t i = 0; i < sweep->count; i++) {
        struct sweep_task task = { .point = &sweep->candidates[i].point,
                                   .blocks = sweep->search_blocks,
                                   .block_count = sweep_search_blocks(sweep, 1) };
        if (sweep_pool_missing(&sweep->pool, &task, 1) == 0) continue;
        return err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0,
                            "shard %zu of %u is missing or not finished; run `tollgate sweep "
                            "--shard %zu/%u %s` and name its folder, or add --fill to do its part "
                            "here",
                            i % shards + 1, shards, i % shards + 1, shards, command->spec.path);
    }
    return ERR_OK;
}

static int run_merge(struct command *command)
{
    struct err_note note = { .err = ERR_OK };
    bool have = false;
    enum err rc = take_shards(command, &have, &note);
    if (rc == ERR_OK) rc = sweep_make_sample(&command->sweep, &note);
    if (rc == ERR_OK && !command->options.fill) rc = check_shards(command, &note);
    command->sweep.shard = (struct sweep_shard){ 1, 1 };
    if (rc == ERR_OK) rc = sweep_run(&command->sweep, &note);
    return rc == ERR_OK ? finish(command) : give_up(&note);
}

static int run_sweep(struct command *command)
{
    struct err_note note = { .err = ERR_OK };
    const struct sweep_shard *shard = &command->options.shard;
    command->sweep.shard = *shard;
    enum err rc = sweep_make_sample(&command->sweep, &note);
    if (rc == ERR_OK && shard->count > 1) {
        rc = sweep_run_shard(&command->sweep, &note);
        if (rc != ERR_OK) return give_up(&note);
        if (!command->options.quiet) {
            printf("shard %u of %u is done; when all are: tollgate sweep merge FOLDER ...\n%s\n",
                   shard->index, shard->count, command->folder);
        }
        return EXIT_OK;
    }
    if (rc == ERR_OK) rc = sweep_run(&command->sweep, &note);
    return rc == ERR_OK ? finish(command) : give_up(&note);
}

static int run_opened(struct command *command)
{
    struct err_note note = { .err = ERR_OK };
    sweep_store_init(&command->store, &command->world);
    enum err rc = open_folder(command, &note);
    int code = EXIT_OK;
    if (rc != ERR_OK) {
        code = give_up(&note);
    } else {
        if (!command->options.quiet) note_overridden(command);
        sweep_init(&command->sweep, &command->world, &command->store, command->options.jobs,
                   command->options.quiet ? NULL : stdout);
        code = command->options.merge ? run_merge(command) : run_sweep(command);
        sweep_deinit(&command->sweep);
    }
    sweep_store_deinit(&command->store);
    return code;
}

/* The sweep file: named, or of merge the one that the first shard was made from. */
static enum err find_file(struct command *command, const char **out, struct err_note *note)
{
    const struct sweep_options *options = &command->options;
    *out = options->merge ? options->file : options->words[0];
    if (*out != NULL) return ERR_OK;
    char path[COMMAND_PATH_MAX];
    snprintf(path, sizeof path, "%.1000s/journal.jsonl", options->words[0]);
    enum err rc = sweep_journal_file(path, &command->arena, out, note);
    if (rc != ERR_OK || file_exists(*out)) return rc;
    return err_note_set(note, ERR_NOT_FOUND, path, 1, 1,
                        "its sweep file %s is not there; name it with --file", *out);
}

static int run_command_line(struct command *command)
{
    struct err_note note = { .err = ERR_OK };
    const char *file;
    enum err rc = find_file(command, &file, &note);
    if (rc == ERR_OK) {
        rc = sweep_spec_load(&command->arena, file, command->options.configs, &command->spec,
                             &note);
    }
    if (rc != ERR_OK) {
        err_note_print(stderr, &note);
        return EXIT_BAD_USAGE;
    }
    rc = sweep_world_open(&command->world, &command->arena, &command->spec,
                          command->options.configs, stderr);
    int code = rc == ERR_OK ? run_opened(command) : EXIT_BAD_USAGE;
    sweep_world_close(&command->world);
    return code;
}

int sweep_command(int argc, char **argv)
{
    struct command *command = mem_alloc(1, sizeof *command);
    int code = EXIT_BAD_USAGE;
    if (sweep_options_parse(argc, argv, &command->options)) {
        if (command->options.help) {
            fputs(sweep_help, stdout);
            code = EXIT_OK;
        } else {
            code = run_command_line(command);
        }
    }
    mem_free(command->options.words);
    arena_deinit(&command->arena);
    mem_free(command);
    return code;
}
