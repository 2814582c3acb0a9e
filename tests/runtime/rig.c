#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { TURN_MS = 5, ANSWER_BYTES_MAX = 8 << 20 };

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

static void play_forecast(struct rig *rig, struct http_exchange *exchange, const char *id)
{
    cJSON *asked = cJSON_Parse(rig->last_body);
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
    case RIG_FORECAST: play_forecast(rig, exchange, rig->last_id); break;
    case RIG_WRONG_ID: play_forecast(rig, exchange, "somebody~0"); break;
    case RIG_NO_ID: play_forecast(rig, exchange, NULL); break;
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

static void on_attempt(void *context, struct http_exchange *exchange)
{
    struct rig *rig = context;
    size_t length;
    const char *body = http_exchange_body(exchange, &length);
    mem_free(rig->last_body);
    rig->last_body = mem_copy_string(body);
    keep_header(exchange, "X-Request-ID", rig->last_id);
    keep_header(exchange, "X-Attempt", rig->last_attempt);
    assert_true(rig->script_count > 0);
    size_t at = rig->attempts < rig->script_count ? rig->attempts : rig->script_count - 1;
    rig->attempts++;
    play(rig, exchange, &rig->script[at]);
}

void rig_start_upstream(struct rig *rig)
{
    struct err_note note = { 0 };
    *rig = (struct rig){ .script = { { .move = RIG_FORECAST } }, .script_count = 1 };
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    const struct http_server_config config = {
        .loop = &rig->loop,
        .listen = { .host = "127.0.0.1" },
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
};

enum { PATIENT_COUNT = sizeof patient / sizeof *patient, SETS_MAX = 32 };

void rig_start(struct rig *rig, const char *const sets[])
{
    struct err_note note = { 0 };
    rig_start_upstream(rig);
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
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_init(&rig->log, fd, LOG_LEVEL_DEBUG);
    const struct service_setup setup = {
        .loop = &rig->loop,
        .config = &rig->config,
        .upstream = url,
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

/* Waiting. */

void rig_turn(struct rig *rig, int fd)
{
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    int timeout_ms = uv_backend_timeout(&rig->loop);
    if (timeout_ms < 0 || timeout_ms > TURN_MS) timeout_ms = TURN_MS;
    struct pollfd fds[] = {
        { .fd = uv_backend_fd(&rig->loop), .events = POLLIN },
        { .fd = fd, .events = POLLIN },
    };
    (void)poll(fds, 2, timeout_ms);
}

void rig_until(struct rig *rig, bool (*condition)(struct rig *rig))
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    while (!condition(rig)) {
        if (clock_now() > patience) fail_msg("what was waited for did not happen");
        rig_turn(rig, -1);
    }
}

/* The caller. */

int rig_send(uint16_t port, const char *bytes, size_t length)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail_msg("%s", strerror(errno));
    int size = 8 << 20; /* so that one large body can be sent while nobody turns the loop */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    assert_int_equal(sent, length);
    return fd;
}

/* The length of the whole answer, 0 while its head is not complete. */
static size_t whole_length(const struct buf *text)
{
    const char *end = strstr(buf_text(text), "\r\n\r\n");
    if (end == NULL) return 0;
    size_t head = (size_t)(end - text->data) + 4;
    const char *line = strcasestr(text->data, "\r\nContent-Length:");
    if (line == NULL || line > end) return head;
    return head + strtoul(line + strlen("\r\nContent-Length:"), NULL, 10);
}

static void read_whole(struct rig *rig, int fd, struct buf *text)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    size_t whole = 0;
    while (whole == 0 || text->length < whole) {
        char bytes[65536];
        ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0) fail_msg("the service closed after \"%s\"", buf_text(text));
        if (got < 0 && errno != EAGAIN) fail_msg("%s", strerror(errno));
        if (got > 0) buf_put(text, bytes, (size_t)got);
        if (got < 0 && clock_now() > patience) fail_msg("no answer; so far \"%s\"", buf_text(text));
        if (got < 0) rig_turn(rig, fd);
        whole = whole_length(text);
    }
}

