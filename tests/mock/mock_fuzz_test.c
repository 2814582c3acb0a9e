/* Any bytes on the main port, on the control port and on that of a proxy, in any pieces, from
 * clients that leave in any way: the mock neither ends nor grows nor keeps anything, and answers
 * the next honest request. Another seed, and longer: MOCK_FUZZ_SEED=123 MOCK_FUZZ_ROUNDS=10000.
 * Under AddressSanitizer the mock's exit code tells of leaks, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "client.h"

enum {
    ROUNDS = 40,
    CLIENTS = 16,      /* at the same time */
    MUTATIONS_MAX = 8, /* per request */
    PIECES_MAX = 6,
    GROWTH_KIB_MAX = 48 * 1024, /* ROUNDS * CLIENTS requests, each of which may be remembered */
};

static const char *const SEEDS[] = {
    "POST /v1/forecast HTTP/1.1\r\nHost: x\r\nX-Request-ID: r1~0\r\nContent-Length: %zu\r\n\r\n%s",
    "POST /api/forecast HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    "Content-Length: %zu\r\n\r\n%s",
    "POST /v1/timeseries/forecast HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
    "Content-Length: 3\r\n\r\n%s",
    "POST /v1/forecast HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n%s",
    "POST /v1/forecast HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "%zx\r\n%s\r\n0\r\n\r\n",
    "GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Pad: %zu\r\n\r\n%s",
    "POST /__mock/fault HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
    "PATCH //..%%2f?%zu HTTP/1.1\r\nHost: x\r\n\r\n%s",
    "HEAD /api/tags?x=%zu HTTP/1.1\r\nHost: x\r\nConnection: X-Pad\r\nX-Pad: 1\r\n\r\n%s",
    "PUT /api/pull HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s",
};

static const char *const CONTROL_SEEDS[] = {
    "POST /__mock/scenario HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
    "POST /__mock/fault HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
    "POST /__mock/start HTTP/1.1\r\nHost: localhost\r\nX-Pad: %zu\r\nContent-Length: 0\r\n\r\n%s",
    "POST /__mock/ready HTTP/1.1\r\nHost: localhost\r\n"
    "X-Pad: %zu\r\nContent-Length: 4\r\n\r\ntrue%s",
    "POST /__mock/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
    "DELETE /__mock/scenario HTTP/1.1\r\nHost: localhost\r\nX-Pad: %zu\r\n\r\n%s",
    "GET /__mock/ledger/%zu HTTP/1.1\r\nHost: localhost\r\n\r\n%s",
    "GET /__mock/ledger/stats?%zu HTTP/1.1\r\nHost: localhost\r\n\r\n%s",
};

/* What is thrown, and where. */
struct target {
    uint16_t port;
    const char *const *seeds;
    size_t seed_count;
    const char *body;
};

static const char CONTROL_BODY[] =
    "upstream:\n  latency: 1ms\n  phases:\n    - { name: a, from: 0s, to: 1h, faults: [ "
    "{ status: 503, share: 20% }, { delay: { uniform: [1ms, 3ms] } } ] }\n";

/* Faults of every kind, each on some attempts, so that plays are interrupted at any point. */
static const char FAULTS[] =
    "{ at: response_head, do: reset, share: 10% },"
    "{ at: response_body@40%, do: close, share: 10% },"
    "{ at: response_head@20B, do: dribble, piece: 5B, every: 1ms, share: 20% },"
    "{ at: request_head, do: stall, share: 10% }, { at: request_body@50%, do: close, share: 10% },"
    "{ at: response_end, do: stray_answer, share: 20% }, { huge_body: 2MiB, share: 10% },"
    "{ malformed: chunk_cut, share: 10% }, { status: 503, retry_after: 1s, share: 10% }";

static void mutate(struct rng *rng, struct buf *bytes)
{
    uint64_t count = rng_below(rng, MUTATIONS_MAX);
    for (uint64_t i = 0; i < count && bytes->length > 1; i++) {
        size_t at = (size_t)rng_below(rng, bytes->length);
        size_t rest = bytes->length - at;
        switch (rng_below(rng, 5)) {
        case 0: bytes->data[at] = (char)rng_next(rng); break;
        case 1: bytes->data[at] = "\r\n \t\0:%\x80"[rng_below(rng, 8)]; break;
        case 2: bytes->length = at + 1; break; /* cut */
        case 3: {                              /* a part again */
            char part[64];
            size_t length = rest < sizeof part ? rest : sizeof part;
            memcpy(part, bytes->data + at, length);
            buf_put(bytes, part, length);
            break;
        }
        default: /* a part is missing */
            if (rest > 8) {
                memmove(bytes->data + at, bytes->data + at + 8, rest - 8);
                bytes->length -= 8;
            }
        }
    }
}

static void make_bytes(struct rng *rng, const struct target *target, struct buf *out)
{
    buf_init(out, BUF_UNBOUNDED);
    if (rng_below(rng, 10) == 0) { /* no protocol at all */
        size_t length = 1 + (size_t)rng_below(rng, 5000);
        for (size_t i = 0; i < length; i++)
            buf_putc(out, (char)rng_next(rng));
        return;
    }
    const char *seed = target->seeds[rng_below(rng, target->seed_count)];
    char *text = NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int length = asprintf(&text, seed, strlen(target->body), target->body);
#pragma GCC diagnostic pop
    assert_true(length > 0);
    buf_put(out, text, (size_t)length);
    free(text);
    mutate(rng, out);
}

