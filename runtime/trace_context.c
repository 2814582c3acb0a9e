#include "runtime/trace_context.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_LENGTH_MAX = 256,
    TENANT_LENGTH_MAX = 241,
    SYSTEM_LENGTH_MAX = 14,
    VALUE_LENGTH_MAX = 256,
};

/* traceparent */

static bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Exactly `length` lower-case hex digits; ends at the first other byte, so never beyond a NUL. */
static bool is_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_lower_hex(text[i])) return false;
    }
    return true;
}

static bool is_zero(const char *text, size_t length)
{
    return strspn(text, "0") >= length;
}

bool trace_context_parse(const char *traceparent, struct trace_context *out)
{
    *out = (struct trace_context){ .sampled = false };
    if (traceparent == NULL) return false;
    const char *version = traceparent;
    if (!is_hex(version, 2) || version[2] != '-') return false;
    const char *trace_id = version + 3;
    if (!is_hex(trace_id, TRACE_ID_LENGTH) || trace_id[TRACE_ID_LENGTH] != '-') return false;
    const char *parent_id = trace_id + TRACE_ID_LENGTH + 1;
    if (!is_hex(parent_id, SPAN_ID_LENGTH) || parent_id[SPAN_ID_LENGTH] != '-') return false;
    const char *flags = parent_id + SPAN_ID_LENGTH + 1;
    if (!is_hex(flags, 2)) return false;

    if (memcmp(version, "ff", 2) == 0) return false;
    /* Version 00 ends here; a later one may go on after a dash. */
    if (flags[2] != '\0' && (memcmp(version, "00", 2) == 0 || flags[2] != '-')) return false;
    if (is_zero(trace_id, TRACE_ID_LENGTH) || is_zero(parent_id, SPAN_ID_LENGTH)) return false;

    memcpy(out->trace_id, trace_id, TRACE_ID_LENGTH);
    memcpy(out->parent_id, parent_id, SPAN_ID_LENGTH);
    char low = flags[1];
    unsigned digit = (unsigned)(low <= '9' ? low - '0' : low - 'a' + 10);
    out->sampled = (digit & 1u) != 0;
    return true;
}

void trace_context_format(const struct trace_context *context, const char *span_id,
                          char out[TRACEPARENT_LENGTH + 1])
{
    assert(context->trace_id[0] != '\0');
    assert(strlen(span_id) == SPAN_ID_LENGTH);
    snprintf(out, TRACEPARENT_LENGTH + 1, "00-%s-%s-%s", context->trace_id, span_id,
             context->sampled ? "01" : "00");
}

void trace_span_id(uint64_t drawn, char out[SPAN_ID_LENGTH + 1])
{
    snprintf(out, SPAN_ID_LENGTH + 1, "%016llx", (unsigned long long)(drawn == 0 ? 1 : drawn));
}

/* tracestate */

struct text {
    const char *at;
    size_t length;
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A letter (or, for tenants, a digit), then at most max - 1 of what keys are made of. */
static bool is_name(struct text name, size_t length_max, bool digit_first)
{
    if (name.length == 0 || name.length > length_max) return false;
    if (!is_lower(name.at[0]) && !(digit_first && is_digit(name.at[0]))) return false;
    for (size_t i = 1; i < name.length; i++) {
        char c = name.at[i];
        if (!is_lower(c) && !is_digit(c) && c != '_' && c != '-' && c != '*' && c != '/') {
            return false;
        }
    }
    return true;
}

static bool is_key(struct text key)
{
    const char *at_sign = memchr(key.at, '@', key.length);
    if (at_sign == NULL) return is_name(key, KEY_LENGTH_MAX, false);
    size_t tenant = (size_t)(at_sign - key.at);
    struct text system_id = { .at = at_sign + 1, .length = key.length - tenant - 1 };
    return is_name((struct text){ .at = key.at, .length = tenant }, TENANT_LENGTH_MAX, true) &&
           is_name(system_id, SYSTEM_LENGTH_MAX, false);
}

/* Printable ASCII but comma and equals sign; blanks at its end were cut off as belonging to the
 * list. */
static bool is_value(struct text value)
{
    if (value.length == 0 || value.length > VALUE_LENGTH_MAX) return false;
    for (size_t i = 0; i < value.length; i++) {
        char c = value.at[i];
        if (c < 0x20 || c > 0x7e || c == ',' || c == '=') return false;
    }
    return true;
}

/* Without the blanks and tabs around it. */
static struct text trim(struct text member)
{
    while (member.length > 0 && (member.at[0] == ' ' || member.at[0] == '\t')) {
        member.at++;
        member.length--;
    }
    while (member.length > 0 && (member.at[member.length - 1] == ' ' ||
                                 member.at[member.length - 1] == '\t')) {
        member.length--;
    }
    return member;
}

static bool is_new(const struct text *keys, size_t count, struct text key)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].length == key.length && memcmp(keys[i].at, key.at, key.length) == 0) {
            return false;
        }
    }
    return true;
}

bool tracestate_is_valid(const char *tracestate)
{
    if (tracestate == NULL || strnlen(tracestate, TRACESTATE_LENGTH_MAX + 1) >
                                  TRACESTATE_LENGTH_MAX) {
        return false;
    }
    struct text keys[TRACESTATE_MEMBERS_MAX];
    size_t count = 0;
    const char *at = tracestate;
    for (;;) {
        size_t length = strcspn(at, ",");
        struct text member = trim((struct text){ .at = at, .length = length });
        at += length;
        if (member.length > 0) {
            const char *equals = memchr(member.at, '=', member.length);
            if (equals == NULL || count == TRACESTATE_MEMBERS_MAX) return false;
            struct text key = { .at = member.at, .length = (size_t)(equals - member.at) };
            struct text value = { .at = equals + 1, .length = member.length - key.length - 1 };
            if (!is_key(key) || !is_value(value) || !is_new(keys, count, key)) return false;
            keys[count++] = key;
        }
        if (*at == '\0') return count > 0;
        at++;
    }
}
