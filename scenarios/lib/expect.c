#include "scenario/expect.h"

#include <string.h>

#include "core/taxonomy.h"
#include "scenario/expect_value.h"
#include "scenario/expect_window.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

enum { CHECKS_MAX = 256 };

struct parser {
    struct value_reader reader;
    const struct scenario *scenario; /* borrowed */
    struct expect *checks;           /* in the arena; CHECKS_MAX of them */
    size_t count;
};

/* In the order of enum expect_kind, and of the table of parsers below. */
static const char *const kind_names[] = {
    "latency", "served", "breaker", "codes", "order", "amplification", "recovers",
};

/* In the order of enum expect_served; NULL-terminated. */
static const char *const served_names[] = {
    "cache", "upstream", "fresh", "stale", "baseline", "error", NULL,
};

/* Names the check, refuses a second one of that name, and keeps it. `part` is the key inside the
 * expectation's map, NULL when there is none. */
static enum err add_check(struct parser *parser, const struct yaml_node *key, const char *part,
                          struct expect check)
{
    const struct value_reader *reader = &parser->reader;
    const char *kind = kind_names[check.kind];
    bool windowed = check.window != WINDOW_ALL;
    check.name = arena_printf(
        reader->arena, "%s%s%s%s%s%s%s", kind, part == NULL ? "" : ".", part == NULL ? "" : part,
        windowed ? " " : "", windowed ? expect_window_names[check.window - 1] : "",
        windowed ? " " : "", windowed ? parser->scenario->phases[check.phase].name : "");
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

static const char *pair_text(const struct parser *parser, const struct yaml_node *key,
                             const struct yaml_node *value)
{
    return arena_printf(parser->reader.arena, "%s: %s", key->text, value->text);
}

/* One `key: value` of served. */
static enum err parse_served(const struct parser *parser, const struct yaml_node *key,
                             const struct yaml_node *value, struct expect *out)
{
    for (size_t i = 0; served_names[i] != NULL; i++) {
        if (strcmp(served_names[i], key->text) != 0) continue;
        out->served = (enum expect_served)i;
        return expect_value_answers(&parser->reader, key, value, out);
    }
    static const char *const allowed[] = {
        "cache", "upstream", "fresh", "stale", "baseline", "error", "in", "outside", "after", NULL,
    };
    const char *hint = value_did_you_mean(&parser->reader, key->text, allowed);
    return yaml_note(parser->reader.file, key, parser->reader.note,
                     "unknown key \"%.80s\" in served%s Allowed: %s", key->text,
                     hint[0] == '\0' ? "." : hint, value_join(&parser->reader, allowed));
}

/* One `key: value` of codes. */
static enum err parse_code(const struct parser *parser, const struct yaml_node *key,
                           const struct yaml_node *value, struct expect *out)
{
    enum code code = CODE_NONE;
    if (code_parse(key->text, &code) && code != CODE_NONE) {
        out->code = code_name(code);
        return expect_value_answers(&parser->reader, key, value, out);
    }
    const char *allowed[CODE_COUNT + 3] = { NULL };
    size_t count = 0;
    for (int i = CODE_NONE + 1; i < CODE_COUNT; i++)
        allowed[count++] = code_name((enum code)i);
    for (size_t i = 0; expect_window_names[i] != NULL; i++)
        allowed[count++] = expect_window_names[i];
    const char *hint = value_did_you_mean(&parser->reader, key->text, allowed);
    return yaml_note(parser->reader.file, key, parser->reader.note,
                     "unknown code \"%.80s\" in codes%s Allowed: %s", key->text,
                     hint[0] == '\0' ? "." : hint, value_join(&parser->reader, allowed));
}

/* The three kinds that hold several checks and a window. */
static enum err parse_map(struct parser *parser, enum expect_kind kind, const struct yaml_node *map)
{
    const struct value_reader *reader = &parser->reader;
    struct expect common = { .kind = kind };
    size_t before = parser->count;
    if (map->kind != YAML_MAP) {
        return yaml_note(reader->file, map, reader->note, "%s must be a map, for example %s",
                         kind_names[kind],
                         kind == EXPECT_LATENCY  ? "{ p95: 300ms }"
                         : kind == EXPECT_SERVED ? "{ error: 0, fresh: \">= 60%\" }"
                                                 : "{ RUNTIME_5XX: \">= 1\" }");
    }
    enum err err = expect_window_parse(reader, parser->scenario, map, &common);
    for (size_t i = 0; i < map->count && err == ERR_OK; i++) {
        const struct yaml_node *key = map->keys[i];
        const struct yaml_node *value = map->items[i];
        if (expect_window_of(key->text) != WINDOW_ALL) continue;
        struct expect check = common;
        if (kind == EXPECT_LATENCY)
            err = expect_value_latency(reader, key, value, &check);
        else if (kind == EXPECT_SERVED)
            err = parse_served(parser, key, value, &check);
        else
            err = parse_code(parser, key, value, &check);
        if (err != ERR_OK) break;
        check.text = pair_text(parser, key, value);
        err = add_check(parser, key, key->text, check);
    }
    if (err != ERR_OK || parser->count > before) return err;
    return yaml_note(reader->file, map, reader->note, "%s expects nothing here; add %s",
                     kind_names[kind],
                     kind == EXPECT_LATENCY  ? "p95: 300ms"
                     : kind == EXPECT_SERVED ? "error: 0"
                                             : "RUNTIME_5XX: \">= 1\"");
}

static enum err parse_recovers(struct parser *parser, const struct yaml_node *key,
                               const struct yaml_node *map)
{
    static const char *const allowed[] = { "within" };
    const struct value_reader *reader = &parser->reader;
    const struct scenario *scenario = parser->scenario;
    const struct yaml_node *within = NULL;
    struct expect check = { .kind = EXPECT_RECOVERS };
    enum err err = yaml_check_keys(reader->file, map, "recovers", allowed, 1, reader->note);
    if (err == ERR_OK) err = value_require(reader, map, "recovers", "within", &within);
    if (err == ERR_OK) err = value_duration(reader, within, "within", &check.limit_ns);
    if (err != ERR_OK) return err;
    if (scenario->phase_count == 0) {
        return yaml_note(reader->file, key, reader->note,
                         "there is no fault to recover from; add a phase, or leave recovers out");
    }
    const struct phase *last = &scenario->phases[scenario->phase_count - 1];
    if (!expect_window_has_load(scenario, last->to_ns, scenario->duration_ns)) {
        return yaml_note(reader->file, key, reader->note,
                         "no request comes after the last phase \"%s\", so nobody can see a "
                         "recovery; let the scenario go on after it",
                         last->name);
    }
    check.text = pair_text(parser, yaml_get_key(map, "within"), within);
    return add_check(parser, key, NULL, check);
}

static enum err parse_item(struct parser *parser, const struct yaml_node *item)
{
    static const char *const orders[] = { "guide", NULL };
    const struct value_reader *reader = &parser->reader;
    const size_t kinds = sizeof kind_names / sizeof kind_names[0];
    size_t chosen = 0;
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
    const struct yaml_node *key = item->keys[0];
    const struct yaml_node *value = item->items[0];
    size_t kind = 0;
    while (strcmp(kind_names[kind], key->text) != 0)
        kind++; /* yaml_check_keys() knows it */
    struct expect check = { .kind = (enum expect_kind)kind };
    switch (check.kind) {
    case EXPECT_LATENCY:
    case EXPECT_SERVED:
    case EXPECT_CODES: return parse_map(parser, check.kind, value);
    case EXPECT_RECOVERS: return parse_recovers(parser, key, value);
    case EXPECT_BREAKER: err = expect_value_states(reader, value, &check); break;
    case EXPECT_ORDER: err = value_choice(reader, value, "order", orders, &chosen); break;
    case EXPECT_AMPLIFICATION: err = expect_value_ratio(reader, value, &check); break;
    }
    if (err != ERR_OK) return err;
    if (check.text == NULL) check.text = pair_text(parser, key, value);
    return add_check(parser, key, NULL, check);
}

enum err expect_parse(const struct yaml_file *file, const struct yaml_node *list,
                      const struct scenario *scenario, struct arena *arena,
                      const struct expect **out, size_t *out_count, struct err_note *note)
{
    struct parser parser = {
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
