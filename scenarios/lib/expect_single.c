#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "scenario/expect_private.h"
#include "scenario/expect_value.h"
#include "scenario/expect_window.h"

enum { KEYS_MAX = 8, SHARE_ALL = 1000000 };

/* The value of a kind that has one, alone or as `inner` in a map beside a window. */
struct single {
    const struct yaml_node *key; /* of the value: the kind's own, or the inner one */
    const struct yaml_node *value;
};

/* Refuses keys of `map` that are neither of `own` (NULL-terminated) nor a selection. */
static enum err check_keys(const struct expect_parser *parser, const struct yaml_node *map,
                           const char *what, const char *const *own)
{
    const char *allowed[KEYS_MAX + 4];
    size_t count = 0;
    for (size_t i = 0; own[i] != NULL; i++) {
        assert(count < KEYS_MAX);
        allowed[count++] = own[i];
    }
    for (size_t i = 0; expect_selector_names[i] != NULL; i++)
        allowed[count++] = expect_selector_names[i];
    return yaml_check_keys(parser->reader.file, map, what, allowed, count, parser->reader.note);
}

static enum err read_single(const struct expect_parser *parser, const char *inner,
                            const struct yaml_node *key, const struct yaml_node *value,
                            struct single *out, struct expect *check)
{
    const char *const own[] = { inner, NULL };
    *out = (struct single){ key, value };
    if (value->kind != YAML_MAP) return ERR_OK;
    enum err err = check_keys(parser, value, key->text, own);
    if (err == ERR_OK) {
        err = value_require(&parser->reader, value, key->text, inner, &out->value);
    }
    if (err == ERR_OK) err = expect_window_parse(&parser->reader, parser->scenario, value, check);
    if (err == ERR_OK) out->key = yaml_get_key(value, inner);
    return err;
}

static enum err add_single(struct expect_parser *parser, const struct yaml_node *key,
                           const struct single *single, struct expect check)
{
    check.text = expect_pair_text(parser, single->key, single->value);
    return expect_add(parser, key, NULL, check);
}

/* order: guide, backoff: full_jitter: there is one thing to choose. */
static enum err parse_word(struct expect_parser *parser, struct expect check, const char *inner,
                           const char *word, const struct yaml_node *key,
                           const struct yaml_node *value)
{
    const char *const words[] = { word, NULL };
    struct single single;
    size_t chosen = 0;
    enum err err = read_single(parser, inner, key, value, &single, &check);
    if (err == ERR_OK) {
        err = value_choice(&parser->reader, single.value, key->text, words, &chosen);
    }
    return err == ERR_OK ? add_single(parser, key, &single, check) : err;
}

static enum err parse_amplification(struct expect_parser *parser, struct expect check,
                                    const struct yaml_node *key, const struct yaml_node *value)
{
    struct single single;
    enum err err = read_single(parser, "ratio", key, value, &single, &check);
    if (err == ERR_OK) err = expect_value_ratio(&parser->reader, single.value, &check);
    return err == ERR_OK ? add_single(parser, key, &single, check) : err;
}

/* A share of the answers, written with %. */
static enum err read_share(const struct expect_parser *parser, const struct yaml_node *key,
                           const struct yaml_node *value, const char *example,
                           struct expect *check)
{
    const struct value_reader *reader = &parser->reader;
    enum err err = expect_value_answers(reader, key, value, check);
    if (err != ERR_OK || check->is_share) return err;
    return yaml_note(reader->file, value, reader->note,
                     "%s: \"%.80s\" is a number of answers, but a share is wanted; write for "
                     "example \"%s\"",
                     key->text, value->text, example);
}

static enum err parse_availability(struct expect_parser *parser, struct expect check,
                                   const struct yaml_node *key, const struct yaml_node *value)
{
    struct single single;
    enum err err = read_single(parser, "share", key, value, &single, &check);
    if (err == ERR_OK) err = read_share(parser, single.key, single.value, ">= 99.9%", &check);
    return err == ERR_OK ? add_single(parser, key, &single, check) : err;
}

static enum err parse_freshness(struct expect_parser *parser, struct expect check,
                                const struct yaml_node *key, const struct yaml_node *map)
{
    static const char *const own[] = { "max_age", "share", NULL };
    const struct value_reader *reader = &parser->reader;
    const struct yaml_node *age = NULL;
    const struct yaml_node *share = NULL;
    char limit[UNITS_TEXT_MAX];
    enum err err = check_keys(parser, map, key->text, own);
    if (err == ERR_OK) err = value_require(reader, map, key->text, "max_age", &age);
    if (err == ERR_OK) err = value_require(reader, map, key->text, "share", &share);
    if (err == ERR_OK) err = value_duration(reader, age, "max_age", &check.limit_ns);
    if (err == ERR_OK) {
        err = read_share(parser, yaml_get_key(map, "share"), share, ">= 95%", &check);
    }
    if (err == ERR_OK) err = expect_window_parse(reader, parser->scenario, map, &check);
    if (err != ERR_OK) return err;
    check.text =
        arena_printf(reader->arena, "max_age: %s, share: %s", age->text, share->text);
    return expect_add(parser, key, units_format_duration(check.limit_ns, limit), check);
}

/* The end of the fault to recover from: of the phase that `after` names, else of the last one. */
static struct scenario_window fault_before(const struct expect_parser *parser,
                                           const struct expect *check)
{
    bool named = check->window == WINDOW_AFTER;
    size_t last = parser->scenario->phase_count - 1;
    return scenario_window_at(parser->scenario, named ? check->phase : last);
}

