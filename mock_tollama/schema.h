#ifndef MOCK_SCHEMA_H
#define MOCK_SCHEMA_H
/* The shape of a JSON object as a table: which members it may have, which it must have, and of what
 * kind each is. To add a member: one row in the owner's table.
 *
 *     static const struct schema_row ROWS[] = { { "model", SCHEMA_TEXT, true } };
 *     schema_check(object, "the request", ROWS, 1, &note)   for {"modle":"m"} leaves the sentence
 *     `the request: unknown field "modle"; did you mean "model"?` */

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum schema_kind {
    SCHEMA_TEXT, /* a string of at least one character */
    SCHEMA_TEXT_OR_NULL,
    SCHEMA_COUNT,            /* an integer from 1 to SCHEMA_COUNT_MAX */
    SCHEMA_POSITIVE_OR_NULL, /* a finite number > 0 */
    SCHEMA_NUMBER,           /* a finite one */
    SCHEMA_SCALAR_OR_NULL,   /* a number or a string */
    SCHEMA_BOOL,
    SCHEMA_BOOL_OR_NULL,
    SCHEMA_COUNT_OR_NULL,
    SCHEMA_STRING_OR_NULL, /* may be empty */
    SCHEMA_LIST,
    SCHEMA_LIST_OR_NULL,
    SCHEMA_OBJECT,
    SCHEMA_OBJECT_OR_NULL,
};

enum { SCHEMA_COUNT_MAX = 1000000000 };

struct schema_row {
    const char *key;
    enum schema_kind kind;
    bool required;
};

/* ERR_OK, or ERR_INVALID and a sentence about the first trouble. `where` begins the sentence.
 * `value` may be anything, also not an object. */
MUST_USE enum err schema_check(const cJSON *value, const char *where, const struct schema_row *rows,
                               size_t count, struct err_note *note);
/* The same for an object that may have more members than the table names. */
MUST_USE enum err schema_check_open(const cJSON *value, const char *where,
                                    const struct schema_row *rows, size_t count,
                                    struct err_note *note);

#endif
