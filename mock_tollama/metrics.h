#ifndef MOCK_METRICS_H
#define MOCK_METRICS_H
/* GET /metrics: the figures that tollama has, under its names, and the mock's own. */

#include <stdint.h>

#include "base/buf.h"
#include "mock/ask.h"
#include "mock/ledger.h"

enum { METRICS_APIS = ASK_TIMESERIES + 1, METRICS_CLASSES = 6, METRICS_BUCKETS = 11 };

struct metrics {
    struct metrics_cell {
        uint64_t count;
        uint64_t sum_ns;
        uint64_t buckets[METRICS_BUCKETS];  /* not cumulative; above the last: in `count` alone */
    } cells[METRICS_APIS][METRICS_CLASSES]; /* by hundreds of the status */
};

/* One forecast request, with its status and latency as planned: a client may go away before. */
void metrics_count(struct metrics *metrics, enum ask_api api, unsigned status, uint64_t planned_ns);

struct metrics_now {
    unsigned models_loaded;
    unsigned open; /* answers under way */
    uint64_t generation;
    const struct ledger *ledger;
};

void metrics_write(struct buf *out, const struct metrics *metrics, const struct metrics_now *now);

#endif
