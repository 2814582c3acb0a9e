#include "scenario/expect_window.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "base/units.h"

const char *const expect_window_names[] = { "in", "outside", "after", NULL };

enum expect_window expect_window_of(const char *key)
{
    for (size_t i = 0; expect_window_names[i] != NULL; i++) {
        if (strcmp(expect_window_names[i], key) == 0) return (enum expect_window)(i + 1);
    }
    return WINDOW_ALL;
}

const char *const expect_selector_names[] = { "in", "outside", "after", "workload", NULL };

bool expect_is_selector(const char *key)
{
    return expect_window_of(key) != WINDOW_ALL || strcmp(key, "workload") == 0;
}

bool expect_window_has_load(const struct scenario *scenario, uint32_t chosen, uint64_t from_ns,
                            uint64_t to_ns)
{
    for (size_t i = 0; i < scenario->workload_count; i++) {
        if (chosen != EXPECT_ALL_WORKLOADS && i != chosen) continue;
        const struct workload *workload = &scenario->workloads[i];
        uint64_t begin = u64_max(from_ns, workload->from_ns);
        if (begin < u64_min(to_ns, workload->to_ns)) return true;
    }
    return false;
}

/* Refuses a window in which no request can be intended. */
static enum err check_window(const struct value_reader *reader, const struct scenario *scenario,
                             const struct yaml_node *node, const struct expect *expect)
{
    if (expect->window == WINDOW_ALL) return ERR_OK;
    const struct scenario_window phase = scenario_window_at(scenario, expect->phase);
    uint32_t workload = expect->workload;
    uint64_t end = scenario->duration_ns;
    bool requests = false;
    switch (expect->window) {
    case WINDOW_ALL: return ERR_OK;
    case WINDOW_IN:
        requests = expect_window_has_load(scenario, workload, phase.from_ns, phase.to_ns);
        break;
    case WINDOW_OUTSIDE:
        if (phase.from_ns == 0 && phase.to_ns == end) {
            return yaml_note(reader->file, node, reader->note,
                             "outside: \"%s\" fills the whole scenario, so nothing is outside it",
                             phase.name);
        }
        requests = expect_window_has_load(scenario, workload, 0, phase.from_ns) ||
                   expect_window_has_load(scenario, workload, phase.to_ns, end);
        break;
    case WINDOW_AFTER:
        if (phase.to_ns == end) {
            return yaml_note(reader->file, node, reader->note,
                             "after: \"%s\" ends with the scenario, so nothing comes after it",
                             phase.name);
        }
        requests = expect_window_has_load(scenario, workload, phase.to_ns, end);
        break;
    }
    if (requests) return ERR_OK;
    const char *window = expect_window_names[expect->window - 1];
    return yaml_note(reader->file, node, reader->note,
                     "%s: %s sends a request %s \"%s\", so there is nothing to judge", window,
                     workload == EXPECT_ALL_WORKLOADS ? "no workload" : "this workload never",
                     window, phase.name);
}

static enum err find_phase(const struct value_reader *reader, const struct scenario *scenario,
                           const char *what, const struct yaml_node *node, uint32_t *out)
{
    const char *names[SCENARIO_PHASES_MAX + REDIS_PHASES_MAX + 1] = { NULL };
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    for (uint32_t i = 0; i < scenario_window_count(scenario); i++) {
        names[i] = scenario_window_at(scenario, i).name;
        *out = i;
        if (strcmp(names[i], text) == 0) return ERR_OK;
    }
    if (scenario_window_count(scenario) == 0) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is not a phase; this scenario has none", what, text);
    }
    const char *hint = value_did_you_mean(reader, text, names);
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" is not a phase of this scenario%s Its phases: %s", what, text,
                     hint[0] == '\0' ? "." : hint, value_join(reader, names));
}

static enum err find_workload(const struct value_reader *reader, const struct scenario *scenario,
                              const struct yaml_node *node, uint32_t *out)
{
    const char *names[SCENARIO_WORKLOADS_MAX + 1] = { NULL };
    size_t named = 0;
    const char *text = NULL;
    uint64_t number = 0;
    enum err err = value_scalar(reader, node, "workload", &text);
    if (err != ERR_OK) return err;
    for (uint32_t i = 0; i < scenario->workload_count; i++) {
        const char *name = scenario->workloads[i].name;
        *out = i;
        if (name == NULL) continue;
        if (strcmp(name, text) == 0) return ERR_OK;
        names[named++] = name;
    }
    if (units_parse_decimal(text, 0, &number) && number >= 1 &&
        number <= scenario->workload_count) {
        *out = (uint32_t)(number - 1);
        return ERR_OK;
    }
    const char *hint = value_did_you_mean(reader, text, names);
    return yaml_note(reader->file, node, reader->note,
                     "workload: \"%.80s\" is none of this scenario%s Allowed: its number from 1 to "
                     "%zu%s%s",
                     text, hint[0] == '\0' ? "." : hint, scenario->workload_count,
                     named == 0 ? "" : ", or its name: ", value_join(reader, names));
}

enum err expect_window_parse(const struct value_reader *reader, const struct scenario *scenario,
                             const struct yaml_node *map, struct expect *out)
{
    const struct yaml_node *chosen = yaml_get(map, "workload");
    const struct yaml_node *at = NULL;
    const char *first = NULL;
    out->workload = EXPECT_ALL_WORKLOADS;
    if (chosen != NULL) {
        enum err err = find_workload(reader, scenario, chosen, &out->workload);
        if (err != ERR_OK) return err;
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->keys[i];
        enum expect_window window = expect_window_of(key->text);
        if (window == WINDOW_ALL) continue;
        if (first != NULL) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" stands beside \"%s\"; allowed: one of in, outside, after",
                             key->text, first);
        }
        first = key->text;
        at = map->items[i];
        out->window = window;
        enum err err = find_phase(reader, scenario, first, at, &out->phase);
        if (err != ERR_OK) return err;
    }
    return check_window(reader, scenario, at, out);
}

bool expect_covers(const struct expect *expect, const struct scenario *scenario, uint64_t offset_ns)
{
    if (expect->window == WINDOW_ALL) return true;
    /* As scenario_window_at(), but asked for every request of every run. */
    size_t index = expect->phase;
    bool upstream = index < scenario->phase_count;
    if (!upstream) index -= scenario->phase_count;
    assert(upstream || index < scenario->redis.phase_count);
    const struct phase *phase = upstream ? &scenario->phases[index] : NULL;
    const struct redis_phase *redis = upstream ? NULL : &scenario->redis.phases[index];
    uint64_t from_ns = upstream ? phase->from_ns : redis->from_ns;
    uint64_t to_ns = upstream ? phase->to_ns : redis->to_ns;
    bool inside = offset_ns >= from_ns && offset_ns < to_ns;
    switch (expect->window) {
    case WINDOW_ALL: return true;
    case WINDOW_IN: return inside;
    case WINDOW_OUTSIDE: return !inside;
    case WINDOW_AFTER: return offset_ns >= to_ns;
    }
    return false;
}
