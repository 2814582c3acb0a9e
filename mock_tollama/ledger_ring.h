#ifndef MOCK_LEDGER_RING_H
#define MOCK_LEDGER_RING_H
/* The last lines of the ledger, in memory that was taken at the start: the oldest go when a new one
 * needs their place. */

#include <stddef.h>

#include "base/buf.h"

enum { LEDGER_RING_BYTES = 4 * 1024 * 1024 };

struct ledger_ring {
    char *bytes; /* owned; NULL: nothing is kept */
    size_t capacity;
    size_t first; /* of the oldest line */
    size_t length;
};

void ledger_ring_init(struct ledger_ring *ring, size_t capacity);
void ledger_ring_deinit(struct ledger_ring *ring);
/* `line` ends with its newline; one longer than the ring is not kept. */
void ledger_ring_add(struct ledger_ring *ring, const char *line, size_t length);
void ledger_ring_clear(struct ledger_ring *ring);
/* The last `count` lines, oldest first. */
void ledger_ring_write(struct buf *out, const struct ledger_ring *ring, size_t count);

#endif
