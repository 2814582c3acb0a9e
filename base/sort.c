#include "base/sort.h"

#include <stdlib.h>

int sort_compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

void sort_u64(uint64_t *values, size_t count)
{
    if (count > 1) qsort(values, count, sizeof *values, sort_compare_u64);
}
