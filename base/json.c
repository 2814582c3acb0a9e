#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

enum { SHORT_MAX = 96, DOUBLES_AT_ONCE = 64 };

void json_init(struct json *json, struct buf *out)
{
    *json = (struct json){ .out = out };
}

static void json_before_value(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->need_comma[json->depth]) buf_putc(json->out, ',');
    json->need_comma[json->depth] = true;
}

void json_open(struct json *json, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    assert(json->depth + 1 < JSON_DEPTH_MAX);
    json_before_value(json);
    buf_putc(json->out, bracket);
    json->need_comma[++json->depth] = false;
}

void json_close(struct json *json, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    assert(json->depth > 0);
    assert(!json->after_key);
    json->depth--;
    buf_putc(json->out, bracket);
}

/* Length of the valid UTF-8 sequence at `s` (RFC 3629), 0 when there is none. */
static size_t utf8_length(const unsigned char *s, size_t rest)
{
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || n > rest) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
    if (s[0] == 0xED && s[1] > 0x9F) return 0;
    if (s[0] == 0xF0 && s[1] < 0x90) return 0;
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
    return n;
}

static void json_escape(struct buf *out, const char *text, size_t length)
{
    size_t start = 0;
    size_t at = 0;
    while (at < length) {
        unsigned char c = (unsigned char)text[at];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            at++;
            continue;
        }
        size_t n = utf8_length((const unsigned char *)text + at, length - at);
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            at += n;
            continue;
        }
        buf_put(out, text + start, at - start);
        if (n == 0) {
            buf_puts(out, "\\ufffd");
        } else if (c == '"' || c == '\\') {
            buf_putc(out, '\\');
            buf_putc(out, (char)c);
        } else if (c == '\n') {
            buf_puts(out, "\\n");
        } else {
            buf_printf(out, "\\u%04x", c);
        }
        at++;
        start = at;
    }
    buf_put(out, text + start, length - start);
}

/* Whether none of eight bytes needs an escape: one that does sets its own highest bit in one of the
 * terms; a borrow out of it may set another's, but the answer is the same. */
static inline bool eight_are_plain(uint64_t bytes)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t controls = bytes - ones * 0x20;
    uint64_t quotes = (bytes ^ ones * '"') - ones;
    uint64_t backslashes = (bytes ^ ones * '\\') - ones;
    return ((bytes | controls | quotes | backslashes) & ones * 0x80) == 0;
}

/* Whether nothing in it needs an escape. What is left of eight bytes is looked at twice rather than
 * copied: a word that was just written in pieces is slow to read. */
static bool is_plain(const char *text, size_t length)
{
    uint64_t bytes;
    uint32_t halves[2];
    if (length < sizeof halves[0]) {
        uint64_t first = length > 0 ? (unsigned char)text[0] : ' ';
        uint64_t middle = length > 0 ? (unsigned char)text[length / 2] : ' ';
        uint64_t last = length > 0 ? (unsigned char)text[length - 1] : ' ';
        return eight_are_plain(first | middle << 8 | last << 16 | UINT64_C(0x2020202020000000));
    }
    if (length < sizeof bytes) {
        memcpy(&halves[0], text, sizeof halves[0]);
        memcpy(&halves[1], text + length - sizeof halves[1], sizeof halves[1]);
        return eight_are_plain(halves[0] | (uint64_t)halves[1] << 32);
    }
    for (size_t at = 0; at + sizeof bytes < length; at += sizeof bytes) {
        memcpy(&bytes, text + at, sizeof bytes);
        if (!eight_are_plain(bytes)) return false;
    }
    memcpy(&bytes, text + length - sizeof bytes, sizeof bytes);
    return eight_are_plain(bytes);
}

/* A short text without escapes goes out in one piece, comma included: most of an answer's `meta` is
 * made of them. False when it is not one, and nothing was written. */
