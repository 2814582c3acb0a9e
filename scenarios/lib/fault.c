#include "scenario/fault.h"

#include <string.h>

#include "base/buf.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/units.h"
#include "scenario/value.h"

static const char *const fault_keys[] = {
    "status", "retry_after", "delay", "at", "do", "answer", "share",
};

static const char effects_hint[] =
    "write one of: status: 503, delay: 500ms, at: response_body@40% with do: reset, answer: "
    "missing_quantile";

static const char *const answer_names[] = {
#define ANSWER_NAME(name, text) text,
    ANSWER_FAULT_LIST(ANSWER_NAME)
#undef ANSWER_NAME
        NULL,
};

const char *answer_fault_name(enum answer_fault fault)
{
    return answer_names[fault];
}

/* Exactly one effect, and nothing beside it that belongs to another. */
static enum err check_one_effect(const struct value_reader *reader, const struct yaml_node *node)
{
    static const char *const effects[] = { "status", "delay", "do", "answer" };
    const struct yaml_node *first = NULL;
    for (size_t i = 0; i < node->count; i++) {
        bool effect = false;
        for (size_t j = 0; j < sizeof effects / sizeof effects[0]; j++) {
            if (strcmp(node->keys[i]->text, effects[j]) == 0) effect = true;
        }
        if (!effect) continue;
        if (first != NULL) {
            return yaml_note(reader->file, node->keys[i], reader->note,
                             "\"%s\" is a second effect beside \"%s\"; a fault has one effect, "
                             "write two faults",
                             node->keys[i]->text, first->text);
        }
        first = node->keys[i];
    }
    const struct yaml_node *at = yaml_get_key(node, "at");
    if (at != NULL && yaml_get(node, "do") == NULL) {
        return yaml_note(reader->file, at, reader->note,
                         "\"at\" says where, but \"do\" is missing; add do: reset, do: close or "
                         "do: stall");
    }
    const struct yaml_node *retry_after = yaml_get_key(node, "retry_after");
    if (retry_after != NULL && yaml_get(node, "status") == NULL) {
        return yaml_note(reader->file, retry_after, reader->note,
                         "\"retry_after\" is a header of an answer with a status; add status: 503 "
                         "or status: 429");
    }
    if (first != NULL) return ERR_OK;
    return yaml_note(reader->file, node, reader->note, "this fault has no effect; %s",
                     effects_hint);
}

static enum err parse_status(const struct value_reader *reader, const struct yaml_node *node,
                             struct fault *out)
{
    const struct yaml_node *value = yaml_get(node, "status");
    const struct yaml_node *retry_after = yaml_get(node, "retry_after");
    const char *text = NULL;
    uint64_t status = 0;
    uint64_t wait_ns = 0;
    enum err err = value_scalar(reader, value, "status", &text);
    if (err != ERR_OK) return err;
    bool number = units_parse_decimal(text, 0, &status);
    if (!number || (status != 200 && (status < 400 || status > 599))) {
        bool known = number && status >= 100 && status <= 399;
        return yaml_note(reader->file, value, reader->note,
                         "status: \"%.80s\" is not allowed%s; allowed: 400 to 599, and 200", text,
                         known ? ", it cannot carry the body of a forecast or of an error" : "");
    }
    out->effect = FAULT_STATUS;
    out->status = (uint16_t)status;
    if (retry_after == NULL) return ERR_OK;
    err = value_duration(reader, retry_after, "retry_after", &wait_ns);
    if (err != ERR_OK) return err;
    if (wait_ns % NS_PER_S != 0) {
        return yaml_note(reader->file, retry_after, reader->note,
                         "retry_after: \"%.80s\" is not a whole number of seconds, and the header "
                         "can say nothing else; write 1s or 2s",
                         retry_after->text);
    }
    out->has_retry_after = true;
    out->retry_after_s = (uint32_t)(wait_ns / NS_PER_S);
    return ERR_OK;
}

/* "40%" or "100B", what stands behind the '@'. */
static bool parse_body_position(const char *text, struct fault *out)
{
    size_t length = strlen(text);
    out->at = FAULT_AT_RESPONSE_BODY;
    if (length == 0) return false;
    if (text[length - 1] == '%') {
        return units_parse_share(text, &out->at_ppm) && out->at_ppm < 1000000;
    }
    out->at_is_bytes = true;
    return text[length - 1] == 'B' && units_parse_bytes(text, &out->at_bytes);
}

static enum err parse_position(const struct value_reader *reader, const struct yaml_node *node,
                               struct fault *out)
{
    static const char body_prefix[] = "response_body@";
    const char *text = NULL;
    enum err err = value_scalar(reader, node, "at", &text);
    if (err != ERR_OK) return err;
    if (strcmp(text, "response_head") == 0) {
        out->at = FAULT_AT_RESPONSE_HEAD;
        return ERR_OK;
    }
    if (strncmp(text, body_prefix, sizeof body_prefix - 1) == 0) {
        if (parse_body_position(text + sizeof body_prefix - 1, out)) return ERR_OK;
        return yaml_note(
            reader->file, node, reader->note,
            "at: \"%.80s\" is no place in the body; allowed: a share from 0%% to under "
            "100%% or a number of bytes, for example response_body@40%% or "
            "response_body@100B",
            text);
    }
    static const char *const names[] = { "response_head", "response_body@40%", NULL };
    const char *hint = value_did_you_mean(reader, text, names);
    return yaml_note(reader->file, node, reader->note,
                     "at: \"%.80s\" is not allowed%s Allowed: response_head, response_body@40%%, "
                     "response_body@100B",
                     text, hint[0] == '\0' ? "." : hint);
}