/* Sends what the socket takes, in pieces, and reads what is there. */
static void send_pieces(struct rng *rng, int fd, const struct buf *bytes)
{
    size_t pieces = 1 + (size_t)rng_below(rng, PIECES_MAX);
    size_t sent = 0;
    char answer[4096];
    for (size_t i = 1; i <= pieces; i++) {
        size_t until = bytes->length * i / pieces;
        ssize_t n = send(fd, bytes->data + sent, until - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) return;
        sent += (size_t)n;
        if (rng_below(rng, 2) == 0) (void)recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    }
}

static void leave(struct rng *rng, int fd)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    char answer[65536];
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    switch (rng_below(rng, 4)) {
    case 0: setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); break;
    case 1: shutdown(fd, SHUT_WR); break;
    case 2:
        if (poll(&readable, 1, 20) > 0) (void)recv(fd, answer, sizeof answer, MSG_DONTWAIT);
        break;
    default: break;
    }
    close(fd);
}

static void attack(const struct target *target, uint64_t seed)
{
    struct rng rng;
    int fds[CLIENTS];
    rng_init(&rng, seed, "mock_fuzz");
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = client_connect_port(target->port);
    for (int i = 0; i < CLIENTS; i++) {
        struct buf bytes;
        make_bytes(&rng, target, &bytes);
        send_pieces(&rng, fds[i], &bytes);
        buf_deinit(&bytes);
    }
    for (int i = 0; i < CLIENTS; i++)
        leave(&rng, fds[i]);
}

static unsigned descriptors(const struct mock_process *mock)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)mock->pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static uint64_t resident_kib(const struct mock_process *mock)
{
    char path[64], line[256];
    uint64_t kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)mock->pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmRSS: %" SCNu64, &kib) == 1) break;
    }
    fclose(file);
    return kib;
}

static bool nothing_is_open(const struct mock_process *mock)
{
    struct answer answer;
    client_call(mock, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                &answer);
    assert_int_equal(answer.status, 200);
    bool none = strstr(buf_text(&answer.body), "\"open\":0,") != NULL;
    answer_free(&answer);
    return none;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* `kept`: connections that it may keep for later. */
static void fuzz(const struct mock_process *mock, const struct target *target, unsigned kept)
{
    uint64_t seed = number_of("MOCK_FUZZ_SEED", 1);
    uint64_t rounds = number_of("MOCK_FUZZ_ROUNDS", ROUNDS);
    unsigned open_before = descriptors(mock);
    client_expect_alive(mock);
    attack(target, seed); /* first, so that what is taken once is not counted as growth */
    uint64_t kib_before = resident_kib(mock);
    for (uint64_t round = 1; round < rounds; round++) {
        attack(target, seed + round);
        if (round % 8 == 0) client_expect_alive(mock);
    }
    uint64_t deadline = clock_now() + CLIENT_PATIENCE_MS * NS_PER_MS;
    while (!nothing_is_open(mock) && clock_now() < deadline)
        poll(NULL, 0, 5);
    /* The question itself was a connection. */
    while (descriptors(mock) > open_before + kept && clock_now() < deadline)
        poll(NULL, 0, 5);
    assert_true(descriptors(mock) <= open_before + kept);
    assert_true(nothing_is_open(mock));
    assert_true(resident_kib(mock) < kib_before + GROWTH_KIB_MAX);
}

#define TARGET(where, list, text)                                                                  \
    (struct target)                                                                                \
    {                                                                                              \
        .port = (where), .seeds = (list), .seed_count = sizeof(list) / sizeof *(list),             \
        .body = (text)                                                                             \
    }

static void any_bytes_leave_the_mock_as_it_was(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start(&mock, FAULTS, "1ms");
    struct target target = TARGET(mock.port, SEEDS, CLIENT_FORECAST);
    fuzz(&mock, &target, 0);
    mock_stop(&mock);
}

static void any_bytes_on_the_control_port_leave_it_as_it_was(void **state)
{
    (void)state;
    static const char *const arguments[] = { "--control", "127.0.0.1:0", NULL };
    struct mock_process mock;
    mock_start_with(&mock, arguments);
    struct target target = TARGET(mock.control_port, CONTROL_SEEDS, CONTROL_BODY);
    fuzz(&mock, &target, 0);
    mock_stop(&mock);
}

/* Behind it is another mock, which misbehaves as well. */
static void any_bytes_on_a_proxy_leave_it_as_it_was(void **state)
{
    (void)state;
    static const char FAULT[] = "[ { at: response_head@20B, do: dribble, piece: 5B, every: 1ms, "
                                "share: 20% }, { huge_body: 1MiB, share: 10% }, "
                                "{ at: response_body@40%, do: reset, share: 10% }, "
                                "{ at: response_body@40B, do: delay, for: 5ms, share: 40% } ]";
    struct mock_process server, proxy;
    struct answer answer;
    char url[64];
    mock_start(&server, FAULTS, "1ms");
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    mock_start_with(&proxy, (const char *const[]){ "--control", "127.0.0.1:0", "--upstream", url,
                                                   "--upstream-timeout", "500ms", NULL });
    client_control(&proxy, &(struct request){ .path = "/__mock/fault", .body = FAULT }, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    struct target target = TARGET(proxy.port, SEEDS, CLIENT_FORECAST);
    fuzz(&proxy, &target, 2 * CLIENTS);
    mock_stop(&proxy);
    mock_stop(&server);
}

int main(void)
{
    /* AddressSanitizer keeps what was freed, by itself more than GROWTH_KIB_MAX: not growth. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=16", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_leave_the_mock_as_it_was),
        cmocka_unit_test(any_bytes_on_the_control_port_leave_it_as_it_was),
        cmocka_unit_test(any_bytes_on_a_proxy_leave_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
