#include "stranger.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"

enum { CACHE_ENTRIES = 512, HORIZON_MAX = 1000, POINTS_MIN = 2 };

#define CACHE_TTL_NS NS_PER_S

/* The last forecast of each request, by the hash of its body. */
struct entry {
    uint64_t key;
    instant_ns stored;
    char *quantiles; /* owned: JSON */
};

static struct entry cache[CACHE_ENTRIES];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct upstream upstream;

static cJSON *cache_get(uint64_t key)
{
    cJSON *found = NULL;
    pthread_mutex_lock(&cache_lock);
    const struct entry *entry = &cache[key % CACHE_ENTRIES];
    bool fresh = entry->quantiles != NULL && entry->key == key &&
                 instant_until(clock_now(), entry->stored) < CACHE_TTL_NS;
    if (fresh) found = cJSON_Parse(entry->quantiles);
    pthread_mutex_unlock(&cache_lock);
    return found;
}

static void cache_put(uint64_t key, const cJSON *quantiles)
{
    pthread_mutex_lock(&cache_lock);
    struct entry *entry = &cache[key % CACHE_ENTRIES];
    cJSON_free(entry->quantiles);
    *entry = (struct entry){ key, clock_now(), cJSON_PrintUnformatted(quantiles) };
    pthread_mutex_unlock(&cache_lock);
}

/* The last value, and a little around it. */
static cJSON *baseline(const cJSON *request, int horizon)
{
    const cJSON *y = cJSON_GetObjectItem(request, "y");
    double last = cJSON_GetArrayItem(y, cJSON_GetArraySize(y) - 1)->valuedouble;
    const struct {
        const char *name;
        double value;
    } rows[] = { { "0.1", last * 0.9 }, { "0.5", last }, { "0.9", last + (1 - last) * 0.1 } };
    cJSON *quantiles = cJSON_CreateObject();
    for (int q = 0; q < 3; q++) {
        cJSON *list = cJSON_AddArrayToObject(quantiles, rows[q].name);
        for (int i = 0; i < horizon; i++) {
            cJSON_AddItemToArray(list, cJSON_CreateNumber(rows[q].value));
        }
    }
    return quantiles;
}

static bool is_request(const cJSON *request)
{
    const cJSON *y = cJSON_GetObjectItem(request, "y");
    const cJSON *horizon = cJSON_GetObjectItem(request, "horizon_steps");
    const cJSON *item = NULL;
    bool good = cJSON_IsString(cJSON_GetObjectItem(request, "market_id")) && cJSON_IsArray(y) &&
                cJSON_GetArraySize(y) >= POINTS_MIN &&
                (horizon == NULL || (cJSON_IsNumber(horizon) && horizon->valueint >= 1 &&
                                     horizon->valueint <= HORIZON_MAX));
    cJSON_ArrayForEach(item, y) good = good && cJSON_IsNumber(item);
    return good;
}

/* Fills `out` with the answer; its status. */
static unsigned forecast(const struct message *message, cJSON *out)
{
    char id[64];
    const char *reason = NULL;
    cJSON *request = cJSON_ParseWithLength(message->body, message->body_length);
    if (!is_request(request)) {
        cJSON_AddStringToObject(out, "code", "INPUT_INVALID");
        cJSON_AddStringToObject(out, "cause", "INPUT_INVALID");
        cJSON_Delete(request);
        return 400;
    }
    const cJSON *horizon = cJSON_GetObjectItem(request, "horizon_steps");
    uint64_t key = hash_bytes(message->body, message->body_length);
    cJSON *quantiles = cache_get(key);
    bool hit = quantiles != NULL;
    if (!hit) {
        message_field(message, "X-Request-Id", id, sizeof id);
        quantiles = upstream_forecast(&upstream, request, id, &reason);
        if (quantiles != NULL) cache_put(key, quantiles);
    }
    bool fell_back = quantiles == NULL;
    if (fell_back) quantiles = baseline(request, horizon == NULL ? 12 : horizon->valueint);
    cJSON_AddItemToObject(out, "yhat_q", quantiles);
    cJSON *meta = cJSON_AddObjectToObject(out, "meta");
    cJSON_AddStringToObject(meta, "runtime", fell_back ? "baseline" : "tollama");
    cJSON_AddBoolToObject(meta, "fallback_used", fell_back);
    cJSON_AddBoolToObject(meta, "cache_hit", hit);
    cJSON_AddBoolToObject(meta, "cache_stale", false);
    if (fell_back) {
        cJSON_AddStringToObject(meta, "code", "BASELINE_FALLBACK");
        cJSON_AddStringToObject(meta, "cause", reason);
    }
    cJSON_Delete(request);
    return 200;
}

static bool answer(int fd, const struct message *message)
{
    cJSON *root = cJSON_CreateObject();
    unsigned status = 404;
    if (strncmp(message->text, "POST /tsfm/forecast ", 20) == 0) status = forecast(message, root);
    if (strncmp(message->text, "GET /health/ready ", 18) == 0) status = 200;
    char *body = cJSON_PrintUnformatted(root);
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    buf_printf(&out,
               "HTTP/1.1 %u X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               status, strlen(body), body);
    bool sent = send_all(fd, buf_text(&out), out.length);
    buf_deinit(&out);
    cJSON_free(body);
    cJSON_Delete(root);
    return sent;
}

static void *serve(void *context)
{
    int *fd = context;
    struct message message;
    bool on = true;
    while (on && message_read(*fd, &message)) {
        on = answer(*fd, &message);
        message_free(&message);
    }
    close(*fd);
    mem_free(fd);
    return NULL;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool bound =
        fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 256) == 0;
    return bound ? fd : -1;
}

int main(int argc, char **argv)
{
    unsigned long port = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (port == 0 || port > UINT16_MAX || !upstream_parse(&upstream, argv[2])) {
        fputs("usage: stranger PORT UPSTREAM_URL\n", stderr);
        return 2;
    }
    int listener = listen_on((uint16_t)port);
    if (listener < 0) {
        perror("stranger");
        return 4;
    }
    for (;;) { /* until it is stopped */
        int *fd = mem_alloc(1, sizeof *fd);
        int on = 1;
        pthread_t thread;
        *fd = accept(listener, NULL, NULL);
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (*fd < 0 || pthread_create(&thread, NULL, serve, fd) != 0) {
            if (*fd >= 0) close(*fd);
            mem_free(fd);
            continue;
        }
        pthread_detach(thread);
    }
}