static enum err parse_cut(const struct value_reader *reader, const struct yaml_node *node,
                          struct fault *out)
{
    static const char *const names[] = { "reset", "close", "stall", NULL };
    static const enum fault_effect effects[] = { FAULT_RESET, FAULT_CLOSE, FAULT_STALL };
    size_t chosen = 0;
    const struct yaml_node *at = yaml_get(node, "at");
    if (at == NULL) {
        return yaml_note(reader->file, yaml_get_key(node, "do"), reader->note,
                         "\"do\" says what, but \"at\" is missing; add at: response_head or at: "
                         "response_body@40%%");
    }
    enum err err = value_choice(reader, yaml_get(node, "do"), "do", names, &chosen);
    if (err != ERR_OK) return err;
    out->effect = effects[chosen];
    return parse_position(reader, at, out);
}

static enum err parse_answer(const struct value_reader *reader, const struct yaml_node *node,
                             struct fault *out)
{
    size_t chosen = 0;
    enum err err = value_choice(reader, yaml_get(node, "answer"), "answer", answer_names + 1,
                                &chosen); /* + 1: a good answer is no fault */
    out->effect = FAULT_ANSWER;
    out->answer = (enum answer_fault)(chosen + 1);
    return err;
}

static enum err parse_effect(const struct value_reader *reader, const struct yaml_node *node,
                             struct fault *out)
{
    if (yaml_get(node, "status") != NULL) return parse_status(reader, node, out);
    if (yaml_get(node, "answer") != NULL) return parse_answer(reader, node, out);
    if (yaml_get(node, "do") != NULL) return parse_cut(reader, node, out);
    out->effect = FAULT_DELAY;
    return latency_parse(reader, yaml_get(node, "delay"), "delay", &out->delay);
}

static void write_cut(struct buf *out, const char *effect, const struct fault *fault)
{
    char share[UNITS_TEXT_MAX];
    buf_printf(out, "%s at ", effect);
    if (fault->at == FAULT_AT_RESPONSE_HEAD) {
        buf_puts(out, "response_head");
    } else if (fault->at_is_bytes) {
        buf_printf(out, "response_body@%lluB", (unsigned long long)fault->at_bytes);
    } else {
        buf_printf(out, "response_body@%s", units_format_share(fault->at_ppm, share));
    }
}

/* The fault without its share: "status 503 retry_after 1s". */
static void write_effect(struct buf *out, const struct fault *fault)
{
    char duration[UNITS_TEXT_MAX];
    switch (fault->effect) {
    case FAULT_STATUS:
        buf_printf(out, "status %u", (unsigned)fault->status);
        if (fault->has_retry_after) buf_printf(out, " retry_after %us", fault->retry_after_s);
        break;
    case FAULT_DELAY:
        buf_printf(out, "delay %s", units_format_duration(fault->delay.value_ns[0], duration));
        break;
    case FAULT_RESET: write_cut(out, "reset", fault); break;
    case FAULT_CLOSE: write_cut(out, "close", fault); break;
    case FAULT_STALL: write_cut(out, "stall", fault); break;
    case FAULT_ANSWER: buf_printf(out, "answer %s", answer_fault_name(fault->answer)); break;
    case FAULT_REFUSE:
    case FAULT_SYN_DROP:
    case FAULT_DRIBBLE:
    case FAULT_THROTTLE:
    case FAULT_GARBAGE:
    case FAULT_STRAY_ANSWER:
    case FAULT_SLOW_CLOSE:
    case FAULT_MALFORMED:
    case FAULT_INTERIM:
    case FAULT_HUGE_HEAD:
    case FAULT_HUGE_BODY:
    case FAULT_RATE_LIMIT:
    case FAULT_COLD_START:
    case FAULT_EFFECT_COUNT: break;
    }
}

/* The stream leaves the share out: a larger share hits the same attempts, and more. */
static void name_fault(struct fault *fault, const struct fault_place *place,
                       struct arena *arena)
{
    struct buf effect;
    struct buf stream;
    buf_init(&effect, BUF_UNBOUNDED);
    buf_init(&stream, BUF_UNBOUNDED);
    write_effect(&effect, fault);
    buf_printf(&stream, "fault/%s/%s", place->phase, buf_text(&effect));
    selection_write(&stream, &fault->select, true);
    buf_printf(&stream, "/%u", place->twin);
    fault->stream = rng_stream(buf_text(&stream));
    buf_puts(&stream, "/burst");
    fault->burst_stream = rng_stream(buf_text(&stream));
    selection_write(&effect, &fault->select, false);
    fault->text = arena_copy_text(arena, buf_text(&effect), effect.length);
    buf_deinit(&effect);
    buf_deinit(&stream);
}

enum err fault_parse(const struct value_reader *reader, const struct yaml_node *node,
                     const struct fault_place *place, struct fault *out)
{
    *out = (struct fault){ .line = node->line, .column = node->column };
    enum err err = yaml_check_keys(reader->file, node, "a fault", fault_keys,
                                   sizeof fault_keys / sizeof fault_keys[0], reader->note);
    if (err == ERR_OK) err = check_one_effect(reader, node);
    if (err == ERR_OK) err = parse_effect(reader, node, out);
    if (err == ERR_OK) err = selection_parse(reader, node, place->length_ns, &out->select);
    if (err == ERR_OK) name_fault(out, place, reader->arena);
    return err;
}
