#include "scenario/fault.h"

#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "scenario/fault_position.h"
#include "scenario/fault_table.h"
#include "scenario/faults/fault_kind.h"

static const char effects_hint[] =
    "write one of: status: 503, delay: 500ms, at: response_body@40% with do: reset, answer: "
    "missing_quantile, malformed: length_short, rate_limit, cold_start, interim, huge_head, "
    "huge_body";

static const char *const selection_keys[] = {
    "share", "exact_share", "first", "nth",    "every", "after",   "until",
    "ramp",  "burst",       "model", "market", "path",  "attempt",
};

enum { SELECTION_KEYS = sizeof selection_keys / sizeof selection_keys[0], FAULT_KEYS_MAX = 64 };

/* Keys that belong to some effects only. */
static const char *const own_keys[] = {
    "at",    "do",   "retry_after", "retry_after_date", "headers", "ramp_delay", "for", "piece",
    "every", "rate", "bytes",
};

enum { OWN_KEYS = sizeof own_keys / sizeof own_keys[0] };

/* The keys that make a fault, each once. */
static size_t effect_keys(const char *out[FAULT_EFFECT_COUNT])
{
    size_t count = 0;
    for (enum fault_effect effect = 0; effect < FAULT_EFFECT_COUNT; effect++) {
        const char *key = fault_kind(effect)->key;
        size_t i = 0;
        while (i < count && strcmp(out[i], key) != 0)
            i++;
        if (i == count) out[count++] = key;
    }
    return count;
}

/* As people call them elsewhere. */
static enum err check_other_words(const struct value_reader *reader, const struct yaml_node *node)
{
    static const struct {
        const char *word;
        const char *here;
    } words[] = {
        { "hang", "at: response_head, do: stall" },   { "stall", "at: response_head, do: stall" },
        { "timeout", "at: response_head, do: stall" }, { "reset", "at: response_head, do: reset" },
        { "close", "at: response_head, do: close" },  { "error", "status: 503" },
        { "http_status", "status: 503" },             { "code", "status: 503" },
        { "latency", "delay: 500ms" },                { "slow", "delay: 500ms" },
        { "sleep", "delay: 500ms" },
    };
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (strcmp(node->keys[i]->text, words[k].word) != 0) continue;
            return yaml_note(reader->file, node->keys[i], reader->note,
                             "no fault is called \"%s\"; write { %s } (docs/faults.md has all)",
                             words[k].word, words[k].here);
        }
    }
    return ERR_OK;
}

static enum err check_keys(const struct value_reader *reader, const struct yaml_node *node)
{
    const char *keys[FAULT_KEYS_MAX];
    enum err err = check_other_words(reader, node);
    if (err != ERR_OK) return err;
    size_t count = effect_keys(keys);
    for (size_t i = 0; i < OWN_KEYS; i++)
        keys[count++] = own_keys[i];
    for (size_t i = 0; i < SELECTION_KEYS; i++)
        keys[count++] = selection_keys[i];
    return yaml_check_keys(reader->file, node, "a fault", keys, count, reader->note);
}

/* Exactly one effect: the key that makes it. */
static enum err find_effect(const struct value_reader *reader, const struct yaml_node *node,
                            const struct yaml_node **out)
{
    const char *keys[FAULT_EFFECT_COUNT];
    size_t count = effect_keys(keys);
    *out = NULL;
    for (size_t i = 0; i < node->count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(node->keys[i]->text, keys[j]) != 0) continue;
            if (*out != NULL) {
                return yaml_note(reader->file, node->keys[i], reader->note,
                                 "\"%s\" is a second effect beside \"%s\"; a fault has one effect, "
                                 "write two faults",
                                 node->keys[i]->text, (*out)->text);
            }
            *out = node->keys[i];
        }
    }
    const struct yaml_node *at = yaml_get_key(node, "at");
    if (at != NULL && yaml_get(node, "do") == NULL) {
        return yaml_note(reader->file, at, reader->note,
                         "\"at\" says where, but \"do\" is missing; add do: reset, do: close or "
                         "do: stall");
    }
    if (*out != NULL) return ERR_OK;
    return yaml_note(reader->file, node, reader->note, "this fault has no effect; %s",
                     effects_hint);
}

/* "do: reset" with "at": the effect, unless the position makes no sense of it. */
static enum err parse_positioned(const struct value_reader *reader, const struct yaml_node *node,
                                 struct fault *out)
{
    const char *names[FAULT_EFFECT_COUNT + 1] = { NULL };
    enum fault_effect effects[FAULT_EFFECT_COUNT];
    size_t count = 0;
    size_t chosen = 0;
    for (enum fault_effect effect = 0; effect < FAULT_EFFECT_COUNT; effect++) {
        if (strcmp(fault_kind(effect)->key, "do") != 0) continue;
        effects[count] = effect;
        names[count++] = fault_effect_name(effect);
    }
    effects[count] = FAULT_DELAY; /* which has a key of its own, too */
    names[count] = fault_effect_name(FAULT_DELAY);
    const struct yaml_node *at = yaml_get(node, "at");
    if (at == NULL) {
        return yaml_note(reader->file, yaml_get_key(node, "do"), reader->note,
                         "\"do\" says what, but \"at\" is missing; add at: response_head or at: "
                         "response_body@40%%");
    }
    enum err err = value_choice(reader, yaml_get(node, "do"), "do", names, &chosen);
    if (err == ERR_OK) err = fault_position_parse(reader, at, out);
    if (err != ERR_OK) return err;
    out->effect = effects[chosen];
    out->positioned = true;
    const struct fault_row *row = fault_table_find(out->effect, out->at);
    if (row->support != FAULT_IMPOSSIBLE) return ERR_OK;
    return yaml_note(reader->file, yaml_get(node, "do"), reader->note,
                     "do: %s is impossible at %s: %s", names[chosen], fault_position_name(out->at),
                     row->what);
}

