#include "scenario/redis_story.h"

#include <string.h>

#include "base/units.h"
#include "scenario/phase_parse.h"
#include "scenario/scenario.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A server on the same machine, asked over a connection that is there. */
#define LATENCY_DEFAULT_NS (200 * UINT64_C(1000))

static const char *const redis_keys[] = { "latency", "phases" };
static const char *const phase_keys[] = { "name", "from", "to", "at", "do" };
static const char *const effect_names[] = { "down", "hang", "flush", NULL };

const char *redis_effect_name(enum redis_effect effect)
{
    return effect_names[effect];
}

/* `at` for a moment, `from` and `to` for a while; never the others. */
static enum err check_times(const struct value_reader *reader, const struct yaml_node *node,
                            const struct redis_phase *phase)
{
    static const char *const lasting[] = { "from", "to" };
    static const char *const moment[] = { "at" };
    bool flush = phase->effect == REDIS_FLUSH;
    const char *const *wrong = flush ? lasting : moment;
    size_t count = flush ? COUNT(lasting) : COUNT(moment);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *key = yaml_get_key(node, wrong[i]);
        if (key == NULL) continue;
        return yaml_note(reader->file, key, reader->note,
                         "\"%s\" does not go with do: %s; write %s", key->text,
                         redis_effect_name(phase->effect),
                         flush ? "at: 9s, it is one moment" : "from: 8s and to: 16s");
    }
    return ERR_OK;
}

static enum err parse_moment(const struct value_reader *reader, const struct yaml_node *node,
                             const struct scenario *scenario, struct redis_phase *out)
{
    const struct yaml_node *at = NULL;
    char text[UNITS_TEXT_MAX];
    enum err err = value_require(reader, node, "a flush of redis", "at", &at);
    if (err == ERR_OK) err = value_duration(reader, at, "at", &out->from_ns);
    out->to_ns = out->from_ns;
    if (err != ERR_OK || out->from_ns < scenario->duration_ns) return err;
    return yaml_note(reader->file, at, reader->note,
                     "at: \"%.80s\" is not before the end of the scenario (duration: %s)",
                     at->text, units_format_duration(scenario->duration_ns, text));
}

static enum err parse_phase(const struct value_reader *reader, const struct yaml_node *node,
                            const struct scenario *scenario, struct redis_phase *out)
{
    const struct yaml_node *value = NULL;
    size_t chosen = 0;
    *out = (struct redis_phase){ .line = node->line, .column = node->column };
    enum err err = yaml_check_keys(reader->file, node, "a phase of redis", phase_keys,
                                   COUNT(phase_keys), reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "a phase of redis", "name", &value);
    if (err == ERR_OK) err = value_name(reader, value, "name", &out->name);
    if (err == ERR_OK) err = value_require(reader, node, "a phase of redis", "do", &value);
    if (err == ERR_OK) err = value_choice(reader, value, "do", effect_names, &chosen);
    if (err != ERR_OK) return err;
    out->effect = (enum redis_effect)chosen;
    err = check_times(reader, node, out);
    if (err != ERR_OK) return err;
    if (out->effect == REDIS_FLUSH) return parse_moment(reader, node, scenario, out);
    return phase_parse_window(reader, node, scenario->duration_ns, &out->from_ns, &out->to_ns);
}

static enum err refuse_name(const struct value_reader *reader, const struct yaml_node *node,
                            const char *name, int line)
{
    return yaml_note(reader->file, yaml_get(node, "name"), reader->note,
                     "a phase named \"%s\" already stands in line %d; give this one another name, "
                     "so that expectations can tell them apart",
                     name, line);
}

