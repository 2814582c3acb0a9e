#ifndef RUNTIME_METRICS_TEXT_H
#define RUNTIME_METRICS_TEXT_H
/* Writes Prometheus text (exposition format 0.0.4): metrics_text_head() once per name, then its
 * samples. Label values are words of ours (names of enums), never foreign bytes: nothing is
 * escaped.
 *
 * And the one kind of histogram that is counted here: lengths of time, in seconds, with bounds
 * that are close together around the 300 ms of the SLO. */

#include <stdint.h>

#include "base/buf.h"

enum { HISTOGRAM_BOUNDS = 16 };

/* One bound of a histogram: a value equal to it counts as within it. */
struct metrics_bound {
    uint64_t value;   /* as counted: nanoseconds, say */
    const char *text; /* as written: seconds, say */
};

/* The bucket of a value: bound_count is +Inf's. `bounds` rise. */
unsigned metrics_bucket(const struct metrics_bound *bounds, unsigned bound_count, uint64_t value);

/* Plain data, so that processes can be summed word by word. */
struct histogram {
    uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* not cumulative; the last is +Inf */
    uint64_t sum_ns;
};

/* A length equal to a bound counts as within it. */
void histogram_count(struct histogram *histogram, uint64_t length_ns);

/* `type`: "counter", "gauge" or "histogram". */
void metrics_text_head(struct buf *out, const char *name, const char *type, const char *help);
void metrics_text_plain(struct buf *out, const char *name, uint64_t value);
/* name{label="text"} value */
void metrics_text_labelled(struct buf *out, const char *name, const char *label, const char *text,
                           uint64_t value);
/* Head and the one sample. */
void metrics_text_single(struct buf *out, const char *name, const char *type, const char *help,
                         uint64_t value);
/* Only the value, and the end of the line: nanoseconds as seconds. */
void metrics_text_put_seconds(struct buf *out, uint64_t ns);
/* Head and the one sample, of nanoseconds as seconds. */
void metrics_text_seconds(struct buf *out, const char *name, const char *type, const char *help,
                          uint64_t value_ns);
/* Cumulative lines `name{le="..."}` of bound_count + 1 buckets; how much is in all of them. */
uint64_t metrics_text_buckets(struct buf *out, const char *name, const struct metrics_bound *bounds,
                              unsigned bound_count, const uint64_t *buckets);
/* Head, cumulative buckets, sum and count; `name` ends in _seconds. */
void metrics_text_histogram(struct buf *out, const char *name, const char *help,
                            const struct histogram *histogram);

#endif
