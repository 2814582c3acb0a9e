/* A runtime that others keep from running spoils its run, which is played again; one that stands
 * still by its own doing fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "command.h"
#include "scratch.h"

static struct command command;

enum { BOUTS = 7, HELD_MS = 300, FREE_MS = 200, HOGS = 4 };

/* As long as the bouts with their pauses last, and a little more. */
#define SCENARIO                                                                                   \
    "version: 1\nname: held-up\nteaches: A test.\nseed: 1\nduration: 4s\n"                         \
    "runtime: { env: dev }\nworkload:\n  - arrival: { constant: 40/s }\n"                          \
    "    keys: { count: 5 }\nupstream:\n  latency: 10ms\nexpect:\n"

static pid_t start(const char *expectations)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, SCENARIO "%s", expectations);
    command_start_run(&command, "real", scratch_path("out"),
                      scratch_write("held-up.yaml", buf_text(&text)), NULL);
    buf_deinit(&text);
    assert_true(command_wait_text(&command, "real started"));
    pid_t runtimes[COMMAND_CHILDREN_MAX];
    for (int i = 0; i < 500; i++) {
        if (command_children(&command, "tollgate-runtime", runtimes) == 1) return runtimes[0];
        poll(NULL, 0, 10);
    }
    fail_msg("there is no runtime");
    return 0;
}

static void pin(pid_t pid)
{
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    assert_int_equal(sched_setaffinity(pid, sizeof first, &first), 0);
}

/* Keeps one CPU for itself: in real time where that is allowed; for at most a second. */
static pid_t start_hog(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(1);
    pin(0);
    const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };
    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
    for (volatile unsigned turns = 0;; turns++) { /* ends: by a signal */
    }
}

static void hold_up(int milliseconds)
{
    pid_t hogs[HOGS];
    for (int i = 0; i < HOGS; i++) hogs[i] = start_hog();
    poll(NULL, 0, milliseconds);
    for (int i = 0; i < HOGS; i++) {
        kill(hogs[i], SIGKILL);
        assert_int_equal(waitpid(hogs[i], NULL, 0), hogs[i]);
    }
}

/* What asks for a CPU last of all, on the CPU that others take. */
static void a_runtime_that_got_no_cpu_is_played_again(void **state)
{
    (void)state;
    if (access("/proc/self/schedstat", R_OK) != 0) skip();
    const struct sched_param none = { .sched_priority = 0 };
    pid_t runtime = start("  - latency: { p95: 100ms }\n");
    pin(runtime);
    assert_int_equal(sched_setscheduler(runtime, SCHED_IDLE, &none), 0);
    for (int i = 0; i < BOUTS; i++) {
        hold_up(HELD_MS);
        poll(NULL, 0, FREE_MS);
    }
    int code = command_finish(&command); /* of the last playing, which others may have spoilt */
    assert_true(code == 0 || code == 3 || code == 4);
    assert_says(&command, "held-up: the runtime waited ");
    assert_says(&command, " for a CPU at ");
    assert_says(&command, "failing: latency.p95");
    assert_says(&command, "playing it again, with few others");
    char *result = scratch_read("out/result.json");
    assert_non_null(strstr(result, "\"verdict\":\"invalid\",\"reason\":\"the runtime waited "));
    assert_non_null(strstr(result, "\"failing_checks\":[\"latency.p95\""));
    mem_free(result);
}

static void a_runtime_that_stands_still_by_itself_fails(void **state)
{
    (void)state;
    pid_t runtime = start("  - latency: { p95: 100ms }\n");
    for (int i = 0; i < BOUTS; i++) {
        kill(runtime, SIGSTOP);
        poll(NULL, 0, HELD_MS);
        kill(runtime, SIGCONT);
        poll(NULL, 0, FREE_MS);
    }
    assert_int_equal(command_finish(&command), 1);
    assert_does_not_say(&command, "playing it again");
    assert_says(&command, "fail (real): latency.p95");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_runtime_that_got_no_cpu_is_played_again),
        cmocka_unit_test(a_runtime_that_stands_still_by_itself_fails),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
