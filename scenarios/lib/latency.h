#ifndef SCENARIO_LATENCY_H
#define SCENARIO_LATENCY_H
/* How long the healthy upstream takes: a quantile table as pasted from a dashboard, drawn by
 * inverse transform with linear interpolation in integers. Below the first row it goes down to
 * `min` (half of the first row's value when not given); `max` is the value of share 100 %.
 *
 * Example { p50: 40ms, p90: 90ms, max: 400ms }: u = 0.5 -> 40 ms, u = 0.7 -> 65 ms, 1 -> 400 ms.
 * A scalar (`latency: 40ms`) is a table of one value. */

#include <stdint.h>

#include "base/yaml.h"

enum { LATENCY_ROWS_MAX = 16 };

struct latency {
    uint32_t count;
    uint32_t share_ppm[LATENCY_ROWS_MAX]; /* rising; first 0, last 1,000,000 */
    uint64_t value_ns[LATENCY_ROWS_MAX];  /* not falling */
};

MUST_USE enum err latency_parse(const struct yaml_file *file, const struct yaml_node *node,
                                struct latency *out, struct err_note *note);
/* The value at a uniform 64-bit u. */
uint64_t latency_draw_ns(const struct latency *latency, uint64_t uniform);

#endif
