#ifndef BASE_OPTION_VALUE_H
#define BASE_OPTION_VALUE_H
/* One option's value between text and field. Used by options.c only; owners of options use
 * base/options.h. */

#include "base/buf.h"
#include "base/err.h"
#include "base/options.h"

/* Where a text stands, for notes: a file and a place in it, or a name such as "--set". */
struct option_place {
    const char *path; /* borrowed */
    int line;         /* 0: no line */
    int column;
};

/* Reads `text` into the row's field of `target`; on failure the field keeps its value and the note
 * says what is allowed: `breaker_cooldown_s: "-3" is not a number of seconds; allowed: 0.001 to
 * 3600`. `name` is how the person spelled the option (a key, or TSFM_<KEY>). */
MUST_USE enum err option_parse(const struct option *row, void *target, const char *name,
                               const char *text, struct option_place place,
                               struct err_note *note);
/* The field's value as it would be written in a file. */
void option_format(const struct option *row, const void *target, struct buf *out);

#endif
