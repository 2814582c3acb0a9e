#include "core/engine_trace.h"

#include <assert.h>

#include "base/json.h"

static void put_code(struct json *json, const char *key, enum code code)
{
    json_key(json, key);
    json_string(json, code == CODE_NONE ? NULL : code_name(code));
}

static void put_hex(struct json *json, const char *key, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * CACHE_KEY_BYTES + 1];
    assert(length <= CACHE_KEY_BYTES);
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * length] = '\0';
    json_member_string(json, key, text);
}

/* 16 digits: JSON's numbers lose the last bits of 64 in most readers. */
static void put_request_key(struct json *json, uint64_t request_key)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(request_key >> (56 - 8 * i));
    put_hex(json, "key", bytes, sizeof bytes);
}

static void line_open(struct json *json, struct buf *out, instant_ns now, const char *kind,
                      const char *name)
{
    json_init(json, out);
    json_open(json, '{');
    json_member_u64(json, "t", now);
    json_member_string(json, kind, name);
}

static void line_close(struct json *json)
{
    json_close(json, '}');
    buf_putc(json->out, '\n');
}

static void put_attempt_done(struct json *json, const struct engine_input *input)
{
    json_member_string(json, "outcome", outcome_name(input->outcome));
    json_member_u64(json, "status", input->http_status);
    if (input->has_retry_after) json_member_u64(json, "retry_after_ns", input->retry_after_ns);
    if (input->outcome == OUTCOME_OK) json_member_u64(json, "body_bytes", input->body_bytes);
}

static const char *input_name(enum engine_input_kind kind)
{
    switch (kind) {
    case ENGINE_TIMER: return "timer";
    case ENGINE_REQUEST: return "request";
    case ENGINE_CLIENT_GONE: return "client_gone";
    case ENGINE_ATTEMPT_CONNECTED: return "attempt_connected";
    case ENGINE_ATTEMPT_PROGRESS: return "attempt_progress";
    case ENGINE_ATTEMPT_SENT: return "attempt_sent";
    case ENGINE_ATTEMPT_DONE: return "attempt_done";
    case ENGINE_BASELINE_DONE: return "baseline_done";
    case ENGINE_L2_DONE: return "l2_done";
    }
    assert(false && "no such input");
    return "";
}

void engine_trace_input(struct buf *out, const struct engine_input *input, instant_ns now)
{
    struct json json;
    line_open(&json, out, now, "in", input_name(input->kind));
    if (input->kind != ENGINE_TIMER) json_member_u64(&json, "call", input->call);
    switch (input->kind) {
    case ENGINE_TIMER:
    case ENGINE_CLIENT_GONE: break;
    case ENGINE_REQUEST:
        put_request_key(&json, input->request_key);
        put_hex(&json, "cache", input->cache_key.bytes, CACHE_KEY_BYTES);
        if (input->has_family) put_hex(&json, "family", input->family_key.bytes, CACHE_KEY_BYTES);
        if (input->baseline_only != CODE_NONE) {
            put_code(&json, "baseline_only", input->baseline_only);
        }
        break;
    case ENGINE_ATTEMPT_CONNECTED:
    case ENGINE_ATTEMPT_PROGRESS:
    case ENGINE_ATTEMPT_SENT: json_member_u64(&json, "attempt", input->attempt); break;
    case ENGINE_ATTEMPT_DONE:
        json_member_u64(&json, "attempt", input->attempt);
        put_attempt_done(&json, input);
        break;
    case ENGINE_BASELINE_DONE:
        json_key(&json, "ok");
        json_bool(&json, input->baseline_ok);
        break;
    case ENGINE_L2_DONE:
        json_key(&json, "hit");
        json_bool(&json, input->l2_hit);
        if (!input->l2_hit) break;
        json_member_u64(&json, "age_ns", input->age_ns);
        json_member_u64(&json, "body_bytes", input->body_bytes);
        break;
    }
    line_close(&json);
}

