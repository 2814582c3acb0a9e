#include "mock/control.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "mock/control_guard.h"
#include "mock/schema.h"
#include "scenario/plan_state.h"
#include "scenario/realised.h"

enum { LEDGER_LINES_DEFAULT = 100, PATH_TEXT_MAX = 600 };

static const char LEDGER_PREFIX[] = "/__mock/ledger/";

static const char BAD_START[] =
    "send {\"at_ns\": N}, N being nanoseconds of CLOCK_MONOTONIC, or {} for now";

/* Numbers in cJSON are doubles: exact to the nanosecond for 104 days of uptime. */
static bool read_start(struct http_exchange *exchange, instant_ns *out)
{
    struct arena arena = { .head = NULL };
    cJSON *document = NULL;
    size_t length = 0;
    size_t trouble_at = 0;
    const char *body = http_exchange_body(exchange, &length);
    *out = clock_now();
    if (length == 0) return true;
    bool good = json_read(body, length, &arena, &document, &trouble_at) == NULL;
    const cJSON *at = good ? cJSON_GetObjectItemCaseSensitive(document, "at_ns") : NULL;
    good = good && cJSON_IsObject(document) && cJSON_GetArraySize(document) == (at != NULL ? 1 : 0);
    if (good && at != NULL) {
        good = cJSON_IsNumber(at) && at->valuedouble >= 0 && at->valuedouble < 0x1p62 &&
               floor(at->valuedouble) == at->valuedouble;
        if (good) *out = (instant_ns)at->valuedouble;
    }
    arena_deinit(&arena);
    return good;
}

/* What is being played, for every answer that changed it, too. */
static void reply_show(struct mock *mock, struct http_exchange *exchange)
{
    struct buf body;
    struct json json;
    instant_ns now = clock_now();
    struct show_pick pick = show_pick(&mock->show, now);
    const struct show *show = &mock->show;
    const struct phase *phase =
        pick.stage != NULL ? scenario_phase_at(&pick.stage->scenario, pick.offset_ns) : NULL;
    buf_init(&body, BUF_UNBOUNDED);
    json_init(&json, &body);
    json_open(&json, '{');
    json_key(&json, "status");
    json_string(&json, "ok");
    json_key(&json, "generation");
    json_u64(&json, show->generation);
    json_key(&json, "scenario");
    json_string(&json, show->scenario != NULL ? show->scenario->scenario.name : NULL);
    json_key(&json, "path");
    json_string(&json, show->scenario != NULL ? show->scenario->scenario.path : NULL);
    json_key(&json, "seed");
    if (show->scenario != NULL)
        json_u64(&json, show->scenario->seed);
    else
        json_null(&json);
    json_key(&json, "start_ns");
    json_u64(&json, show->start);
    json_key(&json, "phase");
    json_string(&json, phase != NULL ? phase->name : NULL);
    json_key(&json, "fault");
    json_bool(&json, show->fault != NULL);
    json_key(&json, "open");
    json_u64(&json, player_open(&mock->player));
    json_close(&json, '}');
    api_reply_buf(exchange, &body);
}

static void on_show(const struct control_call *call)
{
    reply_show(call->mock, call->exchange);
}

static void on_start(const struct control_call *call)
{
    instant_ns start = 0;
    if (!read_start(call->exchange, &start)) {
        api_reply_error(call->exchange, 400, BAD_START);
        return;
    }
    show_set_start(&call->mock->show, start);
    reply_show(call->mock, call->exchange);
}

/* 400 with the sentence that the command line would print. */
static void reply_refused(struct http_exchange *exchange, const struct err_note *note)
{
    struct buf detail, body;
    struct json json;
    buf_init(&detail, BUF_UNBOUNDED);
    buf_init(&body, BUF_UNBOUNDED);
    if (note->path[0] != '\0') buf_printf(&detail, "%s:", note->path);
    if (note->line > 0) buf_printf(&detail, "%d:%d:", note->line, note->column);
    if (detail.length > 0) buf_putc(&detail, ' ');
    buf_puts(&detail, note->sentence);
    json_init(&json, &body);
    json_open(&json, '{');
    json_key(&json, "detail");
    json_string(&json, buf_text(&detail));
    json_key(&json, "line");
    json_i64(&json, note->line);
    json_key(&json, "column");
    json_i64(&json, note->column);
    json_key(&json, "hint");
    json_string(&json, "what was played before is still being played");
    json_close(&json, '}');
    api_reply(exchange, &(struct api_answer){ .status = 400, .body = buf_text(&body) });
    buf_deinit(&detail);
    buf_deinit(&body);
}

