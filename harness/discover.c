#include "harness/discover.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { DISCOVER_PATH_MAX = 1024 };

static bool has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static int is_scenario_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && has_ending(entry->d_name, ".yaml");
}

void discover_config_path(const struct scenario *scenario, const char *configs, char *out,
                          size_t out_bytes)
{
    if (configs != NULL) {
        snprintf(out, out_bytes, "%s/%s.yaml", configs, scenario->environment);
        return;
    }
    const char *slash = strrchr(scenario->path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - scenario->path);
    snprintf(out, out_bytes, "%.*s%s../configs/%s.yaml", folder, scenario->path,
             folder == 0 ? "" : "/", scenario->environment);
    if (file_exists(out)) return;
    snprintf(out, out_bytes, "configs/%s.yaml", scenario->environment);
}

/* The scenario's settings one by one first, so that a bad one is blamed on its own place. */
static enum err load_config(struct suite_scenario *item, const char *config_path,
                            struct err_note *note)
{
    const struct scenario *scenario = &item->scenario;
    struct config_source source = { .path = config_path, .set_origin = scenario->path };
    enum err rc = config_load(&item->config, &source, note);
    if (rc != ERR_OK) return rc;
    const char **sets = mem_alloc(scenario->setting_count, sizeof *sets);
    for (size_t i = 0; i < scenario->setting_count && rc == ERR_OK; i++) {
        const struct setting *setting = &scenario->settings[i];
        struct options options;
        size_t row_count = 0;
        const struct option *rows = config_rows(&row_count);
        struct runtime_config scratch = { .warning_count = 0 };
        options_init(&options, rows, row_count, &scratch);
        struct err_note at = { .err = ERR_OK };
        sets[i] = setting->assignment;
        rc = options_set(&options, &scratch, setting->assignment, scenario->path, &at);
        if (rc != ERR_OK) {
            err_note_set(note, rc, scenario->path, setting->line, setting->column, "%s",
                         at.sentence);
        }
    }
    if (rc == ERR_OK) {
        source.sets = sets;
        source.set_count = scenario->setting_count;
        struct err_note at = { .err = ERR_OK };
        rc = config_load(&item->config, &source, &at);
        if (rc != ERR_OK && scenario->setting_count > 0) {
            err_note_set(note, rc, scenario->path, scenario->settings[0].line,
                         scenario->settings[0].column, "these settings do not fit %s: %s",
                         config_path, at.sentence);
        } else if (rc != ERR_OK) {
            *note = at;
        }
    }
    mem_free(sets);
    return rc;
}

enum err discover_settings(struct suite_scenario *item, const char *configs, struct err_note *note)
{
    char path[DISCOVER_PATH_MAX];
    discover_config_path(&item->scenario, configs, path, sizeof path);
    if (file_exists(path)) return load_config(item, path, note);
    return err_note_set(note, ERR_NOT_FOUND, item->scenario.path, 0, 0,
                        "its configuration %s is not there%s; name the folder of %s.yaml with "
                        "--configs, for example --configs CHECKOUT/configs",
                        path, configs == NULL ? ", nor in ../configs of the scenario's folder" : "",
                        item->scenario.environment);
}

static enum err add_scenario(struct suite *suite, struct arena *arena, const char *path,
                             const struct discover_options *options, struct err_note *note)
{
    struct suite_scenario item = { .seed = options->seed };
    enum err rc = scenario_load(arena, arena_printf(arena, "%s", path), &item.scenario, note);
    if (rc != ERR_OK) return rc;
    if (options->only != NULL && strstr(item.scenario.name, options->only) == NULL) return ERR_OK;
    if (options->has_tier && item.scenario.tier != options->tier) return ERR_OK;
    for (size_t i = 0; i < suite->count; i++) {
        if (strcmp(suite->scenarios[i].scenario.name, item.scenario.name) != 0) continue;
        return err_note_set(note, ERR_INVALID, path, 0, 0,
                            "the name \"%s\" is already taken by %s; names are unique in a run",
                            item.scenario.name, suite->scenarios[i].scenario.path);
    }
    rc = discover_settings(&item, options->configs, note);
    if (rc != ERR_OK) return rc;
    if (!options->has_seed) item.seed = item.scenario.seed;
    item.config.engine.seed = item.seed;
    suite->scenarios = mem_resize(suite->scenarios, suite->count + 1, sizeof item);
    suite->scenarios[suite->count++] = item;
    return ERR_OK;
}

