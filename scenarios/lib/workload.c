#include "scenario/workload.h"

#include <assert.h>

#include "base/json.h"
#include "base/rng.h"

/* Probabilities are written in ten-thousandths, and wander between these. */
enum { Y_LOW = 500, Y_HIGH = 9500, Y_STEP = 60 };

/* Not the scenario's seed: the same request is the same bytes in every run, so that runs with other
 * seeds ask the same questions in another order. */
static const uint64_t y_seed = 1;

static void write_y(struct json *json, const struct workload *workload, uint64_t subject)
{
    uint64_t stream = rng_stream("y");
    int64_t value = 2000 + (int64_t)draw_below(draw(y_seed, stream, subject, 0), 6000);
    json_open(json, '[');
    for (uint32_t i = 1; i <= workload->y_len; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "0.%04d", (int)value);
        json_raw(json, text, (size_t)length);
        uint64_t uniform = draw(y_seed, stream, subject, i);
        value += (int64_t)draw_below(uniform, 2 * Y_STEP + 1) - Y_STEP;
        if (value < Y_LOW) value = 2 * Y_LOW - value;
        if (value > Y_HIGH) value = 2 * Y_HIGH - value;
    }
    json_close(json, ']');
}

void workload_write_request(struct buf *out, const struct scenario *scenario, uint32_t workload,
                            uint32_t key)
{
    assert(workload < scenario->workload_count);
    const struct workload *load = &scenario->workloads[workload];
    assert(key < load->key_count);
    char market[48];
    snprintf(market, sizeof market, "w%u-m%u", workload, key);
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "market_id");
    json_string(&json, market);
    json_key(&json, "as_of_ts");
    json_string(&json, "2026-01-01T00:00:00Z");
    json_key(&json, "freq");
    json_string(&json, "5m");
    json_key(&json, "horizon_steps");
    json_u64(&json, load->horizon_steps);
    json_key(&json, "y");
    write_y(&json, load, ((uint64_t)workload << 32) | key);
    if (load->liquidity_bucket != NULL) {
        json_key(&json, "liquidity_bucket");
        json_string(&json, load->liquidity_bucket);
    }
    json_close(&json, '}');
}
