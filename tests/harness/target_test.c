/* A service that is not ours (tests/stranger) is judged by the same scenarios. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "harness/target.h"
#include "scratch.h"

#define STRANGER TOLLGATE_BINARY_DIR "/tests/stranger/stranger"

#define SCENARIO(name, expect)                                                                     \
    "version: 1\nname: " name "\nteaches: A stranger meets an outage.\nseed: 7\nduration: 3s\n"    \
    "runtime: { env: prod }\n"                                                                     \
    "workload:\n  - arrival: { constant: 50/s }\n    keys: { count: 20 }\n"                        \
    "    request: { y_len: 64 }\n"                                                                 \
    "upstream:\n  latency: 10ms\n  phases:\n"                                                      \
    "    - { name: outage, from: 1s, to: 2s, faults: [ { status: 503 } ] }\n"                      \
    "expect:\n" expect

/* It answers whatever happens, from its baseline in the outage. */
#define GOOD                                                                                       \
    SCENARIO("stranger-lives", "  - latency: { p95: 300ms }\n"                                     \
                               "  - served: { error: 0, baseline: \">= 1\", in: outage }\n"        \
                               "  - codes: { RUNTIME_5XX: \">= 1\" }\n"                            \
                               "  - amplification: \"<= 2\"\n"                                     \
                               "  - breaker: [closed, open, half_open, closed]\n")

/* Nobody ever told it of stale-if-error. */
#define BAD SCENARIO("stranger-fails", "  - served: { stale: \">= 1\", in: outage }\n")

static struct command command;

/* `tollgate run` against a stranger that it starts itself. */
static int judge(const char *scenario, const char *more)
{
    return command_run(&command, (const char *const[]){ "run", "--configs", "configs", "--out",
                                                        scratch_path("out"), "--target-command",
                                                        STRANGER " {port} {upstream}", scenario,
                                                        more, NULL });
}

/* What a CI system shows agrees with the exit code. */
static void assert_errors_in_junit(int count)
{
    char wanted[32];
    char *junit = scratch_read("out/junit.xml");
    snprintf(wanted, sizeof wanted, " errors=\"%d\" ", count);
    if (strstr(junit, wanted) == NULL) fail_msg("no %s in:\n%.200s", wanted, junit);
    mem_free(junit);
}

static void a_stranger_passes_and_what_cannot_be_seen_is_said(void **state)
{
    (void)state;
    const char *path = scratch_write("good.yaml", GOOD);
    int code = judge(path, NULL);
    if (code != 0) fail_msg("exit %d:\n%s", code, command.text);
    assert_says(&command,
                "1 scenario passed over real sockets. 1 expectation could not be observed");
    assert_says(&command, "not observable (real): breaker: ");
    assert_null(strstr(command.text, "invariant.")); /* nobody asked for those */
    assert_errors_in_junit(0);

    assert_int_equal(judge(path, "--strict"), 3);
    assert_says(&command, "not observable (real): breaker: ");
    assert_errors_in_junit(1);
    /* Also when it is made again from what was kept. */
    assert_int_equal(
        command_run(&command, (const char *const[]){ "report", scratch_path("out"), NULL }), 0);
    assert_errors_in_junit(1);
}

static void a_stranger_without_stale_answers_fails_where_they_are_expected(void **state)
{
    (void)state;
    assert_int_equal(judge(scratch_write("bad.yaml", BAD), NULL), 1);
    assert_says(&command, "bad.yaml:16:15: fail");
    assert_says(&command, "expected served.stale >= 1 in outage; 0 of 50 answers");
}

/* The other way round: it runs already, and knows the mock's address. */
static void a_running_service_is_judged_at_its_url(void **state)
{
    (void)state;
    uint16_t mock = target_free_port();
    uint16_t port = target_free_port();
    assert_true(mock != 0 && port != 0 && mock != port);
    char upstream[64], listen[64], url[64], port_text[8];
    snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u", mock);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", mock);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    snprintf(port_text, sizeof port_text, "%u", port);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(STRANGER, "stranger", port_text, upstream, (char *)NULL);
        _exit(127);
    }
    int code = command_run(
        &command, (const char *const[]){ "run", "--configs", "configs", "--out",
                                         scratch_path("out"), "--target", url, "--mock-listen",
                                         listen, scratch_write("good.yaml", GOOD), NULL });
    int alive = kill(pid, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (code != 0) fail_msg("exit %d:\n%s", code, command.text);
    assert_int_equal(alive, 0); /* it is not ours to stop */
}

/* The shell is what tollgate started; the service is the shell's child. */
static void what_the_command_started_is_gone_afterwards(void **state)
{
    (void)state;
    char line[256], text[32] = "";
    snprintf(line, sizeof line, STRANGER " {port} {upstream} & echo $! >%s; wait",
             scratch_path("pid"));
    int code =
        command_run(&command, (const char *const[]){ "run", "--configs", "configs", "--out",
                                                     scratch_path("out"), "--target-command", line,
                                                     scratch_write("bad.yaml", BAD), NULL });
    assert_int_equal(code, 1);
    FILE *file = fopen(scratch_path("pid"), "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    assert_true(pid > 1);
    assert_true(process_gone(pid, 5000));
}

static void a_service_that_never_comes_up_makes_the_run_invalid(void **state)
{
    (void)state;
    const char *path = scratch_write("good.yaml", GOOD);
    int code = command_run(&command, (const char *const[]){ "run", "--configs", "configs", "--out",
                                                            scratch_path("out"), "--target-command",
                                                            "echo {upstream} {port} is no service",
                                                            path, NULL });
    assert_int_equal(code, 4);
    assert_says(&command, "the target exited with status 0");
    assert_says(&command, "target.log");
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(
        file_read(scratch_path("out/stranger-lives/target.log"), 4096, &text, &length, NULL),
        ERR_OK);
    assert_non_null(strstr(text, "is no service"));
    free(text);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    const char *path = scratch_write("good.yaml", GOOD);
    static const struct {
        const char *arguments[4];
        const char *sentence;
    } rows[] = {
        { { "--target", "http://127.0.0.1:1" }, "--target needs --mock-listen" },
        { { "--target", "https://127.0.0.1:1" }, "does not begin with http://" },
        { { "--target", "http://127.0.0.1:x" }, "names no host and port" },
        { { "--target", "http://127.0.0.1:1", "--mock-listen", "127.0.0.1:0" }, "needs a port" },
        { { "--mock-listen", "127.0.0.1:5" }, "name it with --target" },
        { { "--target-command", "x {upstream}" }, "does not say {port}" },
        { { "--target-command", "x {port}" }, "does not say {upstream}" },
        { { "--target-command", "x {port} {upstream}", "--world", "both" }, "no simulation knows" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const *more = rows[i].arguments;
        assert_int_equal(command_run(&command, (const char *const[]){ "run", path, more[0], more[1],
                                                                      more[2], more[3], NULL }),
                         2);
        assert_says(&command, rows[i].sentence);
    }
}

static void a_command_gets_its_addresses(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    assert_string_equal(
        target_command(&arena, "a {port} --u {upstream}/{port} {x}", "http://u:1", 8),
        "a 8 --u http://u:1/8 {x}");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_passes_and_what_cannot_be_seen_is_said),
        cmocka_unit_test(a_stranger_without_stale_answers_fails_where_they_are_expected),
        cmocka_unit_test(a_running_service_is_judged_at_its_url),
        cmocka_unit_test(what_the_command_started_is_gone_afterwards),
        cmocka_unit_test(a_service_that_never_comes_up_makes_the_run_invalid),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(a_command_gets_its_addresses),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
