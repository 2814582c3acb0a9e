#include "harness/replay_input.h"

#include <stddef.h>
#include <string.h>

/* What an engine must be doing for an input. */
enum fit {
    FIT_ALWAYS,
    FIT_FREE,
    FIT_RUNNING,
    FIT_ATTEMPT,
    FIT_BASELINE,
    FIT_LOOKUP,
};

static const struct kind {
    const char *name;
    enum engine_input_kind kind;
    enum fit fit;
} kinds[] = {
    { "timer", ENGINE_TIMER, FIT_ALWAYS },
    { "request", ENGINE_REQUEST, FIT_FREE },
    { "client_gone", ENGINE_CLIENT_GONE, FIT_RUNNING },
    { "attempt_connected", ENGINE_ATTEMPT_CONNECTED, FIT_ATTEMPT },
    { "attempt_progress", ENGINE_ATTEMPT_PROGRESS, FIT_ATTEMPT },
    { "attempt_sent", ENGINE_ATTEMPT_SENT, FIT_ATTEMPT },
    { "attempt_done", ENGINE_ATTEMPT_DONE, FIT_ATTEMPT },
    { "baseline_done", ENGINE_BASELINE_DONE, FIT_BASELINE },
    { "l2_done", ENGINE_L2_DONE, FIT_LOOKUP },
};

enum field_kind { FIELD_U16, FIELD_U32, FIELD_U64, FIELD_BOOL, FIELD_HEX, FIELD_CODE,
                  FIELD_OUTCOME };

#define AT(field) offsetof(struct engine_input, field)
#define NO_FLAG SIZE_MAX

static const struct field {
    const char *name;
    enum field_kind kind;
    size_t at;
    size_t flag; /* of a bool that says that the field is there */
} fields[] = {
    { "call", FIELD_U32, AT(call), NO_FLAG },
    { "key", FIELD_HEX, AT(request_key), NO_FLAG },
    { "cache", FIELD_HEX, AT(cache_key), NO_FLAG },
    { "family", FIELD_HEX, AT(family_key), AT(has_family) },
    { "baseline_only", FIELD_CODE, AT(baseline_only), NO_FLAG },
    { "attempt", FIELD_U32, AT(attempt), NO_FLAG },
    { "outcome", FIELD_OUTCOME, AT(outcome), NO_FLAG },
    { "status", FIELD_U16, AT(http_status), NO_FLAG },
    { "retry_after_ns", FIELD_U64, AT(retry_after_ns), AT(has_retry_after) },
    { "body_bytes", FIELD_U64, AT(body_bytes), NO_FLAG },
    { "ok", FIELD_BOOL, AT(baseline_ok), NO_FLAG },
    { "hit", FIELD_BOOL, AT(l2_hit), NO_FLAG },
    { "age_ns", FIELD_U64, AT(age_ns), NO_FLAG },
};

static bool hex_parse(const struct trace_field *field, uint8_t *out, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (!field->is_string || field->value_length != 2 * length) return false;
    for (size_t i = 0; i < 2 * length; i++) {
        const char *digit = memchr(digits, field->value[i], sizeof digits - 1);
        if (digit == NULL) return false;
        unsigned value = (unsigned)(digit - digits);
        out[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 : out[i / 2] | value);
    }
    return true;
}

static bool key_parse(const struct trace_field *field, struct engine_input *out, size_t at)
{
    if (at == AT(cache_key)) return hex_parse(field, out->cache_key.bytes, CACHE_KEY_BYTES);
    if (at == AT(family_key)) return hex_parse(field, out->family_key.bytes, CACHE_KEY_BYTES);
    uint8_t bytes[8];
    if (!hex_parse(field, bytes, sizeof bytes)) return false;
    out->request_key = 0;
    for (size_t i = 0; i < sizeof bytes; i++) out->request_key = out->request_key << 8 | bytes[i];
    return true;
}

