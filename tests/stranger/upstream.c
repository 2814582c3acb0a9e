#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "stranger.h"

enum { ATTEMPTS = 2, PATIENCE_MS = 700 };

bool upstream_parse(struct upstream *upstream, const char *url)
{
    static const char scheme[] = "http://";
    const char *colon = strrchr(url, ':');
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || colon < url + sizeof scheme) return false;
    const char *host = url + sizeof scheme - 1;
    snprintf(upstream->host, sizeof upstream->host, "%.*s", (int)(colon - host), host);
    snprintf(upstream->port, sizeof upstream->port, "%s", colon + 1);
    return true;
}

static int upstream_connect(const struct upstream *upstream)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
    struct addrinfo *list = NULL;
    if (getaddrinfo(upstream->host, upstream->port, &hints, &list) != 0) return -1;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

/* The model server's own shape, from the caller's. */
static char *model_request(const cJSON *request)
{
    const cJSON *y = cJSON_GetObjectItem(request, "y");
    const cJSON *horizon = cJSON_GetObjectItem(request, "horizon_steps");
    const double quantiles[] = { 0.1, 0.5, 0.9 };
    cJSON *root = cJSON_CreateObject();
    cJSON *series = cJSON_CreateObject();
    cJSON *times = cJSON_AddArrayToObject(series, "timestamps");
    int minute = 0;
    for (int i = 0; i < cJSON_GetArraySize(y); i++, minute += 5) {
        char time[40];
        snprintf(time, sizeof time, "2026-01-%02dT%02d:%02d:00Z", minute / 1440 % 28 + 1,
                 minute / 60 % 24, minute % 60);
        cJSON_AddItemToArray(times, cJSON_CreateString(time));
    }
    cJSON_AddStringToObject(series, "id",
                            cJSON_GetStringValue(cJSON_GetObjectItem(request, "market_id")));
    cJSON_AddStringToObject(series, "freq", "5min");
    cJSON_AddItemToObject(series, "target", cJSON_Duplicate(y, true));
    cJSON_AddStringToObject(root, "model", "chronos");
    cJSON_AddNumberToObject(root, "horizon", horizon == NULL ? 12 : horizon->valueint);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "series"), series);
    cJSON_AddItemToObject(root, "quantiles", cJSON_CreateDoubleArray(quantiles, 3));
    cJSON_AddObjectToObject(root, "options");
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

static cJSON *take_quantiles(const struct message *answer)
{
    cJSON *root = cJSON_ParseWithLength(answer->body, answer->body_length);
    cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "forecasts"), 0);
    cJSON *quantiles = cJSON_DetachItemFromObject(first, "quantiles");
    cJSON_Delete(root);
    return quantiles;
}

static const char *reason_of(unsigned status)
{
    if (status == 429) return "RUNTIME_RATE_LIMITED";
    return status >= 500 ? "RUNTIME_5XX" : "RUNTIME_BAD_RESPONSE_SCHEMA";
}

static cJSON *attempt(const struct upstream *upstream, const char *body, const char *id, int number,
                      const char **reason)
{
    cJSON *quantiles = NULL;
    struct message answer;
    struct buf out;
    int fd = upstream_connect(upstream);
    *reason = "RUNTIME_NETWORK";
    if (fd < 0) return NULL;
    buf_init(&out, BUF_UNBOUNDED);
    buf_printf(
        &out,
        "POST /v1/forecast HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
        "X-Request-ID: %s\r\nX-Attempt: %d\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
        upstream->host, upstream->port, id, number, strlen(body));
    buf_puts(&out, body);
    bool sent = send_all(fd, buf_text(&out), out.length);
    errno = 0;
    if (sent && message_read(fd, &answer)) {
        unsigned status = message_status(&answer);
        if (status == 200) quantiles = take_quantiles(&answer);
        if (quantiles == NULL) *reason = reason_of(status);
        message_free(&answer);
    } else if (errno == EAGAIN) {
        *reason = "RUNTIME_TIMEOUT";
    }
    buf_deinit(&out);
    close(fd);
    return quantiles;
}

cJSON *upstream_forecast(const struct upstream *upstream, const cJSON *request,
                         const char *request_id, const char **reason)
{
    cJSON *quantiles = NULL;
    char *body = model_request(request);
    for (int i = 0; i < ATTEMPTS && quantiles == NULL; i++) {
        quantiles = attempt(upstream, body, request_id, i, reason);
    }
    cJSON_free(body);
    return quantiles;
}
