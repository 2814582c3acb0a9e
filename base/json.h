#ifndef BASE_JSON_H
#define BASE_JSON_H
/* Writes JSON (RFC 8259) into a buf, commas and escapes included. base/json_read.h reads it.
 *
 *     struct json json;
 *     json_init(&json, &buf);
 *     json_open(&json, '{');
 *     json_key(&json, "code"); json_string(&json, "RUNTIME_5XX");
 *     json_key(&json, "attempts");
 *     json_open(&json, '['); json_u64(&json, 2); json_close(&json, ']');
 *     json_close(&json, '}');                    -> {"code":"RUNTIME_5XX","attempts":[2]}
 *
 * Nesting is at most JSON_DEPTH_MAX; unbalanced calls are our own bug (assert). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 32 };

struct json {
    struct buf *out; /* borrowed */
    int depth;
    bool need_comma[JSON_DEPTH_MAX];
    bool after_key;
};

void json_init(struct json *json, struct buf *out);
/* `bracket` is '{' or '['. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
void json_key(struct json *json, const char *key);
/* The same for a constant without anything to escape: its text as it goes out, with its quotes and
 * its colon. */
void json_key_text(struct json *json, const char *text, size_t length);
#define JSON_KEY(json, name) json_key_text(json, "\"" name "\":", sizeof "\"" name "\":" - 1)
/* NULL is written as null. Bytes that are not UTF-8 are replaced by U+FFFD. */
void json_string(struct json *json, const char *text);
void json_string_length(struct json *json, const char *text, size_t length);
void json_u64(struct json *json, uint64_t value);
void json_i64(struct json *json, int64_t value);
/* The shortest text that reads back the same (base/decimal.h); null when it is not finite. */
void json_double(struct json *json, double value);
/* json_double() for each of them. */
void json_doubles(struct json *json, const double *values, size_t count);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* A whole member of an object: its key, then its value as above. */
void json_member_string(struct json *json, const char *key, const char *text);
void json_member_u64(struct json *json, const char *key, uint64_t value);
void json_member_bool(struct json *json, const char *key, bool value);
/* A value that is already JSON. */
void json_raw(struct json *json, const char *text, size_t length);
/* Nanoseconds as milliseconds with three decimals at most: 1234567 -> 1.234 */
void json_ms(struct json *json, uint64_t ns);

#endif
