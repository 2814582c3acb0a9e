#ifndef SCENARIO_FATES_H
#define SCENARIO_FATES_H
/* What will happen to the requests of a scenario, before anything runs: one line per request of its
 * schedule, as if each were read at the moment it is sent, and a line for each of its retries, as
 * if it were made at that moment, too. What counts (first, nth, exact shares, buckets, queues)
 * counts in the order of reading, which only a run decides: here in the order of the lines.
 *
 *     id       attempt      at  phase   fate
 *     r000012        0  20.31s  outage  200 after 40ms, RST after 40% of the body
 *                                         reset at response_body@40% 10% (drew 3.2417%) */

#include "base/buf.h"
#include "scenario/plan.h"

struct fates_range {
    size_t requests;   /* the first so many */
    unsigned attempts; /* of each, > 0 */
};

/* "and 12 more" behind them when there are more requests. */
void fates_write(struct buf *out, const struct scenario *scenario, uint64_t seed,
                 struct fates_range range);

/* "200 after 40ms", "RST after 40ms", "503 after 40ms, Retry-After 1s", "200 after 40ms, silence
 * after 50% of the body". */
void plan_write(struct buf *out, const struct reply_plan *plan);

#endif
