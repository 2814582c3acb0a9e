/* The mock's own interface, beside tollama's: never faulted, never in the ledger.
 *
 *   POST /__mock/start {"at_ns": N}   sets the scenario's zero to N of CLOCK_MONOTONIC, which may
 * lie in the future; an empty body or {} means now GET  /__mock/ledger/stats         counts */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mock/schema.h"
#include "mock/state.h"

enum { CONTROL_TEXT_MAX = 64 };

static const char BAD_START[] =
    "send {\"at_ns\": N}, N being nanoseconds of CLOCK_MONOTONIC, or {} for now";

/* Numbers in cJSON are doubles: exact to the nanosecond for 104 days of uptime. */
static bool read_start(struct http_exchange *exchange, instant_ns *out)
{
    size_t length = 0;
    const char *body = http_exchange_body(exchange, &length);
    *out = clock_now();
    if (length == 0) return true;
    cJSON *document = cJSON_ParseWithLength(body, length);
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(document, "at_ns");
    bool good = cJSON_IsObject(document) && cJSON_GetArraySize(document) == (at != NULL ? 1 : 0);
    if (good && at != NULL) {
        good = cJSON_IsNumber(at) && at->valuedouble >= 0 && at->valuedouble < 0x1p62 &&
               floor(at->valuedouble) == at->valuedouble;
        if (good) *out = (instant_ns)at->valuedouble;
    }
    cJSON_Delete(document);
    return good;
}

static void on_start(struct mock *mock, struct http_exchange *exchange)
{
    char body[CONTROL_TEXT_MAX];
    if (!read_start(exchange, &mock->start)) {
        api_reply_error(exchange, 400, BAD_START);
        return;
    }
    snprintf(body, sizeof body, "{\"start_ns\":%llu}", (unsigned long long)mock->start);
    api_reply(exchange, &(struct api_answer){ .status = 200, .body = body });
}

static void on_stats(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    ledger_write_stats(&body, &mock->ledger, (int64_t)mock->start, player_open(&mock->player));
    api_reply(exchange, &(struct api_answer){ .status = 200, .body = buf_text(&body) });
    buf_deinit(&body);
}

static const struct control {
    const char *path;
    const char *method;
    void (*serve)(struct mock *mock, struct http_exchange *exchange);
} CONTROLS[] = {
    { "/__mock/start", "POST", on_start },
    { "/__mock/ledger/stats", "GET", on_stats },
};

void control_on_request(struct mock *mock, struct http_exchange *exchange)
{
    if (!mock->control) {
        api_reply_error(exchange, 403,
                        "the mock is controlled over a loopback address only; start it with "
                        "--listen 127.0.0.1:PORT");
        return;
    }
    for (size_t i = 0; i < sizeof(CONTROLS) / sizeof(CONTROLS[0]); i++) {
        if (strcmp(http_exchange_path(exchange), CONTROLS[i].path) != 0) continue;
        if (strcmp(http_exchange_method(exchange), CONTROLS[i].method) == 0) {
            CONTROLS[i].serve(mock, exchange);
        } else {
            api_reply(exchange, &(struct api_answer){ .status = 405,
                                                      .body = "{\"detail\":\"Method Not Allowed\"}",
                                                      .allow = CONTROLS[i].method });
        }
        return;
    }
    api_reply_error(exchange, 404, "Not Found");
}
