#ifndef MOCK_ASK_LISTS_H
#define MOCK_ASK_LISTS_H
/* The long lists of a forecast request, many bytes at once: most of a request is one list of
 * timestamps and one of numbers. Both functions go over items that certainly are what they should
 * be, and stop in front of the first that may not be: another one then looks at it.
 *
 *     ["2026-01-01T00:00:00Z","2026-01-01T00:05:00Z","2026-01-01T00:10:00Z","2026-01-01T00:15:00Z"]
 *      ^ given, just read     ^ at                    \________ at + period: 1 item taken ____^ */

#include <stdbool.h>
#include <stddef.h>

/* Of the sixteen bytes from `at`, which must all be there, how many stand in front of the first
 * that ends a text, escapes in it or is not printable ASCII. */
enum { ASK_LISTS_LANES = 16 };
size_t ask_lists_plain(const char *at);

/* How many items of a list of texts have the layout of the one in front of them, which fills
 * `period` bytes with its quotes and what separates it from the next: the same bytes, but for
 * digits, in whose places are digits. `at` is where an item begins. */
size_t ask_lists_texts(const char *at, const char *end, size_t period);

/* Moves over JSON numbers without an exponent, each with its comma and the blanks behind that, to
 * the beginning of an item; adds how many they were. Finite they are: none has over 63 digits. */
const char *ask_lists_numbers(const char *at, const char *end, size_t *count);

/* Behind the `count`-th comma from `end` back, which must be there. */
const char *ask_lists_last(const char *end, const char *first, size_t count);

/* Whether only instructions are used that every processor of this kind has; false at first. Tests
 * look at both ways. */
void ask_lists_stay_narrow(bool yes);

#endif
