#ifndef BASE_TEXT_H
#define BASE_TEXT_H
/* Short texts put together without printf, for what every request needs. Like snprintf: never more
 * than `size` bytes with the NUL, which is always there (size > 0); what does not fit is cut off.
 *
 *     size_t at = text_put(out, sizeof out, 0, "X-Attempt: ");
 *     at = text_put_u64(out, sizeof out, at, 2);              -> "X-Attempt: 2", 12 */

#include <stddef.h>
#include <stdint.h>

/* Writes at `at`, the length so far; returns the new one, size - 1 at most. */
size_t text_put(char *out, size_t size, size_t at, const char *text);
size_t text_put_u64(char *out, size_t size, size_t at, uint64_t value);
/* 16 digits, as %016llx. */
size_t text_put_hex(char *out, size_t size, size_t at, uint64_t value);

#endif
