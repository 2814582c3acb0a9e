#include "base/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

enum {
    FRACTION_BITS = 52,
    EXPONENT_BIAS = 1075, /* of the 53-bit significand as a whole number */
    POWERS = 56,          /* 10^55 is the last that fits 128 bits but for factors of two */
    DIGITS_MAX = 17,      /* of a double */
    DIGITS_ROOM = 3 * DIGITS_MAX, /* for whole copies from any of them on */
};

/* 10^k, shifted so that the highest of the 128 bits is set; exact. */
static const struct {
    uint64_t high;
    uint64_t low;
} powers[POWERS] = {
    { 0x8000000000000000, 0x0000000000000000 }, /* 1e0 */
    { 0xA000000000000000, 0x0000000000000000 }, /* 1e1 */
    { 0xC800000000000000, 0x0000000000000000 }, /* 1e2 */
    { 0xFA00000000000000, 0x0000000000000000 }, /* 1e3 */
    { 0x9C40000000000000, 0x0000000000000000 }, /* 1e4 */
    { 0xC350000000000000, 0x0000000000000000 }, /* 1e5 */
    { 0xF424000000000000, 0x0000000000000000 }, /* 1e6 */
    { 0x9896800000000000, 0x0000000000000000 }, /* 1e7 */
    { 0xBEBC200000000000, 0x0000000000000000 }, /* 1e8 */
    { 0xEE6B280000000000, 0x0000000000000000 }, /* 1e9 */
    { 0x9502F90000000000, 0x0000000000000000 }, /* 1e10 */
    { 0xBA43B74000000000, 0x0000000000000000 }, /* 1e11 */
    { 0xE8D4A51000000000, 0x0000000000000000 }, /* 1e12 */
    { 0x9184E72A00000000, 0x0000000000000000 }, /* 1e13 */
    { 0xB5E620F480000000, 0x0000000000000000 }, /* 1e14 */
    { 0xE35FA931A0000000, 0x0000000000000000 }, /* 1e15 */
    { 0x8E1BC9BF04000000, 0x0000000000000000 }, /* 1e16 */
    { 0xB1A2BC2EC5000000, 0x0000000000000000 }, /* 1e17 */
    { 0xDE0B6B3A76400000, 0x0000000000000000 }, /* 1e18 */
    { 0x8AC7230489E80000, 0x0000000000000000 }, /* 1e19 */
    { 0xAD78EBC5AC620000, 0x0000000000000000 }, /* 1e20 */
    { 0xD8D726B7177A8000, 0x0000000000000000 }, /* 1e21 */
    { 0x878678326EAC9000, 0x0000000000000000 }, /* 1e22 */
    { 0xA968163F0A57B400, 0x0000000000000000 }, /* 1e23 */
    { 0xD3C21BCECCEDA100, 0x0000000000000000 }, /* 1e24 */
    { 0x84595161401484A0, 0x0000000000000000 }, /* 1e25 */
    { 0xA56FA5B99019A5C8, 0x0000000000000000 }, /* 1e26 */
    { 0xCECB8F27F4200F3A, 0x0000000000000000 }, /* 1e27 */
    { 0x813F3978F8940984, 0x4000000000000000 }, /* 1e28 */
    { 0xA18F07D736B90BE5, 0x5000000000000000 }, /* 1e29 */
    { 0xC9F2C9CD04674EDE, 0xA400000000000000 }, /* 1e30 */
    { 0xFC6F7C4045812296, 0x4D00000000000000 }, /* 1e31 */
    { 0x9DC5ADA82B70B59D, 0xF020000000000000 }, /* 1e32 */
    { 0xC5371912364CE305, 0x6C28000000000000 }, /* 1e33 */
    { 0xF684DF56C3E01BC6, 0xC732000000000000 }, /* 1e34 */
    { 0x9A130B963A6C115C, 0x3C7F400000000000 }, /* 1e35 */
    { 0xC097CE7BC90715B3, 0x4B9F100000000000 }, /* 1e36 */
    { 0xF0BDC21ABB48DB20, 0x1E86D40000000000 }, /* 1e37 */
    { 0x96769950B50D88F4, 0x1314448000000000 }, /* 1e38 */
    { 0xBC143FA4E250EB31, 0x17D955A000000000 }, /* 1e39 */
    { 0xEB194F8E1AE525FD, 0x5DCFAB0800000000 }, /* 1e40 */
    { 0x92EFD1B8D0CF37BE, 0x5AA1CAE500000000 }, /* 1e41 */
    { 0xB7ABC627050305AD, 0xF14A3D9E40000000 }, /* 1e42 */
    { 0xE596B7B0C643C719, 0x6D9CCD05D0000000 }, /* 1e43 */
    { 0x8F7E32CE7BEA5C6F, 0xE4820023A2000000 }, /* 1e44 */
    { 0xB35DBF821AE4F38B, 0xDDA2802C8A800000 }, /* 1e45 */
    { 0xE0352F62A19E306E, 0xD50B2037AD200000 }, /* 1e46 */
    { 0x8C213D9DA502DE45, 0x4526F422CC340000 }, /* 1e47 */
    { 0xAF298D050E4395D6, 0x9670B12B7F410000 }, /* 1e48 */
    { 0xDAF3F04651D47B4C, 0x3C0CDD765F114000 }, /* 1e49 */
    { 0x88D8762BF324CD0F, 0xA5880A69FB6AC800 }, /* 1e50 */
    { 0xAB0E93B6EFEE0053, 0x8EEA0D047A457A00 }, /* 1e51 */
    { 0xD5D238A4ABE98068, 0x72A4904598D6D880 }, /* 1e52 */
    { 0x85A36366EB71F041, 0x47A6DA2B7F864750 }, /* 1e53 */
    { 0xA70C3C40A64E6C51, 0x999090B65F67D924 }, /* 1e54 */
    { 0xD0CF4B50CFE20765, 0xFFF4B4E3F741CF6D }, /* 1e55 */
};

