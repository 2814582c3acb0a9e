#ifndef BASE_ARENA_H
#define BASE_ARENA_H
/* Memory that is freed all at once: a parsed file, the scratch of one request. */

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *head; /* owned */
};

/* Zeroed, aligned for any type, never NULL; lives until arena_deinit(). A zeroed struct arena is an
 * empty one. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_copy_text(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_deinit(struct arena *arena);

#endif
