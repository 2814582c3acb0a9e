#include "runtime/metrics_parts.h"

static const char *const l2_results[METRICS_L2_COUNT] = {
    "hit_fresh", "hit_stale", "miss", "error", "timeout", "garbage",
};
static const char *const l2_put_results[METRICS_L2_PUT_COUNT] = { "stored", "refused", "dropped" };

/* From L1 and L2, fresh and stale: the pairs that an answer can have. */
static void write_answers(struct buf *out, const struct metrics *metrics)
{
    metrics_text_head(out, "tsfm_cache_answer_total", "counter",
                      "Answers from the cache by where they lay and their state.");
    for (unsigned tier = CACHE_TIER_L1; tier < METRICS_CACHE_TIERS; tier++) {
        for (unsigned state = CACHE_FRESH; state < METRICS_CACHE_STATES; state++) {
            buf_printf(out, "tsfm_cache_answer_total{tier=\"%s\",state=\"%s\"} ",
                       cache_tier_name((enum cache_tier)tier),
                       cache_state_name((enum cache_state)state));
            buf_put_u64(out, metrics->cache_answers[tier][state]);
            buf_putc(out, '\n');
        }
    }
}

static void write_l2(struct buf *out, const struct metrics *metrics,
                     const struct metrics_gauges *gauges)
{
    metrics_text_head(out, "tsfm_l2_total", "counter",
                      "Lookups in the second-level cache by how they ended.");
    for (unsigned i = 0; i < METRICS_L2_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_l2_total", "result", l2_results[i], metrics->l2[i]);
    }
    metrics_text_head(out, "tsfm_l2_put_total", "counter",
                      "Forecasts for the second-level cache by what became of them.");
    for (unsigned i = 0; i < METRICS_L2_PUT_COUNT; i++) {
        metrics_text_labelled(out, "tsfm_l2_put_total", "result", l2_put_results[i],
                              metrics->l2_puts[i]);
    }
    metrics_text_single(out, "tsfm_l2_connected", "gauge",
                        "Processes that are connected to the second-level cache.",
                        gauges->l2_connected);
}

void metrics_write_cache(struct buf *out, const struct metrics *metrics,
                         const struct metrics_gauges *gauges)
{
    metrics_text_single(out, "tsfm_cache_hit_total", "counter",
                        "Answers from the cache, fresh or stale.", metrics->cache_hits);
    write_answers(out, metrics);
    metrics_text_single(out, "tsfm_flight_joined_total", "counter",
                        "Requests that waited for an equal one's attempts instead of their own.",
                        metrics->steps[PATH_FLIGHT_JOINED]);
    metrics_text_single(out, "tsfm_cache_entries", "gauge", "Answers in the cache.",
                        gauges->engine.cache_entries);
    metrics_text_single(out, "tsfm_cache_bytes", "gauge", "Bytes of the answers in the cache.",
                        gauges->engine.cache_bytes);
    write_l2(out, metrics, gauges);
}
