#include "base/units.h"

#include <stdio.h>
#include <string.h>

#include "base/instant.h"

__extension__ typedef unsigned __int128 wide;

enum { DIGITS_MAX = 19 };

static const uint64_t powers_of_ten[DIGITS_MAX + 1] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* A unit: the number is read as number * 10^digits (its decimals made whole) and then multiplied by
 * `factor`, so factor * 10^digits is the unit's size in the smallest part. */
struct unit {
    const char *name;
    unsigned digits;
    uint64_t factor;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number in front of a unit ends here. */
static size_t number_length(const char *text)
{
    return strspn(text, "0123456789.");
}

/* Reads the `length` bytes at `text`: digits, or digits '.' digits. */
static bool parse_decimal(const char *text, size_t length, unsigned digits, uint64_t *out)
{
    uint64_t value = 0;
    unsigned decimals = 0;
    bool after_point = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            bool between_digits = i > 0 && i + 1 < length && is_digit(text[i + 1]);
            if (after_point || !between_digits) return false;
            after_point = true;
            continue;
        }
        if (!is_digit(text[i])) return false;
        if (after_point && ++decimals > digits) return false;
        if (__builtin_mul_overflow(value, UINT64_C(10), &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) return false;
    }
    if (length == 0 || digits - decimals > DIGITS_MAX) return false;
    if (__builtin_mul_overflow(value, powers_of_ten[digits - decimals], &value)) return false;
    *out = value;
    return true;
}

static const struct unit *unit_find(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) return &units[i];
    }
    return NULL;
}

bool units_parse_decimal(const char *text, unsigned digits, uint64_t *out)
{
    return parse_decimal(text, strlen(text), digits, out);
}

bool units_parse_duration(const char *text, uint64_t *out_ns)
{
    static const struct unit units[] = {
        { "ns", 0, 1 }, { "us", 3, 1 },  { "ms", 6, 1 },
        { "s", 9, 1 },  { "m", 9, 60 }, { "h", 9, 3600 },
    };
    if (strcmp(text, "0") == 0) {
        *out_ns = 0;
        return true;
    }
    size_t length = number_length(text);
    const struct unit *unit =
        unit_find(units, sizeof units / sizeof units[0], text + length);
    uint64_t value = 0;
    if (unit == NULL || !parse_decimal(text, length, unit->digits, &value)) return false;
    if (__builtin_mul_overflow(value, unit->factor, &value)) return false;
    *out_ns = value;
    return true;
}

bool units_parse_rate(const char *text, uint64_t *out_micro_per_s)
{
    size_t length = number_length(text);
    bool per_second = strcmp(text + length, "/s") == 0;
    bool per_minute = strcmp(text + length, "/m") == 0;
    uint64_t value = 0;
    if (!per_second && !per_minute) return false;
    if (!parse_decimal(text, length, 6, &value)) return false;
    /* A minute rarely divides evenly: the nearest millionth. */
    *out_micro_per_s = per_second ? value : value / 60 + (value % 60 >= 30 ? 1 : 0);
    return true;
}

bool units_parse_share(const char *text, uint32_t *out_ppm)
{
    size_t length = number_length(text);
    uint64_t value = 0;
    if (strcmp(text + length, "%") != 0) return false;
    if (!parse_decimal(text, length, 4, &value) || value > 1000000) return false;
    *out_ppm = (uint32_t)value;
    return true;
}

bool units_parse_bytes(const char *text, uint64_t *out_bytes)
{
    /* `digits` stays 0 here: the product is made in 128 bits and must come out whole. */
    static const struct unit units[] = {
        { "", 0, 1 },           { "B", 0, 1 },          { "kB", 0, 1000 },
        { "MB", 0, 1000000 },   { "GB", 0, 1000000000 }, { "KiB", 0, 1 << 10 },
        { "MiB", 0, 1 << 20 },  { "GiB", 0, 1 << 30 },
    };
    size_t length = number_length(text);
    const struct unit *unit =
        unit_find(units, sizeof units / sizeof units[0], text + length);
    if (unit == NULL) return false;
    unsigned digits = memchr(text, '.', length) == NULL ? 0 : 6;
    uint64_t value = 0;
    if (!parse_decimal(text, length, digits, &value)) return false;
    wide bytes = (wide)value * unit->factor;
    if (bytes % powers_of_ten[digits] != 0) return false;
    bytes /= powers_of_ten[digits];
    if (bytes > UINT64_MAX) return false;
    *out_bytes = (uint64_t)bytes;
    return true;
}

/* value / 10^digits and the unit, without zeros at the end of the decimals. */
static const char *format_decimal(uint64_t value, unsigned digits, const char *unit,
                                  char out[UNITS_TEXT_MAX])
{
    uint64_t scale = powers_of_ten[digits];
    uint64_t fraction = value % scale;
    if (fraction == 0) {
        snprintf(out, UNITS_TEXT_MAX, "%llu%s", (unsigned long long)(value / scale), unit);
        return out;
    }
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    snprintf(out, UNITS_TEXT_MAX, "%llu.%0*llu%s", (unsigned long long)(value / scale),
             (int)digits, (unsigned long long)fraction, unit);
    return out;
}

const char *units_format_duration(uint64_t ns, char out[UNITS_TEXT_MAX])
{
    /* Minutes and hours only when they come out whole: 90 s stays "90s", not "1.5m". */
    if (ns > 0 && ns % (3600 * NS_PER_S) == 0) {
        return format_decimal(ns / (3600 * NS_PER_S), 0, "h", out);
    }
    if (ns > 0 && ns % (60 * NS_PER_S) == 0) {
        return format_decimal(ns / (60 * NS_PER_S), 0, "m", out);
    }
    if (ns == 0 || ns >= NS_PER_S) return format_decimal(ns, 9, "s", out);
    if (ns >= NS_PER_MS) return format_decimal(ns, 6, "ms", out);
    if (ns >= NS_PER_US) return format_decimal(ns, 3, "us", out);
    return format_decimal(ns, 0, "ns", out);
}

const char *units_format_share(uint32_t ppm, char out[UNITS_TEXT_MAX])
{
    return format_decimal(ppm, 4, "%", out);
}
