#include "base/sort.h"

#include <stdbool.h>
#include <stdlib.h>

/* Moves per value until something is called out of order. */
enum { MOVES = 8 };

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

void sort_u64(uint64_t *values, size_t count)
{
    if (insert_all(values, count)) return;
    qsort(values, count, sizeof *values, sort_compare_u64);
}
