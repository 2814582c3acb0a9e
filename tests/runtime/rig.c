#include "rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

/* The model server. */

static const char forecast[] =
    "{\"model\":\"chronos\",\"forecasts\":[{\"id\":\"%s\",\"mean\":[0,0],\"quantiles\":{"
    "\"0.1\":[-0.4054651081081645,-0.4054651081081645],\"0.5\":[0,0],"
    "\"0.9\":[0.4054651081081642,0.4054651081081642]}}]}";

static void reply(struct http_exchange *exchange, unsigned status, const char *body,
                  const struct http_header *headers, size_t header_count)
{
    http_reply(exchange, &(struct http_response){
        .status = status,
        .content_type = "application/json",
        .headers = headers,
        .header_count = header_count,
        .body = body,
        .body_length = strlen(body),
        .ownership = HTTP_BODY_COPY,
    });
}

static void play_forecast(struct http_exchange *exchange, const char *id)
{
    size_t length;
    cJSON *asked = cJSON_Parse(http_exchange_body(exchange, &length));
    const cJSON *series = cJSON_GetArrayItem(cJSON_GetObjectItem(asked, "series"), 0);
    const cJSON *series_id = cJSON_GetObjectItem(series, "id");
    char body[1024];
    snprintf(body, sizeof body, forecast, series_id == NULL ? "?" : series_id->valuestring);
    const struct http_header echo = { .name = "X-Request-ID", .value = id };
    reply(exchange, 200, body, &echo, id == NULL ? 0 : 1);
    cJSON_Delete(asked);
}

static void play_raw(struct http_exchange *exchange, const char *text, enum http_raw_end end)
{
    int fd = http_exchange_raw(exchange);
    if (text != NULL) (void)!write(fd, text, strlen(text));
    http_exchange_raw_end(exchange, end);
}

static void play(struct rig *rig, struct http_exchange *exchange, const struct rig_step *step)
{
    const struct http_header retry_after = { .name = "Retry-After", .value = step->text };
    switch (step->move) {
    case RIG_FORECAST: play_forecast(exchange, rig->last_id); break;
    case RIG_WRONG_ID: play_forecast(exchange, "somebody~0"); break;
    case RIG_NO_ID: play_forecast(exchange, NULL); break;
    case RIG_BODY: reply(exchange, 200, step->text, NULL, 0); break;
    case RIG_STATUS:
        reply(exchange, step->status, "{\"detail\":\"as asked\"}", &retry_after,
              step->text == NULL ? 0 : 1);
        break;
    case RIG_RESET: play_raw(exchange, step->text, HTTP_RAW_RST); break;
    case RIG_CLOSE: play_raw(exchange, step->text, HTTP_RAW_FIN); break;
    case RIG_HANG:
        assert_true(rig->hung_count < RIG_HUNG_MAX);
        rig->hung[rig->hung_count++] = exchange;
        break;
    }
}

static void keep_header(struct http_exchange *exchange, const char *name, char out[RIG_TEXT_MAX])
{
    const char *value = http_exchange_header(exchange, name);
    snprintf(out, RIG_TEXT_MAX, "%s", value == NULL ? "" : value);
}

static void on_get(struct rig *rig, struct http_exchange *exchange)
{
    const char *path = http_exchange_path(exchange);
    bool health = strcmp(path, "/v1/health") == 0;
    snprintf(rig->last_get, sizeof rig->last_get, "%s", path);
    if (health) rig->health_checks++;
    unsigned status = health && rig->health_status != 0 ? rig->health_status : 200;
    reply(exchange, status, "{\"status\":\"ok\"}", NULL, 0);
}

static void on_attempt(void *context, struct http_exchange *exchange)
{
    struct rig *rig = context;
    if (strcmp(http_exchange_method(exchange), "GET") == 0) {
        on_get(rig, exchange);
        return;
    }
    size_t length;
    const char *body = http_exchange_body(exchange, &length);
    mem_free(rig->last_body);
    rig->last_body = mem_copy_string(body);
    keep_header(exchange, "X-Request-ID", rig->last_id);
    keep_header(exchange, "X-Attempt", rig->last_attempt);
    keep_header(exchange, "Authorization", rig->last_authorization);
    keep_header(exchange, "traceparent", rig->last_parent);
    keep_header(exchange, "tracestate", rig->last_state);
    assert_true(rig->script_count > 0);
    size_t at = rig->attempts < rig->script_count ? rig->attempts : rig->script_count - 1;
    rig->attempts++;
    play(rig, exchange, &rig->script[at]);
}

