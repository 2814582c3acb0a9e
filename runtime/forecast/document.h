#ifndef FORECAST_DOCUMENT_H
#define FORECAST_DOCUMENT_H
/* JSON from strangers: a request's body, a model server's answer; read strictly (base/json_read.h),
 * with sentences that say what is wrong and where. */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/err.h"

/* ERR_OK and a tree in *out, which lives in `arena` (no cJSON_Delete()). Or ERR_SYNTAX: not JSON,
 * not UTF-8, nested deeper than FORECAST_NESTING_MAX; or ERR_INVALID: a member given twice in one
 * object. `what` begins the sentence, for example
 * `the body is not JSON: line 1, column 6 (byte 5): NaN and Infinity are not JSON`. */
MUST_USE enum err document_parse(const char *text, size_t length, const char *what,
                                 struct arena *arena, cJSON **out, struct err_note *note);

/* "a string", "an array": what `item` is, for sentences. */
const char *document_type(const cJSON *item);

/* The scan alone: NULL when `text` is one JSON value, else what is wrong; *at is the place. */
const char *document_scan(const char *text, size_t length, size_t *at);

#endif