/* Against the phases before it in the file, and the upstream's. */
static enum err check_others(const struct value_reader *reader, const struct yaml_node *node,
                             const struct scenario *scenario, const struct redis_phase *phases,
                             size_t count)
{
    const struct redis_phase *phase = &phases[count];
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *other = &scenario->phases[i];
        if (strcmp(phase->name, other->name) != 0) continue;
        return refuse_name(reader, node, phase->name, other->line);
    }
    for (size_t i = 0; i < count; i++) {
        const struct redis_phase *other = &phases[i];
        if (strcmp(phase->name, other->name) == 0) {
            return refuse_name(reader, node, phase->name, other->line);
        }
        /* A flush at the very end of a phase would need an order. */
        if (phase->from_ns > other->to_ns || other->from_ns > phase->to_ns) continue;
        bool lasts = phase->from_ns < phase->to_ns && other->from_ns < other->to_ns;
        if (lasts && (phase->from_ns == other->to_ns || other->from_ns == phase->to_ns)) continue;
        return yaml_note(reader->file, node, reader->note,
                         "phases \"%s\" and \"%s\" of redis overlap; it can do one thing at a time",
                         other->name, phase->name);
    }
    return ERR_OK;
}

static void sort_by_time(struct redis_phase *phases, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct redis_phase phase = phases[i];
        size_t at = i;
        for (; at > 0 && phases[at - 1].from_ns > phase.from_ns; at--)
            phases[at] = phases[at - 1];
        phases[at] = phase;
    }
}

static enum err parse_phases(const struct value_reader *reader, const struct yaml_node *list,
                             struct scenario *scenario)
{
    enum err err = value_list(reader, list, "phases",
                              "a phase such as { name: redis-outage, from: 8s, to: 16s, do: down }"
                              ", or leave the key out");
    if (err != ERR_OK) return err;
    if (list->count > REDIS_PHASES_MAX) {
        return yaml_note(reader->file, list->items[REDIS_PHASES_MAX], reader->note,
                         "%zu phases are too many; allowed: at most %d", list->count,
                         (int)REDIS_PHASES_MAX);
    }
    struct redis_phase *phases = arena_alloc(reader->arena, list->count, sizeof *phases);
    for (size_t i = 0; i < list->count; i++) {
        err = parse_phase(reader, list->items[i], scenario, &phases[i]);
        if (err == ERR_OK) err = check_others(reader, list->items[i], scenario, phases, i);
        if (err != ERR_OK) return err;
    }
    sort_by_time(phases, list->count);
    scenario->redis.phases = phases;
    scenario->redis.phase_count = list->count;
    return ERR_OK;
}

/* `redis_url` would be another server than the one of this section. */
static enum err check_settings(const struct value_reader *reader, const struct scenario *scenario,
                               const struct yaml_node *node)
{
    static const char key[] = "redis_url=";
    for (size_t i = 0; i < scenario->setting_count; i++) {
        const struct setting *setting = &scenario->settings[i];
        if (strncmp(setting->assignment, key, sizeof key - 1) != 0) continue;
        return yaml_note(reader->file, node, reader->note,
                         "redis: the runtime is told to use another server (redis_url in line %d); "
                         "leave that out, the harness starts one for this section",
                         setting->line);
    }
    return ERR_OK;
}

enum err redis_story_parse(const struct value_reader *reader, const struct yaml_node *node,
                           struct scenario *scenario)
{
    static const uint32_t shares[] = { 0, 1000000 };
    static const uint64_t values[] = { LATENCY_DEFAULT_NS, LATENCY_DEFAULT_NS };
    struct redis_story *out = &scenario->redis;
    enum err err = yaml_check_keys(reader->file, node, "redis", redis_keys, COUNT(redis_keys),
                                   reader->note);
    if (err == ERR_OK) err = check_settings(reader, scenario, node);
    if (err != ERR_OK) return err;
    *out = (struct redis_story){
        .given = true,
        .latency = { .count = 2, .share_ppm = shares, .value_ns = values, .text = "200us" },
    };
    const struct yaml_node *latency = yaml_get(node, "latency");
    if (latency != NULL) err = latency_parse(reader, latency, "latency", &out->latency);
    const struct yaml_node *phases = yaml_get(node, "phases");
    if (err != ERR_OK || phases == NULL) return err;
    return parse_phases(reader, phases, scenario);
}

const struct redis_phase *redis_story_phase_at(const struct redis_story *story,
                                               uint64_t offset_ns)
{
    for (size_t i = 0; i < story->phase_count; i++) {
        const struct redis_phase *phase = &story->phases[i];
        if (offset_ns >= phase->from_ns && offset_ns < phase->to_ns) return phase;
    }
    return NULL;
}
