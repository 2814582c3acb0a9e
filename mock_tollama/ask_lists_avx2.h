#ifndef MOCK_ASK_LISTS_AVX2_H
#define MOCK_ASK_LISTS_AVX2_H
/* Two functions of ask_lists.h for processors that look at thirty-two bytes at once; ask_lists.c
 * calls them where they can run. */

#include <stdbool.h>
#include <stddef.h>

#if defined __x86_64__
#define ASK_LISTS_HAS_AVX2 1

enum { ASK_LISTS_AVX2_LANES = 32 };

/* Whether this processor is one of them. */
bool ask_lists_avx2_runs(void);
/* `period` <= ASK_LISTS_AVX2_LANES. Both say where they stopped: the rest is for ask_lists.c. */
const char *ask_lists_avx2_texts(const char *at, const char *end, size_t period);
const char *ask_lists_avx2_numbers(const char *at, const char *end, size_t *count);

#endif
#endif