static bool field_parse(const struct field *row, const struct trace_field *field,
                        struct engine_input *out)
{
    void *at = (char *)out + row->at;
    char text[TRACE_TEXT_MAX];
    uint64_t number = 0;
    switch (row->kind) {
    case FIELD_U16:
        if (!trace_field_u64(field, &number) || number > UINT16_MAX) return false;
        *(uint16_t *)at = (uint16_t)number;
        return true;
    case FIELD_U32:
        if (!trace_field_u64(field, &number) || number > UINT32_MAX) return false;
        *(uint32_t *)at = (uint32_t)number;
        return true;
    case FIELD_U64: return trace_field_u64(field, at);
    case FIELD_BOOL:
        *(bool *)at = field->value_length == 4; /* writing it again tells true from other words */
        return !field->is_string;
    case FIELD_HEX: return key_parse(field, out, row->at);
    case FIELD_CODE: return trace_field_text(field, text) && code_parse(text, at);
    case FIELD_OUTCOME: return trace_field_text(field, text) && outcome_parse(text, at);
    }
    return false;
}

static const struct kind *kind_of(enum engine_input_kind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) return &kinds[i];
    }
    return NULL;
}

bool replay_input_parse(const struct trace_line *line, struct engine_input *out, instant_ns *now,
                        const char **reason)
{
    *out = (struct engine_input){ .kind = ENGINE_TIMER };
    const struct trace_field *name = trace_line_find(line, "in");
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (trace_field_is(name, kinds[i].name)) kind = &kinds[i];
    }
    if (kind == NULL) {
        *reason = "its \"in\" is no kind of input";
        return false;
    }
    out->kind = kind->kind;
    if (!trace_field_u64(trace_line_find(line, "t"), now)) {
        *reason = "its \"t\" is no moment";
        return false;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct trace_field *field = trace_line_find(line, fields[i].name);
        if (field == NULL) continue;
        if (!field_parse(&fields[i], field, out)) {
            *reason = "a field has a value that it cannot have";
            return false;
        }
        if (fields[i].flag != NO_FLAG) *(bool *)((char *)out + fields[i].flag) = true;
    }
    return true;
}

const char *replay_input_misfit(const struct replay_call *call, const struct engine_input *input)
{
    switch (kind_of(input->kind)->fit) {
    case FIT_ALWAYS: return NULL;
    case FIT_FREE: return call->running ? "a request under an id that is still taken" : NULL;
    case FIT_RUNNING: return call->running ? NULL : "a client of a call that is over";
    case FIT_ATTEMPT:
        if (!call->attempt_runs || call->attempt != input->attempt) {
            return "an attempt that is not running";
        }
        return input->kind == ENGINE_ATTEMPT_DONE && input->outcome == OUTCOME_ABANDONED
                   ? "an attempt that only the engine can end so"
                   : NULL;
    case FIT_BASELINE: return call->baseline_runs ? NULL : "a baseline that nobody asked for";
    case FIT_LOOKUP: return call->lookup_runs ? NULL : "a lookup that nobody asked for";
    }
    return NULL;
}

void replay_call_on_input(struct replay_call *call, const struct engine_input *input)
{
    if (input->kind == ENGINE_REQUEST) *call = (struct replay_call){ .running = true };
    if (input->kind == ENGINE_ATTEMPT_DONE) call->attempt_runs = false;
    if (input->kind == ENGINE_BASELINE_DONE) call->baseline_runs = false;
    if (input->kind == ENGINE_L2_DONE) call->lookup_runs = false;
}

void replay_call_on_action(struct replay_call *call, const struct engine_action *action)
{
    switch (action->kind) {
    case ENGINE_START_ATTEMPT:
        call->attempt_runs = true;
        call->attempt = action->attempt;
        break;
    case ENGINE_CANCEL_ATTEMPT: call->attempt_runs = false; break;
    case ENGINE_RUN_BASELINE: call->baseline_runs = true; break;
    case ENGINE_L2_GET: call->lookup_runs = true; break;
    case ENGINE_L2_CANCEL: call->lookup_runs = false; break;
    case ENGINE_ANSWER: *call = (struct replay_call){ .running = false }; break;
    case ENGINE_STORE:
    case ENGINE_DROP:
    case ENGINE_L2_PUT:
    case ENGINE_BREAKER: break;
    }
}
