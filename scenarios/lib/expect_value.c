#include "scenario/expect_value.h"

#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "core/breaker.h"

enum { SHARE_ALL = 1000000, RATIO_MAX = 1000 };

enum err expect_value_latency(const struct value_reader *reader, const struct yaml_node *key,
                              const struct yaml_node *node, struct expect *out)
{
    uint64_t ppm = 0;
    bool percentile = key->text[0] == 'p' && units_parse_decimal(key->text + 1, 4, &ppm);
    if (!percentile || ppm == 0 || ppm >= SHARE_ALL) {
        static const char *const names[] = { "in", "outside", "after", "workload", NULL };
        const char *hint = percentile ? "" : value_did_you_mean(reader, key->text, names);
        return yaml_note(reader->file, key, reader->note,
                         "\"%.80s\" is not a percentile%s Allowed: p with a number between 0 and "
                         "100, for example p95 or p99.9, workload, and one of in, outside, after",
                         key->text, hint[0] == '\0' ? "." : hint);
    }
    out->quantile_ppm = (uint32_t)ppm;
    enum err err = value_duration(reader, node, key->text, &out->limit_ns);
    if (err == ERR_OK && out->limit_ns == 0) {
        err = yaml_note(reader->file, node, reader->note,
                        "%s: no answer takes \"%s\"; allowed: over 0s", key->text, node->text);
    }
    return err;
}

/* Splits the operator off; `value` is what stands behind it. */
static enum err split(const struct value_reader *reader, const struct yaml_node *node,
                      const char *what, struct expect *out, const char **value)
{
    const char *text = NULL;
    enum err err = value_scalar(reader, node, what, &text);
    if (err != ERR_OK) return err;
    if (compare_split(text, &out->op, value)) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.80s\" compares with nothing; write for example \">= 60%%\"", what,
                     text);
}

/* "< 0" and "> 100%", and what holds whatever happens: ">= 0" and "<= 100%". */
static enum err check_possible(const struct value_reader *reader, const struct yaml_node *node,
                               const char *what, const struct expect *check)
{
    bool below_nothing = check->op == COMPARE_LT && check->value == 0;
    bool above_all = check->op == COMPARE_GT && check->is_share && check->value == SHARE_ALL;
    bool any = check->op == COMPARE_GE && check->value == 0;
    bool any_share = check->op == COMPARE_LE && check->is_share && check->value == SHARE_ALL;
    if (any || any_share) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is always true, so it expects nothing", what, node->text);
    }
    if (!below_nothing && !above_all) return ERR_OK;
    return yaml_note(reader->file, node, reader->note, "%s: \"%.80s\" can never be true", what,
                     node->text);
}

enum err expect_value_answers(const struct value_reader *reader, const struct yaml_node *key,
                              const struct yaml_node *node, struct expect *out)
{
    const char *value = NULL;
    uint32_t ppm = 0;
    enum err err = split(reader, node, key->text, out, &value);
    if (err != ERR_OK) return err;
    if (strchr(value, '%') != NULL) {
        out->is_share = true;
        if (!units_parse_share(value, &ppm)) {
            return yaml_note(
                reader->file, node, reader->note,
                "%s: \"%.80s\" is not a share; allowed: 0%% to 100%%, for example \">= "
                "60%%\"",
                key->text, value);
        }
        out->value = ppm;
    } else if (!units_parse_decimal(value, 0, &out->value)) {
        return yaml_note(reader->file, node, reader->note,
                         "%s: \"%.80s\" is neither a number of answers nor a share; write for "
                         "example 0, \">= 1\" or \">= 60%%\"",
                         key->text, value);
    }
    return check_possible(reader, node, key->text, out);
}

enum err expect_value_ratio(const struct value_reader *reader, const struct yaml_node *node,
                            struct expect *out)
{
    const char *value = NULL;
    enum err err = split(reader, node, "amplification", out, &value);
    if (err != ERR_OK) return err;
    if (!units_parse_decimal(value, 3, &out->value)) {
        return yaml_note(reader->file, node, reader->note,
                         "amplification: \"%.80s\" is not a number with at most 3 decimals; write "
                         "for example \"<= 1.4\"",
                         value);
    }
    if (out->value > RATIO_MAX * 1000) {
        return yaml_note(reader->file, node, reader->note,
                         "amplification: \"%.80s\" is more attempts per request than any "
                         "configuration allows; allowed: up to %d",
                         value, RATIO_MAX);
    }
    return check_possible(reader, node, "amplification", out);
}

/* What may follow each state, as in core/breaker.h. */
static bool may_follow(enum breaker_state before, enum breaker_state after)
{
    switch (before) {
    case BREAKER_CLOSED: return after == BREAKER_OPEN;
    case BREAKER_OPEN: return after == BREAKER_HALF_OPEN;
    case BREAKER_HALF_OPEN: return after != BREAKER_HALF_OPEN;
    }
    return false;
}

static const char *followers(enum breaker_state state)
{
    switch (state) {
    case BREAKER_CLOSED: return "open";
    case BREAKER_OPEN: return "half_open";
    case BREAKER_HALF_OPEN: return "closed, open";
    }
    return "";
}

static enum err parse_state(const struct value_reader *reader, const struct yaml_node *node,
                            struct expect *out)
{
    static const char *const names[] = { "closed", "open", "half_open", NULL };
    enum breaker_state state = BREAKER_CLOSED;
    const char *text = NULL;
    enum err err = value_scalar(reader, node, "a breaker state", &text);
    if (err != ERR_OK) return err;
    if (!breaker_state_parse(text, &state)) {
        const char *hint = value_did_you_mean(reader, text, names);
        return yaml_note(reader->file, node, reader->note,
                         "\"%.80s\" is not a breaker state%s Allowed: %s", text,
                         hint[0] == '\0' ? "." : hint, value_join(reader, names));
    }
    if (out->state_count == 0 && state != BREAKER_CLOSED && out->window == WINDOW_ALL) {
        return yaml_note(reader->file, node, reader->note,
                         "the breaker cannot begin \"%s\"; the list begins with closed, or with "
                         "any state in { states: [...], in: PHASE } (or after: PHASE)",
                         text);
    }
    if (out->state_count > 0) {
        enum breaker_state before = (enum breaker_state)out->states[out->state_count - 1];
        if (!may_follow(before, state)) {
            return yaml_note(reader->file, node, reader->note,
                             "\"%s\" cannot follow \"%s\"; allowed there: %s", text,
                             breaker_state_name(before), followers(before));
        }
    }
    out->states[out->state_count++] = (uint8_t)state;
    return ERR_OK;
}

enum err expect_value_states(const struct value_reader *reader, const struct yaml_node *node,
                             struct expect *out)
{
    struct buf text;
    enum err err = value_list(reader, node, "breaker", "[closed, open, half_open, closed]");
    if (err != ERR_OK) return err;
    if (node->count > EXPECT_STATES_MAX) {
        return yaml_note(reader->file, node->items[EXPECT_STATES_MAX], reader->note,
                         "%zu breaker states are too many; allowed: at most %d", node->count,
                         (int)EXPECT_STATES_MAX);
    }
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "breaker: [");
    for (size_t i = 0; i < node->count && err == ERR_OK; i++) {
        err = parse_state(reader, node->items[i], out);
        if (err == ERR_OK) buf_printf(&text, "%s%s", i == 0 ? "" : ", ", node->items[i]->text);
    }
    buf_putc(&text, ']');
    out->text = arena_copy_text(reader->arena, buf_text(&text), text.length);
    buf_deinit(&text);
    return err;
}
