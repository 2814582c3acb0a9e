#ifndef SCENARIO_CAPACITY_H
#define SCENARIO_CAPACITY_H
/* An upstream that can do so much at once, so that load makes it slower and retries make it worse:
 *
 *     upstream: { latency: 40ms, capacity: { workers: 16, queue: 64, on_full: 503 } }
 *
 * Each request that is answered takes a worker for its latency and delays, whether or not somebody
 * still waits for it; the others wait, first come first served; the one that finds the queue full
 * gets `on_full` at once and meets no other fault. */

#include "scenario/value.h"

enum { CAPACITY_WORKERS_MAX = 4096, CAPACITY_QUEUE_MAX = 65536 };

enum capacity_full { FULL_503, FULL_429, FULL_RESET, FULL_CLOSE };

struct capacity {
    uint32_t workers; /* 0: no bound */
    uint32_t queue;
    enum capacity_full on_full;
};

MUST_USE enum err capacity_parse(const struct value_reader *reader, const struct yaml_node *node,
                                 struct capacity *out);

#endif
