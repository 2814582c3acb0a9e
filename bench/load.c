#include "load.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    EVENTS = 256,
    ANSWER_BYTES_MAX = 256 * 1024,
    LATENCIES_START = 1 << 16,
    DRAIN_MS = 3000, /* how long answers still under way may take at the end */
};

struct connection {
    int fd;
    bool busy;
    instant_ns due; /* when the request under way was to be sent */
    size_t sent;
    size_t received;
    size_t answer_length; /* 0: the head is not complete */
    size_t body_start;
    struct request request;
    char *answer; /* owned: ANSWER_BYTES_MAX */
};

struct load {
    const struct load_config *config;
    struct load_result *result;
    struct connection *connections;
    int epoll;
    instant_ns start;
    instant_ns end;
    uint64_t next; /* number of the next request */
    uint32_t busy;
    uint64_t capacity; /* of latency_us10 */
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void connection_open(struct load *load, struct connection *connection)
{
    const struct load_config *config = load->config;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(config->port) };
    int on = 1;
    if (inet_pton(AF_INET, config->host, &to.sin_addr) != 1) fail("the host is no IPv4 address");
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0) fail("socket");
    if (connect(connection->fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll_ctl");
}

static void connection_reopen(struct load *load, struct connection *connection)
{
    close(connection->fd);
    connection_open(load, connection);
}

/* The bodies are small beside a socket's buffer, so a write that blocks is short. */
static bool send_all(const struct connection *connection)
{
    const struct buf *bytes = &connection->request.bytes;
    size_t sent = 0;
    while (sent < bytes->length) {
        ssize_t n = send(connection->fd, bytes->data + sent, bytes->length - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += (size_t)n;
    }
    return true;
}

static instant_ns due_of(const struct load *load, uint64_t number)
{
    const struct load_config *config = load->config;
    uint64_t wave = number / config->connections;
    uint64_t place = number % config->connections;
    return load->start + wave * config->period_ns + place * config->spread_ns / config->connections;
}

static bool may_send(const struct load *load, instant_ns now)
{
    const struct load_config *config = load->config;
    return now < load->end && (config->requests_max == 0 || load->next < config->requests_max);
}

static void connection_send(struct load *load, struct connection *connection, instant_ns due)
{
    request_set_key(&connection->request, (uint32_t)(load->next++ % load->config->keys));
    connection->due = due;
    connection->received = 0;
    connection->answer_length = 0;
    connection->busy = true;
    load->busy++;
    if (send_all(connection)) return;
    load->result->errors++;
    connection->busy = false;
    load->busy--;
    connection_reopen(load, connection);
}

static void add_latency(struct load *load, uint64_t latency_ns)
{
    struct load_result *result = load->result;
    if (result->requests == load->capacity) {
        load->capacity *= 2;
        result->latency_us10 =
            mem_resize(result->latency_us10, load->capacity, sizeof *result->latency_us10);
    }
    uint64_t us10 = latency_ns / 100;
    result->latency_us10[result->requests++] = us10 > UINT32_MAX ? UINT32_MAX : (uint32_t)us10;
}

/* Finds the end of the head and the length of the whole answer. */
static void read_head(struct connection *connection)
{
    static const char name[] = "\r\ncontent-length:";
    const char *end = memmem(connection->answer, connection->received, "\r\n\r\n", 4);
    if (end == NULL) return;
    connection->body_start = (size_t)(end - connection->answer) + 4;
    for (const char *at = connection->answer; at < end; at++) {
        if (*at != '\r' || strncasecmp(at, name, sizeof name - 1) != 0) continue;
        connection->answer_length =
            connection->body_start + (size_t)strtoull(at + sizeof name - 1, NULL, 10);
        return;
    }
    connection->answer_length = connection->body_start;
}

static bool is_good(const struct load *load, const struct connection *connection)
{
    const char *expect = load->config->expect;
    if (memcmp(connection->answer, "HTTP/1.1 200", 12) != 0) return false;
    return expect == NULL ||
           memmem(connection->answer, connection->received, expect, strlen(expect)) != NULL;
}

static void connection_done(struct load *load, struct connection *connection, bool whole)
{
    instant_ns now = clock_now();
    connection->busy = false;
    load->busy--;
    if (whole && is_good(load, connection)) {
        load->result->body_bytes = connection->received - connection->body_start;
        add_latency(load, now - connection->due);
    } else {
        load->result->errors++;
    }
    if (!whole) connection_reopen(load, connection);
    if (load->config->period_ns == 0 && may_send(load, now)) {
        connection_send(load, connection, now);
    }
}

static void connection_receive(struct load *load, struct connection *connection)
{
    size_t room = ANSWER_BYTES_MAX - connection->received;
    ssize_t n = recv(connection->fd, connection->answer + connection->received, room, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || !connection->busy) {
        if (connection->busy) {
            connection_done(load, connection, false);
        } else {
            connection_reopen(load, connection);
        }
        return;
    }
    connection->received += (size_t)n;
    if (connection->answer_length == 0) read_head(connection);
    if (connection->answer_length == 0 || connection->received < connection->answer_length) return;
    connection_done(load, connection, true);
}

/* Sends what is due; the next moment at which something is, or the end. */
static instant_ns send_due(struct load *load, instant_ns now)
{
    while (load->config->period_ns > 0 && may_send(load, now)) {
        instant_ns due = due_of(load, load->next);
        if (due > now) return due < load->end ? due : load->end;
        struct connection *connection =
            &load->connections[load->next % load->config->connections];
        if (connection->busy) { /* not answered within a whole period: this one is lost */
            load->result->errors++;
            load->next++;
            continue;
        }
        connection_send(load, connection, due);
    }
    return load->end;
}

static void turn(struct load *load)
{
    struct epoll_event events[EVENTS];
    instant_ns now = clock_now();
    uint64_t wait_ns = instant_until(send_due(load, now), now);
    struct timespec wait = { .tv_sec = (time_t)(wait_ns / NS_PER_S),
                             .tv_nsec = (long)(wait_ns % NS_PER_S) };
    if (!may_send(load, now)) wait = (struct timespec){ .tv_nsec = (long)(10 * NS_PER_MS) };
    int count = epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++) connection_receive(load, events[i].data.ptr);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void load_run(const struct load_config *config, struct load_result *out)
{
    struct load load = { .config = config, .result = out, .capacity = LATENCIES_START };
    assert(config->connections > 0 && config->keys > 0);
    *out = (struct load_result){ .latency_us10 = mem_alloc(load.capacity, sizeof(uint32_t)) };
    load.epoll = epoll_create1(0);
    load.connections = mem_alloc(config->connections, sizeof *load.connections);
    for (uint32_t i = 0; i < config->connections; i++) {
        struct connection *connection = &load.connections[i];
        connection->answer = mem_alloc(ANSWER_BYTES_MAX, 1);
        request_make(&connection->request, config->shape, config->host, config->path);
        connection_open(&load, connection);
    }
    load.start = clock_now();
    load.end = instant_add(load.start, config->duration_ns);
    for (uint32_t i = 0; config->period_ns == 0 && i < config->connections; i++) {
        if (may_send(&load, load.start)) connection_send(&load, &load.connections[i], clock_now());
    }
    instant_ns give_up = instant_add(load.end, DRAIN_MS * NS_PER_MS);
    instant_ns now = load.start;
    while ((may_send(&load, now) || load.busy > 0) && now < give_up) {
        turn(&load);
        now = clock_now();
    }
    out->errors += load.busy;
    out->elapsed_ns = now - load.start;
    for (uint32_t i = 0; i < config->connections; i++) {
        close(load.connections[i].fd);
        mem_free(load.connections[i].answer);
        request_deinit(&load.connections[i].request);
    }
    mem_free(load.connections);
    close(load.epoll);
    qsort(out->latency_us10, out->requests, sizeof *out->latency_us10, compare);
}

void load_result_deinit(struct load_result *result)
{
    mem_free(result->latency_us10);
    result->latency_us10 = NULL;
}

double load_quantile_us(const struct load_result *result, uint32_t ppm)
{
    if (result->requests == 0) return 0;
    uint64_t rank = (result->requests * ppm + 999999) / 1000000;
    return (double)result->latency_us10[rank == 0 ? 0 : rank - 1] / 10;
}
