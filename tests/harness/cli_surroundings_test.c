/* What surrounds a run and must not change its verdict unseen: the environment, closed descriptors,
 * programs that end badly, load that is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "command.h"
#include "scratch.h"

#define SCENARIO(settings, arrival, expect)                                                        \
    "version: 1\nname: around\nseed: 7\nduration: 2s\nruntime:\n  set:\n" settings                 \
    "workload:\n  - arrival: { " arrival " }\n    keys: { count: 100 }\n"                          \
    "upstream:\n  latency: 10ms\nexpect:\n" expect

#define PLAIN SCENARIO("    cache_ttl_s: 1\n", "constant: 20/s", "  - served: { error: 0 }\n")

static struct command command;

static void assert_exits(int wanted, const char *world, const char *scenario, const char *programs)
{
    command_start_run(&command, world, scratch_path("out"), scenario, programs);
    int code = command_finish(&command);
    if (code != wanted) fail_msg("exit %d, expected %d:\n%s", code, wanted, command.text);
}

/* The report names the settings of files and scenario: no other may act. */
static void the_runtimes_own_variables_do_not_reach_a_run(void **state)
{
    (void)state;
    const char *scenario = scratch_write("plain.yaml", PLAIN);
    setenv("TSFM_FORECAST_API_TOKEN", "b1946ac92492d2347c6235b4d2611184", 1);
    setenv("TSFM_BASELINE_ONLY", "true", 1);
    assert_exits(0, "both", scenario, NULL);
    unsetenv("TSFM_FORECAST_API_TOKEN");
    unsetenv("TSFM_BASELINE_ONLY");
}

static void a_scenario_may_set_every_option_it_likes(void **state)
{
    (void)state;
    static const char *const names[] = {
        "connect_timeout_s: 0.25", "read_timeout_s: 1.2", "write_timeout_s: 0.25",
        "pool_timeout_s: 0.15", "request_deadline_s: 1.8", "retry_count: 2",
        "retry_backoff_base_ms: 100", "retry_backoff_cap_ms: 800", "max_connections: 256",
        "max_keepalive_connections: 128", "keepalive_expiry_s: 60", "cache_ttl_s: 60",
        "cache_stale_if_error_s: 180", "breaker_failures_30s: 12", "breaker_cooldown_s: 30",
        "breaker_half_open_probe: 5", "breaker_window_s: 30", "breaker_min_volume: 20",
        "breaker_failure_ratio: 0.5", "breaker_count_ratio_floor: 0",
        "breaker_cooldown_jitter: 0.2", "min_attempt_budget_ms: 100", "retry_after_hold_cap_s: 30",
        "pool_queue_max: 1024", "max_inflight: 4096", "cache_entries_max: 50000",
        "cache_bytes_max: 134217728", "l2_timeout_ms: 50", "negative_cache_ttl_s: 10",
        "negative_cache_entries_max: 10000",
    };
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "version: 1\nname: around\nduration: 2s\nruntime:\n  set:\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        buf_printf(&text, "    %s\n", names[i]);
    }
    buf_puts(&text, "workload:\n  - arrival: { constant: 20/s }\nupstream:\n  latency: 10ms\n"
                    "expect:\n  - served: { error: 0 }\n");
    assert_exits(0, "real", scratch_write("many.yaml", buf_text(&text)), NULL);
    buf_deinit(&text);
}

