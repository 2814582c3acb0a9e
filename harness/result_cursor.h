#ifndef HARNESS_RESULT_CURSOR_H
#define HARNESS_RESULT_CURSOR_H
/* Values of a result.json, taken out one by one. The first one that does not fit sets the note and
 * `failed`; every later call then gives a harmless value, so that a reader asks once at its end.
 * Used by result_read*.c.
 *
 *     cursor.place = "scenario 3, sim";
 *     world->n = cursor_u64(&cursor, object, "n", 1000);
 *     if (cursor.failed) ...      result.json: error: damaged at scenario 3, sim: "n" is ... */

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/err.h"

struct cursor {
    const char *path;      /* borrowed: of the file, for notes */
    struct arena *arena;   /* borrowed: where texts go */
    struct err_note *note; /* borrowed */
    char place[160];       /* for notes */
    bool failed;
};

void cursor_fail(struct cursor *cursor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A member that must be there; NULL when it is not. `kind` is cJSON_Object, cJSON_Array, ... or
 * cJSON_Invalid for any. */
const cJSON *cursor_member(struct cursor *cursor, const cJSON *object, const char *key, int kind);

/* `item` as a value; `key` names it in notes. A missing item (NULL) does not fit. */
uint64_t cursor_value_u64(struct cursor *cursor, const cJSON *item, const char *key, uint64_t max);
/* Of all 64 bits: a number, or a text when it is a large one. */
uint64_t cursor_value_wide(struct cursor *cursor, const cJSON *item, const char *key);
bool cursor_value_bool(struct cursor *cursor, const cJSON *item, const char *key);
/* Borrowed from the arena; "" when it does not fit. */
const char *cursor_value_text(struct cursor *cursor, const cJSON *item, const char *key);

/* A member as a value. */
uint64_t cursor_u64(struct cursor *cursor, const cJSON *object, const char *key, uint64_t max);
bool cursor_bool(struct cursor *cursor, const cJSON *object, const char *key);
const char *cursor_text(struct cursor *cursor, const cJSON *object, const char *key);

/* The value under *cell; *cell moves on to the next of its row. */
const cJSON *cursor_next(const cJSON **cell);

/* "r000042" as an index below `count`. */
uint32_t cursor_request_id(struct cursor *cursor, const cJSON *item, size_t count);

#endif
