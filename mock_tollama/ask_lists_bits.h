#ifndef MOCK_ASK_LISTS_BITS_H
#define MOCK_ASK_LISTS_BITS_H
/* Numbers in a block of sixty-four bytes, by what stands where: a bit for each byte, the first in
 * the lowest. Shared by ask_lists.c and ask_lists_avx2.c, which find the bits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASK_LISTS_BLOCK = 64 };

struct ask_lists_block {
    uint64_t digits, points, commas, minuses, blanks;
};

/* Of a block that begins with an item: the bytes up to the last comma in front of anything else
 * than numbers; 0: there is none. */
static inline uint64_t ask_lists_whole_items(const struct ask_lists_block *block)
{
    uint64_t known = block->digits | block->points | block->minuses | block->commas | block->blanks;
    uint64_t others = ~known;
    uint64_t commas = block->commas;
    if (others != 0) commas &= (others & -others) - 1;
    if (commas == 0) return 0;
    return ~UINT64_C(0) >> __builtin_clzll(commas);
}

/* Whether the bytes in `items` are numbers, each with a comma behind it and blanks behind that.
 * Those in *longer go on behind their first digit, which must then be no zero. */
static inline bool ask_lists_are_numbers(const struct ask_lists_block *block, uint64_t items,
                                         uint64_t *longer)
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
    wrong |= fractions & ~digits;
    wrong |= behind_fractions & ~block->commas;
    *longer = first_digits << 1 & digits & items;
    return (wrong & items) == 0;
}

/* Behind the items, at the beginning of the next one. */
static inline const char *ask_lists_behind(const char *at, const char *end, uint64_t items)
{
    at += ASK_LISTS_BLOCK - __builtin_clzll(items);
    while (at < end && (*at == ' ' || *at == '\n'))
        at++;
    return at;
}

#endif
