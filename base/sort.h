#ifndef BASE_SORT_H
#define BASE_SORT_H
/* Ascending order of what is nearly in order: ends of what began in order, say. */

#include <stddef.h>
#include <stdint.h>

/* For qsort() and bsearch() over uint64_t. */
int sort_compare_u64(const void *a, const void *b);
/* What is nearly in order costs about one pass. */
void sort_u64(uint64_t *values, size_t count);
/* As qsort(), and about one pass too. Equal items keep their order. */
void sort_items(void *items, size_t count, size_t size,
                int (*compare)(const void *a, const void *b));

#endif
