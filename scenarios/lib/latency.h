#ifndef SCENARIO_LATENCY_H
#define SCENARIO_LATENCY_H
/* Lengths of time that are drawn: how long the healthy upstream takes, how long a delay is. All are
 * drawn by inverse transform, in integers.
 *
 *     40ms                                    always
 *     { p50: 40ms, p90: 90ms, max: 400ms }    a quantile table as pasted from a dashboard, linear
 *                                             between its rows; below the first row it goes down to
 *                                             `min` (half of the first row's value when not given)
 *                                             u = 0.5 -> 40 ms, u = 0.7 -> 65 ms, u = 1 -> 400 ms
 *     { uniform: [100ms, 300ms] }
 *     { lognormal: { median: 40ms, p99: 400ms } }    cut at one in ten million on both sides
 *     { samples: recorded.txt }               one duration per line, each equally likely; the file
 *                                             is looked for beside the scenario */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "scenario/value.h"

enum {
    LATENCY_ROWS_MAX = 16,
    LATENCY_SAMPLES_MAX = 1000000,
    LATENCY_FILE_BYTES_MAX = 16 * 1024 * 1024,
};

struct latency {
    uint32_t count;
    const uint32_t *share_ppm; /* rising; first 0, last 1,000,000; NULL: samples */
    const uint64_t *value_ns;  /* not falling; samples: in order of size */
    const char *text;          /* as a person would write it: "40ms", "uniform 100ms to 300ms" */
};

/* `what` names the value in notes: "latency". */
MUST_USE enum err latency_parse(const struct value_reader *reader, const struct yaml_node *node,
                                const char *what, struct latency *out);
/* The value at a uniform 64-bit u. A `latency` of zeros gives 0. */
uint64_t latency_draw_ns(const struct latency *latency, uint64_t uniform);

#endif
