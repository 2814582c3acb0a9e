#include "crew.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { ARGS_MAX = 48, POLL_MS = 5 };

void crew_launch(struct crew *crew, const char *workers, const char *const more[])
{
    *crew = (struct crew){ .asked = 0 };
    rig_start_upstream(&crew->rig);
    char upstream[64];
    char pid[16];
    snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u",
             (unsigned)rig_upstream_port(&crew->rig));
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    const char *args[ARGS_MAX] = {
        "--workers", workers, "--listen", "127.0.0.1:0", "--upstream", upstream,
        "--parent", pid, "--seed", "7",
    };
    static const char *const sets[] = {
        "request_deadline_s=60", "connect_timeout_s=10", "write_timeout_s=10", "read_timeout_s=50",
        "pool_timeout_s=20", "breaker_window_s=300", "drain_s=60", "warmup_enabled=false",
        "log_level=debug", "retry_count=0",
    };
    size_t count = 10;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        args[count++] = "--set";
        args[count++] = sets[i];
    }
    for (size_t i = 0; more[i] != NULL; i++) {
        assert_true(count + 1 < ARGS_MAX);
        args[count++] = more[i];
    }
    child_start(&crew->child, args);
}

void crew_start(struct crew *crew, const char *workers, const char *const more[])
{
    crew_launch(crew, workers, more);
    crew->port = child_port(&crew->child);
}

void crew_stop(struct crew *crew)
{
    kill(crew->child.pid, SIGTERM);
    int exit_code = child_wait(&crew->child);
    char *log = child_err(&crew->child);
    if (exit_code != 0) fail_msg("exit code %d\n%s", exit_code, log);
    mem_free(log);
}

void crew_clean(struct crew *crew)
{
    child_clean(&crew->child);
    rig_stop_upstream(&crew->rig);
}

int crew_post(struct crew *crew, const char *market)
{
    char *body = rig_body(market, CREW_POINTS);
    int fd = rig_post(crew->port, market, body, strlen(body));
    mem_free(body);
    return fd;
}

struct rig_answer crew_ask_for(struct crew *crew, const char *market)
{
    return rig_receive(&crew->rig, crew_post(crew, market));
}

void crew_ask(struct crew *crew)
{
    char market[32];
    snprintf(market, sizeof market, "market-%u", crew->asked++);
    struct rig_answer answer = crew_ask_for(crew, market);
    if (answer.status != 200) fail_msg("%u %s", answer.status, answer.body);
    rig_answer_free(&answer);
}

double crew_metric(struct crew *crew, const char *sample)
{
    static const char get[] = "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";
    struct rig_answer answer =
        rig_receive(&crew->rig, rig_send(crew->port, get, sizeof get - 1));
    assert_int_equal(answer.status, 200);
    char start[128];
    snprintf(start, sizeof start, "\n%s ", sample);
    const char *line = strstr(answer.body, start);
    double value = line == NULL ? -1 : strtod(line + strlen(start), NULL);
    rig_answer_free(&answer);
    return value;
}

void crew_until_metric(struct crew *crew, const char *sample, double value)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    double seen = crew_metric(crew, sample);
    while (seen < value || seen > value) {
        if (clock_now() > patience) fail_msg("%s is %g, not %g", sample, seen, value);
        rig_turn(&crew->rig, -1);
        seen = crew_metric(crew, sample);
    }
}

unsigned crew_logged(struct crew *crew, const char *part)
{
    unsigned times = 0;
    char *log = child_err(&crew->child);
    for (const char *at = strstr(log, part); at != NULL; at = strstr(at + 1, part)) times++;
    mem_free(log);
    return times;
}

void crew_until_logged(struct crew *crew, const char *part, unsigned times)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    while (crew_logged(crew, part) < times) {
        if (clock_now() > patience) {
            char *log = child_err(&crew->child);
            fail_msg("not %u times %s in\n%s", times, part, log);
        }
        rig_turn(&crew->rig, -1);
    }
}

pid_t crew_worker(struct crew *crew, unsigned index)
{
    char part[64];
    snprintf(part, sizeof part, "\"worker_started\",\"worker\":%u,\"pid\":", index);
    char *log = child_err(&crew->child);
    long pid = 0;
    for (const char *at = strstr(log, part); at != NULL; at = strstr(at + 1, part)) {
        pid = strtol(at + strlen(part), NULL, 10);
    }
    mem_free(log);
    assert_true(pid > 1);
    return (pid_t)pid;
}

static bool is_gone(pid_t pid)
{
    char path[64];
    char text[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return true;
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    const char *state = strrchr(text, ')');
    return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

void crew_until_gone(pid_t pid)
{
    instant_ns patience = clock_now() + PATIENCE_NS;
    while (!is_gone(pid)) {
        if (clock_now() > patience) fail_msg("process %d still runs", (int)pid);
        (void)poll(NULL, 0, POLL_MS);
    }
}
