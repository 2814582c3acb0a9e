#include "scenario/expect.h"

#include <assert.h>
#include <string.h>

#include "core/taxonomy.h"
#include "scenario/expect_private.h"
#include "scenario/expect_value.h"
#include "scenario/expect_window.h"

enum { CHECKS_MAX = 256 };

/* In the order of enum expect_kind. */
static const char *const kind_names[] = {
    "latency",  "served",  "breaker",   "codes",        "order", "amplification", "recovers",
    "attempts", "backoff", "freshness", "availability", "cycle", "canary",        "rollback",
};

/* In the order of enum expect_served; NULL-terminated. */
static const char *const served_names[] = {
    "cache", "upstream", "fresh", "stale", "baseline", "error", NULL,
};

bool expect_begins(const char *name)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        size_t length = strlen(kind_names[i]);
        if (strncmp(name, kind_names[i], length) != 0) continue;
        if (name[length] == '\0' || name[length] == '.' || name[length] == ' ') return true;
    }
    return false;
}

enum err expect_add(struct expect_parser *parser, const struct yaml_node *key, const char *part,
                    struct expect check)
{
    const struct value_reader *reader = &parser->reader;
    const char *kind = kind_names[check.kind];
    bool windowed = check.window != WINDOW_ALL;
    const char *of = "";
    if (check.workload != EXPECT_ALL_WORKLOADS) {
        const char *name = parser->scenario->workloads[check.workload].name;
        of = name != NULL ? arena_printf(reader->arena, " of %s", name)
                          : arena_printf(reader->arena, " of workload %u", check.workload + 1);
    }
    check.name = arena_printf(
        reader->arena, "%s%s%s%s%s%s%s%s", kind, part == NULL ? "" : ".", part == NULL ? "" : part,
        of, windowed ? " " : "", windowed ? expect_window_names[check.window - 1] : "",
        windowed ? " " : "",
        windowed ? scenario_window_at(parser->scenario, check.phase).name : "");
    check.line = key->line;
    check.column = key->column;
    for (size_t i = 0; i < parser->count; i++) {
        if (strcmp(parser->checks[i].name, check.name) != 0) continue;
        return yaml_note(reader->file, key, reader->note,
                         "the expectation \"%s\" already stands in line %d; remove one of them",
                         check.name, parser->checks[i].line);
    }
    if (parser->count == CHECKS_MAX) {
        return yaml_note(reader->file, key, reader->note,
                         "there are too many expectations; allowed: at most %d", CHECKS_MAX);
    }
    parser->checks[parser->count++] = check;
    return ERR_OK;
}

const char *expect_pair_text(const struct expect_parser *parser, const struct yaml_node *key,
                             const struct yaml_node *value)
{
    return arena_printf(parser->reader.arena, "%s: %s", key->text, value->text);
}

/* One `key: value` of served. */
static enum err parse_served(const struct expect_parser *parser, const struct yaml_node *key,
                             const struct yaml_node *value, struct expect *out)
{
    for (size_t i = 0; served_names[i] != NULL; i++) {
        if (strcmp(served_names[i], key->text) != 0) continue;
        out->served = (enum expect_served)i;
        return expect_value_answers(&parser->reader, key, value, out);
    }
    static const char *const allowed[] = {
        "cache", "upstream", "fresh", "stale",   "baseline", "error",
        "in",    "outside",  "after", "workload", NULL,
    };
    const char *hint = value_did_you_mean(&parser->reader, key->text, allowed);
    return yaml_note(parser->reader.file, key, parser->reader.note,
                     "unknown key \"%.80s\" in served%s Allowed: %s", key->text,
                     hint[0] == '\0' ? "." : hint, value_join(&parser->reader, allowed));
}

/* One `key: value` of codes. */
static enum err parse_code(const struct expect_parser *parser, const struct yaml_node *key,
                           const struct yaml_node *value, struct expect *out)
{
    enum code code = CODE_NONE;
    if (code_parse(key->text, &code) && code != CODE_NONE) {
        out->code = code_name(code);
        return expect_value_answers(&parser->reader, key, value, out);
    }
    const char *allowed[CODE_COUNT + 4] = { NULL };
    size_t count = 0;
    for (int i = CODE_NONE + 1; i < CODE_COUNT; i++)
        allowed[count++] = code_name((enum code)i);
    for (size_t i = 0; expect_selector_names[i] != NULL; i++)
        allowed[count++] = expect_selector_names[i];
    const char *hint = value_did_you_mean(&parser->reader, key->text, allowed);
    return yaml_note(parser->reader.file, key, parser->reader.note,
                     "unknown code \"%.80s\" in codes%s Allowed: %s", key->text,
                     hint[0] == '\0' ? "." : hint, value_join(&parser->reader, allowed));
}

static enum err parse_attempts(const struct expect_parser *parser, const struct yaml_node *key,
                               const struct yaml_node *value, struct expect *out)
{
    static const char *const names[] = { "per_request", "total" };
    static const char *const allowed[] = { "per_request", "total", "in",
                                           "outside",     "after", "workload", NULL };
    const struct value_reader *reader = &parser->reader;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], key->text) != 0) continue;
        out->attempts = (enum expect_attempts)i;
        enum err err = expect_value_answers(reader, key, value, out);
        if (err != ERR_OK || !out->is_share) return err;
        return yaml_note(reader->file, value, reader->note,
                         "%s: \"%.80s\" is a share, but a number of attempts is wanted; write for "
                         "example \"<= 3\"",
                         key->text, value->text);
    }
    const char *hint = value_did_you_mean(reader, key->text, allowed);
    return yaml_note(reader->file, key, reader->note, "unknown key \"%.80s\" in attempts%s "
                     "Allowed: %s", key->text, hint[0] == '\0' ? "." : hint,
                     value_join(reader, allowed));
}