static enum err parse_recovers(struct expect_parser *parser, struct expect check,
                               const struct yaml_node *key, const struct yaml_node *map)
{
    static const char *const allowed[] = { "within", "after", "workload" };
    const struct value_reader *reader = &parser->reader;
    const struct scenario *scenario = parser->scenario;
    const struct yaml_node *within = NULL;
    enum err err = yaml_check_keys(reader->file, map, "recovers", allowed,
                                   sizeof allowed / sizeof allowed[0], reader->note);
    if (err == ERR_OK) err = value_require(reader, map, "recovers", "within", &within);
    if (err == ERR_OK) err = value_duration(reader, within, "within", &check.limit_ns);
    if (err == ERR_OK && scenario->phase_count == 0 && yaml_get(map, "after") == NULL) {
        err = yaml_note(reader->file, key, reader->note,
                        "there is no fault to recover from; add a phase, or leave recovers out");
    }
    if (err == ERR_OK) err = expect_window_parse(reader, scenario, map, &check);
    if (err != ERR_OK) return err;
    struct scenario_window last = fault_before(parser, &check);
    if (!expect_window_has_load(scenario, check.workload, last.to_ns, scenario->duration_ns)) {
        return yaml_note(reader->file, key, reader->note,
                         "no request comes after the last phase \"%s\", so nobody can see a "
                         "recovery; let the scenario go on after it%s",
                         last.name,
                         scenario->phase_count > 1 ? ", or name an earlier one: after: PHASE" : "");
    }
    check.text = expect_pair_text(parser, yaml_get_key(map, "within"), within);
    return expect_add(parser, key, NULL, check);
}

static enum err parse_canary(struct expect_parser *parser, struct expect check,
                             const struct yaml_node *key, const struct yaml_node *value)
{
    static const char *const stages[] = { "stage", "later", NULL };
    static const char *const gates[] = {
        [EXPECT_GATE_P95] = "p95",
        [EXPECT_GATE_ERRORS] = "error_rate",
        [EXPECT_GATE_INVALID] = "invalid_output",
        [EXPECT_GATE_FALLBACKS] = "fallback_rate",
    };
    struct single single;
    size_t stage = 0;
    enum err err = read_single(parser, "stage", key, value, &single, &check);
    if (err == ERR_OK) {
        err = value_choice(&parser->reader, single.value, "canary", stages, &stage);
    }
    check.canary_later = stage == 1;
    check.text = arena_printf(parser->reader.arena, "canary: %s", stages[stage]);
    for (size_t i = 0; i < EXPECT_GATES && err == ERR_OK; i++) {
        check.gate = (enum expect_gate)i;
        err = expect_add(parser, key, gates[i], check);
    }
    return err;
}

static enum err parse_rollback(struct expect_parser *parser, struct expect check,
                               const struct yaml_node *key, const struct yaml_node *value)
{
    static const char *const words[] = { "never", "expected", NULL };
    size_t chosen = 0;
    enum err err = value_choice(&parser->reader, value, "rollback", words, &chosen);
    if (err != ERR_OK) return err;
    check.rollback_expected = chosen == 1;
    check.text = expect_pair_text(parser, key, value);
    return expect_add(parser, key, NULL, check);
}

static enum err parse_breaker(struct expect_parser *parser, struct expect check,
                              const struct yaml_node *key, const struct yaml_node *value)
{
    static const char *const allowed[] = { "states", "in", "after" };
    const struct value_reader *reader = &parser->reader;
    struct single single;
    enum err err = ERR_OK;
    if (value->kind == YAML_MAP && yaml_get(value, "outside") != NULL) {
        return yaml_note(reader->file, yaml_get_key(value, "outside"), reader->note,
                         "breaker: what is before a phase and what is after it are two paths; "
                         "allowed: in, after");
    }
    if (value->kind == YAML_MAP && yaml_get(value, "workload") != NULL) {
        return yaml_note(reader->file, yaml_get_key(value, "workload"), reader->note,
                         "breaker: all workloads share the breaker; leave workload out");
    }
    if (value->kind == YAML_MAP) {
        err = yaml_check_keys(reader->file, value, "breaker", allowed, 3, reader->note);
    }
    if (err == ERR_OK) err = read_single(parser, "states", key, value, &single, &check);
    if (err == ERR_OK) err = expect_value_states(reader, single.value, &check);
    return err == ERR_OK ? expect_add(parser, key, NULL, check) : err;
}

enum err expect_parse_single(struct expect_parser *parser, enum expect_kind kind,
                             const struct yaml_node *key, const struct yaml_node *value)
{
    struct expect check = { .kind = kind, .workload = EXPECT_ALL_WORKLOADS };
    switch (kind) {
    case EXPECT_LATENCY:
    case EXPECT_SERVED:
    case EXPECT_CODES:
    case EXPECT_ATTEMPTS:
    case EXPECT_CYCLE: break;
    case EXPECT_BREAKER: return parse_breaker(parser, check, key, value);
    case EXPECT_ORDER: return parse_word(parser, check, "chain", "guide", key, value);
    case EXPECT_BACKOFF: return parse_word(parser, check, "jitter", "full_jitter", key, value);
    case EXPECT_AMPLIFICATION: return parse_amplification(parser, check, key, value);
    case EXPECT_RECOVERS: return parse_recovers(parser, check, key, value);
    case EXPECT_FRESHNESS: return parse_freshness(parser, check, key, value);
    case EXPECT_AVAILABILITY: return parse_availability(parser, check, key, value);
    case EXPECT_CANARY: return parse_canary(parser, check, key, value);
    case EXPECT_ROLLBACK: return parse_rollback(parser, check, key, value);
    }
    assert(false && "a kind of several checks");
    return ERR_INVALID;
}
