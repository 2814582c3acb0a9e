/* The program beside a Redis with a password: what its log says, and what it never says. */
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

#include "../net/redis_process.h"
#include "base/clock.h"
#include "base/mem.h"
#include "child.h"

#define PATIENCE_NS (20 * NS_PER_S)

enum { POLL_MS = 5 };

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) count++;
    return count;
}

/* Until the log has `count` lines of this event. The log, owned. */
static char *wait_for(const struct child *child, const char *event, unsigned count)
{
    char line[64];
    snprintf(line, sizeof line, "\"event\":\"%s\"", event);
    instant_ns patience = clock_now() + PATIENCE_NS;
    for (;;) {
        char *log = child_err(child);
        if (count_of(log, line) >= count) return log;
        if (clock_now() > patience) fail_msg("not %u %s in: %s", count, event, log);
        mem_free(log);
        (void)poll(NULL, 0, POLL_MS);
    }
}

static void log_tells_each_change_once_and_never_the_password(void **state)
{
    (void)state;
    struct redis_process redis;
    struct child child;
    redis_process_start(&redis, NULL, "sesame");
    char url[64];
    snprintf(url, sizeof url, "redis://:sesame@127.0.0.1:%u/1", (unsigned)redis.port);
    assert_int_equal(setenv("TSFM_REDIS_URL", url, 1), 0);
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    child_start(&child, (const char *const[]){ "--listen", "127.0.0.1:0", "--upstream",
                                               "http://127.0.0.1:1", "--parent", pid, "--set",
                                               "warmup_enabled=false", NULL });
    mem_free(wait_for(&child, "l2_connected", 1));
    redis_process_kill(&redis);
    mem_free(wait_for(&child, "l2_disconnected", 1));
    redis_process_restart(&redis);
    char *log = wait_for(&child, "l2_connected", 2);
    assert_int_equal(count_of(log, "l2_disconnected"), 1);
    char place[64];
    snprintf(place, sizeof place, "\"redis\":\"redis://***@127.0.0.1:%u/1\"", (unsigned)redis.port);
    assert_int_equal(count_of(log, place), 3);
    mem_free(log);

    assert_int_equal(kill(child.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&child), 0);
    log = child_err(&child);
    char *out = child_out(&child);
    assert_int_equal(count_of(log, "sesame") + count_of(out, "sesame"), 0);
    mem_free(log);
    mem_free(out);
    child_clean(&child);
    redis_process_end(&redis);
    unsetenv("TSFM_REDIS_URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_tells_each_change_once_and_never_the_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