/* A percentile of the cycles' times, or `max`. */
static enum err parse_cycle(const struct expect_parser *parser, const struct yaml_node *key,
                            const struct yaml_node *value, struct expect *out)
{
    const struct value_reader *reader = &parser->reader;
    const struct scenario *scenario = parser->scenario;
    bool any = false;
    for (uint32_t i = 0; i < scenario->workload_count; i++) {
        if (out->workload != EXPECT_ALL_WORKLOADS && out->workload != i) continue;
        any = any || scenario->workloads[i].arrival == ARRIVAL_CYCLE;
    }
    if (!any) {
        return yaml_note(reader->file, key, reader->note,
                         "no workload here runs in cycles; give one arrival: { cycle: { top: 50, "
                         "every: 60s, concurrency: 8 } }");
    }
    if (strcmp(key->text, "max") != 0) return expect_value_latency(reader, key, value, out);
    out->quantile_ppm = EXPECT_QUANTILE_MAX;
    return value_duration(reader, value, key->text, &out->limit_ns);
}

static enum err parse_part(const struct expect_parser *parser, const struct yaml_node *key,
                           const struct yaml_node *value, struct expect *out)
{
    switch (out->kind) {
    case EXPECT_LATENCY: return expect_value_latency(&parser->reader, key, value, out);
    case EXPECT_SERVED: return parse_served(parser, key, value, out);
    case EXPECT_CODES: return parse_code(parser, key, value, out);
    case EXPECT_ATTEMPTS: return parse_attempts(parser, key, value, out);
    case EXPECT_CYCLE: return parse_cycle(parser, key, value, out);
    case EXPECT_BREAKER:
    case EXPECT_ORDER:
    case EXPECT_AMPLIFICATION:
    case EXPECT_RECOVERS:
    case EXPECT_BACKOFF:
    case EXPECT_FRESHNESS:
    case EXPECT_AVAILABILITY:
    case EXPECT_CANARY:
    case EXPECT_ROLLBACK: break;
    }
    assert(false && "a kind of one check");
    return ERR_INVALID;
}

/* What a kind of several checks looks like at least; NULL for the others. */
static const char *part_example(enum expect_kind kind)
{
    if (kind == EXPECT_LATENCY) return "p95: 300ms";
    if (kind == EXPECT_SERVED) return "error: 0";
    if (kind == EXPECT_CODES) return "RUNTIME_5XX: \">= 1\"";
    if (kind == EXPECT_ATTEMPTS) return "per_request: \"<= 3\"";
    if (kind == EXPECT_CYCLE) return "max: 60s";
    return NULL;
}

/* The kinds that hold several checks and a selection of requests. */
static enum err parse_map(struct expect_parser *parser, enum expect_kind kind,
                          const struct yaml_node *map)
{
    const struct value_reader *reader = &parser->reader;
    struct expect common = { .kind = kind };
    size_t before = parser->count;
    if (map->kind != YAML_MAP) {
        return yaml_note(reader->file, map, reader->note, "%s must be a map, for example { %s }",
                         kind_names[kind], part_example(kind));
    }
    enum err err = expect_window_parse(reader, parser->scenario, map, &common);
    for (size_t i = 0; i < map->count && err == ERR_OK; i++) {
        const struct yaml_node *key = map->keys[i];
        const struct yaml_node *value = map->items[i];
        if (expect_is_selector(key->text)) continue;
        struct expect check = common;
        err = parse_part(parser, key, value, &check);
        if (err != ERR_OK) break;
        check.text = expect_pair_text(parser, key, value);
        err = expect_add(parser, key, key->text, check);
    }
    if (err != ERR_OK || parser->count > before) return err;
    return yaml_note(reader->file, map, reader->note, "%s expects nothing here; add %s",
                     kind_names[kind], part_example(kind));
}

static enum err parse_item(struct expect_parser *parser, const struct yaml_node *item)
{
    const struct value_reader *reader = &parser->reader;
    const size_t kinds = sizeof kind_names / sizeof kind_names[0];
    enum err err =
        yaml_check_keys(reader->file, item, "an expectation", kind_names, kinds, reader->note);
    if (err != ERR_OK) return err;
    if (item->count != 1) {
        const struct yaml_node *at = item->count == 0 ? item : item->keys[1];
        return yaml_note(reader->file, at, reader->note,
                         "each item of expect holds one expectation; begin \"%s\" on a line of its "
                         "own with \"- \"",
                         item->count == 0 ? "latency" : at->text);
    }
    size_t at = 0;
    while (strcmp(kind_names[at], item->keys[0]->text) != 0)
        at++; /* yaml_check_keys() knows it */
    enum expect_kind kind = (enum expect_kind)at;
    if (part_example(kind) != NULL) return parse_map(parser, kind, item->items[0]);
    return expect_parse_single(parser, kind, item->keys[0], item->items[0]);
}

enum err expect_parse(const struct yaml_file *file, const struct yaml_node *list,
                      const struct scenario *scenario, struct arena *arena,
                      const struct expect **out, size_t *out_count, struct err_note *note)
{
    struct expect_parser parser = {
        .reader = { .file = file, .arena = arena, .note = note },
        .scenario = scenario,
    };
    enum err err = value_list(&parser.reader, list, "expect", "- latency: { p95: 300ms }");
    if (err != ERR_OK) return err;
    parser.checks = arena_alloc(arena, CHECKS_MAX, sizeof *parser.checks);
    for (size_t i = 0; i < list->count && err == ERR_OK; i++) {
        err = parse_item(&parser, list->items[i]);
    }
    *out = parser.checks;
    *out_count = parser.count;
    return err;
}
