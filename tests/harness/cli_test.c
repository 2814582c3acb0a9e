/* The command line, as a person or a CI system meets it: exit codes, what is said, what is left
 * behind. */

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "scratch.h"

static struct command command;

#define SCENARIO_HEAD                                                                              \
    "version: 1\n"                                                                                 \
    "name: test-one\n"                                                                             \
    "teaches: A test.\n"                                                                           \
    "seed: 1\n"

#define SCENARIO_TAIL                                                                              \
    "runtime: { env: dev }\n"                                                                      \
    "workload:\n"                                                                                  \
    "  - arrival: { constant: 40/s }\n"                                                            \
    "    keys: { count: 5 }\n"                                                                     \
    "upstream:\n"                                                                                  \
    "  latency: 10ms\n"

static int run_text(const char *name, const char *text, const char *world)
{
    command_start_run(&command, world, scratch_path("out"), scratch_write(name, text), NULL);
    return command_finish(&command);
}

static void help_names_the_verbs_and_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(command_run(&command, (const char *[]){ "--help", NULL }), 0);
    assert_says(&command, "run ");
    assert_says(&command, "exit codes");
    assert_int_equal(command_run(&command, (const char *[]){ "run", "--help", NULL }), 0);
    assert_says(&command, "--world");
}

static void a_mistyped_word_is_answered_with_the_nearest_one(void **state)
{
    (void)state;
    assert_int_equal(command_run(&command, (const char *[]){ "runn", NULL }), 2);
    assert_says(&command, "did you mean \"run\"");
    assert_int_equal(command_run(&command, (const char *[]){ "replay", NULL }), 2);
    assert_says(&command, "replay --help");
    assert_int_equal(command_run(&command, (const char *[]){ "run", "--wrld", "sim", NULL }), 2);
    assert_says(&command, "did you mean --world");
    assert_int_equal(command_run(&command, (const char *[]){ "run", "--seed", "x", "a", NULL }), 2);
    assert_says(&command, "--seed");
}

static void a_scenario_that_is_not_there_exits_2(void **state)
{
    (void)state;
    assert_int_equal(command_run(&command, (const char *[]){ "run", "/no/such.yaml", NULL }), 2);
    assert_says(&command, "/no/such.yaml");
}

static void a_bad_scenario_exits_2_with_its_place(void **state)
{
    (void)state;
    int code = run_text("bad.yaml",
                        SCENARIO_HEAD "duration: 40sec\n" SCENARIO_TAIL
                                      "expect:\n  - order: guide\n",
                        "sim");
    assert_int_equal(code, 2);
    assert_says(&command, "bad.yaml:5:11: error:");
    assert_says(&command, "40sec");
}

static void a_bad_setting_is_blamed_on_its_own_place(void **state)
{
    (void)state;
    int code = run_text("set.yaml",
                        SCENARIO_HEAD "duration: 5s\n"
                                      "runtime: { env: dev, set: { retry_count: many } }\n"
                                      "workload:\n  - arrival: { constant: 40/s }\n"
                                      "upstream: { latency: 10ms }\n"
                                      "expect:\n  - order: guide\n",
                        "sim");
    assert_int_equal(code, 2);
    assert_says(&command, "set.yaml:6:");
    assert_says(&command, "retry_count");
}

static void a_failed_expectation_exits_1_and_names_its_line(void **state)
{
    (void)state;
    int code = run_text("fail.yaml",
                        SCENARIO_HEAD "duration: 5s\n" SCENARIO_TAIL
                                      "expect:\n  - order: guide\n"
                                      "  - served: { baseline: \">= 50%\" }\n",
                        "sim");
    assert_int_equal(code, 1);
    assert_says(&command, "fail.yaml:14:");
    assert_says(&command, "served.baseline");
}

static void too_few_requests_exit_3_and_say_how_many_more(void **state)
{
    (void)state;
    int code = run_text("few.yaml",
                        SCENARIO_HEAD "duration: 1s\n" SCENARIO_TAIL
                                      "expect:\n  - latency: { p95: 300ms }\n",
                        "sim");
    assert_int_equal(code, 3);
    assert_says(&command, "more");
}

