#include "base/fixed.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide;

enum { FRACTION_BITS = 32 };

/* ln 2 in Q32. */
#define FIXED_LN2 UINT64_C(2977044472)

uint64_t fixed_log2(uint64_t x)
{
    assert(x >= 1);
    int whole = 63 - __builtin_clzll(x);
    uint64_t mantissa = x << (63 - whole); /* 1.63 fixed: 1 <= m < 2 */
    uint64_t fraction = 0;
    for (int i = 0; i < FRACTION_BITS; i++) {
        wide square = (wide)mantissa * mantissa; /* 2.126 */
        fraction <<= 1;
        if ((square >> 127) != 0) {
            fraction |= 1;
            mantissa = (uint64_t)(square >> 64);
        } else {
            mantissa = (uint64_t)(square >> 63);
        }
    }
    return ((uint64_t)whole << FRACTION_BITS) | fraction;
}

uint64_t fixed_exp2_negative(uint64_t x)
{
    /* 2^(-2^-k) in 0.64 fixed, k = 1 .. 32, made by repeated square roots. */
    static uint64_t roots[FRACTION_BITS];
    if (roots[0] == 0) {
        uint64_t value = UINT64_C(1) << 63; /* 2^-1 */
        for (int k = 0; k < FRACTION_BITS; k++) {
            uint64_t low = 0;
            uint64_t high = UINT64_MAX;
            while (low < high) { /* the largest r with r*r <= value */
                uint64_t middle = low + (high - low) / 2 + 1;
                if ((uint64_t)(((wide)middle * middle) >> 64) <= value) low = middle;
                else high = middle - 1;
            }
            roots[k] = low;
            value = low;
        }
    }
    uint64_t whole = x >> FRACTION_BITS;
    if (whole > FRACTION_BITS) return 0;
    wide result = ((wide)1 << 64) - 1;
    for (int k = 0; k < FRACTION_BITS; k++) {
        if ((x >> (FRACTION_BITS - 1 - k)) & 1) result = (result * roots[k]) >> 64;
    }
    if (whole == 0 && (x & (FIXED_ONE - 1)) == 0) return FIXED_ONE;
    return (uint64_t)((result >> FRACTION_BITS) >> whole);
}

uint64_t fixed_exponential(uint64_t uniform)
{
    /* -ln((u+1)/2^64) = (64 - log2(u+1)) * ln 2; u = 2^64-1 gives 0. */
    if (uniform == UINT64_MAX) return 0;
    uint64_t log2 = fixed_log2(uniform + 1);
    uint64_t negative = ((uint64_t)64 << FRACTION_BITS) - log2;
    return (uint64_t)(((wide)negative * FIXED_LN2) >> FRACTION_BITS);
}