/* Writing: Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020), for the
 * values whose power of ten is in the table; that is from about 1e-23 up. */

struct digits {
    uint64_t value;
    int exponent; /* value * 10^exponent */
};

/* The high 64 of the product's 192 bits, their last bit set when anything below is lost. */
static uint64_t round_to_odd(int power, uint64_t factor)
{
    uint128 low = (uint128)powers[power].low * factor;
    uint128 high = (uint128)powers[power].high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* floor(log10(2^e)), floor(log10(3/4 * 2^e)) and floor(log2(10^e)), for every e of a double. */
static int log10_pow2(int e)
{
    return (int)(((int64_t)e * 1262611) >> 22);
}

static int log10_three_quarters_pow2(int e)
{
    return (int)(((int64_t)e * 1262611 - 524031) >> 22);
}

static int log2_pow10(int e)
{
    return (int)(((int64_t)e * 1741647) >> 19);
}

/* The candidates are s and s + 1 (times 10^k), and a digit shorter sp and sp + 1: the only one
 * inside the interval that reads back as the value, else the nearer. All times 4. */
static struct digits choose(uint64_t lower, uint64_t at, uint64_t upper, int k)
{
    uint64_t s = at / 4;
    if (s >= 10) {
        uint64_t sp = s / 10;
        bool below = lower <= 40 * sp;
        bool above = 40 * sp + 40 <= upper;
        if (below != above) return (struct digits){ sp + above, k + 1 };
    }
    /* Which of them is as good as random, so nothing here is a branch. */
    uint64_t below = lower <= 4 * s;
    uint64_t above = 4 * s + 4 <= upper;
    uint64_t middle = 4 * s + 2;
    uint64_t round_up = (uint64_t)(at > middle) | ((uint64_t)(at == middle) & (s & 1));
    uint64_t one = below ^ above;
    return (struct digits){ s + ((one & above) | ((one ^ 1) & round_up)), k };
}

/* False when the table does not reach. `fraction` and `exponent` are the double's fields. */
static bool shortest(uint64_t fraction, int exponent, struct digits *out)
{
    if (exponent == 0) { /* zero and the smallest */
        *out = (struct digits){ 0, 0 };
        return fraction == 0;
    }
    uint64_t c = fraction | (uint64_t)1 << FRACTION_BITS;
    int q = exponent - EXPONENT_BIAS;
    if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0) {
        *out = (struct digits){ c >> -q, 0 };
        return true;
    }
    bool closer = fraction == 0 && exponent > 1; /* the lower neighbour is half as far */
    int k = closer ? log10_three_quarters_pow2(q) : log10_pow2(q);
    if (k > 0 || -k >= POWERS) return false;
    int h = q + log2_pow10(-k) + 1;
    uint64_t odd = c & 1; /* the interval's ends round to an even neighbour */
    uint64_t lower = round_to_odd(-k, (4 * c - 2 + closer) << h);
    uint64_t at = round_to_odd(-k, (4 * c) << h);
    uint64_t upper = round_to_odd(-k, (4 * c + 2) << h);
    *out = choose(lower + odd, at, upper - odd, k);
    return true;
}

