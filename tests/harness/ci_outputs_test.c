/* What a CI system is left with: files of this run and of no other, paths that it knows, a word on
 * why nothing was played, standard output that holds one thing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "scratch.h"

#define SMALL(duration, expect)                                                                    \
    "version: 1\nname: small\nseed: 3\nduration: " duration "\n"                                   \
    "runtime: { set: { cache_ttl_s: 1 } }\n"                                                       \
    "workload: [ { arrival: { constant: 20/s }, keys: { count: 100 } } ]\n"                        \
    "upstream:\n  latency: 20ms\nexpect:\n" expect

#define PASSES "  - served: { error: 0 }\n"
#define FAILS "  - latency: { p50: 1ms }\n"

static struct command command;

static int make(void **state)
{
    unsetenv("GITHUB_ACTIONS");
    unsetenv("GITHUB_WORKSPACE");
    unsetenv("CI_PROJECT_DIR");
    return scratch_make(state);
}

/* Plays a scenario of the scratch folder, or a folder of them, into its folder out. */
static int play(const char *name, const char *option, const char *value)
{
    return command_run(&command, (const char *const[]){ "run", "-q", "--world", "sim", "--configs",
                                                        "configs", "--out", scratch_path("out"),
                                                        scratch_path(name), option, value, NULL });
}

static void assert_holds(const char *name, const char *wanted)
{
    char *text = scratch_read(name);
    if (strstr(text, wanted) == NULL) fail_msg("no \"%s\" in %s:\n%s", wanted, name, text);
    mem_free(text);
}

/* Two mistakes in one folder: both are shown, at their places. */
static void what_cannot_be_played_is_annotated_and_summed_up(void **state)
{
    (void)state;
    mkdir(scratch_path("bad"), 0755);
    scratch_write("bad/a.yaml", SMALL("10sec", PASSES));
    scratch_write("bad/b.yaml", SMALL("10s", "  - nonsense: 1\n"));
    setenv("GITHUB_WORKSPACE", scratch_path("bad"), 1);
    assert_int_equal(play("bad", "--annotations", "github"), 2);
    assert_says(&command, "::error file=a.yaml,line=4,col=11,title=nothing was played::duration: ");
    assert_says(&command, "::error file=b.yaml,line=10,col=");
    assert_holds("out/summary.md", "## tollgate ⛔ Nothing was played: 2 errors");
    assert_holds("out/summary.md", "a.yaml:4:11: ");
    assert_holds("out/junit.xml", "tests=\"2\" errors=\"2\"");
    char gitlab[128];
    snprintf(gitlab, sizeof gitlab, "gitlab=%s", scratch_path("quality.json"));
    assert_int_equal(play("bad", "--annotations", gitlab), 2);
    assert_does_not_say(&command, "::error");
    assert_holds("quality.json", "\"check_name\":\"tollgate.not_played\"");
    assert_holds("quality.json", "\"location\":{\"path\":\"a.yaml\",\"lines\":{\"begin\":4}}");
    unsetenv("GITHUB_WORKSPACE");
}

static void a_run_that_is_not_played_leaves_nothing_of_the_one_before(void **state)
{
    (void)state;
    scratch_write("good.yaml", SMALL("10s", PASSES));
    scratch_write("bad.yaml", SMALL("10sec", PASSES));
    assert_int_equal(play("good.yaml", "--summary", scratch_path("copy.md")), 0);
    assert_holds("copy.md", "✅");
    assert_int_equal(play("bad.yaml", "--summary", scratch_path("copy.md")), 2);
    assert_holds("copy.md", "⛔");
    assert_holds("out/summary.md", "⛔");
    assert_false(file_exists(scratch_path("out/index.html")));
    assert_false(file_exists(scratch_path("out/result.json")));
    assert_int_equal(play("good.yaml", "--html", scratch_path("copy.html")), 0);
    assert_int_equal(play("bad.yaml", "--html", scratch_path("copy.html")), 2);
    assert_false(file_exists(scratch_path("copy.html")));
}

static void a_pass_takes_the_capsule_of_an_earlier_failure_away(void **state)
{
    (void)state;
    scratch_write("small.yaml", SMALL("10s", FAILS));
    assert_int_equal(play("small.yaml", "-v", NULL), 1);
    assert_true(file_exists(scratch_path("out/small/capsule.yaml")));
    scratch_write("small.yaml", SMALL("10s", PASSES));
    assert_int_equal(play("small.yaml", "-v", NULL), 0);
    assert_false(file_exists(scratch_path("out/small/capsule.yaml")));
    scratch_write("out/small/capsule.yaml", SMALL("10s", PASSES)); /* what is played stays */
    assert_int_equal(play("out/small/capsule.yaml", "-v", NULL), 0);
    assert_true(file_exists(scratch_path("out/small/capsule.yaml")));
}

