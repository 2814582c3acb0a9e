#ifndef FORECAST_CANONICAL_H
#define FORECAST_CANONICAL_H
/* JSON in one spelling: members sorted by name, no white space, numbers in their shortest form, -0
 * as 0. Two texts with the same meaning become the same bytes. */

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/err.h"

struct canonical_cut {
    size_t length; /* arrays of exactly this many values ... */
    size_t keep;   /* ... keep only the last so many; equal: nothing is cut */
};

/* The text, in `arena`. ERR_INVALID with a note when a number is not finite (1e999); `name` begins
 * the sentence. */
MUST_USE enum err canonical_text(const cJSON *item, const char *name, struct canonical_cut cut,
                                 struct arena *arena, const char **out, struct err_note *note);

#endif
