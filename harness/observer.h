#ifndef HARNESS_OBSERVER_H
#define HARNESS_OBSERVER_H
/* A file of JSON lines that an observer of a real run has written. Used by ledger.c and
 * trace_read.c. */

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/err.h"

/* Calls `on_line` with each line of the file that is a JSON object. `*cut`: its last line has no
 * end. */
MUST_USE enum err observer_read(const char *path, void *context,
                                void (*on_line)(void *context, const cJSON *line), bool *cut,
                                struct err_note *note);

/* A member; "" or 0 when there is none of that kind. Numbers up to 2^53 ns (104 days of uptime) are
 * exact in a double. */
const char *observer_text(const cJSON *line, const char *name);
uint64_t observer_u64(const cJSON *line, const char *name);

#endif