/* Eight digits of a number below 10^8, the first in the lowest byte: halves, quarters, digits, each
 * step for all parts at once. A division by 100 or 10 is a multiplication and a shift, exact for
 * numbers so small. */
static inline uint64_t eight_digits(uint64_t value)
{
    uint64_t halves = value / 10000 | (value % 10000) << 32;
    uint64_t hundreds = (halves * 10486) >> 20 & 0x0000007F0000007F;
    uint64_t pairs = hundreds | (halves - hundreds * 100) << 16;
    uint64_t tens = (pairs * 103) >> 10 & 0x000F000F000F000F;
    return tens | (pairs - tens * 10) << 8;
}

#define DIGIT_ZEROS UINT64_C(0x3030303030303030) /* eight '0' */

/* Eight characters, the first in the lowest byte. */
static void put_word(uint64_t text, char *out)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    text = __builtin_bswap64(text);
#endif
    memcpy(out, &text, sizeof text);
}

static void put_eight(uint64_t digits, char *out)
{
    put_word(digits | DIGIT_ZEROS, out);
}

/* How many digits a number from 1 to 10^17 - 1 has, without a branch to be guessed wrong. */
static size_t count_digits(uint64_t value)
{
    static const uint64_t least[DIGITS_MAX + 2] = {
        1,          10,          100,          1000,          10000,          100000,
        1000000,    10000000,    100000000,    1000000000,    10000000000,    100000000000,
        1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
        100000000000000000, 1000000000000000000,
    };
    size_t bits = 64 - (size_t)__builtin_clzll(value);
    size_t under = bits * 1233 >> 12; /* floor(log10(2^bits)), at most one too many */
    return under + (value >= least[under]);
}

/* The digits of a number below 10^17: `out` is where DIGITS_MAX digits go, with zeros in front.
 * Returns how many zeros. */
static size_t put_digits(uint64_t value, char *out)
{
    const uint64_t unit = 100000000;
    uint64_t upper = value / unit;
    out[0] = (char)('0' + upper / unit);
    put_eight(eight_digits(upper % unit), out + 1);
    put_eight(eight_digits(value % unit), out + 9);
    return value == 0 ? DIGITS_MAX - 1 : DIGITS_MAX - count_digits(value);
}

/* `count` digits, the first of which stands for 10^`lead`, in plain notation. Copies whole
 * DIGITS_MAX bytes: what is too much is written over, or lies behind the end. */
static size_t write_plain(const char *digits, size_t count, int lead, char *out)
{
    if (lead < 0) {
        size_t before = (size_t)(1 - lead);
        memcpy(out, "0.0000", 6);
        memcpy(out + before, digits, DIGITS_MAX);
        return before + count;
    }
    size_t whole = (size_t)lead + 1;
    memcpy(out, digits, DIGITS_MAX);
    if (count > whole) {
        out[whole] = '.';
        memcpy(out + whole + 1, digits + whole, DIGITS_MAX - 1);
        return count + 1;
    }
    for (size_t at = count; at < whole; at++) out[at] = '0';
    return whole;
}

static size_t write_scientific(const char *digits, size_t count, int lead, char *out)
{
    char power[DIGITS_MAX];
    size_t at = 0;
    out[at++] = digits[0];
    if (count > 1) out[at++] = '.';
    memcpy(out + at, digits + 1, count - 1);
    at += count - 1;
    out[at++] = 'e';
    out[at++] = lead < 0 ? '-' : '+';
    unsigned size = (unsigned)(lead < 0 ? -lead : lead);
    if (size < 10) out[at++] = '0';
    size_t zeros = put_digits(size, power);
    memcpy(out + at, power + zeros, DIGITS_MAX - zeros);
    return at + DIGITS_MAX - zeros;
}

