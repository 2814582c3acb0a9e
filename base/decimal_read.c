/* Reading; decimal.c writes. */
#include "base/decimal.h"

#include <math.h>
#include <stdbool.h>
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

double decimal_read(const char *text, size_t length)
{
    static const double exact[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    struct number number = take_number(text, length);
    int exponent = number.exponent;
    double value;
    if (number.digits > DIGITS_MAX) return read_far(text, length);
    bool whole = number.value <= (uint64_t)1 << 53; /* exactly a double */
    if (number.value == 0) {
        value = 0;
    } else if (whole && exponent >= 0 && exponent <= EXACT_POWER_MAX) {
        value = (double)number.value * exact[exponent];
    } else if (whole && exponent < 0 && exponent >= -EXACT_POWER_MAX) {
        value = (double)number.value / exact[-exponent];
    } else if (exponent <= 0 && exponent >= -POWER_MAX) {
        value = divide(number.value, -exponent);
    } else {
        return read_far(text, length);
    }
    return number.negative ? -value : value;
}
