#ifndef HARNESS_REPORT_TIMELINE_H
#define HARNESS_REPORT_TIMELINE_H
/* The picture of one scenario: time from left to right, one panel per world, one lane per kind of
 * answer (the lower, the worse), one dot per request, the breaker's states under them.
 *
 *     phases      |        [ outage: status 503 60% ]         |
 *     cache       |.  .. . .. .                  . .. .. . . .|
 *     upstream    |:.:.:.:.:.                     :.:.:.:.:.:.|   height: latency, log scale
 *     stale       |         .:.:.:::::::...                   |   dashed: the latency limit
 *     baseline    |                    ....::::..             |
 *     breaker     |closed      [  open     ]i[ open  ]i closed|
 *
 * Widths are percentages and heights pixels, so that the picture fits any screen while its text
 * keeps its size: dots live in a stretched inner svg whose strokes do not scale. */

#include "base/buf.h"
#include "harness/suite.h"

/* `number` makes the ids in the page unique; at most `dots_max` dots per panel (report_dots.h). */
void report_timeline(struct buf *out, const struct suite_scenario *item, size_t number,
                     size_t dots_max);

/* What the picture shows, in words: "2,400 requests: 46.2 % cache, ... . Breaker opened at 21.3 s
 * ..."; escaped text. */
void report_timeline_story(struct buf *out, const struct run *run);

/* The limit that is drawn: of the first latency expectation, else the guide's 300 ms. */
uint64_t report_timeline_limit_ns(const struct scenario *scenario);

#endif
