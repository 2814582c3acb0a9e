#ifndef HARNESS_RESULT_READ_H
#define HARNESS_RESULT_READ_H
/* Reads a result.json back into the suite that it was written from, as far as the reports look at
 * it: every report made of the copy is the original's to the byte (but for what `run_time` of a
 * later folder says). Used by `tollgate report`, `tollgate diff` and --baseline.
 *
 * Not in the file, so not in the copy: the expectations as parsed (their checks are there), the
 * faults' kinds (their texts are there), and which outcome of several with one code a word of a
 * path had.
 *
 * Strangers write such files too: what does not fit, names the place. */

#include "base/arena.h"
#include "base/err.h"
#include "harness/suite.h"

enum { RESULT_SCHEMA_VERSION = 2 };

/* The largest whole number that every reader of JSON keeps. */
#define RESULT_NUMBER_MAX (UINT64_C(1) << 53)

/* Texts of `out` live in `arena`; release the rest with suite_deinit(), also after an error. */
MUST_USE enum err result_read(const char *path, const char *text, size_t length,
                              struct arena *arena, struct suite *out, struct err_note *note);

/* `path`: the file, or the folder that holds it as result.json. */
MUST_USE enum err result_load(const char *path, struct arena *arena, struct suite *out,
                              struct err_note *note);

#endif
