#include "base/mem.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *mem_check(void *memory)
{
    if (memory == NULL) {
        fputs("error: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t count, size_t size)
{
    return mem_check(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *mem_resize(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) return mem_check(NULL);
    return mem_check(realloc(old, count * size == 0 ? 1 : count * size));
}

void *mem_copy(const void *bytes, size_t length)
{
    void *copy = mem_alloc(length, 1);
    if (length > 0) memcpy(copy, bytes, length);
    return copy;
}

char *mem_copy_string(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

void mem_keep(size_t bytes)
{
    /* Pieces of this size and more get pages of their own, which go back when they are freed. */
    const int alone_bytes = 1 << 20;
    (void)mallopt(M_TRIM_THRESHOLD, bytes > INT_MAX ? INT_MAX : (int)bytes);
    (void)mallopt(M_MMAP_THRESHOLD, alone_bytes);
    /* Without bins of small pieces that are joined all at once, at every larger request. */
    (void)mallopt(M_MXFAST, 0);
}

void mem_free(void *memory)
{
    free(memory);
}