static bool put_short(struct json *json, const char *text, size_t length, const char *end)
{
    if (length > SHORT_MAX || !is_plain(text, length)) return false;
    bool comma = !json->after_key && json->need_comma[json->depth];
    if (!json->after_key) json->need_comma[json->depth] = true;
    json->after_key = false;
    size_t end_length = strlen(end);
    size_t total = comma + 1 + length + end_length;
    char *room = buf_room(json->out, total);
    if (room == NULL) {
        json->out->overflow = true; /* dropped whole */
        return true;
    }
    if (comma) *room++ = ',';
    *room++ = '"';
    memcpy(room, text, length);
    memcpy(room + length, end, end_length);
    buf_added(json->out, total);
    return true;
}

void json_key(struct json *json, const char *key)
{
    assert(!json->after_key);
    if (put_short(json, key, strlen(key), "\":")) {
        json->after_key = true;
        return;
    }
    json_before_value(json);
    buf_putc(json->out, '"');
    json_escape(json->out, key, strlen(key));
    buf_puts(json->out, "\":");
    json->after_key = true;
}

void json_key_text(struct json *json, const char *text, size_t length)
{
    assert(!json->after_key);
    bool comma = json->need_comma[json->depth];
    json->need_comma[json->depth] = true;
    json->after_key = true;
    char *room = buf_room(json->out, comma + length);
    if (room == NULL) {
        json->out->overflow = true; /* dropped whole */
        return;
    }
    *room = ',';
    memcpy(room + comma, text, length);
    buf_added(json->out, comma + length);
}

void json_string_length(struct json *json, const char *text, size_t length)
{
    if (put_short(json, text, length, "\"")) return;
    json_before_value(json);
    buf_putc(json->out, '"');
    json_escape(json->out, text, length);
    buf_putc(json->out, '"');
}

void json_string(struct json *json, const char *text)
{
    if (text == NULL) {
        json_null(json);
        return;
    }
    json_string_length(json, text, strlen(text));
}

void json_u64(struct json *json, uint64_t value)
{
    json_before_value(json);
    buf_put_u64(json->out, value);
}

void json_i64(struct json *json, int64_t value)
{
    json_before_value(json);
    if (value < 0) buf_putc(json->out, '-');
    buf_put_u64(json->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_double(struct json *json, double value)
{
    json_before_value(json);
    if (!isfinite(value)) {
        buf_puts(json->out, "null");
        return;
    }
    char text[DECIMAL_TEXT_MAX];
    size_t length = decimal_write(value, text);
    buf_put(json->out, text, length);
}

/* The numbers but the first of an array, each behind a comma; false when there is no room in one
 * piece. */
static bool put_doubles(struct buf *out, const double *values, size_t count)
{
    char *room = buf_room(out, count * (1 + DECIMAL_TEXT_MAX));
    if (room == NULL) return false;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        room[at++] = ',';
        if (isfinite(values[i])) {
            at += decimal_write(values[i], room + at);
        } else {
            memcpy(room + at, "null", 4);
            at += 4;
        }
    }
    buf_added(out, at);
    return true;
}

void json_doubles(struct json *json, const double *values, size_t count)
{
    while (count > 0) {
        json_double(json, *values++);
        size_t more = --count < DOUBLES_AT_ONCE ? count : DOUBLES_AT_ONCE;
        if (!json->need_comma[json->depth] || !put_doubles(json->out, values, more)) continue;
        values += more;
        count -= more;
    }
}

void json_bool(struct json *json, bool value)
{
    json_before_value(json);
    buf_puts(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
    json_before_value(json);
    buf_puts(json->out, "null");
}

void json_member_string(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_string(json, text);
}

void json_member_u64(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

void json_member_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void json_raw(struct json *json, const char *text, size_t length)
{
    json_before_value(json);
    buf_put(json->out, text, length);
}

void json_ms(struct json *json, uint64_t ns)
{
    json_before_value(json);
    uint64_t us = ns / 1000;
    buf_put_u64(json->out, us / 1000);
    if (us % 1000 == 0) return;
    unsigned rest = (unsigned)(us % 1000);
    const char fraction[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                              (char)('0' + rest % 10) };
    size_t length = sizeof fraction;
    while (fraction[length - 1] == '0') length--;
    buf_put(json->out, fraction, length);
}