static enum err parse_effect(const struct value_reader *reader, const struct yaml_node *node,
                             const struct yaml_node *key, struct fault *out)
{
    if (strcmp(key->text, "do") == 0) return parse_positioned(reader, node, out);
    out->effect = FAULT_STATUS;
    while (strcmp(fault_kind(out->effect)->key, key->text) != 0)
        out->effect++;
    out->at = FAULT_AT_RESPONSE_HEAD;
    return ERR_OK;
}

static bool is_listed(const char *list, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = strstr(list, key); at != NULL; at = strstr(at + 1, key)) {
        bool begins = at == list || at[-1] == ' ';
        if (begins && (at[length] == '\0' || at[length] == ' ')) return true;
    }
    return false;
}

/* "every" is a dribble's rhythm and a selection, and "for" belongs to several. */
static const char *keys_beside(const struct fault *fault)
{
    if (fault->effect == FAULT_DELAY && fault->positioned) return "at for ramp_delay";
    return fault_kind(fault->effect)->keys;
}

/* No key beside the effect that belongs to another. */
static enum err check_beside(const struct value_reader *reader, const struct yaml_node *node,
                             const struct yaml_node *effect, const struct fault *fault)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->keys[i];
        if (key == effect || is_listed(keys_beside(fault), key->text)) continue;
        size_t j = 0;
        while (j < SELECTION_KEYS && strcmp(selection_keys[j], key->text) != 0)
            j++;
        if (j < SELECTION_KEYS) continue;
        if (strncmp(key->text, "retry_after", strlen("retry_after")) == 0) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" is a header of an answer with a status; add status: 503 or "
                             "status: 429",
                             key->text);
        }
        return yaml_note(
            reader->file, key, reader->note, "\"%s\" does not belong to \"%s\"; remove it%s%s",
            key->text, fault_effect_name(fault->effect),
            keys_beside(fault)[0] == '\0' ? "" : ". Beside it stand: ", keys_beside(fault));
    }
    return ERR_OK;
}

/* A connection has no request yet, and what counts by itself is not counted. */
static enum err check_selection(const struct value_reader *reader, const struct yaml_node *node,
                                const struct fault *fault)
{
    bool connect = fault->positioned && fault->at == FAULT_AT_CONNECT;
    bool counts = fault->effect == FAULT_RATE_LIMIT || fault->effect == FAULT_COLD_START;
    bool at_head = fault->positioned &&
                   (fault->at == FAULT_AT_REQUEST_HEAD || fault->at == FAULT_AT_REQUEST_BODY);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->keys[i];
        const char *name = key->text;
        bool time = is_listed("after until at do", name);
        if (connect && !time) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" chooses among requests, and at connect there is none yet: the "
                             "fault holds for each connection of its time; use after and until",
                             name);
        }
        if (counts && is_listed("first nth every exact_share", name)) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" counts attempts, and %s does that itself; use share, after or "
                             "until",
                             name, fault_effect_name(fault->effect));
        }
        if (at_head && is_listed("model market", name)) {
            return yaml_note(reader->file, key, reader->note,
                             "\"%s\" stands in the request's body, which is not read yet at %s",
                             name, fault_position_name(fault->at));
        }
    }
    return ERR_OK;
}

/* The stream leaves out how many are hit: a larger share hits the same attempts, and more. */
static void name_fault(struct fault *fault, const struct fault_place *place, struct arena *arena)
{
    struct buf effect;
    struct buf stream;
    buf_init(&effect, BUF_UNBOUNDED);
    buf_init(&stream, BUF_UNBOUNDED);
    fault_kind(fault->effect)->write(&effect, fault);
    if (fault->positioned) {
        buf_puts(&effect, " at ");
        fault_position_write(&effect, fault);
    }
    buf_printf(&stream, "fault/%s/%s", place->phase, buf_text(&effect));
    selection_write_names(&stream, &fault->select);
    buf_printf(&stream, "/%u", place->twin);
    fault->stream = rng_stream(buf_text(&stream));
    buf_puts(&stream, "/burst");
    fault->burst_stream = rng_stream(buf_text(&stream));
    selection_write(&effect, &fault->select, place->length_ns);
    fault->text = arena_copy_text(arena, buf_text(&effect), effect.length);
    buf_deinit(&effect);
    buf_deinit(&stream);
}

enum err fault_parse(const struct value_reader *reader, const struct yaml_node *node,
                     const struct fault_place *place, struct fault *out)
{
    const struct yaml_node *effect = NULL;
    *out = (struct fault){ .line = node->line, .column = node->column };
    enum err err = check_keys(reader, node);
    if (err == ERR_OK) err = find_effect(reader, node, &effect);
    if (err == ERR_OK) err = parse_effect(reader, node, effect, out);
    if (err == ERR_OK) err = check_beside(reader, node, effect, out);
    if (err == ERR_OK) err = check_selection(reader, node, out);
    if (err == ERR_OK) err = fault_kind(out->effect)->parse(reader, node, out);
    struct selection_place selected = { place->length_ns, out->effect == FAULT_DRIBBLE };
    if (err == ERR_OK) err = selection_parse(reader, node, &selected, &out->select);
    if (err == ERR_OK) name_fault(out, place, reader->arena);
    return err;
}
