#ifndef RUNTIME_CYCLES_H
#define RUNTIME_CYCLES_H
/* How long a caller's cycle over its markets takes, as the runtime sees it: all requests of a cycle
 * ask for the same as_of_ts, so a cycle is the requests of one as_of_ts, from the first one's
 * arrival to the last one's answer.
 *
 *     as_of 12:00 at 0.0 s, 0.4 s, 2.1 s (answered at 2.3 s); then as_of 12:05: one cycle of 2.3 s
 *
 * It is over when a later as_of_ts is asked for, or nothing of it for CYCLE_IDLE_NS, and is counted
 * with the next answer after that. A single request is no cycle; an earlier as_of_ts (a straggler,
 * a backfill) belongs to none. With --workers each process sees its own part of a cycle. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "runtime/metrics.h"

#define CYCLE_IDLE_NS (10 * NS_PER_S)

struct cycle {
    bool open;
    int64_t as_of_unix_s;
    uint32_t answers;
    instant_ns first_arrived;
    instant_ns last_answered;
};

struct cycle_answer {
    int64_t as_of_unix_s;
    instant_ns arrived;
    instant_ns answered;
};

void cycle_on_answer(struct cycle *cycle, const struct cycle_answer *answer,
                     struct metrics *metrics);

#endif
