/* What the command line says of scenarios that prove nothing, of repeats, and of output that did
 * not get anywhere. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "scratch.h"

static struct command command;

static void assert_run(int wanted, const char *const *arguments)
{
    int code = command_run(&command, arguments);
    if (code != wanted) fail_msg("exit code %d, not %d\nsaid:\n%s", code, wanted, command.text);
}

#define OUTAGE                                                                                     \
    "version: 1\nname: test-vacuity\nteaches: A test.\nseed: 1\nduration: 10s\n"                   \
    "runtime: { env: dev, set: { cache_ttl_s: 1 } }\n"                                             \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 5 }\n"                         \
    "upstream:\n  latency: 10ms\n  phases:\n"                                                      \
    "    - { name: outage, from: 4s, to: 6s, faults: [ { status: 503 } ] }\n"                      \
    "expect:\n"

static void check_warns_of_what_can_never_fail_or_pass(void **state)
{
    (void)state;
    const char *path = scratch_write("warn.yaml", OUTAGE "  - served: { stale: '>= 1' }\n"
                                                         "  - latency: { p50: 1m, p99.9: 1s }\n");
    assert_run(0, (const char *[]){ "check", "--configs", "configs", path, NULL });
    assert_says(&command, "warn.yaml:16:16: warning: latency.p50 can never fail: ");
    assert_says(&command,
                "warn.yaml:16:25: warning: latency.p99.9 can never pass: there are too few ");
    assert_does_not_say(&command, "served.stale");
    assert_run(1, (const char *[]){ "check", "--vacuity", "--configs", "configs", path, NULL });
    assert_says(&command, "warn.yaml: without its faults 1 of 3 expectations do worse, and ");
}

static void a_fault_that_never_matters_exits_1_with_vacuity(void **state)
{
    (void)state;
    static const char never[] = "version: 1\nname: never\nteaches: A test.\nseed: 1\n"
                                "duration: 10s\n"
                                "runtime: { env: dev, set: { cache_ttl_s: 60 } }\n"
                                "workload:\n  - arrival: { constant: 40/s }\n"
                                "    keys: { count: 2 }\n"
                                "upstream:\n  latency: 10ms\n  phases:\n"
                                "    - { name: outage, from: 4s, to: 6s,\n"
                                "        faults: [ { status: 503 } ] }\n"
                                "expect:\n  - served: { error: 0 }\n";
    const char *path = scratch_write("never.yaml", never);
    assert_run(0, (const char *[]){ "check", "--configs", "configs", path, NULL });
    assert_run(1, (const char *[]){ "check", "--vacuity", "--configs", "configs", path, NULL });
    assert_says(&command,
                "never.yaml: warning: without its faults every request is served the same");
}

static void the_catalogue_says_something(void **state)
{
    (void)state;
    assert_run(0, (const char *[]){ "check", "--vacuity", "scenarios", NULL });
    assert_does_not_say(&command, "warning");
}

static void a_missing_configuration_names_the_option(void **state)
{
    (void)state;
    const char *path = scratch_write("lost.yaml", OUTAGE "  - served: { stale: '>= 1' }\n");
    assert_run(2, (const char *[]){ "check", "--configs", "/nowhere", path, NULL });
    assert_says(&command,
                "lost.yaml: error: its configuration /nowhere/dev.yaml is not there; name the "
                "folder of dev.yaml with --configs");
}

static void repeats_are_judged_together(void **state)
{
    (void)state;
    const char *path = scratch_write("repeat.yaml", OUTAGE "  - served: { error: 0 }\n"
                                                           "  - served: { stale: '>= 300' }\n");
    const char *arguments[] = { "run",      "--world", "sim",
                                "--repeat", "4",       "--configs",
                                "configs",  "--out",   scratch_path("repeat"),
                                path,       NULL };
    assert_run(1, arguments);
    assert_says(&command, "fail (sim): served.stale: ");
    assert_says(&command, " of 4 runs fail: seeds 1, ");
    assert_says(&command, "4 runs: 4 fail; p95 ");
    assert_run(2, (const char *[]){ "run", "--repeat", "0", path, NULL });
}

/* Starts with its standard output going to a full disk; its exit code. */
static int run_into_full_disk(const char *const *arguments)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int full = open("/dev/full", O_WRONLY);
        int null = open("/dev/null", O_WRONLY);
        if (full < 0 || null < 0 || chdir(TOLLGATE_SOURCE_DIR) != 0) _exit(127);
        dup2(full, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        char program[sizeof TOLLGATE_BINARY_DIR + 64];
        snprintf(program, sizeof program, TOLLGATE_BINARY_DIR "/bin/%s", arguments[0]);
        execv(program, (char *const *)arguments);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void output_that_gets_nowhere_is_no_success(void **state)
{
    (void)state;
    static const char *const verbs[][6] = {
        { "tollgate", "help" },
        { "tollgate", "--version" },
        { "tollgate", "options" },
        { "tollgate", "list", "scenarios" },
        { "tollgate", "check", "scenarios/healthy.yaml" },
        { "tollgate", "check", "--vacuity", "scenarios/healthy.yaml" },
        { "tollgate", "run", "--help" },
        { "tollgate", "faults" },
        { "mock-tollama", "--help" },
        { "mock-tollama", "--scenario", "scenarios/bad-schema.yaml", "--dry-run", "5" },
        { "tollgate-runtime", "--help" },
        { "tollgate-runtime", "--config", "configs/prod.yaml", "--print-config" },
    };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        int code = run_into_full_disk(verbs[i]);
        if (code != 4) fail_msg("%s %s ended with %d", verbs[i][0], verbs[i][1], code);
    }
}

static void a_trace_without_its_end_is_incomplete(void **state)
{
    (void)state;
    /* A runtime's own first line is needed: from a run that was traced. */
    const char *path =
        scratch_write("traced.yaml", "version: 1\nname: traced\nteaches: A test.\nseed: 1\n"
                                     "duration: 2s\nruntime: { env: dev }\n"
                                     "workload:\n  - arrival: { constant: 20/s }\n"
                                     "upstream: { latency: 5ms }\n"
                                     "expect:\n  - served: { error: 0 }\n");
    const char *arguments[] = {
        "run", "--world", "real", "--configs", "configs", "--out", scratch_path("traced"),
        path,  NULL
    };
    command_run(&command, arguments); /* a busy machine may make it invalid; its trace is enough */
    char *text = scratch_read("traced/traced/trace.jsonl");
    assert_run(0, (const char *[]){ "replay", scratch_path("traced/traced/trace.jsonl"), NULL });
    assert_does_not_say(&command, "INCOMPLETE");
    *strstr(text, "{\"end\":") = '\0';
    const char *cut = scratch_write("cut.jsonl", text);
    assert_run(3, (const char *[]){ "replay", cut, NULL });
    assert_says(&command, "INCOMPLETE: identical, ");
    assert_says(&command, "the trace has no end mark");
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_warns_of_what_can_never_fail_or_pass),
        cmocka_unit_test(a_fault_that_never_matters_exits_1_with_vacuity),
        cmocka_unit_test(the_catalogue_says_something),
        cmocka_unit_test(a_missing_configuration_names_the_option),
        cmocka_unit_test(repeats_are_judged_together),
        cmocka_unit_test(output_that_gets_nowhere_is_no_success),
        cmocka_unit_test(a_trace_without_its_end_is_incomplete),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
