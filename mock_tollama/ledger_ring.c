#include "mock/ledger_ring.h"

#include <string.h>

#include "base/mem.h"

void ledger_ring_init(struct ledger_ring *ring, size_t capacity)
{
    *ring = (struct ledger_ring){ .bytes = mem_alloc(capacity, 1), .capacity = capacity };
}

void ledger_ring_deinit(struct ledger_ring *ring)
{
    mem_free(ring->bytes);
    *ring = (struct ledger_ring){ .bytes = NULL };
}

void ledger_ring_clear(struct ledger_ring *ring)
{
    ring->first = 0;
    ring->length = 0;
}

static char byte_at(const struct ledger_ring *ring, size_t index)
{
    return ring->bytes[(ring->first + index) % ring->capacity];
}

static void drop_oldest(struct ledger_ring *ring)
{
    size_t length = 0;
    while (length < ring->length && byte_at(ring, length) != '\n')
        length++;
    length++;
    ring->first = (ring->first + length) % ring->capacity;
    ring->length -= length;
}

void ledger_ring_add(struct ledger_ring *ring, const char *line, size_t length)
{
    if (ring->bytes == NULL || length > ring->capacity) return;
    while (ring->length + length > ring->capacity)
        drop_oldest(ring);
    size_t at = (ring->first + ring->length) % ring->capacity;
    size_t before_end = ring->capacity - at < length ? ring->capacity - at : length;
    memcpy(ring->bytes + at, line, before_end);
    memcpy(ring->bytes, line + before_end, length - before_end);
    ring->length += length;
}

void ledger_ring_write(struct buf *out, const struct ledger_ring *ring, size_t count)
{
    size_t from = ring->length;
    /* Each step back ends in front of a line. */
    for (; count > 0 && from > 0; count--) {
        from--;
        while (from > 0 && byte_at(ring, from - 1) != '\n')
            from--;
    }
    size_t at = ring->bytes != NULL ? (ring->first + from) % ring->capacity : 0;
    size_t length = ring->length - from;
    size_t before_end = ring->capacity - at < length ? ring->capacity - at : length;
    if (length == 0) return;
    buf_put(out, ring->bytes + at, before_end);
    buf_put(out, ring->bytes, length - before_end);
}
