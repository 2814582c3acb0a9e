#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H
/* Reads JSON from strangers, strictly by RFC 8259, in one pass and into one arena. The tree is made
 * of cJSON's items, so that cJSON's functions for looking at a tree work on it; cJSON's own reader
 * takes more than JSON (control characters, `01`, a NUL in a string that then ends early) and asks
 * for memory once per value.
 *
 *     cJSON *tree;
 *     const char *trouble = json_read(text, length, &arena, &tree, &at);
 *     trouble == NULL: the tree; it lives in the arena and must not be given to cJSON_Delete() */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/arena.h"

enum { JSON_READ_DEPTH_MAX = 32 };

/* NULL when `text` is one JSON value, else what is wrong, for example "NaN and Infinity are not
 * JSON"; *at is the place. UTF-8 is checked, \u0000 and half a surrogate pair are refused, and so
 * is what is nested deeper than JSON_READ_DEPTH_MAX. A number too large for a double is infinite.
 * The text needs no NUL behind it. `arena` and `out` NULL: only look. */
const char *json_read(const char *text, size_t length, struct arena *arena, cJSON **out,
                      size_t *at);

#endif