/* {"path": "a.yaml"}: its path in `out`; false for anything else, which is a scenario's text. */
static bool names_a_file(const char *body, size_t length, char out[PATH_TEXT_MAX])
{
    struct arena arena = { .head = NULL };
    cJSON *document = NULL;
    size_t at = 0;
    bool named = false;
    if (json_read(body, length, &arena, &document, &at) == NULL && cJSON_IsObject(document)) {
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(document, "path");
        named = cJSON_IsString(path) && cJSON_GetArraySize(document) == 1 &&
                strlen(path->valuestring) < PATH_TEXT_MAX;
        if (named) memcpy(out, path->valuestring, strlen(path->valuestring) + 1);
    }
    arena_deinit(&arena);
    return named;
}

/* A pipe or a device can make the reader wait for ever, and with it every request. */
static bool can_block(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static void on_scenario(const struct control_call *call)
{
    struct err_note note = { .err = ERR_OK };
    struct stage *stage = NULL;
    char path[PATH_TEXT_MAX];
    size_t length = 0;
    const char *body = http_exchange_body(call->exchange, &length);
    const uint64_t *seed = call->mock->config.seed;
    if (!names_a_file(body, length, path)) {
        stage =
            stage_parse(&(struct stage_text){ .name = "scenario", .bytes = body, .length = length },
                        seed, &note);
    } else if (call->from_anywhere) {
        api_reply_error(call->exchange, 403,
                        "files are read for callers of a loopback address only; send the text");
        return;
    } else if (can_block(path)) {
        err_note_set(&note, ERR_INVALID, path, 0, 0,
                     "this is a pipe or a device; name a regular file, or send the text");
    } else {
        stage = stage_load(path, seed, &note);
    }
    if (stage == NULL) {
        reply_refused(call->exchange, &note);
        return;
    }
    show_swap(&call->mock->show, stage, clock_now());
    reply_show(call->mock, call->exchange);
}

static void on_stop(const struct control_call *call)
{
    show_swap(&call->mock->show, NULL, clock_now());
    reply_show(call->mock, call->exchange);
}

static void on_fault(const struct control_call *call)
{
    struct mock *mock = call->mock;
    struct err_note note = { .err = ERR_OK };
    size_t length = 0;
    const char *body = http_exchange_body(call->exchange, &length);
    struct stage *stage = NULL;
    stage = stage_fault(mock->show.scenario,
                        &(struct stage_text){ .name = "fault", .bytes = body, .length = length },
                        mock->config.seed, &note);
    if (stage == NULL) {
        reply_refused(call->exchange, &note);
        return;
    }
    show_set_fault(&mock->show, stage, clock_now());
    reply_show(mock, call->exchange);
}

static void on_fault_end(const struct control_call *call)
{
    show_set_fault(&call->mock->show, NULL, clock_now());
    reply_show(call->mock, call->exchange);
}

static void on_reset(const struct control_call *call)
{
    struct mock *mock = call->mock;
    struct show *show = &mock->show;
    show_set_fault(show, NULL, clock_now());
    if (show->scenario != NULL) {
        plan_state_reset(show->scenario->plans);
        realised_delays_reset(show->scenario->delays);
    }
    show_set_start(show, clock_now());
    identity_table_clear(&mock->identities);
    registry_unload(&mock->registry);
    mock->metrics = (struct metrics){ .cells = { { { .count = 0 } } } };
    mock->unready = false;
    ledger_reset(&mock->ledger);
    reply_show(mock, call->exchange);
}

static void on_ready(const struct control_call *call)
{
    size_t length = 0;
    const char *body = http_exchange_body(call->exchange, &length);
    bool yes = length == 4 && memcmp(body, "true", 4) == 0;
    bool no = length == 5 && memcmp(body, "false", 5) == 0;
    if (!yes && !no) {
        api_reply_error(call->exchange, 400,
                        "send true or false: what GET /health/ready shall say");
        return;
    }
    call->mock->unready = no;
    reply_show(call->mock, call->exchange);
}

/* Puts them into the object that is there. */
static void add_realised(struct buf *out, const struct stage *stage)
{
    assert(out->length > 0 && out->data[out->length - 1] == '}');
    out->length--;
    buf_puts(out, ",\"faults\":");
    realised_write_json(out, &stage->scenario, stage->plans);
    buf_puts(out, ",\"delays\":");
    realised_delays_write_json(out, stage->delays);
    buf_putc(out, '}');
}

static void on_stats(const struct control_call *call)
{
    struct buf body;
    const struct show *show = &call->mock->show;
    const struct stage *stage = show->fault != NULL ? show->fault : show->scenario;
    buf_init(&body, BUF_UNBOUNDED);
    ledger_write_stats(&body, &call->mock->ledger, (int64_t)show->start,
                       player_open(&call->mock->player));
    if (stage != NULL) add_realised(&body, stage);
    api_reply_buf(call->exchange, &body);
}

/* "/__mock/ledger/20"; false when there is no number behind it. */
static bool read_count(const char *path, size_t *out)
{
    size_t digits = strspn(path, "0123456789");
    if (digits == 0 || digits > 6 || path[digits] != '\0') return false;
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        *out = *out * 10 + (size_t)(path[i] - '0');
    return true;
}

static void reply_lines(const struct control_call *call, size_t count)
{
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    ledger_keep_lines(&call->mock->ledger);
    ledger_ring_write(&body, &call->mock->ledger.ring, count);
    api_reply(call->exchange, &(struct api_answer){ .status = 200,
                                                    .body = buf_text(&body),
                                                    .content_type = "application/x-ndjson" });
    buf_deinit(&body);
}

static void on_lines(const struct control_call *call)
{
    reply_lines(call, LEDGER_LINES_DEFAULT);
}

/* To add one: a row, and a line in docs/mock.md. */
static const struct control {
    const char *path;
    const char *method;
    void (*serve)(const struct control_call *call);
} CONTROLS[] = {
    { "/__mock/health", "GET", on_show },        { "/__mock/scenario", "GET", on_show },
    { "/__mock/scenario", "POST", on_scenario }, { "/__mock/scenario", "DELETE", on_stop },
    { "/__mock/start", "POST", on_start },       { "/__mock/fault", "POST", on_fault },
    { "/__mock/fault", "DELETE", on_fault_end }, { "/__mock/reset", "POST", on_reset },
    { "/__mock/ready", "POST", on_ready },       { "/__mock/ledger", "GET", on_lines },
    { "/__mock/ledger/stats", "GET", on_stats },
};

void control_on_request(const struct control_call *call)
{
    const char *path = http_exchange_path(call->exchange);
    const char *method = http_exchange_method(call->exchange);
    const char *allowed = NULL;
    size_t count = 0;
    bool anybody = call->from_anywhere || call->mock->config.control_anywhere;
    const char *refusal = anybody ? NULL : control_refusal(call->exchange, call->own);
    if (refusal != NULL) {
        api_reply_error(call->exchange, 403, refusal);
        return;
    }
    if (http_exchange_body_too_large(call->exchange)) {
        api_reply_error(call->exchange, 413, "the request body is too large");
        return;
    }
    for (size_t i = 0; i < sizeof(CONTROLS) / sizeof(CONTROLS[0]); i++) {
        if (strcmp(path, CONTROLS[i].path) != 0) continue;
        if (strcmp(method, CONTROLS[i].method) == 0) {
            CONTROLS[i].serve(call);
            return;
        }
        allowed = CONTROLS[i].method;
    }
    if (allowed != NULL) {
        api_reply_wrong_method(call->exchange, allowed);
    } else if (strncmp(path, LEDGER_PREFIX, sizeof LEDGER_PREFIX - 1) == 0 &&
               read_count(path + sizeof LEDGER_PREFIX - 1, &count)) {
        reply_lines(call, count);
    } else {
        api_reply_hint(call->exchange, 404, "Not Found",
                       "GET /__mock/health, docs/mock.md has the list");
    }
}
