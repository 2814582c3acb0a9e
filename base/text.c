#include "base/text.h"

#include <assert.h>
#include <string.h>

enum { DECIMAL_DIGITS_MAX = 20, HEX_DIGITS = 16 };

static size_t put(char *out, size_t size, size_t at, const char *text, size_t length)
{
    assert(at < size);
    size_t room = size - 1 - at;
    if (length > room) length = room;
    memcpy(out + at, text, length);
    out[at + length] = '\0';
    return at + length;
}

size_t text_put(char *out, size_t size, size_t at, const char *text)
{
    return put(out, size, at, text, strlen(text));
}

size_t text_put_u64(char *out, size_t size, size_t at, uint64_t value)
{
    char digits[DECIMAL_DIGITS_MAX];
    size_t from = sizeof digits;
    do {
        digits[--from] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(out, size, at, digits + from, sizeof digits - from);
}

size_t text_put_hex(char *out, size_t size, size_t at, uint64_t value)
{
    char digits[HEX_DIGITS];
    for (size_t i = HEX_DIGITS; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
    return put(out, size, at, digits, sizeof digits);
}