/* What a run's trace says, replayed: the same; and not the same when one action was changed. */
static void assert_trace_replays(const char *path)
{
    char *text = NULL;
    size_t length;
    assert_int_equal(command_run(&command, (const char *[]){ "replay", path, NULL }), 0);
    assert_says(&command, "trace.jsonl: identical, ");
    assert_int_equal(file_read(path, 1 << 30, &text, &length, NULL), ERR_OK);
    char *served = strstr(text, "\"served\":\"upstream\"");
    assert_non_null(served);
    served[10] = 'U';
    const char *changed = scratch_write("changed.jsonl", text);
    assert_int_equal(command_run(&command, (const char *[]){ "replay", changed, NULL }), 5);
    assert_says(&command, "DIVERGED at line ");
    assert_says(&command, "\"served\":\"Upstream\"");
    assert_says(&command, "the inputs before it:");
    strchr(text, '\n')[3] = '-';
    assert_int_equal(
        command_run(&command, (const char *[]){ "replay", scratch_write("bad.jsonl", text), NULL }),
        2);
    assert_says(&command, "bad.jsonl:2: error: ");
    assert_int_equal(
        command_run(&command, (const char *[]){ "replay", "nowhere/trace.jsonl", NULL }), 2);
    assert_says(&command, "a trace is written by runs over sockets");
    mem_free(text);
}

static void a_short_run_over_sockets_passes_and_leaves_nothing_behind(void **state)
{
    (void)state;
    const char *arguments[] = {
        "run",
        "--configs",
        "configs",
        "--out",
        scratch_path("good"),
        scratch_write("good.yaml",
                      SCENARIO_HEAD "duration: 4s\n" SCENARIO_TAIL "expect:\n  - order: guide\n"
                                    "  - served: { error: 0 }\n"),
        NULL,
    };
    assert_int_equal(command_run(&command, arguments), 0);
    assert_says(&command, "L1 agreement");
    assert_says(&command, "L0 replay: identical, ");
    static const char *const files[] = { "index.html", "result.json", "junit.xml", "summary.md",
                                         "test-one/ledger.jsonl", "test-one/trace.jsonl" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "good/%s", files[i]);
        const char *path = scratch_path(name);
        if (!file_exists(path)) fail_msg("%s was not written", path);
        if (strstr(path, "trace.jsonl") != NULL) assert_trace_replays(path);
    }
}

/* A harness that is stopped for a while sends late: that says nothing about the service. */
static void a_run_whose_generator_lagged_is_played_again(void **state)
{
    (void)state;
    const char *path = scratch_write("lag.yaml", SCENARIO_HEAD
                                     "duration: 4s\n" SCENARIO_TAIL "expect:\n  - order: guide\n");
    command_start_run(&command, "real", scratch_path("lag"), path, NULL);
    assert_true(command_wait_text(&command, "real started"));
    kill(command.pid, SIGSTOP);
    poll(NULL, 0, 500);
    kill(command.pid, SIGCONT);
    assert_int_equal(command_finish(&command), 0);
    assert_says(&command, "the load generator lagged");
    assert_says(&command, "playing it again");
    char *result = scratch_read("lag/result.json");
    assert_non_null(strstr(result, "\"earlier_plays\":[{\"seed\":"));
    assert_non_null(strstr(result, "\"verdict\":\"invalid\",\"reason\":\"the load generator "));
    mem_free(result);
}

static const char *long_scenario(void)
{
    return scratch_write("long.yaml", SCENARIO_HEAD "duration: 50s\n" SCENARIO_TAIL
                                                    "expect:\n  - order: guide\n");
}

static void start_long(void)
{
    command_start_run(&command, "real", scratch_path("long"), long_scenario(), NULL);
    assert_true(command_wait_text(&command, "real started"));
}

static void kill_of_a_program_exits_4_soon(const char *name, const char *sentence)
{
    start_long();
    pid_t victims[COMMAND_CHILDREN_MAX];
    pid_t others[COMMAND_CHILDREN_MAX];
    assert_int_equal(command_children(&command, name, victims), 1);
    const char *other = strcmp(name, "mock-tollama") == 0 ? "tollgate-runtime" : "mock-tollama";
    assert_int_equal(command_children(&command, other, others), 1);
    instant_ns killed = clock_now();
    kill(victims[0], SIGKILL);
    assert_int_equal(command_finish(&command), 4);
    assert_true(clock_now() - killed < 5 * NS_PER_S);
    assert_says(&command, sentence);
    assert_true(process_gone(others[0], 1000));
}