/* A runtime of the right name that does its work, and crashes when it is asked to end. */
static void a_runtime_that_crashes_when_it_is_stopped_makes_the_run_invalid(void **state)
{
    (void)state;
    const char *binaries = TOLLGATE_BINARY_DIR "/bin";
    struct buf script;
    buf_init(&script, BUF_UNBOUNDED);
    buf_printf(&script,
               "#!/bin/bash\n%s/tollgate-runtime \"${@:1:$#-2}\" --parent $$ &\nchild=$!\n"
               "trap 'kill $child; wait $child; kill -SEGV $$' TERM\nwait $child\n",
               binaries);
    assert_int_equal(mkdir(scratch_path("bin"), 0755), 0);
    assert_int_equal(chmod(scratch_write("bin/tollgate-runtime", buf_text(&script)), 0755), 0);
    buf_clear(&script);
    buf_printf(&script, "#!/bin/bash\nexec %s/mock-tollama \"$@\"\n", binaries);
    assert_int_equal(chmod(scratch_write("bin/mock-tollama", buf_text(&script)), 0755), 0);
    buf_deinit(&script);
    assert_exits(4, "real", scratch_write("plain.yaml", PLAIN), scratch_path("bin"));
    assert_says(&command, "the runtime was killed by signal 11");
    assert_says(&command, "when it was stopped");
}

static void a_load_that_sends_nothing_exits_2(void **state)
{
    (void)state;
    const char *scenario = scratch_write(
        "idle.yaml", SCENARIO("    cache_ttl_s: 1\n", "poisson: 0.001/s", "  - order: guide\n"));
    assert_exits(2, "sim", scenario, NULL);
    assert_says(&command, "sends no request at all");
}

static void a_seed_that_no_run_could_repeat_exits_2(void **state)
{
    (void)state;
    static const char *const seeds[] = { "0", "18446744073709551616", "-1", "7x", "" };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        const char *arguments[] = { "run", "--world", "sim", "--seed", seeds[i], "x.yaml", NULL };
        assert_int_equal(command_run(&command, arguments), 2);
        assert_says(&command, "not a whole number from 1 to 18446744073709551615");
    }
}

static void help_for_a_verb_is_that_verbs_help(void **state)
{
    (void)state;
    static const char *const verbs[] = { "run",    "check",  "list",    "report", "diff",  "sweep",
                                         "hunt",   "shrink", "replay",  "faults", "fates" };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "usage: tollgate %s", verbs[i]);
        const char *arguments[] = { "help", verbs[i], NULL };
        assert_int_equal(command_run(&command, arguments), 0);
        assert_says(&command, wanted);
    }
    assert_int_equal(command_run(&command, (const char *[]){ "help", "rn", NULL }), 2);
    assert_says(&command, "unknown verb \"rn\"; did you mean \"run\"?");
}

static void an_option_written_with_an_equals_sign_is_told_how_to_write_it(void **state)
{
    (void)state;
    const char *arguments[] = { "run", "--world=sim", "x.yaml", NULL };
    assert_int_equal(command_run(&command, arguments), 2);
    assert_says(&command, "--world=sim: write the option and its value as two words: --world sim");
    assert_int_equal(command_run(&command, (const char *[]){ "options", "x", NULL }), 2);
    assert_says(&command, "tollgate options takes nothing, but here stands \"x\"");
}

static void a_run_without_standard_streams_ends_as_any_other(void **state)
{
    (void)state;
    char line[512];
    snprintf(line, sizeof line,
             "cd %s && %s/bin/tollgate run --world real --configs configs --out %s %s "
             "<&- >&- 2>&-",
             TOLLGATE_SOURCE_DIR, TOLLGATE_BINARY_DIR, scratch_path("silent"),
             scratch_write("plain.yaml", PLAIN));
    int status = system(line);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(file_exists(scratch_path("silent/index.html")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_runtimes_own_variables_do_not_reach_a_run),
        cmocka_unit_test(a_scenario_may_set_every_option_it_likes),
        cmocka_unit_test(a_runtime_that_crashes_when_it_is_stopped_makes_the_run_invalid),
        cmocka_unit_test(a_load_that_sends_nothing_exits_2),
        cmocka_unit_test(a_seed_that_no_run_could_repeat_exits_2),
        cmocka_unit_test(help_for_a_verb_is_that_verbs_help),
        cmocka_unit_test(an_option_written_with_an_equals_sign_is_told_how_to_write_it),
        cmocka_unit_test(a_run_without_standard_streams_ends_as_any_other),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