struct rig_answer rig_receive(struct rig *rig, int fd)
{
    struct buf text;
    buf_init(&text, ANSWER_BYTES_MAX);
    read_whole(rig, fd, &text);
    close(fd);
    char *end = strstr(text.data, "\r\n\r\n");
    struct rig_answer answer = { .body = mem_copy_string(end + 4) };
    end[2] = '\0';
    answer.head = mem_copy_string(text.data);
    assert_int_equal(sscanf(answer.head, "HTTP/1.1 %u", &answer.status), 1);
    answer.json = cJSON_Parse(answer.body);
    buf_deinit(&text);
    return answer;
}

void rig_answer_free(struct rig_answer *answer)
{
    mem_free(answer->head);
    mem_free(answer->body);
    cJSON_Delete(answer->json);
    *answer = (struct rig_answer){ 0 };
}

const char *rig_header(const struct rig_answer *answer, const char *name)
{
    static char value[512];
    char start[128];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *line = strcasestr(answer->head, start);
    if (line == NULL) return "";
    line += strlen(start);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r"), line);
    return value;
}

const char *rig_text(const struct rig_answer *answer, const char *path)
{
    const cJSON *at = answer->json;
    char name[64];
    while (at != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        at = cJSON_GetObjectItem(at, name);
        path += length + (path[length] == '.' ? 1 : 0);
    }
    return cJSON_IsString(at) ? at->valuestring : "";
}

const char *rig_path(const struct rig_answer *answer)
{
    static char text[1024];
    const cJSON *meta = cJSON_GetObjectItem(answer->json, "meta");
    const cJSON *words = cJSON_GetObjectItem(meta == NULL ? answer->json : meta, "path");
    const cJSON *word;
    text[0] = '\0';
    cJSON_ArrayForEach(word, words)
    {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s", length == 0 ? "" : " ",
                 word->valuestring);
    }
    return text;
}

int rig_post(uint16_t port, const char *id, const char *body, size_t length)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "POST /tsfm/forecast HTTP/1.1\r\nHost: test\r\n");
    if (id != NULL) buf_printf(&text, "X-Request-Id: %s\r\n", id);
    buf_printf(&text, "Content-Length: %zu\r\n\r\n", length);
    buf_put(&text, body, length);
    int fd = rig_send(port, text.data, text.length);
    buf_deinit(&text);
    return fd;
}

struct rig_answer rig_ask(struct rig *rig, const char *id, const char *body)
{
    return rig_receive(rig, rig_post(rig_port(rig), id, body, strlen(body)));
}

struct rig_answer rig_get(struct rig *rig, const char *method, const char *path)
{
    char text[512];
    int length = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: test\r\n\r\n", method, path);
    return rig_receive(rig, rig_send(rig_port(rig), text, (size_t)length));
}

char *rig_body(const char *market, unsigned points)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text,
               "{\"market_id\":\"%s\",\"as_of_ts\":\"2026-01-01T00:00:00Z\",\"horizon_steps\":2,"
               "\"y\":[",
               market);
    for (unsigned i = 0; i < points; i++) buf_puts(&text, i == 0 ? "0.5" : ",0.5");
    buf_puts(&text, "]}");
    return buf_take(&text);
}

double rig_metric(struct rig *rig, const char *sample)
{
    struct rig_answer answer = rig_get(rig, "GET", "/metrics");
    assert_int_equal(answer.status, 200);
    char start[256];
    snprintf(start, sizeof start, "\n%s ", sample);
    const char *line = strstr(answer.body, start);
    if (line == NULL) fail_msg("no sample %s", sample);
    double value = strtod(line + strlen(start), NULL);
    rig_answer_free(&answer);
    return value;
}