static void killing_the_runtime_in_mid_run_exits_4_within_5_s(void **state)
{
    (void)state;
    kill_of_a_program_exits_4_soon("tollgate-runtime", "the runtime was killed by signal 9");
}

static void killing_the_mock_in_mid_run_exits_4_within_5_s(void **state)
{
    (void)state;
    kill_of_a_program_exits_4_soon("mock-tollama", "the mock was killed by signal 9");
}

static void an_interrupt_stops_cleanly_and_keeps_what_was_measured(void **state)
{
    (void)state;
    start_long();
    pid_t runtimes[COMMAND_CHILDREN_MAX];
    assert_int_equal(command_children(&command, "tollgate-runtime", runtimes), 1);
    kill(command.pid, SIGINT);
    assert_int_equal(command_finish(&command), 4);
    assert_says(&command, "Interrupted");
    assert_null(strstr(command.text, "18446744073709")); /* the p95 of what never came */
    assert_true(process_gone(runtimes[0], 1000));
    assert_true(file_exists(scratch_path("long/result.json")));
}

static void a_killed_harness_leaves_no_process_behind(void **state)
{
    (void)state;
    start_long();
    pid_t runtimes[COMMAND_CHILDREN_MAX];
    pid_t mocks[COMMAND_CHILDREN_MAX];
    assert_int_equal(command_children(&command, "tollgate-runtime", runtimes), 1);
    assert_int_equal(command_children(&command, "mock-tollama", mocks), 1);
    kill(command.pid, SIGKILL);
    assert_int_equal(command_finish(&command), 256 + SIGKILL);
    assert_true(process_gone(runtimes[0], 3000));
    assert_true(process_gone(mocks[0], 3000));
}

/* The text of result.json before its member "run_time", which is the last of the top level. */
static char *result_before_run_time(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "%s/result.json", name);
    char *text = scratch_read(path);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    assert_string_equal(cJSON_GetArrayItem(root, cJSON_GetArraySize(root) - 1)->string, "run_time");
    cJSON_Delete(root);
    char *at = strstr(text, "\"run_time\"");
    assert_non_null(at);
    assert_null(strstr(at + 1, "\"run_time\""));
    *at = '\0';
    return text;
}

static void two_simulations_with_one_seed_write_the_same_result(void **state)
{
    (void)state;
    const char *first[] = { "run",   "--world",         "sim",        "--seed", "7",
                            "--out", scratch_path("a"), "scenarios/", NULL };
    const char *second[] = { "run",   "--world",         "sim",        "--seed", "7",
                             "--out", scratch_path("b"), "scenarios/", NULL };
    int code = command_run(&command, first);
    assert_int_equal(command_run(&command, second), code);
    char *a = result_before_run_time("a");
    char *b = result_before_run_time("b");
    bool same = strcmp(a, b) == 0;
    mem_free(a);
    mem_free(b);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_the_verbs_and_exit_codes),
        cmocka_unit_test(a_mistyped_word_is_answered_with_the_nearest_one),
        cmocka_unit_test(a_scenario_that_is_not_there_exits_2),
        cmocka_unit_test(a_bad_scenario_exits_2_with_its_place),
        cmocka_unit_test(a_bad_setting_is_blamed_on_its_own_place),
        cmocka_unit_test(a_failed_expectation_exits_1_and_names_its_line),
        cmocka_unit_test(too_few_requests_exit_3_and_say_how_many_more),
        cmocka_unit_test(a_short_run_over_sockets_passes_and_leaves_nothing_behind),
        cmocka_unit_test(a_run_whose_generator_lagged_is_played_again),
        cmocka_unit_test(killing_the_runtime_in_mid_run_exits_4_within_5_s),
        cmocka_unit_test(killing_the_mock_in_mid_run_exits_4_within_5_s),
        cmocka_unit_test(an_interrupt_stops_cleanly_and_keeps_what_was_measured),
        cmocka_unit_test(a_killed_harness_leaves_no_process_behind),
        cmocka_unit_test(two_simulations_with_one_seed_write_the_same_result),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
