#include "scenario/scenario.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "scenario/phase_parse.h"
#include "scenario/value.h"
#include "scenario/workload_parse.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const scenario_keys[] = {
    "version", "name",     "teaches",  "seed",   "duration",
    "tier",    "runtime",  "workload", "upstream", "redis",
    "slo",     "expect",
};
static const char *const tier_names[] = { "gate", "nightly", NULL };
static const char *const runtime_keys[] = { "env", "set" };
static const char *const upstream_keys[] = { "latency", "capacity", "phases" };

static enum err parse_tier(const struct value_reader *reader, const struct yaml_node *root,
                           struct scenario *out)
{
    const struct yaml_node *value = yaml_get(root, "tier");
    size_t chosen = 0;
    if (value == NULL) return ERR_OK;
    enum err err = value_choice(reader, value, "tier", tier_names, &chosen);
    out->tier = (enum scenario_tier)chosen;
    return err;
}

static enum err parse_identity(const struct value_reader *reader, const struct yaml_node *root,
                               struct scenario *out)
{
    const struct yaml_node *value = NULL;
    uint64_t version = 0;
    if (yaml_get(root, "version") == NULL) {
        return yaml_note(reader->file, root, reader->note,
                         "a scenario says of which version it is; begin with \"version: 1\"");
    }
    enum err err = value_require(reader, root, "a scenario", "version", &value);
    if (err == ERR_OK) {
        err = value_whole(reader, value, "version", (struct value_range){ 1, 1 }, &version);
    }
    if (err == ERR_OK) err = value_require(reader, root, "a scenario", "name", &value);
    if (err == ERR_OK) err = value_name(reader, value, "name", &out->name);
    value = yaml_get(root, "teaches");
    if (err == ERR_OK && value != NULL) err = value_scalar(reader, value, "teaches", &out->teaches);
    value = yaml_get(root, "seed");
    if (err == ERR_OK && value != NULL) {
        /* 0 tells the runtime to draw one, which no run could repeat. */
        err = value_whole(reader, value, "seed", (struct value_range){ 1, UINT64_MAX }, &out->seed);
    }
    if (err == ERR_OK) err = value_require(reader, root, "a scenario", "duration", &value);
    if (err == ERR_OK) err = value_duration(reader, value, "duration", &out->duration_ns);
    if (err == ERR_OK && out->duration_ns == 0) {
        err = yaml_note(reader->file, value, reader->note,
                        "duration: \"%s\" leaves no time for a request; allowed: over 0s, at most "
                        "24h",
                        value->text);
    }
    return err;
}

static enum err parse_settings(const struct value_reader *reader, const struct yaml_node *map,
                               struct scenario *out)
{
    if (map->kind != YAML_MAP) {
        return yaml_note(reader->file, map, reader->note,
                         "set must be a map of the runtime's options, for example { cache_ttl_s: 5 "
                         "}");
    }
    struct setting *settings = arena_alloc(reader->arena, map->count, sizeof *settings);
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->keys[i];
        const struct yaml_node *value = map->items[i];
        if (value->kind != YAML_SCALAR) {
            return yaml_note(reader->file, value, reader->note,
                             "the option \"%.80s\" must be a single value, for example %.80s: 5",
                             key->text, key->text);
        }
        if (strchr(key->text, '=') != NULL) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%.80s\" is not the name of an option; write key: value", key->text);
        }
        settings[i] = (struct setting){
            .assignment = arena_printf(reader->arena, "%s=%s", key->text, value->text),
            .line = key->line,
            .column = key->column,
        };
    }
    out->settings = settings;
    out->setting_count = map->count;
    return ERR_OK;
}