/* Of 16 or 17 digits, from 0.1 to 10: what most values of a forecast look like. The words go
 * straight to their places: through a buffer each would wait for its own bytes. 0: another kind of
 * number. */
static size_t write_long(struct digits number, char *out)
{
    const uint64_t unit = 100000000;
    uint64_t upper = number.value / unit;
    uint64_t first = upper / unit;
    uint64_t sixteen = first == 0;
    int lead = DIGITS_MAX - 1 - (int)sixteen + number.exponent;
    uint64_t last = eight_digits(number.value % unit);
    if (upper < unit / 10 || first > 9 || last == 0 || lead < -1 || lead > 0) return 0;
    uint64_t middle = eight_digits(upper % unit);
    size_t kept = DIGITS_MAX - sixteen - (size_t)__builtin_clzll(last) / 8;
    if (lead < 0) {
        out[2 - sixteen] = (char)('0' + first); /* of sixteen the point comes here */
        put_eight(middle, out + 3 - sixteen);
        put_eight(last, out + 11 - sixteen);
        memcpy(out, "0.", 2);
        return 2 + kept;
    }
    out[0] = (char)('0' + (sixteen ? middle & 0xFF : first));
    out[1] = '.';
    put_eight(middle >> (8 * sixteen), out + 2);
    put_eight(last, out + 10 - sixteen);
    return 1 + kept;
}

/* What the table does not reach: printf. It drops zeros at the end, and a normal double has one
 * decimal of 15 digits at most, so fewer need not be tried. */
static size_t write_far(double value, char out[DECIMAL_TEXT_MAX])
{
    int length = 0;
    for (int count = 15; count <= 17; count++) {
        length = snprintf(out, DECIMAL_TEXT_MAX, "%.*g", count, value);
        double back = strtod(out, NULL);
        if (!(back < value) && !(back > value)) break;
    }
    return (size_t)length;
}

size_t decimal_write(double value, char out[DECIMAL_TEXT_MAX])
{
    uint64_t bits;
    struct digits shortened;
    assert(isfinite(value));
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
    int exponent = (int)(bits >> FRACTION_BITS & 0x7FF);
    if (!shortest(fraction, exponent, &shortened)) return write_far(value, out);
    size_t sign = bits >> 63;
    out[0] = '-';
    size_t length = write_long(shortened, out + sign);
    if (length > 0) {
        out[sign + length] = '\0';
        return sign + length;
    }
    if (shortened.value == 100000000000000000) { /* the one that has a digit more */
        shortened = (struct digits){ 1, shortened.exponent + DIGITS_MAX };
    }
    char room[DIGITS_ROOM];
    size_t zeros = put_digits(shortened.value, room);
    const char *digits = room + zeros;
    size_t count = DIGITS_MAX - zeros;
    int lead = (int)count - 1 + shortened.exponent;
    while (count > 1 && digits[count - 1] == '0') count--;
    length = lead >= -5 && lead < 17 ? write_plain(digits, count, lead, out + sign)
                                     : write_scientific(digits, count, lead, out + sign);
    out[sign + length] = '\0';
    return sign + length;
}

size_t decimal_write_millionths(uint64_t millionths, char out[DECIMAL_TEXT_MAX])
{
    enum { UNIT = 1000000, DECIMALS = 6 };
    assert(millionths < UINT64_C(100000000000000000));
    if (millionths < 10 * UNIT) { /* the digits 0ABBBBBB become A.BBBBBB */
        uint64_t text = eight_digits(millionths) | DIGIT_ZEROS;
        put_word((text & ~UINT64_C(0xFFFF)) | (uint64_t)'.' << 8 | (text >> 8 & 0xFF), out);
        out[2 + DECIMALS] = '\0';
        return 2 + DECIMALS;
    }
    uint64_t whole = millionths / UNIT;
    size_t digits = count_digits(whole);
    char room[DIGITS_ROOM];
    memcpy(out, room + put_digits(whole, room), DIGITS_MAX);
    out[digits] = '.';
    put_eight(eight_digits(millionths % UNIT * 100), out + digits + 1); /* two too many */
    out[digits + 1 + DECIMALS] = '\0';
    return digits + 1 + DECIMALS;
}
