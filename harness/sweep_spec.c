#include "harness/sweep_spec.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "harness/discover.h"
#include "harness/sweep_constraint.h"

enum { SPEC_PATH_MAX = 1024 };

static const char *const spec_keys[] = {
    "version",  "name",  "about",      "seed",      "base",   "parameters", "constraints",
    "scenarios", "held_out", "seeds", "objectives", "tolerated", "budget", "confirm",
};

static enum err read_head(const struct value_reader *reader, const struct yaml_node *root,
                          struct sweep_spec *out)
{
    const struct yaml_node *node;
    uint64_t version = 0;
    struct value_range one = { 1, 1 };
    struct value_range seeds = { 0, UINT64_MAX };
    enum err rc = yaml_check_keys(reader->file, root, "a sweep", spec_keys,
                                  sizeof spec_keys / sizeof spec_keys[0], reader->note);
    if (rc == ERR_OK) rc = value_require(reader, root, "a sweep", "version", &node);
    if (rc == ERR_OK) rc = value_whole(reader, node, "version", one, &version);
    if (rc == ERR_OK) rc = value_require(reader, root, "a sweep", "name", &node);
    if (rc == ERR_OK) rc = value_name(reader, node, "name", &out->name);
    if (rc != ERR_OK) return rc;
    out->about = "";
    node = yaml_get(root, "about");
    if (node != NULL) rc = value_scalar(reader, node, "about", &out->about);
    out->seed = 1;
    node = yaml_get(root, "seed");
    if (rc == ERR_OK && node != NULL) rc = value_whole(reader, node, "seed", seeds, &out->seed);
    return rc;
}

/* Each by itself first, so that a bad one is blamed on its own place. */
static enum err read_sets(const struct value_reader *reader, const struct yaml_node *map,
                          struct sweep_spec *out)
{
    if (map->kind != YAML_MAP) {
        return yaml_note(reader->file, map, reader->note,
                         "set is a map of options, for example { cache_ttl_s: 5 }");
    }
    size_t row_count;
    const struct option *rows = config_rows(&row_count);
    out->sets = arena_alloc(reader->arena, map->count + 1, sizeof *out->sets);
    for (size_t i = 0; i < map->count; i++) {
        const char *value;
        enum err rc = value_scalar(reader, map->items[i], map->keys[i]->text, &value);
        if (rc != ERR_OK) return rc;
        const char *set = arena_printf(reader->arena, "%s=%s", map->keys[i]->text, value);
        struct options options;
        struct runtime_config scratch = { .warning_count = 0 };
        struct err_note at = { .err = ERR_OK };
        options_init(&options, rows, row_count, &scratch);
        rc = options_set(&options, &scratch, set, reader->file->path, &at);
        if (rc != ERR_OK) {
            return yaml_note(reader->file, map->keys[i], reader->note, "%s", at.sentence);
        }
        out->sets[out->set_count++] = set;
    }
    return ERR_OK;
}

static enum err read_base(const struct value_reader *reader, const struct yaml_node *root,
                          const char *configs, struct sweep_spec *out)
{
    static const char *const keys[] = { "env", "set" };
    const struct yaml_node *base = NULL, *env = NULL;
    enum err rc = value_require(reader, root, "a sweep", "base", &base);
    if (rc == ERR_OK) rc = yaml_check_keys(reader->file, base, "base", keys, 2, reader->note);
    if (rc == ERR_OK) rc = value_require(reader, base, "base", "env", &env);
    if (rc == ERR_OK) rc = value_name(reader, env, "env", &out->environment);
    const struct yaml_node *set = rc == ERR_OK ? yaml_get(base, "set") : NULL;
    if (set != NULL) rc = read_sets(reader, set, out);
    if (rc != ERR_OK) return rc;
    char path[SPEC_PATH_MAX];
    const struct scenario like = { .path = out->path, .environment = out->environment };
    discover_config_path(&like, configs, path, sizeof path);
    out->config_path = arena_printf(reader->arena, "%s", path);
    if (!file_exists(out->config_path)) {
        return yaml_note(reader->file, env, reader->note,
                         "env: there is no %.200s; see --configs", out->config_path);
    }
    struct config_source source = { .path = out->config_path,
                                    .sets = out->sets,
                                    .set_count = out->set_count,
                                    .set_origin = out->path };
    return config_load(&out->base, &source, reader->note);
}

static enum err read_constraints(const struct value_reader *reader, const struct yaml_node *root,
                                 struct sweep_spec *out)
{
    const struct yaml_node *list = yaml_get(root, "constraints");
    if (list == NULL) return ERR_OK;
    enum err rc = value_list(reader, list, "constraints", "for example - a_s <= b_s");
    if (rc != ERR_OK) return rc;
    if (list->count > SWEEP_CONSTRAINTS_MAX) {
        return yaml_note(reader->file, list, reader->note, "%zu constraints; allowed: at most %d",
                         list->count, SWEEP_CONSTRAINTS_MAX);
    }
    for (size_t i = 0; i < list->count && rc == ERR_OK; i++) {
        rc = sweep_constraint_parse(reader, list->items[i],
                                    &out->space.constraints[out->space.constraint_count++]);
    }
    return rc;
}

