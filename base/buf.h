#ifndef BASE_BUF_H
#define BASE_BUF_H
/* A growing buffer with a maximum. What does not fit is dropped whole and `overflow` stays set, so
 * a writer may write on and look once at the end. Always NUL-terminated behind `length`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* owned; NULL before the first write */
    size_t length;
    size_t capacity;
    size_t bytes_max; /* set at init, > 0 */
    bool overflow;
};

#define BUF_UNBOUNDED (SIZE_MAX / 2)

void buf_init(struct buf *buf, size_t bytes_max);
/* Empties it, keeps the memory. */
void buf_clear(struct buf *buf);
void buf_deinit(struct buf *buf);
/* Makes room for so many more bytes in one step; writes nothing. */
void buf_expect(struct buf *buf, size_t length);
/* Where up to `length` more bytes may be written in place; say with buf_added() how many were. NULL
 * when the maximum forbids so many: write piece by piece then. */
char *buf_room(struct buf *buf, size_t length);
void buf_added(struct buf *buf, size_t length);
void buf_put(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_put_u64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text so far, "" when empty; borrowed until the next write. */
const char *buf_text(const struct buf *buf);
/* Hands the memory (NUL-terminated, never NULL) to the caller, who frees it; the buffer is
 * empty. */
char *buf_take(struct buf *buf);

#endif
