/* A caller's request body (POST /tsfm/forecast), and what is made of one that is taken: the model's
 * request and the baselines. */

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
#include "forecast/baseline.h"
#include "forecast/document.h"
#include "forecast/model_request.h"
#include "forecast/request.h"

static const struct forecast_config config = {
    .input_len_steps = 288,
    .min_history_points = 32,
    .max_gap_minutes = 60,
    .horizon_max = 1000,
    .baseline_only_liquidity_bucket = "low",
    .default_model = "chronos",
};

static void check_request(const struct forecast_request *request)
{
    assert(request->y_count >= FORECAST_POINTS_MIN && request->y_count <= FORECAST_POINTS_MAX);
    assert(request->horizon >= 1 && request->horizon <= config.horizon_max);
    assert(request->input_len <= request->y_count);
    assert(request->input_len <= config.input_len_steps);
    assert(request->eps > 0 && request->eps < 0.5);
    for (uint32_t i = 0; i < request->y_count; i++) assert(isfinite(request->y[i]));
    for (uint32_t i = 1; request->y_ts != NULL && i < request->y_count; i++) {
        assert(request->y_ts[i] > request->y_ts[i - 1]);
    }
}

static void check_model_request(const struct forecast_request *request)
{
    struct buf body;
    size_t at = 0;
    buf_init(&body, BUF_UNBOUNDED);
    model_request_write(&body, request, &config, UINT64_C(1500000000), NULL);
    assert(!body.overflow);
    assert(document_scan(buf_text(&body), body.length, &at) == NULL);
    buf_deinit(&body);
}

static void check_baselines(const struct forecast_request *request, struct arena *arena)
{
    static const enum baseline_kind kinds[] = { BASELINE_EWMA, BASELINE_KALMAN,
                                                BASELINE_ROLLING_QUANTILE };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct forecast_values values = forecast_values_create(arena, request->horizon);
        uint32_t warnings = 0;
        if (baseline_forecast(kinds[i], request, &values, &warnings) != ERR_OK) continue;
        for (uint32_t step = 0; step < request->horizon; step++) {
            assert(values.q[0][step] >= 0 && values.q[0][step] <= values.q[1][step]);
            assert(values.q[1][step] <= values.q[2][step] && values.q[2][step] <= 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { .head = NULL };
    struct forecast_request request;
    struct forecast_request again;
    struct err_note note = { .err = ERR_OK };
    char *body = fuzz_text(data, size);
    if (forecast_request_parse(body, size, &config, &arena, &request, &note) == ERR_OK) {
        check_request(&request);
        check_model_request(&request);
        check_baselines(&request, &arena);
        enum err rc = forecast_request_parse(body, size, &config, &arena, &again, &note);
        assert(rc == ERR_OK);
        assert(memcmp(&request.key, &again.key, sizeof request.key) == 0);
    } else {
        assert(note.sentence[0] != '\0');
    }
    mem_free(body);
    arena_deinit(&arena);
    return 0;
}
