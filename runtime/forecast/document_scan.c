#include <stdbool.h>
#include <string.h>

#include "forecast/document.h"
#include "forecast/request.h"

struct scan {
    const unsigned char *text; /* borrowed */
    size_t length;
    size_t at;
    int depth;
};

/* Each scan_ function moves past what it names and returns NULL, or says what is wrong at `at`. */
static const char *scan_value(struct scan *scan);

static int peek(const struct scan *scan)
{
    return scan->at < scan->length ? scan->text[scan->at] : -1;
}

static void skip_space(struct scan *scan)
{
    for (int c = peek(scan); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(scan)) {
        scan->at++;
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* At `\`. */
static const char *scan_escape(struct scan *scan)
{
    static const char plain[] = "\"\\/bfnrt";
    scan->at++;
    int c = peek(scan);
    if (c > 0 && strchr(plain, c) != NULL) {
        scan->at++;
        return NULL;
    }
    if (c != 'u') return "this is no escape of JSON";
    scan->at++;
    bool zero = true;
    for (int i = 0; i < 4; i++) {
        c = peek(scan);
        if (!is_hex(c)) return "four hexadecimal digits must follow \\u";
        zero = zero && c == '0';
        scan->at++;
    }
    return zero ? "\\u0000 is not allowed in a text" : NULL;
}

/* Length of the UTF-8 sequence of two or more bytes at `at` (RFC 3629), 0 when there is none. */
static size_t utf8_length(const struct scan *scan)
{
    const unsigned char *s = scan->text + scan->at;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > scan->length - scan->at) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool over = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || over ? 0 : length;
}

static const char *scan_string(struct scan *scan)
{
    scan->at++;
    for (int c = peek(scan); c != '"'; c = peek(scan)) {
        if (c < 0) return "a text does not end";
        if (c < 0x20) return "a control character must be written as an escape";
        if (c == '\\') {
            const char *trouble = scan_escape(scan);
            if (trouble != NULL) return trouble;
        } else if (c < 0x80) {
            scan->at++;
        } else {
            size_t length = utf8_length(scan);
            if (length == 0) return "these bytes are not UTF-8";
            scan->at += length;
        }
    }
    scan->at++;
    return NULL;
}

static bool skip_digits(struct scan *scan)
{
    if (!is_digit(peek(scan))) return false;
    while (is_digit(peek(scan))) scan->at++;
    return true;
}

static const char *scan_number(struct scan *scan)
{
    static const char trouble[] = "this is no number of JSON";
    if (peek(scan) == '-') scan->at++;
    if (peek(scan) == 'I') return "NaN and Infinity are not JSON";
    if (peek(scan) == '0') {
        scan->at++;
        if (is_digit(peek(scan))) return "a number must not begin with 0";
    } else if (!skip_digits(scan)) {
        return trouble;
    }
    if (peek(scan) == '.') {
        scan->at++;
        if (!skip_digits(scan)) return trouble;
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') scan->at++;
        if (!skip_digits(scan)) return trouble;
    }
    return NULL;
}

static const char *scan_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };
    const char *rest = (const char *)scan->text + scan->at;
    size_t left = scan->length - scan->at;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (left < length || memcmp(rest, words[i], length) != 0) continue;
        scan->at += length;
        return NULL;
    }
    if ((left >= 3 && memcmp(rest, "NaN", 3) == 0) || (left >= 3 && memcmp(rest, "Inf", 3) == 0)) {
        return "NaN and Infinity are not JSON";
    }
    return left == 0 ? "it ends too early" : "a value is expected here";
}

/* `"key" :` */
static const char *scan_key(struct scan *scan)
{
    skip_space(scan);
    if (peek(scan) != '"') return "a member's name in quotes is expected here";
    const char *trouble = scan_string(scan);
    if (trouble != NULL) return trouble;
    skip_space(scan);
    if (peek(scan) != ':') return "a colon is expected here";
    scan->at++;
    return NULL;
}

/* An object or array, at its bracket. */
static const char *scan_members(struct scan *scan, bool object)
{
    const int close = object ? '}' : ']';
    if (scan->depth == FORECAST_NESTING_MAX) return "it is nested too deeply; allowed: 32 levels";
    scan->depth++;
    scan->at++;
    skip_space(scan);
    if (peek(scan) == close) {
        scan->at++;
        scan->depth--;
        return NULL;
    }
    for (;;) {
        const char *trouble = object ? scan_key(scan) : NULL;
        if (trouble == NULL) trouble = scan_value(scan);
        if (trouble != NULL) return trouble;
        skip_space(scan);
        int c = peek(scan);
        if (c != ',' && c != close) {
            if (c < 0) return "it ends too early";
            return object ? "a comma or } is expected here" : "a comma or ] is expected here";
        }
        scan->at++;
        if (c == close) break;
    }
    scan->depth--;
    return NULL;
}

static const char *scan_value(struct scan *scan)
{
    skip_space(scan);
    int c = peek(scan);
    if (c == '{' || c == '[') return scan_members(scan, c == '{');
    if (c == '"') return scan_string(scan);
    if (c == '-' || is_digit(c)) return scan_number(scan);
    return scan_word(scan);
}

const char *document_scan(const char *text, size_t length, size_t *at)
{
    _Static_assert(FORECAST_NESTING_MAX == 32, "the sentence above says so");
    struct scan scan = { .text = (const unsigned char *)text, .length = length };
    const char *trouble = scan_value(&scan);
    if (trouble == NULL) {
        skip_space(&scan);
        if (scan.at < length) trouble = "nothing may follow the value";
    }
    *at = scan.at;
    return trouble;
}