static enum err parse_runtime(const struct value_reader *reader, const struct yaml_node *node,
                              struct scenario *out)
{
    static const char *const environments[] = { "dev", "staging", "prod", NULL };
    if (node == NULL) return ERR_OK;
    size_t chosen = 0;
    enum err err = yaml_check_keys(reader->file, node, "runtime", runtime_keys, COUNT(runtime_keys),
                                   reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *value = yaml_get(node, "env");
    if (value != NULL) {
        err = value_choice(reader, value, "env", environments, &chosen);
        out->environment = environments[chosen];
    }
    value = yaml_get(node, "set");
    return err != ERR_OK || value == NULL ? err : parse_settings(reader, value, out);
}

static enum err parse_upstream(const struct value_reader *reader, const struct yaml_node *node,
                               struct scenario *out)
{
    const struct yaml_node *value = NULL;
    enum err err = yaml_check_keys(reader->file, node, "upstream", upstream_keys,
                                   COUNT(upstream_keys), reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "upstream", "latency", &value);
    if (err == ERR_OK) err = latency_parse(reader, value, "latency", &out->latency);
    if (err != ERR_OK) return err;
    value = yaml_get(node, "capacity");
    if (value != NULL) err = capacity_parse(reader, value, &out->capacity);
    if (err != ERR_OK) return err;
    value = yaml_get(node, "phases");
    return value == NULL ? ERR_OK : phase_parse_list(reader, value, out);
}

static enum err parse_root(const struct value_reader *reader, const struct yaml_node *root,
                           struct scenario *out)
{
    const struct yaml_node *workload = NULL;
    const struct yaml_node *upstream = NULL;
    const struct yaml_node *expect = NULL;
    enum err err = yaml_check_keys(reader->file, root, "a scenario", scenario_keys,
                                   COUNT(scenario_keys), reader->note);
    if (err == ERR_OK) err = parse_identity(reader, root, out);
    if (err == ERR_OK) err = parse_tier(reader, root, out);
    if (err == ERR_OK) err = parse_runtime(reader, yaml_get(root, "runtime"), out);
    if (err == ERR_OK) err = value_require(reader, root, "a scenario", "workload", &workload);
    if (err == ERR_OK) err = workload_parse_list(reader, workload, out);
    if (err == ERR_OK) err = value_require(reader, root, "a scenario", "upstream", &upstream);
    if (err == ERR_OK) err = parse_upstream(reader, upstream, out);
    /* Of what is no map nothing may be asked. */
    const struct yaml_node *redis = err == ERR_OK ? yaml_get(root, "redis") : NULL;
    if (redis != NULL) err = redis_story_parse(reader, redis, out);
    if (err == ERR_OK) err = value_require(reader, root, "a scenario", "expect", &expect);
    if (err != ERR_OK) return err;
    const struct yaml_node *slo = yaml_get(root, "slo");
    if (slo != NULL) err = objective_parse(reader, slo, &out->objectives);
    if (err != ERR_OK) return err;
    return expect_parse(reader->file, expect, out, reader->arena, &out->expects, &out->expect_count,
                        reader->note);
}

enum err scenario_parse(struct arena *arena, const char *path, const char *text, size_t length,
                        struct scenario *out, struct err_note *note)
{
    struct yaml_file file;
    *out = (struct scenario){
        .teaches = "",
        .seed = 1,
        .environment = "prod",
        .objectives = objective_defaults(),
    };
    enum err err = yaml_parse(arena, path, text, length, &file, note);
    if (err != ERR_OK) return err;
    struct value_reader reader = { .file = &file, .arena = arena, .note = note };
    out->path = file.path;
    return parse_root(&reader, file.root, out);
}

enum err scenario_load(struct arena *arena, const char *path, struct scenario *out,
                       struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    *out = (struct scenario){ .teaches = "" };
    enum err err = file_read(path, YAML_BYTES_MAX, &text, &length, note);
    if (err != ERR_OK) return err;
    err = scenario_parse(arena, path, text, length, out, note);
    mem_free(text);
    return err;
}

const struct expect *scenario_expect(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->expect_count; i++) {
        if (strcmp(scenario->expects[i].name, name) == 0) return &scenario->expects[i];
    }
    return NULL;
}

const char *scenario_tier_name(enum scenario_tier tier)
{
    return tier_names[tier];
}

bool scenario_tier_parse(const char *name, enum scenario_tier *out)
{
    for (size_t i = 0; tier_names[i] != NULL; i++) {
        if (strcmp(tier_names[i], name) != 0) continue;
        *out = (enum scenario_tier)i;
        return true;
    }
    return false;
}

size_t scenario_window_count(const struct scenario *scenario)
{
    return scenario->phase_count + scenario->redis.phase_count;
}

struct scenario_window scenario_window_at(const struct scenario *scenario, size_t index)
{
    if (index < scenario->phase_count) {
        const struct phase *phase = &scenario->phases[index];
        return (struct scenario_window){ phase->name, phase->from_ns, phase->to_ns };
    }
    const struct redis_phase *phase = &scenario->redis.phases[index - scenario->phase_count];
    return (struct scenario_window){ phase->name, phase->from_ns, phase->to_ns };
}

const struct phase *scenario_phase_at(const struct scenario *scenario, uint64_t offset_ns)
{
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        if (offset_ns >= phase->from_ns && offset_ns < phase->to_ns) return phase;
    }
    return NULL;
}
