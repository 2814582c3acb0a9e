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
#include "rig.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { TURN_MS = 5, ANSWER_BYTES_MAX = 8 << 20 };

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

struct rig_answer rig_ask_for(struct rig *rig, const char *market, unsigned points)
{
    char *body = rig_body(market, points);
    struct rig_answer answer = rig_ask(rig, NULL, body);
    mem_free(body);
    return answer;
}

void rig_assert_meta(const struct rig_answer *answer, const char *name, const char *value)
{
    char path[64];
    snprintf(path, sizeof path, "meta.%s", name);
    if (strcmp(rig_text(answer, path), value) != 0) {
        fail_msg("%s is \"%s\", not \"%s\", in %u %s", path, rig_text(answer, path), value,
                 answer->status, answer->body);
    }
}

double rig_value(const struct rig_answer *answer, const char *quantile)
{
    const cJSON *all = cJSON_GetObjectItem(answer->json, "yhat_q");
    const cJSON *values = cJSON_GetObjectItem(all, quantile);
    assert_int_equal(cJSON_GetArraySize(values), 2);
    return cJSON_GetArrayItem(values, 1)->valuedouble;
}

bool rig_flag(const struct rig_answer *answer, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(answer->json, "meta"), name));
}
