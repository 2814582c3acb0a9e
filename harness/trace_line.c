#include "harness/trace_line.h"

#include <string.h>

struct scan {
    const char *at;
    const char *end;
};

static bool take(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c) return false;
    scan->at++;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool skip_string(struct scan *scan)
{
    while (scan->at < scan->end) {
        char c = *scan->at++;
        if (c == '"') return true;
        if (c == '\\' && scan->at++ == scan->end) return false;
    }
    return false;
}

/* From behind the opening bracket to behind the one that closes it. */
static bool skip_nested(struct scan *scan)
{
    unsigned depth = 1;
    while (scan->at < scan->end && depth > 0) {
        char c = *scan->at++;
        if (c == '"' && !skip_string(scan)) return false;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
    }
    return depth == 0;
}

/* A number, true, false or null: whoever asks for its value checks it. */
static bool skip_word(struct scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && strchr(",}", *scan->at) == NULL) scan->at++;
    return scan->at > begin;
}

static bool scan_string(struct scan *scan, const char **text, size_t *length)
{
    if (!take(scan, '"')) return false;
    *text = scan->at;
    if (!skip_string(scan)) return false;
    *length = (size_t)(scan->at - 1 - *text);
    return true;
}

static bool scan_value(struct scan *scan, struct trace_field *field)
{
    if (scan->at == scan->end) return false;
    field->is_string = *scan->at == '"';
    if (field->is_string) return scan_string(scan, &field->value, &field->value_length);
    field->value = scan->at;
    bool nested = *scan->at == '{' || *scan->at == '[';
    if (nested) scan->at++;
    if (!(nested ? skip_nested(scan) : skip_word(scan))) return false;
    field->value_length = (size_t)(scan->at - field->value);
    return true;
}

static bool name_is_taken(const struct trace_line *line, const struct trace_field *field)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct trace_field *other = &line->fields[i];
        if (other->name_length == field->name_length &&
            memcmp(other->name, field->name, field->name_length) == 0) {
            return true;
        }
    }
    return false;
}

bool trace_line_parse(const char *line, size_t length, struct trace_line *out)
{
    struct scan scan = { .at = line, .end = line + length };
    out->count = 0;
    if (!take(&scan, '{')) return false;
    do {
        struct trace_field field;
        if (out->count == TRACE_FIELDS_MAX ||
            !scan_string(&scan, &field.name, &field.name_length) || !take(&scan, ':') ||
            !scan_value(&scan, &field) || name_is_taken(out, &field)) {
            return false;
        }
        out->fields[out->count++] = field;
    } while (take(&scan, ','));
    return take(&scan, '}') && scan.at == scan.end;
}

const struct trace_field *trace_line_find(const struct trace_line *line, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < line->count; i++) {
        const struct trace_field *field = &line->fields[i];
        if (field->name_length == length && memcmp(field->name, name, length) == 0) return field;
    }
    return NULL;
}

bool trace_field_u64(const struct trace_field *field, uint64_t *out)
{
    uint64_t value = 0;
    if (field == NULL || field->is_string || field->value_length == 0) return false;
    for (size_t i = 0; i < field->value_length; i++) {
        char c = field->value[i];
        if (c < '0' || c > '9') return false;
        uint64_t digit = (uint64_t)(c - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool trace_field_text(const struct trace_field *field, char out[TRACE_TEXT_MAX])
{
    if (field == NULL || !field->is_string || field->value_length >= TRACE_TEXT_MAX) return false;
    memcpy(out, field->value, field->value_length);
    out[field->value_length] = '\0';
    return true;
}

bool trace_field_is(const struct trace_field *field, const char *text)
{
    return field != NULL && field->is_string && field->value_length == strlen(text) &&
           memcmp(field->value, text, field->value_length) == 0;
}
