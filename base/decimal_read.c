/* Reading; decimal.c writes. */
#include "base/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

__extension__ typedef unsigned __int128 uint128;

enum {
    DIGITS_MAX = 19,      /* every number of so many digits fits 64 bits */
    POWER_MAX = 19,       /* 10^19 too */
    EXACT_POWER_MAX = 22, /* 10^22 is the last that is exactly a double */
    EXPONENT_MAX = 100000,
};

/* value / 10^power, rounded once: a quotient of 63 or 64 bits and whether anything is left. */
static double divide(uint64_t value, int power)
{
    int value_shift = __builtin_clzll(value);
    uint64_t divisor = 1;
    for (int i = 0; i < power; i++) divisor *= 10;
    int divisor_shift = __builtin_clzll(divisor);
    uint64_t dividend = value << value_shift;
    divisor <<= divisor_shift;
    uint128 numerator = (uint128)dividend << 63;
    uint64_t quotient = (uint64_t)(numerator / divisor);
    if ((uint128)quotient * divisor != numerator) quotient |= 1; /* below the 53 bits that stay */
    /* The conversion rounds once, to nearest; the power of two is exact. */
    return ldexp((double)quotient, divisor_shift - value_shift - 63);
}

struct number {
    uint64_t value;
    int digits; /* without leading zeros */
    int exponent;
    bool negative;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Moves past digits; those behind the 19th are counted only. */
static const char *take_digits(const char *at, const char *end, struct number *number)
{
    if (number->value == 0) {
        while (at < end && *at == '0') at++;
    }
    const char *from = at;
    const int room = number->digits < DIGITS_MAX ? DIGITS_MAX - number->digits : 0;
    const char *full = end - at > room ? at + room : end;
    uint64_t value = number->value;
    for (; at < full && is_digit(*at); at++) value = value * 10 + (uint64_t)(*at - '0');
    while (at < end && is_digit(*at)) at++;
    number->value = value;
    number->digits += (int)(at - from);
    return at;
}

static void take_exponent(const char *at, const char *end, struct number *number)
{
    int exponent = 0;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    for (; at < end && is_digit(*at); at++) {
        if (exponent < EXPONENT_MAX) exponent = exponent * 10 + (*at - '0');
    }
    number->exponent += negative ? -exponent : exponent;
}

static struct number take_number(const char *text, size_t length)
{
    struct number number = { 0 };
    const char *end = text + length;
    const char *at = text;
    if (at < end && *at == '-') {
        number.negative = true;
        at++;
    }
    at = take_digits(at, end, &number);
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = take_digits(fraction, end, &number);
        number.exponent = -(int)(at - fraction);
    }
    if (at < end && (*at == 'e' || *at == 'E')) take_exponent(at + 1, end, &number);
    return number;
}

static double read_far(const char *text, size_t length)
{
    char *copy = mem_alloc(length + 1, 1);
    memcpy(copy, text, length);
    double value = strtod(copy, NULL);
    mem_free(copy);
    return value;
}

static const double exact[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* Its double, when the C library is not needed for it. */
static inline bool take_double(const struct number *number, double *out)
{
    int exponent = number->exponent;
    double value;
    if (number->digits > DIGITS_MAX) return false;
    bool whole = number->value <= (uint64_t)1 << 53; /* exactly a double */
    if (number->value == 0) {
        value = 0;
    } else if (whole && exponent >= 0 && exponent <= EXACT_POWER_MAX) {
        value = (double)number->value * exact[exponent];
    } else if (whole && exponent < 0 && exponent >= -EXACT_POWER_MAX) {
        value = (double)number->value / exact[-exponent];
    } else if (exponent <= 0 && exponent >= -POWER_MAX) {
        value = divide(number->value, -exponent);
    } else {
        return false;
    }
    *out = number->negative ? -value : value;
    return true;
}

double decimal_read(const char *text, size_t length)
{
    struct number number = take_number(text, length);
    double value;
    return take_double(&number, &value) ? value : read_far(text, length);
}

/* The numbers of requests: no exponent, few digits. */

/* Eight digits, the first in the lowest byte: pairs, then both halves at once. */
static uint64_t join_eight(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    uint64_t first = (digits & 0x000000FF000000FF) * 0x000F424000000064;
    uint64_t second = (digits >> 16 & 0x000000FF000000FF) * 0x0000271000000001;
    return (first + second) >> 32;
}

static const uint64_t power[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };

/* Eight bytes as digits, and the highest bit of the first that is none and perhaps of some behind
 * it: a carry out of one may mark the next. */
static inline uint64_t take_eight(const char *at, uint64_t *digits)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    *digits = bytes ^ 0x3030303030303030;
    return (*digits | (*digits + 0x7676767676767676)) & 0x8080808080808080;
}

/* Moves past digits, eight at once where there is so much text. The value wraps: the caller counts
 * the digits. */
static inline const char *take_run(const char *at, const char *end, uint64_t *value)
{
    uint64_t digits;
    while (end - at >= (ptrdiff_t)sizeof digits) {
        uint64_t others = take_eight(at, &digits);
        if (others == 0) {
            *value = *value * 100000000 + join_eight(digits);
            at += sizeof digits;
            continue;
        }
        unsigned count = (unsigned)__builtin_ctzll(others) / 8;
        if (count == 0) return at;
        *value = *value * power[count] + join_eight(digits << (64 - 8 * count));
        return at + count;
    }
    for (; at < end && is_digit(*at); at++) *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}

/* One digit, a point and up to seven more: most numbers of a series that was normalised or rounded.
 * 0: it is another kind. */
static inline size_t scan_short(const char *text, size_t length, double *out)
{
    uint64_t digits;
    if (length < 2 + sizeof digits || !is_digit(text[0]) || text[1] != '.') return 0;
    uint64_t others = take_eight(text + 2, &digits);
    if (others == 0) return 0;
    unsigned count = (unsigned)__builtin_ctzll(others) / 8;
    char behind = text[2 + count];
    if (count == 0 || behind == 'e' || behind == 'E') return 0;
    uint64_t value = join_eight(digits << (64 - 8 * count));
    value += (uint64_t)(text[0] - '0') * power[count];
    *out = (double)value / exact[count];
    return 2 + count;
}

static __attribute__((noinline)) size_t scan_long(const char *text, size_t length, double *out)
{
    const char *end = text + length;
    struct number number = { .negative = length > 0 && *text == '-' };
    const char *whole = text + number.negative;
    const char *at = whole;
    if (end - at >= 2 && *at == '0' && at[1] == '.') { /* most of them */
        at++;
    } else {
        at = take_run(at, end, &number.value);
        if (at == whole || (*whole == '0' && at - whole > 1)) return 0;
        if (at - whole > DIGITS_MAX) return 0;
    }
    number.digits = (int)(at - whole);
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = take_run(fraction, end, &number.value);
        if (at == fraction || at - fraction > DIGITS_MAX) return 0;
        number.exponent = -(int)(at - fraction);
        number.digits += (int)(at - fraction);
    }
    if (at < end && (*at == 'e' || *at == 'E')) return 0;
    return take_double(&number, out) ? (size_t)(at - text) : 0;
}

size_t decimal_scan(const char *text, size_t length, double *out)
{
    size_t taken = scan_short(text, length, out);
    return taken > 0 ? taken : scan_long(text, length, out);
}
