#include "mock/ask_lists.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    LANES = ASK_LISTS_LANES, /* bytes that the processor compares at once */
    BLOCK = 4 * LANES,
    TEXT_MAX = 2 * LANES,
    TAIL_MAX = 8, /* the quote, the separator and the next quote */
};

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

/* Bytes that end a text, escape, or are not printable ASCII. */
static inline marks not_plain(lanes bytes)
{
    return (marks)((bytes == '"') | (bytes == '\\') | (bytes - 0x20 > 0x7E - 0x20));
}

size_t ask_lists_plain(const char *at)
{
    return (size_t)__builtin_ctzll(bits_of(not_plain(lanes_at(at))) | UINT64_C(1) << LANES);
}

static inline uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* The first `count` of eight bytes. */
static inline uint64_t bytes_mask(size_t count)
{
    uint64_t mask = 0;
    memset(&mask, 0xFF, count);
    return mask;
}

size_t ask_lists_texts(const char *at, const char *end, size_t length, size_t period)
{
    const size_t tail = period - length; /* with the next item's quote */
    size_t count = 0;
    if (at == end || *at != '"' || length > TEXT_MAX || tail > TAIL_MAX) return 0;
    const uint64_t mask = bytes_mask(tail);
    const uint64_t want = word_at(at - period + 1 + length) & mask;
    /* Two overlapping lots, or one of which only the first bytes count. */
    const size_t second = length > LANES ? length - LANES : 0;
    const uint64_t counted = length < LANES ? (UINT64_C(1) << length) - 1 : UINT16_MAX;
    const size_t reach = 1 + TEXT_MAX + TAIL_MAX;
    for (; (size_t)(end - at) >= reach; at += period, count++) {
        marks bad = not_plain(lanes_at(at + 1)) | not_plain(lanes_at(at + 1 + second));
        if ((bits_of(bad) & counted) != 0) break;
        if ((word_at(at + 1 + length) & mask) != want) break;
    }
    return count;
}

/* What stands where in a block: a bit for each byte. */
struct block {
    uint64_t digits, points, commas;
    uint64_t minuses, blanks;
};

static inline uint64_t where(const char *at, unsigned char c)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < BLOCK; i += LANES)
        bits |= bits_of((marks)(lanes_at(at + i) == c)) << i;
    return bits;
}

static inline uint64_t where_digits(const char *at)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < BLOCK; i += LANES)
        bits |= bits_of((marks)(lanes_at(at + i) - '0' <= 9)) << i;
    return bits;
}

static inline struct block block_at(const char *at)
{
    struct block block = { .digits = where_digits(at),
                           .points = where(at, '.'),
                           .commas = where(at, ',') };
    if ((block.digits | block.points | block.commas) == ~UINT64_C(0)) return block;
    block.minuses = where(at, '-');
    block.blanks = where(at, ' ') | where(at, '\n');
    return block;
}

/* Of a block that begins with an item: the bytes up to the last comma in front of anything else
 * than numbers; 0: there is none. */
static inline uint64_t whole_items(const struct block *block)
{
    uint64_t known = block->digits | block->points | block->minuses | block->commas | block->blanks;
    uint64_t others = ~known;
    uint64_t commas = block->commas;
    if (others != 0) commas &= (others & -others) - 1;
    if (commas == 0) return 0;
    return ~UINT64_C(0) >> __builtin_clzll(commas);
}

/* Whether the bytes in `items` are numbers, each with a comma behind it and blanks behind that. */
static inline bool are_numbers(const char *at, const struct block *block, uint64_t items)
{
    const uint64_t digits = block->digits, points = block->points;
    const uint64_t behind_comma = block->commas << 1 | 1;
    /* An addition carries through a run of ones, to the first byte behind it. */
    const uint64_t starts = (behind_comma + block->blanks) & ~block->blanks;
    const uint64_t first_digits = (starts & digits) | block->minuses << 1;
    const uint64_t fractions = points << 1;
    const uint64_t behind_fractions = (fractions + digits) & ~digits;
    uint64_t wrong = starts & ~(digits | block->minuses);
    wrong |= block->blanks & ~(behind_comma | block->blanks << 1);
    wrong |= block->minuses & ~starts;
    wrong |= first_digits & ~digits;
    wrong |= points & ~(digits << 1);
    wrong |= fractions & ~digits;
    wrong |= behind_fractions & ~block->commas;
    const uint64_t longer = first_digits << 1 & digits & items; /* must not begin with a zero */
    if (longer != 0) wrong |= where(at, '0') << 1 & longer;
    return (wrong & items) == 0;
}

const char *ask_lists_numbers(const char *at, const char *end, size_t *count)
{
    while (end - at >= BLOCK) {
        const struct block block = block_at(at);
        uint64_t items = whole_items(&block);
        if (items == 0 || !are_numbers(at, &block, items)) break;
        *count += (size_t)__builtin_popcountll(block.commas & items);
        at += 64 - __builtin_clzll(items);
        while (at < end && (*at == ' ' || *at == '\n'))
            at++;
    }
    return at;
}
