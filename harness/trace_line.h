#ifndef HARNESS_TRACE_LINE_H
#define HARNESS_TRACE_LINE_H
/* One line of a trace as a flat list of fields. Its own reader and not cJSON's, because cJSON turns
 * every number into a double, and a replay needs the 64 bits as they were written.
 *
 *     {"t":1203004,"in":"attempt_sent","call":3,"attempt":0}
 *     -> t = 1203004, in = attempt_sent, call = 3, attempt = 0 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_FIELDS_MAX = 32, TRACE_TEXT_MAX = 80 };

struct trace_field {
    const char *name; /* not NUL-terminated, as `value`; borrowed from the line */
    size_t name_length;
    const char *value; /* a string's characters without the quotes, escapes as they stand; another
                        * value's characters, brackets of a nested one included */
    size_t value_length;
    bool is_string;
};

struct trace_line {
    struct trace_field fields[TRACE_FIELDS_MAX];
    size_t count;
};

/* False when the line (without its newline) is not one JSON object, has more than TRACE_FIELDS_MAX
 * fields, or names one twice. What a nested value holds is not looked at, only where it ends. */
bool trace_line_parse(const char *line, size_t length, struct trace_line *out);
/* NULL when the line has no such field. */
const struct trace_field *trace_line_find(const struct trace_line *line, const char *name);
/* False when the field is not a whole number of 64 bits without sign. */
bool trace_field_u64(const struct trace_field *field, uint64_t *out);
/* The string, NUL-terminated; false when it is none or has TRACE_TEXT_MAX bytes or more. */
bool trace_field_text(const struct trace_field *field, char out[TRACE_TEXT_MAX]);
bool trace_field_is(const struct trace_field *field, const char *text);

#endif
