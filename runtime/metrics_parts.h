#ifndef RUNTIME_METRICS_PARTS_H
#define RUNTIME_METRICS_PARTS_H
/* What /metrics is made of, one file per topic; nobody but these files includes this.
 *
 *     metrics.c           what is counted when, and the order of the page
 *     metrics_requests.c  requests, what they were served, how long they took, their forecasts
 *     metrics_inbound.c   callers: connections, refusals before the body
 *     metrics_upstream.c  attempts, retries, waits, the pool
 *     metrics_breaker.c   the circuit breaker
 *     metrics_cache.c     the cache
 *     metrics_warmup.c    health checks and synthetic forecasts
 *     metrics_workers.c   several processes: their sum, restarts, reloads
 *     metrics_process.c   the process itself, as Linux sees it
 *     metrics_text.c      the text format, histograms
 *
 * To add a metric: a field in struct metrics (or a gauge in struct metrics_gauges), the place in
 * metrics.c that feeds it, and its lines in the file of its topic. Names: counters end in _total,
 * base units (seconds, bytes); a test runs Prometheus' own checker over the page. */

#include "runtime/metrics.h"

/* Into both histograms of requests. */
void metrics_count_latency(struct metrics *metrics, uint64_t latency_ns);

void metrics_write_requests(struct buf *out, const struct metrics *metrics,
                            const struct metrics_gauges *gauges);
void metrics_write_inbound(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges);
void metrics_write_upstream(struct buf *out, const struct metrics *metrics,
                            const struct metrics_gauges *gauges);
void metrics_write_breaker(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges);
void metrics_write_cache(struct buf *out, const struct metrics *metrics,
                         const struct metrics_gauges *gauges);
void metrics_write_warmup(struct buf *out, const struct metrics *metrics,
                          const struct metrics_gauges *gauges);
/* The lines of tsfm_breaker_state, by worker when there are several. */
void metrics_write_breaker_states(struct buf *out, const struct metrics_gauges *gauges);
void metrics_write_workers(struct buf *out, const struct metrics *metrics,
                           const struct metrics_gauges *gauges);
/* This process, or each of the workers; reads /proc now. */
void metrics_write_process(struct buf *out, const struct metrics_gauges *gauges);

#endif
