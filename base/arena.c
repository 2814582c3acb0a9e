#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_BLOCK_BYTES = 16 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next; /* owned */
    size_t used;
    size_t size;
    bool lent; /* by arena_lend(): not ours to free */
    _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

_Static_assert(sizeof(struct arena_block) <= ARENA_LENT_BYTES_MIN, "lent memory holds its head");

static struct arena_block *block_create(size_t room)
{
    struct arena_block *block = mem_resize(NULL, 1, sizeof *block + room);
    *block = (struct arena_block){ .size = room };
    return block;
}

void *arena_room(struct arena *arena, size_t count, size_t size)
{
    assert(size == 0 || count <= SIZE_MAX / 2 / size);
    size_t need = (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena_block *block = arena->head;
    if (block == NULL || block->size - block->used < need) {
        block = block_create(need > ARENA_BLOCK_BYTES ? need : (size_t)ARENA_BLOCK_BYTES);
        block->next = arena->head;
        arena->head = block;
    }
    void *memory = block->bytes + block->used;
    block->used += need;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    return memset(arena_room(arena, count, size), 0, count * size);
}

void arena_lend(struct arena *arena, void *memory, size_t size)
{
    assert(arena->head == NULL);
    assert(size >= ARENA_LENT_BYTES_MIN);
    assert((uintptr_t)memory % ARENA_ALIGN == 0);
    struct arena_block *block = memory;
    *block = (struct arena_block){ .size = size - sizeof *block, .lent = true };
    arena->head = block;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_room(arena, length + 1, 1);
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void arena_deinit(struct arena *arena)
{
    while (arena->head != NULL) {
        struct arena_block *next = arena->head->next;
        if (!arena->head->lent) mem_free(arena->head);
        arena->head = next;
    }
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = NULL;
    while (arena->head != NULL) {
        struct arena_block *block = arena->head;
        arena->head = block->next;
        if (kept == NULL && !block->lent && block->size == ARENA_BLOCK_BYTES) {
            kept = block;
        } else if (!block->lent) {
            mem_free(block);
        }
    }
    arena->head = kept;
    if (kept == NULL) return;
    kept->next = NULL;
    kept->used = 0;
}
