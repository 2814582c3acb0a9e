#include "harness/report_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/instant.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The length of the UTF-8 sequence at `at` (its code point in `*point`), 0 when it is none. */
static size_t decode(const unsigned char *at, uint32_t *point)
{
    if (at[0] < 0x80) {
        *point = at[0];
        return 1;
    }
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (at[0] < 0xC2 || at[0] > 0xF4) return 0;
    uint32_t value = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 0; /* the NUL at the end is none either */
        value = (value << 6) | (at[i] & 0x3Fu);
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || value > 0x10FFFF || surrogate) return 0;
    *point = value;
    return length;
}

static bool is_allowed(uint32_t point)
{
    if (point < 0x20) return point == '\t' || point == '\n';
    if (point >= 0x7F && point <= 0x9F) return false;
    if (point >= 0xFDD0 && point <= 0xFDEF) return false;
    return (point & 0xFFFE) != 0xFFFE;
}

/* Gives each character to `put`, replaced when it is not allowed. */
static void each_character(struct buf *out, const char *text,
                           void (*put)(struct buf *out, const char *character, size_t length))
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        uint32_t point = 0;
        size_t length = decode(at, &point);
        if (length == 0 || !is_allowed(point))
            put(out, replacement, 3);
        else
            put(out, (const char *)at, length);
        at += length == 0 ? 1 : length;
    }
}

static void put_escaped(struct buf *out, const char *character, size_t length)
{
    switch (character[0]) {
    case '&': buf_puts(out, "&amp;"); return;
    case '<': buf_puts(out, "&lt;"); return;
    case '>': buf_puts(out, "&gt;"); return;
    case '"': buf_puts(out, "&quot;"); return;
    case '\'': buf_puts(out, "&#39;"); return;
    case '\t': buf_puts(out, "&#9;"); return;
    case '\n': buf_puts(out, "&#10;"); return;
    }
    buf_put(out, character, length);
}

void report_text_escaped(struct buf *out, const char *text)
{
    each_character(out, text, put_escaped);
}

static void put_markdown(struct buf *out, const char *character, size_t length)
{
    switch (character[0]) {
    case '&': buf_puts(out, "&amp;"); return;
    case '<': buf_puts(out, "&lt;"); return;
    case '>': buf_puts(out, "&gt;"); return;
    case '\t':
    case '\n': buf_putc(out, ' '); return;
    }
    if (strchr("\\`*[]|~#@", character[0]) != NULL) buf_putc(out, '\\');
    buf_put(out, character, length);
}

void report_text_markdown(struct buf *out, const char *text)
{
    each_character(out, text, put_markdown);
}

static void put_label(struct buf *out, const char *character, size_t length)
{
    if (character[0] == '\n') {
        buf_puts(out, "\\n");
        return;
    }
    if (character[0] == '"' || character[0] == '\\') buf_putc(out, '\\');
    buf_put(out, character, length);
}

void report_text_label(struct buf *out, const char *text)
{
    each_character(out, text, put_label);
}

static void put_slug(struct buf *out, const char *character, size_t length)
{
    char c = character[0];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    bool stays = length == 1 && (letter || digit || strchr("._-", c) != NULL);
    buf_putc(out, stays ? c : '-');
}

void report_text_slug(struct buf *out, const char *text)
{
    each_character(out, text, put_slug);
}

void report_text_count(struct buf *out, uint64_t count)
{
    if (count >= 1000) {
        report_text_count(out, count / 1000);
        buf_printf(out, ",%03" PRIu64, count % 1000);
        return;
    }
    buf_put_u64(out, count);
}

void report_text_share(struct buf *out, uint64_t part, uint64_t whole)
{
    assert(part <= whole);
    uint64_t permille = whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
    if (part > 0 && permille == 0) {
        buf_puts(out, "<0.1 %");
    } else if (part < whole && permille == 1000) {
        buf_puts(out, ">99.9 %");
    } else if (permille % 1000 == 0) {
        buf_printf(out, "%" PRIu64 " %%", permille / 10);
    } else {
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " %%", permille / 10, permille % 10);
    }
}

void report_text_share_escaped(struct buf *out, uint64_t part, uint64_t whole)
{
    struct buf share;
    buf_init(&share, BUF_UNBOUNDED);
    report_text_share(&share, part, whole);
    report_text_escaped(out, buf_text(&share));
    buf_deinit(&share);
}

void report_text_latency(struct buf *out, uint64_t ns)
{
    if (ns == INSTANT_NEVER) {
        buf_puts(out, "no answer");
        return;
    }
    uint64_t us = (ns + 500) / 1000;
    if (us < 10000) {
        buf_printf(out, "%.2f ms", (double)us / 1e3);
    } else if (us < 100000) {
        buf_printf(out, "%.1f ms", (double)us / 1e3);
    } else if (us < 999500) {
        buf_printf(out, "%" PRIu64 " ms", (us + 500) / 1000);
    } else {
        buf_printf(out, "%.2f s", (double)us / 1e6);
    }
}

void report_text_moment(struct buf *out, uint64_t ns)
{
    uint64_t tenths = ns / (NS_PER_S / 10) + (ns % (NS_PER_S / 10) >= NS_PER_S / 20 ? 1 : 0);
    if (tenths % 10 == 0)
        buf_printf(out, "%" PRIu64 " s", tenths / 10);
    else
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10);
}

uint64_t report_text_scaled(uint64_t part, uint64_t whole, uint64_t range)
{
    assert(whole > 0);
    if (part >= whole) return range;
    while (whole > UINT64_MAX / 100000) {
        whole >>= 1;
        part >>= 1;
    }
    return part * range / whole;
}

void report_text_percent(struct buf *out, uint64_t part, uint64_t whole)
{
    uint64_t thousandths = report_text_scaled(part, whole, 100000);
    buf_printf(out, "%" PRIu64 ".%03" PRIu64 "%%", thousandths / 1000, thousandths % 1000);
}