static enum err add_folder(struct suite *suite, struct arena *arena, const char *folder,
                           const struct discover_options *options, FILE *errors)
{
    struct dirent **entries = NULL;
    errno = 0;
    int count = scandir(folder, &entries, is_scenario_file, alphasort);
    enum err first = ERR_OK;
    for (int i = 0; i < count; i++) {
        struct err_note note = { .err = ERR_OK };
        const char *slash = has_ending(folder, "/") ? "" : "/";
        const char *path = arena_printf(arena, "%s%s%s", folder, slash, entries[i]->d_name);
        enum err rc = add_scenario(suite, arena, path, options, &note);
        if (rc != ERR_OK) troubles_tell(options->troubles, errors, &note);
        if (first == ERR_OK) first = rc;
        free(entries[i]);
    }
    free(entries);
    struct err_note none = { .err = ERR_OK };
    if (count < 0) {
        first = err_note_set(&none, ERR_IO, folder, 0, 0, "cannot read this folder: %s",
                             strerror(errno));
    } else if (count == 0) {
        first = err_note_set(&none, ERR_NOT_FOUND, folder, 0, 0,
                             "no scenario (*.yaml) in this folder");
    }
    if (count <= 0) troubles_tell(options->troubles, errors, &none);
    return first;
}

static void tell_none(const struct discover_options *options, FILE *errors)
{
    struct err_note note = { .err = ERR_OK };
    const char *only = options->only;
    err_note_set(&note, ERR_NOT_FOUND, NULL, 0, 0,
                 "no scenario%s%s%s%s%s; see: tollgate list", options->has_tier ? " of tier " : "",
                 options->has_tier ? scenario_tier_name(options->tier) : "",
                 only != NULL ? " whose name contains \"" : "", only != NULL ? only : "",
                 only != NULL ? "\"" : "");
    troubles_tell(options->troubles, errors, &note);
}

static enum err tell_idle(const struct suite_scenario *item, const struct discover_options *options,
                          FILE *errors)
{
    struct err_note note = { .err = ERR_OK };
    err_note_set(&note, ERR_INVALID, item->scenario.path, 0, 0,
                 "with seed %" PRIu64 " its load sends no request at all, so there is nothing to "
                 "judge; raise the rate or the duration",
                 item->seed);
    troubles_tell(options->troubles, errors, &note);
    return ERR_INVALID;
}

enum err discover(struct suite *suite, struct arena *arena, const struct discover_options *options,
                  FILE *errors)
{
    enum err first = ERR_OK;
    for (size_t i = 0; i < options->path_count; i++) {
        const char *path = options->paths[i];
        enum err rc;
        if (file_is_folder(path)) {
            rc = add_folder(suite, arena, path, options, errors);
        } else {
            struct err_note note = { .err = ERR_OK };
            rc = add_scenario(suite, arena, path, options, &note);
            if (rc != ERR_OK) troubles_tell(options->troubles, errors, &note);
        }
        if (first == ERR_OK) first = rc;
    }
    if (first == ERR_OK && suite->count == 0) {
        tell_none(options, errors);
        return ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < suite->count; i++) {
        struct suite_scenario *item = &suite->scenarios[i];
        schedule_create(&item->scenario, item->seed, &item->schedule);
        if (item->schedule.count == 0) first = tell_idle(item, options, errors);
    }
    return first;
}
