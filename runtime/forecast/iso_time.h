#ifndef FORECAST_ISO_TIME_H
#define FORECAST_ISO_TIME_H
/* ISO-8601 times without the C library's (no time zone database, no locale).
 *
 * Taken: 2026-01-01, 2026-01-01T00:00, 2026-01-01T00:00:00, with a fraction behind the seconds,
 * with `T` or a space between, with Z, +hh:mm, +hhmm or +hh at the end (none: UTC). Years 1 to
 * 9999.
 *
 * Example: "2026-01-01T01:00:00.5+01:00" is 1767225600 s and 500,000,000 ns. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iso_time {
    int64_t unix_s; /* seconds since 1970-01-01 UTC; negative before */
    uint32_t ns;    /* the fraction; digits behind the ninth are dropped */
};

enum { ISO_TIME_TEXT_MAX = 32, ISO_TIME_TEXT_LENGTH = 20 /* of what is written */ };

bool iso_time_parse(const char *text, struct iso_time *out);
/* "2026-01-01T00:00:00Z"; years outside 0 to 9999 are held at that bound. Returns `out`. */
const char *iso_time_format(int64_t unix_s, char out[ISO_TIME_TEXT_MAX]);

/* Times that follow each other: what stays the same from one to the next is not worked out again.
 * A request to the model carries hundreds of them.
 *
 *     struct iso_series series = { .day_length_s = 0 };
 *     iso_series_format(&series, 1767225600)       -> "2026-01-01T00:00:00Z"
 *     iso_series_format(&series, 1767225900)       -> "2026-01-01T00:05:00Z" */
struct iso_series {
    uint64_t day_s;        /* when the day of `text` began, as iso_time.unix_s */
    uint64_t day_length_s; /* 0: no day is known */
    char text[ISO_TIME_TEXT_MAX];
};

/* The same as iso_time_format(); valid until the next call. */
const char *iso_series_format(struct iso_series *series, int64_t unix_s);

#endif
