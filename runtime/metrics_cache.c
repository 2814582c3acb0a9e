#include "runtime/metrics_parts.h"

void metrics_write_cache(struct buf *out, const struct metrics *metrics,
                         const struct metrics_gauges *gauges)
{
    metrics_text_single(out, "tsfm_cache_hit_total", "counter",
                        "Answers from the cache, fresh or stale.", metrics->cache_hits);
    metrics_text_single(out, "tsfm_cache_entries", "gauge", "Answers in the cache.",
                        gauges->engine.cache_entries);
    metrics_text_single(out, "tsfm_cache_bytes", "gauge", "Bytes of the answers in the cache.",
                        gauges->engine.cache_bytes);
}
