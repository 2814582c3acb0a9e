#include "runtime/metrics_parts.h"

void metrics_write_warmup(struct buf *out, const struct metrics *metrics,
                          const struct metrics_gauges *gauges)
{
    (void)gauges;
    metrics_text_head(out, "tsfm_warmup_total", "counter",
                      "Health checks and synthetic forecasts by result; keepwarms skipped.");
    for (unsigned i = 0; i < WARMUP_RESULT_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_warmup_total", "result",
                              warmup_result_name((enum warmup_result)i), metrics->warmup[i]);
    }
}
