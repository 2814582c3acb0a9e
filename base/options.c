#include "base/options.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "base/option_value.h"
#include "base/suggest.h"

static const char environment_prefix[] = "TSFM_";

enum { ENVIRONMENT_NAME_MAX = 128 };

const char *option_source_text(enum option_source source)
{
    switch (source) {
    case OPTION_DEFAULT: return "default";
    case OPTION_FILE: return "file";
    case OPTION_ENVIRONMENT: return "environment";
    case OPTION_SET: return "--set";
    }
    return "";
}

const char *option_reload_text(enum option_reload reload)
{
    switch (reload) {
    case OPTION_RESTART: return "no";
    case OPTION_LIVE: return "yes";
    case OPTION_UP_TO_START: return "up to its value at start";
    }
    return "";
}

/* The row of a key of `length` bytes; `count` when there is none. */
static size_t find_row(const struct options *options, const char *key, size_t length)
{
    for (size_t i = 0; i < options->count; i++) {
        const char *candidate = options->rows[i].key;
        if (strncmp(candidate, key, length) == 0 && candidate[length] == '\0') return i;
    }
    return options->count;
}

static const char *suggest_key(const struct options *options, const char *typed)
{
    const char *keys[OPTIONS_MAX];
    for (size_t i = 0; i < options->count; i++) keys[i] = options->rows[i].key;
    return suggest(typed, keys, options->count);
}

static void remember(struct options *options, size_t index, enum option_source source,
                     struct option_place place)
{
    options->source[index] = source;
    options->line[index] = place.line;
    options->column[index] = place.column;
}

static enum err note_unknown(const struct options *options, const char *key,
                             struct option_place place, struct err_note *note)
{
    const char *near = suggest_key(options, key);
    if (near != NULL) {
        return err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                            "unknown option \"%.80s\"; did you mean \"%s\"?", key, near);
    }
    return err_note_set(note, ERR_INVALID, place.path, place.line, place.column,
                        "unknown option \"%.80s\"; docs/options.md lists all of them", key);
}

void options_init(struct options *options, const struct option *rows, size_t count, void *target)
{
    assert(count <= OPTIONS_MAX);
    *options = (struct options){ .rows = rows, .count = count };
    for (size_t i = 0; i < count; i++) {
        struct option_place place = { .path = NULL };
        enum err err = option_parse(&rows[i], target, rows[i].key, rows[i].initial, place, NULL);
        assert(err == ERR_OK);
        assert(find_row(options, rows[i].key, strlen(rows[i].key)) == i);
        remember(options, i, OPTION_DEFAULT, place);
    }
}

enum err options_load_map(struct options *options, void *target, const struct yaml_file *file,
                          const struct yaml_node *map, struct err_note *note)
{
    if (map->kind != YAML_MAP) {
        return yaml_note(file, map, note, "options must be written as \"key: value\" lines");
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->keys[i];
        const struct yaml_node *value = map->items[i];
        struct option_place at_key = { file->path, key->line, key->column };
        struct option_place at_value = { file->path, value->line, value->column };
        size_t index = find_row(options, key->text, strlen(key->text));
        if (index == options->count) return note_unknown(options, key->text, at_key, note);
        if (value->kind != YAML_SCALAR) {
            return yaml_note(file, value, note, "%s: a %s is not allowed here; write one value",
                             key->text, value->kind == YAML_LIST ? "list" : "map");
        }
        enum err err = option_parse(&options->rows[index], target, key->text, value->text,
                                    at_value, note);
        if (err != ERR_OK) return err;
        remember(options, index, OPTION_FILE, at_value);
    }
    return ERR_OK;
}

enum err options_set(struct options *options, void *target, const char *assignment,
                     const char *origin, struct err_note *note)
{
    struct option_place place = { .path = origin };
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        return err_note_set(note, ERR_USAGE, origin, 0, 0,
                            "\"%.80s\" is not an assignment; write key=value", assignment);
    }
    size_t length = (size_t)(equals - assignment);
    size_t index = find_row(options, assignment, length);
    if (index == options->count) {
        char key[ENVIRONMENT_NAME_MAX];
        snprintf(key, sizeof key, "%.*s", (int)u64_min(length, sizeof key), assignment);
        return note_unknown(options, key, place, note);
    }
    const struct option *row = &options->rows[index];
    enum err err = option_parse(row, target, row->key, equals + 1, place, note);
    if (err == ERR_OK) remember(options, index, OPTION_SET, place);
    return err;
}

static char change_case(char c, char from, char to)
{
    return c >= from && c <= from + 25 ? (char)(c - from + to) : c;
}

/* "TSFM_RETRY_COUNT" for "retry_count". */
static void environment_name(const char *key, char out[ENVIRONMENT_NAME_MAX])
{
    int length = snprintf(out, ENVIRONMENT_NAME_MAX, "%s%s", environment_prefix, key);
    assert(length > 0 && length < ENVIRONMENT_NAME_MAX);
    for (char *at = out; *at != '\0'; at++) *at = change_case(*at, 'a', 'A');
}

static bool is_ignored(const char *const *ignored, const char *name, size_t length)
{
    for (size_t i = 0; ignored != NULL && ignored[i] != NULL; i++) {
        if (strlen(ignored[i]) == length && memcmp(ignored[i], name, length) == 0) return true;
    }
    return false;
}

static enum err note_unknown_variable(const struct options *options, const char *name,
                                      size_t length, struct err_note *note)
{
    char typed[ENVIRONMENT_NAME_MAX];
    char meant[ENVIRONMENT_NAME_MAX];
    snprintf(typed, sizeof typed, "%.*s", (int)u64_min(length, sizeof typed), name);
    const char *near = suggest_key(options, typed + sizeof environment_prefix - 1);
    if (near == NULL) {
        return err_note_set(note, ERR_INVALID, "environment", 0, 0,
                            "%s names no option; unset it, or see docs/options.md", typed);
    }
    environment_name(near, meant);
    return err_note_set(note, ERR_INVALID, "environment", 0, 0,
                        "%s names no option; did you mean %s?", typed, meant);
}

enum err options_load_environment(struct options *options, void *target, char *const *environment,
                                  const char *const *ignored, struct err_note *note)
{
    struct option_place place = { .path = "environment" };
    const size_t prefix = sizeof environment_prefix - 1;
    for (size_t i = 0; environment[i] != NULL; i++) {
        const char *entry = environment[i];
        const char *equals = strchr(entry, '=');
        if (equals == NULL || strncmp(entry, environment_prefix, prefix) != 0) continue;
        size_t length = (size_t)(equals - entry);
        size_t index = options->count;
        char name[ENVIRONMENT_NAME_MAX] = "";
        for (size_t j = 0; j < options->count && index == options->count; j++) {
            environment_name(options->rows[j].key, name);
            if (strlen(name) == length && memcmp(name, entry, length) == 0) index = j;
        }
        if (index == options->count) {
            if (is_ignored(ignored, entry, length)) continue;
            return note_unknown_variable(options, entry, length, note);
        }
        enum err err =
            option_parse(&options->rows[index], target, name, equals + 1, place, note);
        if (err != ERR_OK) return err;
        remember(options, index, OPTION_ENVIRONMENT, place);
    }
    return ERR_OK;
}

void options_format_value(const struct options *options, const void *target, size_t index,
                          struct buf *out)
{
    assert(index < options->count);
    option_format(&options->rows[index], target, out);
}
