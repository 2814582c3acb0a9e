#ifndef BASE_MEM_H
#define BASE_MEM_H
/* Heap memory. Out of memory ends the program with a sentence: these never return NULL. The core
 * allocates at create only. Release with mem_free(). */

#include <stddef.h>

/* `count` zeroed items of `size` bytes; the product is checked. */
void *mem_alloc(size_t count, size_t size);
/* As realloc; new bytes are not cleared. */
void *mem_resize(void *old, size_t count, size_t size);
char *mem_copy_string(const char *text);
void *mem_copy(const void *bytes, size_t length);
/* For a program that serves: up to `bytes` of freed memory are not given back to the kernel, which
 * would clear them page by page when they are asked for again. Call it before anything else. */
void mem_keep(size_t bytes);
/* Accepts NULL. */
void mem_free(void *memory);

#endif