/* Relative to the sweep file's folder. */
static enum err read_paths(const struct value_reader *reader, const struct yaml_node *list,
                           struct sweep_spec *out)
{
    enum err rc = value_list(reader, list, "paths", "for example [../scenarios]");
    if (rc != ERR_OK) return rc;
    out->paths = arena_alloc(reader->arena, list->count, sizeof *out->paths);
    for (; out->path_count < list->count; out->path_count++) {
        const char *text;
        rc = value_scalar(reader, list->items[out->path_count], "a path", &text);
        if (rc != ERR_OK) return rc;
        out->paths[out->path_count] = file_beside(reader->arena, out->path, text);
    }
    return ERR_OK;
}

static enum err read_scenarios(const struct value_reader *reader, const struct yaml_node *root,
                               struct sweep_spec *out)
{
    static const char *const keys[] = { "paths", "tier", "without" };
    const struct yaml_node *node, *paths;
    enum err rc = value_require(reader, root, "a sweep", "scenarios", &node);
    if (rc != ERR_OK) return rc;
    if (node->kind == YAML_LIST) return read_paths(reader, node, out);
    rc = yaml_check_keys(reader->file, node, "scenarios", keys, 3, reader->note);
    if (rc == ERR_OK) rc = value_require(reader, node, "scenarios", "paths", &paths);
    if (rc == ERR_OK) rc = read_paths(reader, paths, out);
    const struct yaml_node *tier = rc == ERR_OK ? yaml_get(node, "tier") : NULL;
    if (tier != NULL) {
        const char *text;
        rc = value_scalar(reader, tier, "tier", &text);
        out->has_tier = rc == ERR_OK;
        if (rc == ERR_OK && !scenario_tier_parse(text, &out->tier)) {
            rc = yaml_note(reader->file, tier, reader->note,
                           "tier: \"%.40s\" is not allowed; allowed: gate, nightly", text);
        }
    }
    const struct yaml_node *without = rc == ERR_OK ? yaml_get(node, "without") : NULL;
    if (without != NULL) rc = sweep_spec_names(reader, without, "without", &out->without);
    return rc;
}

/* Here, so that the note names the place in the sweep file. */
static enum err check_paths(const struct value_reader *reader, const struct yaml_node *root,
                            const struct sweep_spec *out)
{
    const struct yaml_node *list = yaml_get(root, "scenarios");
    if (list->kind == YAML_MAP) list = yaml_get(list, "paths");
    for (size_t i = 0; i < out->path_count; i++) {
        if (file_exists(out->paths[i]) || file_is_folder(out->paths[i])) continue;
        return yaml_note(reader->file, list->items[i], reader->note,
                         "%.200s: there is no such file or folder (paths begin at the sweep's "
                         "folder)",
                         out->paths[i]);
    }
    return ERR_OK;
}

static enum err read_all(const struct value_reader *reader, const struct yaml_node *root,
                         const char *configs, struct sweep_spec *out)
{
    const struct yaml_node *parameters;
    enum err rc = read_head(reader, root, out);
    if (rc == ERR_OK) rc = read_base(reader, root, configs, out);
    if (rc == ERR_OK) rc = value_require(reader, root, "a sweep", "parameters", &parameters);
    if (rc == ERR_OK) rc = sweep_spec_parameters(reader, parameters, out);
    if (rc == ERR_OK) rc = read_constraints(reader, root, out);
    if (rc == ERR_OK) rc = read_scenarios(reader, root, out);
    const struct yaml_node *held_out = rc == ERR_OK ? yaml_get(root, "held_out") : NULL;
    if (held_out != NULL) rc = sweep_spec_names(reader, held_out, "held_out", &out->held_out);
    if (rc == ERR_OK) rc = sweep_spec_tolerated(reader, root, out);
    if (rc == ERR_OK) rc = sweep_spec_seeds(reader, root, out);
    if (rc == ERR_OK) rc = sweep_spec_objectives(reader, root, out);
    if (rc == ERR_OK) rc = sweep_spec_budget(reader, root, out);
    if (rc == ERR_OK) rc = sweep_spec_confirm(reader, root, out);
    if (rc == ERR_OK) rc = check_paths(reader, root, out);
    return rc;
}

enum err sweep_spec_load(struct arena *arena, const char *path, const char *configs,
                         struct sweep_spec *out, struct err_note *note)
{
    *out = (struct sweep_spec){ .path = arena_printf(arena, "%s", path) };
    out->space.base = &out->base;
    struct yaml_file file;
    enum err rc = yaml_load(arena, out->path, &file, note);
    if (rc != ERR_OK) return rc;
    struct value_reader reader = { .file = &file, .arena = arena, .note = note };
    if (file.root->kind != YAML_MAP) {
        return yaml_note(&file, file.root, note, "a sweep is a map; see docs/sweeps.md");
    }
    return read_all(&reader, file.root, configs, out);
}
