#include "mock/ask_lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mock/ask_lists_avx2.h"
#include "mock/ask_lists_bits.h"

#define FOR_PROCESSOR

enum {
    LANES = ASK_LISTS_LANES, /* bytes that the processor compares at once */
    PERIOD_MAX = 2 * LANES,
};

static bool narrow;

void ask_lists_stay_narrow(bool yes)
{
    narrow = yes;
}

#ifdef ASK_LISTS_HAS_AVX2
static inline bool wide(void)
{
    return !narrow && ask_lists_avx2_runs();
}
#endif

typedef unsigned char lanes __attribute__((vector_size(16)));
typedef signed char marks __attribute__((vector_size(16)));

static inline lanes lanes_at(const char *at)
{
    lanes bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* One bit for each lane that is marked, the first in the lowest. */
static inline uint64_t bits_of(marks found)
{
#ifdef __SSE2__
    return (uint16_t)_mm_movemask_epi8((__m128i)found);
#else
    uint64_t bits = 0;
    for (unsigned i = 0; i < LANES; i++)
        bits |= (uint64_t)(found[i] != 0) << i;
    return bits;
#endif
}

size_t ask_lists_plain(const char *at)
{
    const lanes bytes = lanes_at(at);
    marks others = (marks)((bytes == '"') | (bytes == '\\') | (bytes - 0x20 > 0x7E - 0x20));
    return (size_t)__builtin_ctzll(bits_of(others) | UINT64_C(1) << LANES);
}

/* Bytes like these: a digit for a digit, else the same. Each byte less `base` is at most `most`. */
struct layout {
    lanes base, most;
};

/* Of the bytes at `at`, of which only the first `count` matter. */
static inline struct layout layout_of(const char *at, size_t count)
{
    static const lanes places = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const lanes bytes = lanes_at(at);
    const lanes digits = (lanes)(bytes - '0' <= 9);
    const lanes unseen = (lanes)(places >= (unsigned char)count);
    return (struct layout){ .base = (digits & '0') | (~digits & bytes),
                            .most = (digits & 9) | unseen };
}

static inline marks alike(const struct layout *layout, const char *at)
{
    return (marks)(lanes_at(at) - layout->base <= layout->most);
}

size_t ask_lists_texts(const char *at, const char *end, size_t period)
{
    const ptrdiff_t reach = period > LANES ? (ptrdiff_t)period : LANES;
    const char *from = at;
    if (period > PERIOD_MAX) return 0;
#ifdef ASK_LISTS_HAS_AVX2
    if (wide()) at = ask_lists_avx2_texts(at, end, period);
#endif
    if (end - at < reach) return (size_t)(at - from) / period;
    /* Two lots of bytes that overlap, or the same one twice. */
    const size_t second = (size_t)reach - LANES;
    const struct layout head = layout_of(at - period, period < LANES ? period : (size_t)LANES);
    const struct layout tail = layout_of(at - period + second, period - second);
    for (; end - at >= reach; at += period) {
        if (bits_of(alike(&head, at) & alike(&tail, at + second)) != UINT16_MAX) break;
    }
    return (size_t)(at - from) / period;
}

/* Sixty-four bytes. */
struct bytes {
    lanes a, b, c, d;
};

static inline struct bytes bytes_at(const char *at)
{
    return (struct bytes){ lanes_at(at), lanes_at(at + LANES), lanes_at(at + 2 * LANES),
                           lanes_at(at + 3 * LANES) };
}

static inline uint64_t join(marks a, marks b, marks c, marks d)
{
    return bits_of(a) | bits_of(b) << LANES | bits_of(c) << 2 * LANES | bits_of(d) << 3 * LANES;
}

static inline uint64_t where(const struct bytes *bytes, unsigned char c)
{
    return join((marks)(bytes->a == c), (marks)(bytes->b == c), (marks)(bytes->c == c),
                (marks)(bytes->d == c));
}

static inline uint64_t where_digits(const struct bytes *bytes)
{
    return join((marks)(bytes->a - '0' <= 9), (marks)(bytes->b - '0' <= 9),
                (marks)(bytes->c - '0' <= 9), (marks)(bytes->d - '0' <= 9));
}

/* Pairs, fours, eights: the processors that this is built for have no instruction for it. */
static inline size_t count_bits(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
    return (size_t)((bits * 0x0101010101010101) >> 56);
}

#include "mock/ask_lists_numbers.inc"

const char *ask_lists_numbers(const char *at, const char *end, size_t *count)
{
#ifdef ASK_LISTS_HAS_AVX2
    if (wide()) at = ask_lists_avx2_numbers(at, end, count);
#endif
    return pass_numbers(at, end, count);
}

const char *ask_lists_last(const char *end, const char *first, size_t count)
{
    const char *at = end;
    for (; at - first >= LANES; at -= LANES) {
        uint64_t commas = bits_of((marks)(lanes_at(at - LANES) == ','));
        for (; commas != 0; count--) {
            size_t place = 63 - (size_t)__builtin_clzll(commas);
            if (count == 1) return at - LANES + place + 1;
            commas ^= UINT64_C(1) << place;
        }
    }
    for (; at > first; at--) {
        if (at[-1] == ',' && --count == 0) break;
    }
    return at;
}
