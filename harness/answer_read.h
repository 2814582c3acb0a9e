#ifndef HARNESS_ANSWER_READ_H
#define HARNESS_ANSWER_READ_H
/* The runtime's answers as a client sees them, taken into a run: foreign bytes, believed only where
 * they parse. */

#include <stddef.h>

#include "harness/run.h"

/* Reads the body of answer `index` (its http_status is set already): what was served, code, cause,
 * cache state, attempts and path, and whether the forecast is one that may be served. An answer
 * that says nothing of the kind counts as answered, with served error and output_valid false. */
void answer_read(struct run *run, uint32_t index, const char *body, size_t length);

#endif
