#include "base/yaml_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void yaml_text_skip_mark(const char **text, size_t *length)
{
    if (*length < 3 || memcmp(*text, "\xEF\xBB\xBF", 3) != 0) return;
    *text += 3;
    *length -= 3;
}

/* Decodes one character (RFC 3629) of the `rest` > 0 bytes at `s`; returns its length, or 0. */
static size_t decode(const unsigned char *s, size_t rest, uint32_t *out)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    *out = s[0];
    if (s[0] < 0x80) return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (n > rest) return 0;
    uint32_t value = s[0] & (0x7FU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        value = (value << 6) | (s[i] & 0x3FU);
    }
    if (value < least[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
    *out = value;
    return n;
}

/* The characters that libyaml takes. */
static bool is_printable(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7E) || c == 0x85 ||
           (c >= 0xA0 && c <= 0xFFFD) || c >= 0x10000;
}

/* What libyaml takes for the end of a line. */
static bool is_line_end(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

enum err yaml_text_check(const char *path, const char *text, size_t length, struct err_note *note)
{
    struct yaml_place place = { .line = 1, .column = 1 };
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;
    while (at < length) {
        uint32_t c = 0;
        size_t n = decode(s + at, length - at, &c);
        if (n == 0) {
            return err_note_set(note, ERR_SYNTAX, path, place.line, place.column,
                                "the byte 0x%02X is not UTF-8; save the file as UTF-8", s[at]);
        }
        if (!is_printable(c)) {
            return err_note_set(note, ERR_SYNTAX, path, place.line, place.column,
                                "the control character U+%04X is not allowed", (unsigned)c);
        }
        bool first_of_two = c == '\r' && at + 1 < length && s[at + 1] == '\n';
        place.column++;
        if (is_line_end(c) && !first_of_two) {
            place.line++;
            place.column = 1;
        }
        at += n;
    }
    return ERR_OK;
}

/* Offset and length of a line without its end; false when there are fewer lines. */
static bool find_line(const char *text, size_t length, int line, size_t *start, size_t *size)
{
    const unsigned char *s = (const unsigned char *)text;
    int current = 1;
    size_t at = 0;
    *start = 0;
    while (at < length) {
        uint32_t c = 0;
        size_t n = decode(s + at, length - at, &c);
        if (n == 0) n = 1;
        if (is_line_end(c)) {
            if (current == line) break;
            if (c == '\r' && at + 1 < length && s[at + 1] == '\n') n++;
            current++;
            *start = at + n;
        }
        at += n;
    }
    *size = at - *start;
    return current == line;
}

bool yaml_text_find_tab_indent(const char *text, size_t length, int line, struct yaml_place *out)
{
    size_t start = 0;
    size_t size = 0;
    if (!find_line(text, length, line, &start, &size)) return false;
    for (size_t i = 0; i < size; i++) {
        if (text[start + i] == '\t') {
            *out = (struct yaml_place){ .line = line, .column = (int)i + 1 };
            return true;
        }
        if (text[start + i] != ' ') return false;
    }
    return false;
}

const char *yaml_text_excerpt(const char *text, size_t length, int line, char out[YAML_EXCERPT_MAX])
{
    static const char dots[] = "...";
    size_t start = 0;
    size_t size = 0;
    out[0] = '\0';
    if (!find_line(text, length, line, &start, &size)) return out;
    while (size > 0 && (text[start] == ' ' || text[start] == '\t')) {
        start++;
        size--;
    }
    while (size > 0 && (text[start + size - 1] == ' ' || text[start + size - 1] == '\t')) size--;
    bool cut = size >= YAML_EXCERPT_MAX;
    if (cut) {
        size = YAML_EXCERPT_MAX - sizeof dots;
        while (size > 0 && ((unsigned char)text[start + size] & 0xC0) == 0x80) size--;
    }
    snprintf(out, YAML_EXCERPT_MAX, "%.*s%s", (int)size, text + start, cut ? dots : "");
    return out;
}

const char *yaml_text_advice(const char *problem, bool *at_context)
{
    static const struct {
        const char *problem;
        const char *advice;
        bool at_context; /* the trouble is best seen where the construct begins */
    } rows[] = {
        { "mapping values are not allowed in this context",
          "a \":\" cannot stand here; check the indentation, or put the value in quotes", false },
        { "could not find expected ':'", "a key needs a \":\" and a space behind it", true },
        { "did not find expected key",
          "this does not fit the lines above; check its indentation and quotes", false },
        { "did not find expected '-' indicator",
          "this does not fit the list above; check its indentation and the \"- \"", false },
        { "found character that cannot start any token",
          "a value cannot begin with this character; put the value in quotes", false },
        { "found unexpected end of stream", "the quote that begins here is never closed", true },
        { "did not find expected ',' or ']'",
          "behind this \"[\" a \"]\" or a \",\" is missing", true },
        { "did not find expected ',' or '}'",
          "behind this \"{\" a \"}\" or a \",\" is missing", true },
        { "did not find expected <document start>",
          "this does not fit the lines above; check its indentation", false },
        { "block sequence entries are not allowed in this context",
          "a list cannot begin here; write it on a new line below its key", false },
    };
    *at_context = false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].problem, problem) != 0) continue;
        *at_context = rows[i].at_context;
        return rows[i].advice;
    }
    return problem;
}