static void a_file_that_cannot_be_written_is_noticed_before_the_run(void **state)
{
    (void)state;
    static const char *const options[] = { "--junit", "--summary", "--html", "--openmetrics" };
    scratch_write("good.yaml", SMALL("10s", PASSES));
    char gitlab[128];
    snprintf(gitlab, sizeof gitlab, "gitlab=%s", scratch_path("no/such/file"));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        assert_int_equal(play("good.yaml", options[i], scratch_path("no/such/file")), 4);
        assert_says(&command, "no/such/file: error: cannot write this file: No such file");
        assert_does_not_say(&command, "1 scenario passed");
    }
    assert_int_equal(play("good.yaml", "--annotations", gitlab), 4);
    assert_does_not_say(&command, "1 scenario passed");
}

static int shell(const char *format, const char *first, const char *second)
{
    char line[1024];
    snprintf(line, sizeof line, format, first, second);
    int status = system(line);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define TOLLGATE TOLLGATE_BINARY_DIR "/bin/tollgate"
#define RUN TOLLGATE " run --world sim --configs " TOLLGATE_SOURCE_DIR "/configs "

static void a_report_on_standard_output_stands_alone_there(void **state)
{
    (void)state;
    scratch_write("fails.yaml", SMALL("10s", FAILS));
    shell("GITHUB_ACTIONS=true " RUN "--junit - --out %1$s.out %2$s.yaml >%1$s.xml 2>%1$s.log",
          scratch_path("fails"), scratch_path("fails"));
    assert_int_equal(
        shell("xmllint --noout %s 2>%s", scratch_path("fails.xml"), scratch_path("lint.log")), 0);
    assert_holds("fails.log", "1 failed, 0 passed");
    assert_holds("fails.log", "::error file=");
    assert_int_equal(
        command_run(&command, (const char *const[]){ "run", "--junit", "-", "--summary", "-",
                                                     scratch_path("fails.yaml"), NULL }),
        2);
    assert_says(&command, "only one report can go to standard output");
}

static void a_report_that_cannot_be_written_is_an_invalid_run_whoever_writes_it(void **state)
{
    (void)state;
    scratch_write("good.yaml", SMALL("10s", PASSES));
    assert_int_equal(play("good.yaml", "-v", NULL), 0);
    assert_int_equal(shell(TOLLGATE " report --summary - %s >/dev/full 2>%s", scratch_path("out"),
                           scratch_path("full.log")),
                     4);
    assert_int_equal(shell(TOLLGATE " report --junit %s/no/such %s 2>/dev/null",
                           scratch_path("out"), scratch_path("out")),
                     4);
    assert_int_equal(shell(TOLLGATE " report --junit - %s >/dev/null 2>%s", scratch_path("absent"),
                           scratch_path("full.log")),
                     2);
}

static void a_vanished_expectation_fails_a_comparison_that_asks_for_it(void **state)
{
    (void)state;
    scratch_write("good.yaml", SMALL("10s", PASSES));
    scratch_write("more.yaml", SMALL("10s", PASSES "  - amplification: '<= 3'\n"));
    assert_int_equal(play("more.yaml", "-v", NULL), 0);
    assert_int_equal(rename(scratch_path("out"), scratch_path("old")), 0);
    assert_int_equal(play("good.yaml", "-v", NULL), 0);
    const char *words[] = { "diff", scratch_path("old"), scratch_path("out"), NULL, NULL };
    assert_int_equal(command_run(&command, words), 0);
    assert_says(&command, "No worse: 1 check is gone");
    words[3] = "--fail-on-missing";
    assert_int_equal(command_run(&command, words), 1);
    assert_says(&command, "Worse: 1 check is gone");
    words[1] = scratch_path("out");
    assert_int_equal(command_run(&command, words), 0);
}

static void list_says_what_a_scenario_covers(void **state)
{
    (void)state;
    assert_int_equal(command_run(&command, (const char *const[]){ "list", "--configs", "configs",
                                                                  "scenarios/sim", NULL }),
                     0);
    assert_says(&command, "\n    codes    ");
    assert_says(&command, "\n    breaker  closed > open, ");
    assert_says(&command, "\n    chain    l1:miss");
    scratch_write("good.yaml", SMALL("10s", PASSES));
    assert_int_equal(
        command_run(&command, (const char *const[]){ "list", "--configs", "configs",
                                                     scratch_path("good.yaml"), NULL }),
        0);
    assert_says(&command, "\n    chain    l1:fresh; l1:stale; l1:miss; breaker:closed\n");
    assert_does_not_say(&command, "    codes    ");
    assert_does_not_say(&command, "    breaker  ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_played_is_annotated_and_summed_up),
        cmocka_unit_test(a_run_that_is_not_played_leaves_nothing_of_the_one_before),
        cmocka_unit_test(a_pass_takes_the_capsule_of_an_earlier_failure_away),
        cmocka_unit_test(a_file_that_cannot_be_written_is_noticed_before_the_run),
        cmocka_unit_test(a_report_on_standard_output_stands_alone_there),
        cmocka_unit_test(a_report_that_cannot_be_written_is_an_invalid_run_whoever_writes_it),
        cmocka_unit_test(a_vanished_expectation_fails_a_comparison_that_asks_for_it),
        cmocka_unit_test(list_says_what_a_scenario_covers),
    };
    return cmocka_run_group_tests(tests, make, scratch_remove);
}
