#ifndef BASE_ARENA_H
#define BASE_ARENA_H
/* Memory that is freed all at once: a parsed file, the scratch of one request. */

#include <stddef.h>

enum { ARENA_LENT_BYTES_MIN = 128 };

struct arena_block;

struct arena {
    struct arena_block *head; /* owned */
};

/* Zeroed, aligned for any type, never NULL; lives until arena_deinit(). A zeroed struct arena is an
 * empty one. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* The same, but not cleared: for what is written at once. */
void *arena_room(struct arena *arena, size_t count, size_t size);
/* Makes the caller's memory, of at least ARENA_LENT_BYTES_MIN and aligned for any type, the first
 * that an empty arena uses. It must outlive the arena, which never frees it. */
void arena_lend(struct arena *arena, void *memory, size_t size);
/* Empties it, but keeps one block for use again when there is one of the common size. */
void arena_clear(struct arena *arena);
char *arena_copy_text(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_deinit(struct arena *arena);

#endif
