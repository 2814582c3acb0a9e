#ifndef MOCK_TIMESTAMP_H
#define MOCK_TIMESTAMP_H
/* The moment after the last one of a series: where its forecast starts.
 *
 *     last "2025-01-31", freq "D"                       -> "2025-02-01"
 *     last "2026-01-01T00:00:00Z", freq "5m"            -> "2026-01-01T00:05:00Z"
 *     before "2025-01-01", last "2025-01-08", "auto"    -> "2025-01-15", the same step again */

#include <stdint.h>

enum { TIMESTAMP_TEXT_MAX = 40 };

/* `before` is the timestamp before `last`, NULL when there is none. What cannot be read or has no
 * step known here gives `last` itself, cut to fit. Returns `out`. */
const char *timestamp_next(const char *before, const char *last, const char *freq,
                           char out[TIMESTAMP_TEXT_MAX]);

/* Milliseconds since 1970 as "2026-01-01T00:00:00Z". Returns `out`. */
const char *timestamp_utc(uint64_t unix_ms, char out[TIMESTAMP_TEXT_MAX]);

#endif
