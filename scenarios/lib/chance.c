#include "scenario/chance.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide;

enum { FRACTION_BITS = 32, ROOT_BITS = 62, PPM_ALL = 1000000 };

/* 2^(1/2), 2^(1/4), 2^(1/8), ... in Q62: by square roots to 60 digits, rounded. */
static const uint64_t ROOTS_OF_TWO[FRACTION_BITS] = {
    UINT64_C(6521908912666391106), UINT64_C(5484249825272419512), UINT64_C(5029079263719320435),
    UINT64_C(4815862801830788490), UINT64_C(4712668792719003884), UINT64_C(4661903986662671290),
    UINT64_C(4636727017470743990), UINT64_C(4624189567668517720), UINT64_C(4617933561212708776),
    UINT64_C(4614808732577250068), UINT64_C(4613247111281068008), UINT64_C(4612466498810092975),
    UINT64_C(4612076242109103707), UINT64_C(4611881126141011236), UINT64_C(4611783571252412754),
    UINT64_C(4611734794581956353), UINT64_C(4611710406440186476), UINT64_C(4611698212417665819),
    UINT64_C(4611692115418496524), UINT64_C(4611689066921934630), UINT64_C(4611687542674409371),
    UINT64_C(4611686780550835664), UINT64_C(4611686399489096040), UINT64_C(4611686208958238036),
    UINT64_C(4611686113692811986), UINT64_C(4611686066060099699), UINT64_C(4611686042243743740),
    UINT64_C(4611686030335565807), UINT64_C(4611686024381476851), UINT64_C(4611686021404432377),
    UINT64_C(4611686019915910140), UINT64_C(4611686019171649022),
};

/* ln 2 in Q32 */
#define LN_2 UINT64_C(2977044472)

/* The lower half of the standard normal distribution's quantiles, in millionths; the upper one
 * mirrors it. The first row stands for a ten-millionth, where the tails are cut. */
static const struct {
    uint32_t share_ppm;
    int32_t z_micro;
} NORMAL[] = {
    { 0, -5199338 },      { 1, -4753424 },      { 2, -4611382 },      { 5, -4417173 },
    { 10, -4264891 },     { 20, -4107480 },     { 50, -3890592 },     { 100, -3719016 },
    { 200, -3540084 },    { 500, -3290527 },    { 1000, -3090232 },   { 1500, -2967738 },
    { 2000, -2878162 },   { 3000, -2747781 },   { 4000, -2652070 },   { 5000, -2575829 },
    { 6000, -2512144 },   { 8000, -2408916 },   { 10000, -2326348 },  { 12500, -2241403 },
    { 15000, -2170090 },  { 17500, -2108358 },  { 20000, -2053749 },  { 25000, -1959964 },
    { 30000, -1880794 },  { 35000, -1811911 },  { 40000, -1750686 },  { 45000, -1695398 },
    { 50000, -1644854 },  { 60000, -1554774 },  { 70000, -1475791 },  { 80000, -1405072 },
    { 90000, -1340755 },  { 100000, -1281552 }, { 110000, -1226528 }, { 120000, -1174987 },
    { 130000, -1126391 }, { 140000, -1080319 }, { 150000, -1036433 }, { 160000, -994458 },
    { 170000, -954165 },  { 180000, -915365 },  { 190000, -877896 },  { 200000, -841621 },
    { 210000, -806421 },  { 220000, -772193 },  { 230000, -738847 },  { 240000, -706303 },
    { 250000, -674490 },  { 260000, -643345 },  { 270000, -612813 },  { 280000, -582842 },
    { 290000, -553385 },  { 300000, -524401 },  { 310000, -495850 },  { 320000, -467699 },
    { 330000, -439913 },  { 340000, -412463 },  { 350000, -385320 },  { 360000, -358459 },
    { 370000, -331853 },  { 380000, -305481 },  { 390000, -279319 },  { 400000, -253347 },
    { 410000, -227545 },  { 420000, -201893 },  { 430000, -176374 },  { 440000, -150969 },
    { 450000, -125661 },  { 460000, -100434 },  { 470000, -75270 },   { 480000, -50154 },
    { 490000, -25069 },   { 500000, 0 },
};

enum { NORMAL_ROWS = sizeof NORMAL / sizeof NORMAL[0] };

_Static_assert((int)CHANCE_NORMAL_ROWS == 2 * (int)NORMAL_ROWS - 1, "both halves share the middle");

uint32_t chance_normal_share_ppm(uint32_t row)
{
    assert(row < CHANCE_NORMAL_ROWS);
    if (row < NORMAL_ROWS) return NORMAL[row].share_ppm;
    return PPM_ALL - NORMAL[CHANCE_NORMAL_ROWS - 1 - row].share_ppm;
}

int32_t chance_normal_z_micro(uint32_t row)
{
    assert(row < CHANCE_NORMAL_ROWS);
    if (row < NORMAL_ROWS) return NORMAL[row].z_micro;
    return -NORMAL[CHANCE_NORMAL_ROWS - 1 - row].z_micro;
}

uint64_t chance_log2(uint64_t value)
{
    assert(value > 0);
    unsigned whole = 63 - (unsigned)__builtin_clzll(value);
    uint64_t result = (uint64_t)whole << FRACTION_BITS;
    uint64_t mantissa = value << (63 - whole); /* Q63, 1 <= mantissa < 2 */
    for (unsigned bit = FRACTION_BITS; bit > 0; bit--) {
        wide square = (wide)mantissa * mantissa; /* Q126 */
        bool two = (square >> 127) != 0;
        mantissa = (uint64_t)(square >> (two ? 64 : 63));
        if (two) result |= UINT64_C(1) << (bit - 1);
    }
    return result;
}

uint64_t chance_scale_exp2(uint64_t value, int64_t exponent, uint64_t most)
{
    int64_t whole = exponent >> FRACTION_BITS; /* rounds down, as gcc and clang shift */
    uint64_t fraction = (uint64_t)exponent & ((UINT64_C(1) << FRACTION_BITS) - 1);
    uint64_t factor = UINT64_C(1) << ROOT_BITS; /* Q62, 1 <= factor < 2 */
    for (unsigned i = 0; i < FRACTION_BITS; i++) {
        if ((fraction >> (FRACTION_BITS - 1 - i) & 1) == 0) continue;
        factor = (uint64_t)((wide)factor * ROOTS_OF_TWO[i] >> ROOT_BITS);
    }
    wide scaled = (wide)value * factor >> (ROOT_BITS - 16); /* Q16 */
    if (whole <= -80) return 0;
    if (whole < 0) scaled >>= -whole;
    if (whole >= 48) return value == 0 ? 0 : most;
    if (whole > 0 && scaled >> (127 - whole) != 0) return most;
    if (whole > 0) scaled <<= whole;
    scaled = (scaled + (1 << 15)) >> 16;
    return scaled > most ? most : (uint64_t)scaled;
}

uint64_t chance_exponential(uint64_t uniform, uint64_t mean, uint64_t most)
{
    uint64_t bits = (UINT64_C(64) << FRACTION_BITS) - chance_log2(uniform == 0 ? 1 : uniform);
    wide logarithm = (wide)bits * LN_2 >> FRACTION_BITS; /* Q32, at most 44.4 */
    wide length = logarithm * mean >> FRACTION_BITS;
    return length > most ? most : (uint64_t)length;
}
