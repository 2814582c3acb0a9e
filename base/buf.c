#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t bytes_max)
{
    assert(bytes_max > 0);
    *buf = (struct buf){ .bytes_max = bytes_max };
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->overflow = false;
    if (buf->data != NULL) buf->data[0] = '\0';
}

void buf_deinit(struct buf *buf)
{
    mem_free(buf->data);
    buf_init(buf, buf->bytes_max == 0 ? BUF_UNBOUNDED : buf->bytes_max);
}

/* Room for `length` more bytes and the NUL; false (and overflow) when the maximum forbids it. */
static bool buf_reserve(struct buf *buf, size_t length)
{
    if (length > buf->bytes_max - buf->length) {
        buf->overflow = true;
        return false;
    }
    size_t need = buf->length + length + 1;
    if (need > buf->capacity) {
        size_t capacity = buf->capacity == 0 ? 256 : buf->capacity;
        while (capacity < need) capacity *= 2;
        buf->data = mem_resize(buf->data, capacity, 1);
        buf->capacity = capacity;
    }
    return true;
}

void buf_expect(struct buf *buf, size_t length)
{
    const size_t room = buf->bytes_max - buf->length;
    (void)buf_reserve(buf, length < room ? length : room);
}

char *buf_room(struct buf *buf, size_t length)
{
    if (length > buf->bytes_max - buf->length) return NULL;
    return buf_reserve(buf, length) ? buf->data + buf->length : NULL;
}

void buf_added(struct buf *buf, size_t length)
{
    assert(length < buf->capacity - buf->length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_put(struct buf *buf, const void *bytes, size_t length)
{
    if (!buf_reserve(buf, length)) return;
    if (length > 0) memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_put(buf, digits + at, sizeof digits - at);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    if (!buf_reserve(buf, (size_t)length)) return;
    va_start(args, format);
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data == NULL ? mem_alloc(1, 1) : buf->data;
    buf_init(buf, buf->bytes_max);
    return data;
}
