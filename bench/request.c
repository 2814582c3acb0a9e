#include "request.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"

/* Keys are markets and, in turn, moments: key 0 .. 49 are 50 markets, the next 50 the same a step
 * later, their histories moved on by one value. */
enum {
    VALUES = 288,
    KEY_DIGITS = 8,
    MINUTES_PER_STEP = 5,
    MARKETS = 50,
    STEPS = 2048, /* then a market's history begins anew */
    VALUE_BYTES = sizeof "0.123456," - 1,
};

/* Six decimals between 0.2 and 0.8: all texts are of one length. Shared by all requests. */
static struct buf series;

static void make_series(void)
{
    if (series.length > 0) return;
    buf_init(&series, BUF_UNBOUNDED);
    struct rng rng;
    rng_init(&rng, 1, "bench");
    for (int i = 0; i < MARKETS * (STEPS + VALUES); i++) {
        unsigned millionths = (unsigned)(200000 + rng_below(&rng, 600000));
        buf_printf(&series, "0.%06u,", millionths);
    }
}

static void write_values(struct buf *out)
{
    buf_putc(out, '[');
    buf_put(out, series.data, VALUES * VALUE_BYTES - 1);
    buf_putc(out, ']');
}

static void write_times(struct buf *out)
{
    buf_putc(out, '[');
    for (unsigned i = 0; i < VALUES; i++) {
        unsigned minutes = i * MINUTES_PER_STEP;
        buf_printf(out, "%s\"2026-01-01T%02u:%02u:00Z\"", i == 0 ? "" : ",", minutes / 60 % 24,
                   minutes % 60);
    }
    buf_putc(out, ']');
}

static void write_tsfm(struct buf *out)
{
    buf_puts(out, "{\"market_id\":\"bench-00000000\",\"as_of_ts\":\"2026-01-01T23:55:00Z\","
                  "\"freq\":\"5m\",\"horizon_steps\":12,\"liquidity_bucket\":\"high\",\"y\":");
    write_values(out);
    buf_putc(out, '}');
}

static void write_tollama(struct buf *out)
{
    buf_puts(out, "{\"model\":\"chronos\",\"horizon\":12,\"series\":[{\"id\":\"bench-00000000\","
                  "\"freq\":\"5min\",\"timestamps\":");
    write_times(out);
    buf_puts(out, ",\"target\":");
    write_values(out);
    buf_puts(out, "}],\"quantiles\":[0.1,0.5,0.9],\"options\":{},\"timeout\":1.8}");
}

static const char *request_values_key(enum request_shape shape)
{
    return shape == REQUEST_TSFM ? "\"y\":[" : "\"target\":[";
}

void request_make(struct request *out, enum request_shape shape, const char *host, const char *path)
{
    static const char attempt[] = "X-Request-ID: bench~0\r\nX-Attempt: 0\r\n";
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    make_series();
    switch (shape) {
    case REQUEST_TSFM: write_tsfm(&body); break;
    case REQUEST_TOLLAMA: write_tollama(&body); break;
    }
    buf_init(&out->bytes, BUF_UNBOUNDED);
    buf_printf(&out->bytes,
               "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
               "%sContent-Length: %zu\r\n\r\n",
               path, host, shape == REQUEST_TOLLAMA ? attempt : "", body.length);
    buf_put(&out->bytes, buf_text(&body), body.length);
    buf_deinit(&body);
    const char *key = strstr(buf_text(&out->bytes), "bench-00000000");
    assert(key != NULL);
    const char *values = strstr(key, request_values_key(shape));
    assert(values != NULL);
    out->values_offset =
        (size_t)(values - out->bytes.data) + strlen(request_values_key(shape));
    out->key_offset = (size_t)(key - out->bytes.data) + strlen("bench-");
}

void request_set_key(struct request *request, uint32_t key)
{
    size_t first = (size_t)(key % MARKETS) * (STEPS + VALUES) + key / MARKETS % STEPS;
    memcpy(request->bytes.data + request->values_offset,
           series.data + first * VALUE_BYTES, VALUES * VALUE_BYTES - 1);
    for (size_t i = KEY_DIGITS; i-- > 0; key /= 10) {
        request->bytes.data[request->key_offset + i] = (char)('0' + key % 10);
    }
}

void request_deinit(struct request *request)
{
    buf_deinit(&request->bytes);
}
