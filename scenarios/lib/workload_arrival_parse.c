#include <string.h>

#include "base/units.h"
#include "scenario/scenario.h"
#include "scenario/workload_parts.h"

static const char *const arrival_keys[] = { "poisson", "constant", "burst",
                                            "ramp",    "closed",   "cycle" };

/* By enum arrival_kind's names above. */
static const enum arrival_kind arrival_kinds[] = {
    ARRIVAL_POISSON, ARRIVAL_CONSTANT, ARRIVAL_BURST, ARRIVAL_RAMP, ARRIVAL_CLOSED, ARRIVAL_CYCLE
};

static const char *const burst_keys[] = { "size", "every", "spread" };
static const char *const ramp_keys[] = { "from", "to" };
static const char *const closed_keys[] = { "clients", "think" };
static const char *const cycle_keys[] = { "top", "every", "concurrency" };

/* Asks again at once: that measures this machine, and a simulation of it would never end. */
#define THINK_MIN_NS NS_PER_MS
#define EVERY_MIN_NS NS_PER_MS

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static enum err require_duration(const struct value_reader *reader, const struct yaml_node *map,
                                 const char *where, const char *key, uint64_t *out_ns)
{
    const struct yaml_node *value = NULL;
    enum err err = value_require(reader, map, where, key, &value);
    return err != ERR_OK ? err : value_duration(reader, value, key, out_ns);
}

static enum err require_whole(const struct value_reader *reader, const struct yaml_node *map,
                              const char *where, const char *key, struct value_range range,
                              uint32_t *out)
{
    const struct yaml_node *value = NULL;
    uint64_t whole = 0;
    enum err err = value_require(reader, map, where, key, &value);
    if (err == ERR_OK) err = value_whole(reader, value, key, range, &whole);
    *out = (uint32_t)whole;
    return err;
}

/* How often bursts and cycles come. */
static enum err parse_every(const struct value_reader *reader, const struct yaml_node *node,
                            const char *where, struct workload *out)
{
    enum err err = require_duration(reader, node, where, "every", &out->every_ns);
    if (err != ERR_OK || out->every_ns >= EVERY_MIN_NS) return err;
    return yaml_note(reader->file, yaml_get(node, "every"), reader->note,
                     "every: \"%.80s\" is too short; allowed: 1ms and more",
                     yaml_get(node, "every")->text);
}

static enum err parse_burst(const struct value_reader *reader, const struct yaml_node *node,
                            struct workload *out)
{
    static const struct value_range sizes = { 1, SCENARIO_ARRIVALS_MAX };
    enum err err =
        yaml_check_keys(reader->file, node, "burst", burst_keys, COUNT(burst_keys), reader->note);
    if (err == ERR_OK) err = require_whole(reader, node, "burst", "size", sizes, &out->size);
    if (err == ERR_OK) err = parse_every(reader, node, "burst", out);
    const struct yaml_node *spread = err == ERR_OK ? yaml_get(node, "spread") : NULL;
    if (spread == NULL) return err;
    err = value_duration(reader, spread, "spread", &out->spread_ns);
    if (err != ERR_OK || out->spread_ns <= out->every_ns) return err;
    return yaml_note(reader->file, spread, reader->note,
                     "spread: \"%.80s\" is longer than \"every\"; bursts would run into each other",
                     spread->text);
}

/* A ramp may begin or end with nothing. */
static enum err parse_ramp_rate(const struct value_reader *reader, const struct yaml_node *ramp,
                                const char *key, uint64_t *out)
{
    const struct yaml_node *value = NULL;
    enum err err = value_require(reader, ramp, "ramp", key, &value);
    if (err != ERR_OK) return err;
    *out = 0;
    if (value->kind == YAML_SCALAR && units_parse_rate(value->text, out) && *out == 0)
        return ERR_OK;
    return value_rate(reader, value, key, out);
}

static enum err parse_ramp(const struct value_reader *reader, const struct yaml_node *node,
                           struct workload *out)
{
    enum err err =
        yaml_check_keys(reader->file, node, "ramp", ramp_keys, COUNT(ramp_keys), reader->note);
    if (err == ERR_OK) err = parse_ramp_rate(reader, node, "from", &out->rate_micro_per_s);
    if (err == ERR_OK) err = parse_ramp_rate(reader, node, "to", &out->rate_to_micro_per_s);
    if (err != ERR_OK || out->rate_micro_per_s > 0 || out->rate_to_micro_per_s > 0) return err;
    return yaml_note(
        reader->file, node, reader->note,
        "this ramp goes from nothing to nothing; for example { from: 10/s, to: 80/s }");
}

static enum err parse_closed(const struct value_reader *reader, const struct yaml_node *node,
                             struct workload *out)
{
    static const struct value_range clients = { 1, WORKLOAD_CLIENTS_MAX };
    enum err err = yaml_check_keys(reader->file, node, "closed", closed_keys, COUNT(closed_keys),
                                   reader->note);
    if (err == ERR_OK) err = require_whole(reader, node, "closed", "clients", clients, &out->size);
    if (err == ERR_OK) err = require_duration(reader, node, "closed", "think", &out->think_ns);
    if (err != ERR_OK || out->think_ns >= THINK_MIN_NS) return err;
    return yaml_note(reader->file, yaml_get(node, "think"), reader->note,
                     "think: \"%.80s\" is too short; allowed: 1ms and more, because clients that "
                     "ask again at once measure the machine",
                     yaml_get(node, "think")->text);
}

static enum err parse_cycle(const struct value_reader *reader, const struct yaml_node *node,
                            struct workload *out)
{
    static const struct value_range tops = { 1, SCENARIO_KEYS_MAX };
    enum err err =
        yaml_check_keys(reader->file, node, "cycle", cycle_keys, COUNT(cycle_keys), reader->note);
    if (err == ERR_OK) err = require_whole(reader, node, "cycle", "top", tops, &out->size);
    if (err == ERR_OK) err = parse_every(reader, node, "cycle", out);
    uint32_t most = out->size < WORKLOAD_CLIENTS_MAX ? out->size : WORKLOAD_CLIENTS_MAX;
    if (err != ERR_OK) return err;
    return require_whole(reader, node, "cycle", "concurrency", (struct value_range){ 1, most },
                         &out->concurrency);
}

enum err workload_parse_arrival(const struct value_reader *reader, const struct yaml_node *node,
                                struct workload *out)
{
    enum err err = yaml_check_keys(reader->file, node, "arrival", arrival_keys, COUNT(arrival_keys),
                                   reader->note);
    if (err != ERR_OK) return err;
    if (node->count != 1) {
        return yaml_note(reader->file, node, reader->note,
                         "arrival needs exactly one of poisson, constant, burst, ramp, closed, "
                         "cycle; for example { poisson: 40/s }");
    }
    const struct yaml_node *value = node->items[0];
    size_t at = 0;
    while (strcmp(node->keys[0]->text, arrival_keys[at]) != 0)
        at++; /* the keys were checked */
    out->arrival = arrival_kinds[at];
    switch (out->arrival) {
    case ARRIVAL_CONSTANT:
    case ARRIVAL_POISSON:
        return value_rate(reader, value, arrival_keys[at], &out->rate_micro_per_s);
    case ARRIVAL_BURST: return parse_burst(reader, value, out);
    case ARRIVAL_RAMP: return parse_ramp(reader, value, out);
    case ARRIVAL_CLOSED: return parse_closed(reader, value, out);
    case ARRIVAL_CYCLE: return parse_cycle(reader, value, out);
    }
    return ERR_OK;
}