static void put_transition(struct json *json, const struct breaker_transition *transition)
{
    json_member_string(json, "from", breaker_state_name(transition->from));
    json_member_string(json, "to", breaker_state_name(transition->to));
    json_member_string(json, "rule", breaker_rule_name(transition->rule));
    json_member_u64(json, "failures", transition->failures);
    json_member_u64(json, "volume", transition->volume);
    json_member_u64(json, "cooldown_ns", transition->cooldown_ns);
    json_member_u64(json, "generation", transition->generation);
}

static void put_attempts(struct json *json, const struct call_record *record)
{
    json_key(json, "attempts");
    json_open(json, '[');
    for (uint32_t i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        json_open(json, '{');
        json_member_string(json, "outcome", outcome_name(attempt->outcome));
        json_member_u64(json, "status", attempt->http_status);
        json_member_u64(json, "started", attempt->started);
        json_member_u64(json, "backoff_ns", attempt->backoff_ns);
        json_member_u64(json, "latency_ns", attempt->latency_ns);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_record(struct json *json, const struct call_record *record)
{
    put_request_key(json, record->request_key);
    json_member_string(json, "served", served_name(record->served));
    put_code(json, "code", record->code);
    put_code(json, "cause", record->cause);
    json_member_string(json, "cache_state", cache_state_name(record->cache_state));
    json_member_string(json, "cache_tier", cache_tier_name(record->cache_tier));
    json_member_u64(json, "age_ns", record->age_ns);
    json_member_string(json, "breaker", breaker_state_name(record->breaker));
    json_member_u64(json, "arrived", record->arrived);
    json_member_u64(json, "deadline", record->deadline);
    put_attempts(json, record);
    json_key(json, "path");
    json_open(json, '[');
    for (uint32_t i = 0; i < record->path_count; i++) {
        json_string(json, path_entry_name(record->path[i]));
    }
    json_close(json, ']');
}

static const char *action_name(enum engine_action_kind kind)
{
    switch (kind) {
    case ENGINE_START_ATTEMPT: return "start_attempt";
    case ENGINE_CANCEL_ATTEMPT: return "cancel_attempt";
    case ENGINE_RUN_BASELINE: return "run_baseline";
    case ENGINE_STORE: return "store";
    case ENGINE_DROP: return "drop";
    case ENGINE_ANSWER: return "answer";
    case ENGINE_BREAKER: return "breaker";
    case ENGINE_L2_GET: return "l2_get";
    case ENGINE_L2_CANCEL: return "l2_cancel";
    case ENGINE_L2_PUT: return "l2_put";
    }
    assert(false && "no such action");
    return "";
}

void engine_trace_action(struct buf *out, const struct engine *engine,
                         const struct engine_action *action, instant_ns now)
{
    struct json json;
    line_open(&json, out, now, "do", action_name(action->kind));
    if (action->kind != ENGINE_DROP && action->kind != ENGINE_BREAKER) {
        json_member_u64(&json, "call", action->call);
    }
    switch (action->kind) {
    case ENGINE_START_ATTEMPT:
        json_member_u64(&json, "attempt", action->attempt);
        json_member_u64(&json, "deadline", action->deadline);
        break;
    case ENGINE_CANCEL_ATTEMPT:
        json_member_u64(&json, "attempt", action->attempt);
        json_member_string(&json, "outcome", outcome_name(action->outcome));
        break;
    case ENGINE_RUN_BASELINE:
    case ENGINE_L2_GET:
    case ENGINE_L2_CANCEL: break;
    case ENGINE_L2_PUT:
        if (action->slot != CACHE_NO_SLOT) json_member_u64(&json, "slot", action->slot);
        break;
    case ENGINE_STORE:
        json_member_u64(&json, "slot", action->slot);
        json_member_string(&json, "from", action->tier == CACHE_TIER_L2 ? "l2" : "attempt");
        break;
    case ENGINE_DROP: json_member_u64(&json, "slot", action->slot); break;
    case ENGINE_ANSWER: put_record(&json, engine_record(engine, action->call)); break;
    case ENGINE_BREAKER: put_transition(&json, &action->transition); break;
    }
    line_close(&json);
}
