/* The program among clients that are slow, half dead, or simply too many. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "child.h"
#include "rig.h"

#define PATIENCE_NS (60 * NS_PER_S)
#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { HOSTILE_MAX = 500, HEALTHY = 101, POINTS = 40, RATIO_MAX = 10, DRIBBLES = 20 };

struct crowd {
    int fds[HOSTILE_MAX];
    size_t count;
    size_t closed; /* by the program */
    size_t next;   /* whose turn it is to send a byte */
};

/* What each kind sends at once, and then one byte of in each round. */
static const struct hostile {
    const char *start;
    const char *byte;
} kinds[] = {
    { "", "" },                                                        /* silent */
    { "GET /health/live HTTP/1.1\r\nX: ", "x" },                       /* a head without an end */
    { "POST /tsfm/forecast HTTP/1.1\r\nContent-Length: 5000\r\n\r\n{", " " }, /* a slow body */
    { "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "" },                /* does not read */
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void crowd_open(struct crowd *crowd, uint16_t port, size_t count)
{
    *crowd = (struct crowd){ .count = count };
    for (size_t i = 0; i < count; i++) {
        const char *start = kinds[i % KINDS].start;
        crowd->fds[i] = rig_send(port, start, strlen(start));
    }
}

static bool is_ended(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) { /* an answer: is there an end behind it? */
        struct pollfd poller = { .fd = fd, .events = POLLRDHUP };
        return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
    return got == 0 || errno != EAGAIN;
}

/* One byte more from each of a part of the crowd, each in its turn. Not from all at once: on a busy
 * machine the program would then wait for its processor, in which it could not do otherwise. */
static void crowd_dribble(struct crowd *crowd)
{
    for (size_t n = 0; n < DRIBBLES; n++) {
        size_t i = crowd->next++ % crowd->count;
        const char *byte = kinds[i % KINDS].byte;
        if (crowd->fds[i] < 0) continue;
        if (is_ended(crowd->fds[i])) {
            close(crowd->fds[i]);
            crowd->fds[i] = -1;
            crowd->closed++;
        } else {
            (void)send(crowd->fds[i], byte, strlen(byte), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
}

static void crowd_close(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        if (crowd->fds[i] >= 0) close(crowd->fds[i]);
    }
}

static struct rig_answer ask(struct rig *rig, uint16_t port, const char *market)
{
    char *body = rig_body(market, POINTS);
    struct rig_answer answer = rig_receive(rig, rig_post(port, NULL, body, strlen(body)));
    mem_free(body);
    return answer;
}

static int by_length(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* The median time of a healthy request on a new connection, in nanoseconds. */
static uint64_t healthy_median(struct rig *rig, uint16_t port, struct crowd *crowd)
{
    static uint64_t times[HEALTHY];
    for (int i = 0; i < HEALTHY; i++) {
        if (crowd != NULL) crowd_dribble(crowd);
        instant_ns start = clock_now();
        struct rig_answer answer = ask(rig, port, "m1");
        times[i] = clock_now() - start;
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
    }
    qsort(times, HEALTHY, sizeof *times, by_length);
    return times[HEALTHY / 2];
}

static double child_metric(struct rig *rig, uint16_t port, const char *sample)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    struct rig_answer answer = rig_receive(rig, rig_send(port, request, sizeof request - 1));
    const char *line = strstr(answer.body, sample);
    if (line == NULL) fail_msg("no sample %s", sample);
    double value = strtod(line + strlen(sample), NULL);
    rig_answer_free(&answer);
    return value;
}

static void start(struct child *child, struct rig *rig, unsigned descriptors,
                  const char *connections_max)
{
    char upstream[64];
    char pid[16];
    rig_start_upstream(rig);
    snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u", (unsigned)rig_upstream_port(rig));
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    child_start_limited(child, ARGS("--listen", "127.0.0.1:0", "--upstream", upstream, "--parent",
                                    pid, "--set", connections_max, "--set", "header_timeout_s=1",
                                    "--set", "body_timeout_s=1", "--set", "inbound_keepalive_s=1",
                                    "--set", "request_deadline_s=60", "--set", "read_timeout_s=50",
                                    "--set", "breaker_window_s=300", "--set",
                                    "connect_timeout_s=5", "--set", "warmup_enabled=false"),
                        descriptors);
}

static void stop(struct child *child, struct rig *rig)
{
    kill(child->pid, SIGTERM);
    assert_int_equal(child_wait(child), 0);
    child_clean(child);
    rig_stop_upstream(rig);
}

static void five_hundred_slow_clients_do_not_stop_healthy_ones(void **state)
{
    (void)state;
    static struct crowd crowd;
    struct child child;
    struct rig rig;
    start(&child, &rig, 0, "inbound_connections_max=200");
    uint16_t port = child_port(&child);
    uint64_t alone_ns = healthy_median(&rig, port, NULL);
    crowd_open(&crowd, port, HOSTILE_MAX);
    uint64_t among_ns = healthy_median(&rig, port, &crowd);
    print_message("median alone %.3f ms, among %d hostile clients %.3f ms\n",
                  (double)alone_ns / 1e6, HOSTILE_MAX, (double)among_ns / 1e6);
    assert_true(among_ns < RATIO_MAX * alone_ns);
    assert_true(child_metric(&rig, port, "\ntsfm_inbound_evicted_total ") >= HOSTILE_MAX - 200);

    instant_ns patience = clock_now() + PATIENCE_NS;
    while (crowd.closed < crowd.count) {
        if (clock_now() > patience) fail_msg("%zu of %zu closed", crowd.closed, crowd.count);
        crowd_dribble(&crowd);
        rig_turn(&rig, -1);
    }
    assert_true(child_metric(&rig, port, "\ntsfm_inbound_timeouts_total{phase=\"head\"} ") > 0);
    crowd_close(&crowd);
    stop(&child, &rig);
}

/* Processor time that the child has used. */
static uint64_t child_cpu_ns(const struct child *child)
{
    char path[64];
    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    unsigned long user = 0;
    unsigned long kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child->pid);
    assert_int_equal(file_read(path, 1 << 16, &text, &length, &note), ERR_OK);
    const char *rest = strrchr(text, ')');
    assert_non_null(rest);
    int got = sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    assert_int_equal(got, 2);
    mem_free(text);
    return (user + kernel) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

static bool has_logged(const struct child *child, const char *event)
{
    char text[64];
    snprintf(text, sizeof text, "\"event\":\"%s\"", event);
    char *log = child_err(child);
    bool has = strstr(log, text) != NULL;
    mem_free(log);
    return has;
}

/* 48 descriptors for 300 callers: accept() fails, waits without burning the processor, and serves
 * again; what it could not keep was closed, not forgotten. */
static void descriptors_run_out_and_the_program_lives_on(void **state)
{
    (void)state;
    static struct crowd crowd;
    struct child child;
    struct rig rig;
    start(&child, &rig, 48, "inbound_connections_max=1000");
    uint16_t port = child_port(&child);
    assert_true(has_logged(&child, "descriptors_short"));
    uint64_t cpu_ns = child_cpu_ns(&child);
    instant_ns begin = clock_now();
    crowd_open(&crowd, port, 300);
    for (int i = 0; i < 10; i++) {
        struct rig_answer answer = ask(&rig, port, "m1");
        assert_int_equal(answer.status, 200); /* of the model or of the baseline */
        rig_answer_free(&answer);
        crowd_dribble(&crowd);
    }
    uint64_t elapsed_ns = clock_now() - begin;
    cpu_ns = child_cpu_ns(&child) - cpu_ns;
    print_message("%.0f ms of processor time in %.0f ms\n", (double)cpu_ns / 1e6,
                  (double)elapsed_ns / 1e6);
    assert_true(elapsed_ns > 300 * NS_PER_MS); /* it was made to wait */
    assert_true(cpu_ns * 2 < elapsed_ns);
    assert_true(has_logged(&child, "accept_failed"));

    crowd_close(&crowd);
    struct rig_answer answer = ask(&rig, port, "m2");
    assert_int_equal(answer.status, 200);
    rig_assert_meta(&answer, "runtime", "tollama");
    rig_answer_free(&answer);
    assert_true(child_metric(&rig, port, "\ntsfm_inbound_accept_errors_total ") > 0);
    stop(&child, &rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_slow_clients_do_not_stop_healthy_ones),
        cmocka_unit_test(descriptors_run_out_and_the_program_lives_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
