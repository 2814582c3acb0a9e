#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/json_read_private.h"

static int hex_value(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* At the first of four. */
static const char *read_hex(struct json_reader *reader, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(json_reader_peek(reader));
        if (digit < 0) return "four hexadecimal digits must follow \\u";
        *out = *out << 4 | (uint32_t)digit;
        reader->at++;
    }
    return NULL;
}

static size_t put_utf8(unsigned char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (unsigned char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; code >>= 6) out[i] = (unsigned char)(0x80 | (code & 0x3F));
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    out[0] = (unsigned char)(lead[length] | code);
    return length;
}

/* Behind `\u`; a pair of surrogates is one character. */
static const char *read_unicode(struct json_reader *reader, uint32_t *code)
{
    static const char half[] = "this is half a surrogate pair";
    uint32_t low;
    const char *trouble = read_hex(reader, code);
    if (trouble != NULL) return trouble;
    if (*code == 0) return "\\u0000 is not allowed in a text";
    if (*code >= 0xDC00 && *code <= 0xDFFF) return half;
    if (*code < 0xD800 || *code > 0xDBFF) return NULL;
    if (reader->length - reader->at < 2 || memcmp(reader->text + reader->at, "\\u", 2) != 0) {
        return half;
    }
    reader->at += 2;
    trouble = read_hex(reader, &low);
    if (trouble != NULL) return trouble;
    if (low < 0xDC00 || low > 0xDFFF) return half;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return NULL;
}

/* At `\`. `to`: where the character goes, at or before `at`; NULL: nowhere. */
static const char *read_escape(struct json_reader *reader, unsigned char *to, size_t *put)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    reader->at++;
    int c = json_reader_peek(reader);
    const char *plain = c > 0 ? strchr(escapes, c) : NULL;
    if (plain != NULL) {
        reader->at++;
        if (to != NULL) *to = (unsigned char)meant[plain - escapes];
        *put = 1;
        return NULL;
    }
    if (c != 'u') return "this is no escape of JSON";
    reader->at++;
    uint32_t code;
    const char *trouble = read_unicode(reader, &code);
    if (trouble != NULL) return trouble;
    unsigned char bytes[4];
    *put = put_utf8(bytes, code);
    if (to != NULL) memcpy(to, bytes, *put);
    return NULL;
}

/* Length of the UTF-8 sequence of two or more bytes at `at` (RFC 3629), 0 when there is none. */
static size_t utf8_length(const struct json_reader *reader)
{
    const unsigned char *s = reader->text + reader->at;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > reader->length - reader->at) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool over = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || over ? 0 : length;
}

static bool is_plain(int c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Eight at once. A byte that is not plain sets its own highest bit in one of the terms; a borrow
 * out of it may set another's, but the answer is the same. */
static bool are_plain(uint64_t bytes)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t controls = bytes - ones * 0x20;
    uint64_t quotes = (bytes ^ ones * '"') - ones;
    uint64_t backslashes = (bytes ^ ones * '\\') - ones;
    return ((bytes | controls | quotes | backslashes) & ones * 0x80) == 0;
}

static void skip_plain(struct json_reader *reader)
{
    uint64_t bytes;
    while (reader->length - reader->at >= sizeof bytes) {
        memcpy(&bytes, reader->text + reader->at, sizeof bytes);
        if (!are_plain(bytes)) break;
        reader->at += sizeof bytes;
    }
    while (reader->at < reader->length && is_plain(reader->text[reader->at])) reader->at++;
}

const char *json_read_text(struct json_reader *reader, char **out)
{
    const bool build = reader->arena != NULL;
    reader->at++;
    unsigned char *start = reader->text + reader->at;
    unsigned char *to = start;
    for (;;) {
        const size_t from = reader->at;
        skip_plain(reader);
        size_t length = reader->at - from;
        size_t put = 0;
        int c = json_reader_peek(reader);
        if (c >= 0x80) {
            put = utf8_length(reader);
            if (put == 0) return "these bytes are not UTF-8";
            reader->at += put;
            length += put;
        }
        if (build && length > 0 && to != reader->text + from) {
            memmove(to, reader->text + from, length);
        }
        to += length;
        if (c == '"') break;
        if (c < 0) return "a text does not end";
        if (c < 0x20) return "a control character must be written as an escape";
        if (c != '\\') continue;
        const char *trouble = read_escape(reader, build ? to : NULL, &put);
        if (trouble != NULL) return trouble;
        to += put;
    }
    reader->at++;
    if (build) *to = '\0';
    *out = build ? (char *)start : NULL;
    return NULL;
}
