#ifndef TEST_FORECAST_SUPPORT_H
#define TEST_FORECAST_SUPPORT_H
/* What the tests of this folder share. Each includes cmocka's headers first. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "forecast/request.h"

static const struct forecast_config test_config = {
    .input_len_steps = 288,
    .min_history_points = 32,
    .max_gap_minutes = 60,
    .horizon_max = 1000,
    .baseline_only_liquidity_bucket = "low",
    .default_model = "chronos",
    .default_model_version = "",
    .upstream_api = UPSTREAM_V1,
    .baseline = BASELINE_EWMA,
};

/* A body with `count` values of y between 0.40 and 0.49; `members` is put behind y and begins with
 * a comma when it is not empty. */
static inline void body_write(struct buf *out, uint32_t count, const char *members)
{
    buf_init(out, BUF_UNBOUNDED);
    buf_puts(out, "{\"market_id\":\"m1\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"y\":[");
    for (uint32_t i = 0; i < count; i++) buf_printf(out, "%s0.4%u", i == 0 ? "" : ",", i % 10);
    buf_printf(out, "]%s}", members);
}

static inline enum err parse_text(const char *text, struct arena *arena,
                                  struct forecast_request *out, struct err_note *note)
{
    *note = (struct err_note){ 0 };
    return forecast_request_parse(text, strlen(text), &test_config, arena, out, note);
}

/* The request of body_write(count, members), which must be accepted; lives in `arena`. */
static inline struct forecast_request request_of(struct arena *arena, uint32_t count,
                                                 const char *members)
{
    struct buf body;
    struct err_note note;
    struct forecast_request request;
    body_write(&body, count, members);
    if (parse_text(buf_text(&body), arena, &request, &note) != ERR_OK) {
        fail_msg("%s: %s", members, note.sentence);
    }
    buf_deinit(&body);
    return request;
}

#endif
