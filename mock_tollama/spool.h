#ifndef MOCK_SPOOL_H
#define MOCK_SPOOL_H
/* The bytes that one play sends, in order, as one long text with positions, of which only a part is
 * in memory: what repeats (the padding of a huge head or body, a flood of 1xx heads) is kept once.
 *
 *     spool_text(&spool, "HTTP/1.1 200 OK\r\nX-Pad: ")       is gathered in the spool's own memory
 *     spool_repeat(&spool, SPOOL_BLANKS, ..., 300 KiB)        borrowed, as often as it fits
 *     spool_borrow(&spool, body, length)                      borrowed
 *     spool_gather(&spool, from, to, parts, &count)           for sendmsg() */

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"

enum { SPOOL_PARTS_MAX = 10, SPOOL_GATHER_MAX = 8, SPOOL_FILL_BYTES = 16 * 1024 };

struct spool_part {
    const char *bytes; /* borrowed; NULL: in the spool's text at `at` */
    size_t at;
    size_t unit;     /* of the bytes that repeat */
    uint64_t length; /* of all */
};

struct spool {
    struct buf text; /* owned */
    struct spool_part parts[SPOOL_PARTS_MAX];
    uint32_t part_count;
    uint64_t length;
};

void spool_init(struct spool *spool);
void spool_deinit(struct spool *spool);
/* What was written to spool->text since the last part becomes one. */
void spool_cut_text(struct spool *spool);
void spool_borrow(struct spool *spool, const char *bytes, size_t length);
/* `unit` bytes again and again, `length` in all. */
void spool_repeat(struct spool *spool, const char *bytes, size_t unit, uint64_t length);
/* SPOOL_FILL_BYTES of one character, ' ' or 'x'. */
const char *spool_fill(char c);
/* Where bytes [from, to) are, as far as `parts` reach; how many of them are used. */
int spool_gather(const struct spool *spool, uint64_t from, uint64_t to,
                 struct iovec parts[SPOOL_GATHER_MAX]);

#endif