void rig_lose_upstream(struct rig *rig)
{
    http_server_destroy(rig->upstream);
    rig->upstream = NULL;
}

void rig_answer_hung(struct rig *rig)
{
    for (size_t i = 0; i < rig->hung_count; i++) {
        play_forecast(rig->hung[i], http_exchange_header(rig->hung[i], "X-Request-ID"));
    }
    rig->hung_count = 0;
}

void rig_start_upstream(struct rig *rig)
{
    *rig = (struct rig){ .script = { { .move = RIG_FORECAST } }, .script_count = 1 };
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    rig_regain_upstream(rig, 0);
}

void rig_regain_upstream(struct rig *rig, uint16_t port)
{
    struct err_note note = { 0 };
    const struct http_server_config config = {
        .loop = &rig->loop,
        .listen = { .host = "127.0.0.1", .port = port },
        .body_bytes_max = 4 << 20,
        .connections_max = 64,
        .on_request = on_attempt,
        .context = rig,
    };
    if (http_server_create(&config, &rig->upstream, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

uint16_t rig_upstream_port(const struct rig *rig)
{
    return http_server_address(rig->upstream).port;
}

void rig_stop_upstream(struct rig *rig)
{
    for (size_t i = 0; i < rig->hung_count; i++) {
        reply(rig->hung[i], 500, "{}", NULL, 0);
    }
    http_server_destroy(rig->upstream); /* NULL when the test took it away */
    int rc = UV_EBUSY;
    for (int i = 0; i < 100 && rc != 0; i++) {
        uv_run(&rig->loop, UV_RUN_NOWAIT);
        rc = uv_loop_close(&rig->loop);
    }
    assert_int_equal(rc, 0);
    mem_free(rig->last_body);
}

void rig_play(struct rig *rig, const struct rig_step *steps, size_t count)
{
    assert_in_range(count, 1, RIG_SCRIPT_MAX);
    memcpy(rig->script, steps, count * sizeof *steps);
    rig->script_count = count;
    rig->attempts = 0;
}

/* The service. */

static void on_drained(void *context)
{
    struct rig *rig = context;
    rig->drained = true;
}

/* A busy machine must not look like a slow upstream: limits that only a hang can reach. */
static const char *const patient[] = {
    "connect_timeout_s=10", "write_timeout_s=10", "read_timeout_s=20",
    "pool_timeout_s=20",    "request_deadline_s=60", "breaker_window_s=300",
    "warmup_enabled=false", /* the model server is to see only what the test sends */
};

enum { PATIENT_COUNT = sizeof patient / sizeof *patient, SETS_MAX = 32 };

void rig_start(struct rig *rig, const char *const sets[])
{
    rig_start_upstream(rig);
    rig_start_service(rig, sets, &(struct rig_more){ 0 });
}

void rig_start_service(struct rig *rig, const char *const sets[], const struct rig_more *more)
{
    struct err_note note = { 0 };
    const char *all[SETS_MAX];
    size_t set_count = PATIENT_COUNT;
    memcpy(all, patient, sizeof patient);
    for (size_t i = 0; sets[i] != NULL; i++) {
        assert_true(set_count < SETS_MAX);
        all[set_count++] = sets[i];
    }
    const struct config_source source = { .sets = all, .set_count = set_count };
    if (config_load(&rig->config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
    rig->config.engine.seed = 1;

    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)rig_upstream_port(rig));
    int fd = open(more->log_path == NULL ? "/dev/null" : more->log_path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    log_init(&rig->log, fd, LOG_LEVEL_DEBUG);
    const struct service_setup setup = {
        .loop = &rig->loop,
        .config = &rig->config,
        .upstream = more->upstream == NULL ? url : more->upstream,
        .secrets = more->secrets,
        .listen = { .host = "127.0.0.1" },
        .log = &rig->log,
        .on_drained = on_drained,
        .context = rig,
    };
    if (service_create(&setup, &rig->service, &note) != ERR_OK) fail_msg("%s", note.sentence);
}

void rig_stop(struct rig *rig)
{
    service_destroy(rig->service);
    close(rig->log.fd);
    rig_stop_upstream(rig);
}

uint16_t rig_port(const struct rig *rig)
{
    return service_address(rig->service).port;
}
