#ifndef RUNTIME_WORKERS_H
#define RUNTIME_WORKERS_H
/* What the processes of --workers N share: one region of memory that lives as long as any of them.
 *
 *     supervisor   makes it before the first fork, counts restarts and reloads, keeps the settings
 *     worker n     publishes its counters and gauges in slot n at the end of each turn of its loop
 *     any worker   answers GET /metrics with the sum over all slots
 *
 * A slot outlives its process: who is started again in it continues the counters, so that a sum
 * never goes back. Words are read and written one by one without a lock: a sum taken while others
 * count is at most a turn old, and each counter in it only grows.
 *
 * Example: worker 0 has counted 70 requests and worker 1 has counted 30; 1 is killed, started again
 * and counts 5 more: tsfm_request_total is 100, 100, 105. */

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "runtime/metrics.h"

enum { WORKERS_MAX = METRICS_WORKERS_MAX };

struct workers;

/* The region, inherited by fork(); NULL when the system has no memory for it. */
struct workers *workers_create(uint32_t count, const struct runtime_config *config);
void workers_destroy(struct workers *workers);

/* The supervisor's. */

void workers_on_ready(struct workers *workers, uint32_t worker);
/* Its process is gone: what it was doing is no more, what it had counted stays. */
void workers_on_end(struct workers *workers, uint32_t worker);
void workers_count_restart(struct workers *workers);
void workers_count_reload(struct workers *workers, enum metrics_reload result);
void workers_set_config(struct workers *workers, const struct runtime_config *config);

/* A worker's. */

/* Settings of now: those at start, or those that the latest good reload made of them. Returns how
 * many there were; 0: `out` is what the process was started with. */
uint64_t workers_get_config(const struct workers *workers, struct runtime_config *out);
/* What the slot's earlier processes have counted: where `metrics` goes on, and the counters among
 * the gauges, to be added to one's own. */
void workers_adopt(const struct workers *workers, uint32_t worker, struct metrics *metrics,
                   struct metrics_gauges *before);
void workers_publish(struct workers *workers, uint32_t worker, const struct metrics *metrics,
                     const struct metrics_gauges *gauges);
/* Over all slots. `page` is what only a page of several workers holds. */
void workers_sum(const struct workers *workers, struct metrics *metrics,
                 struct metrics_gauges *gauges, struct metrics_workers *page);

#endif
