#include "base/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Moves per value until something is called out of order; of items, which are moved many at once
 * and compared by a call, there may be more. */
enum { MOVES = 8, ITEM_MOVES = 64, ITEM_BYTES_MAX = 128 };

int sort_compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* By insertion; gives up when the values are not nearly in order. They stay the same values. */
static bool insert_all(uint64_t *values, size_t count)
{
    size_t moves = count * MOVES;
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value && moves > 0; at--, moves--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
        if (moves == 0) return false;
    }
    return true;
}

/* How many of the `count` items, which are in order, come before `item` or are equal to it. Looks
 * from their end on, twice as far each time. */
static size_t count_before(const char *items, size_t count, size_t size, const void *item,
                           int (*compare)(const void *a, const void *b))
{
    size_t high = count;
    size_t low = count;
    for (size_t step = 1; low > 0; step *= 2) {
        size_t next = low > step ? low - step : 0;
        if (compare(items + next * size, item) <= 0) {
            low = next + 1;
            break;
        }
        low = high = next;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(items + middle * size, item) <= 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

void sort_items(void *items, size_t count, size_t size,
                int (*compare)(const void *a, const void *b))
{
    char *first = items;
    char item[ITEM_BYTES_MAX];
    size_t moves = count * ITEM_MOVES;
    for (size_t i = 1; i < count; i++) {
        char *at = first + i * size;
        if (compare(at - size, at) <= 0) continue;
        size_t to = count_before(first, i, size, at, compare);
        if (size > sizeof item || i - to > moves) {
            qsort(items, count, size, compare);
            return;
        }
        moves -= i - to;
        memcpy(item, at, size);
        memmove(first + (to + 1) * size, first + to * size, (i - to) * size);
        memcpy(first + to * size, item, size);
    }
}

void sort_u64(uint64_t *values, size_t count)
{
    if (insert_all(values, count)) return;
    qsort(values, count, sizeof *values, sort_compare_u64);
}
