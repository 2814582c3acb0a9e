/* tollgate hunt and tollgate shrink, as a person uses them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "command.h"

#define FOLDER TOLLGATE_BINARY_DIR "/hunt_cli_test"
#define FAILING FOLDER "/failing.yaml"
#define BROKEN FOLDER "/broken.yaml"
#define SMALLEST FOLDER "/smallest.yaml"

static const char failing[] =
    "version: 1\nname: failing\nteaches: A 503 that nobody expects.\nduration: 8s\n"
    "runtime: { env: prod, set: { cache_ttl_s: 1 } }\n"
    "workload: [ { arrival: { constant: 40/s }, keys: { count: 40 } } ]\n"
    "upstream:\n  latency: 20ms\n  phases:\n"
    "    - { name: trouble, from: 2s, to: 5s, faults: [ { delay: 1ms }, { status: 503 } ] }\n"
    "expect:\n  - codes: { RUNTIME_5XX: 0 }\n  - order: guide\n";

static int make_failing(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(file_make_folder(FOLDER, &note), ERR_OK);
    assert_int_equal(file_write(BROKEN, "retry_cont: 1\n", 14, &note), ERR_OK);
    assert_int_equal(file_write(FAILING, failing, sizeof failing - 1, &note), ERR_OK);
    return 0;
}

static int run(struct command *command, const char *const *arguments)
{
    *command = (struct command){ .pid = 0 };
    return command_run(command, arguments);
}

static void a_hunt_of_the_whole_policies_finds_nothing_and_says_how_much_it_tried(void **state)
{
    (void)state;
    struct command command;
    const char *const arguments[] = {
        "hunt", "--count", "40", "--seed", "5", "--out", FOLDER, NULL
    };
    assert_int_equal(run(&command, arguments), 0);
    assert_non_null(strstr(command.text, "hunting with seed 5"));
    assert_non_null(strstr(command.text, "of 40 made were not valid, 0 found"));
}

/* In the place of git stands a program that leaves a file behind when it is asked. */
static void git_is_asked_for_the_commit_only_where_no_seed_is_given(void **state)
{
    (void)state;
    static const char git[] = "#!/bin/sh\n: >" FOLDER "/asked\necho 0123abc\n";
    struct command command;
    struct err_note note = { .err = ERR_OK };
    char path[4096];
    const char *const help[] = { "hunt", "--help", NULL };
    const char *const seeded[] = { "hunt", "--seed", "5", "--print", "2", NULL };
    const char *const unseeded[] = { "hunt", "--count", "1", "--out", FOLDER, NULL };
    assert_int_equal(file_write(FOLDER "/git", git, sizeof git - 1, &note), ERR_OK);
    assert_int_equal(chmod(FOLDER "/git", 0755), 0);
    (void)unlink(FOLDER "/asked");
    char *before = strdup(getenv("PATH"));
    snprintf(path, sizeof path, FOLDER ":%s", before);
    assert_int_equal(setenv("PATH", path, 1), 0);
    (void)unsetenv("GITHUB_SHA");
    (void)unsetenv("CI_COMMIT_SHA");
    assert_int_equal(run(&command, help), 0);
    assert_int_equal(run(&command, seeded), 0);
    assert_false(file_exists(FOLDER "/asked"));
    assert_int_equal(run(&command, unseeded), 0);
    assert_true(file_exists(FOLDER "/asked"));
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
}

static void a_hunt_goes_on_where_another_ended(void **state)
{
    (void)state;
    struct command command;
    const char *const arguments[] = { "hunt", "--count", "3",       "--first",          "40",
                                      "--seed", "5",     "--check", "invariant.recovery", NULL };
    assert_int_equal(run(&command, arguments), 0);
    assert_non_null(strstr(command.text, "of 3 made were not valid, 0 found"));
    assert_non_null(strstr(command.text, "tollgate hunt --config configs/prod.yaml --seed 5 "
                                         "--first 43"));
}

static void the_folder_of_a_capsule_is_shrunk_as_the_capsule(void **state)
{
    (void)state;
    struct command command;
    struct err_note note = { .err = ERR_OK };
    const char *const shrinking[] = { "shrink", "--configs", "configs", FOLDER "/capsule", NULL };
    const char *const empty[] = { "shrink", FOLDER, NULL };
    assert_int_equal(file_make_folder(FOLDER "/capsule", &note), ERR_OK);
    assert_int_equal(
        file_write(FOLDER "/capsule/capsule.yaml", failing, sizeof failing - 1, &note), ERR_OK);
    assert_int_equal(run(&command, shrinking), 0);
    assert_non_null(strstr(command.text, "codes.RUNTIME_5XX still fails"));
    assert_int_equal(run(&command, empty), 2);
    assert_non_null(strstr(command.text, "holds no capsule.yaml"));
}

static void a_story_of_a_hunt_is_printed_as_a_scenario_that_can_be_checked(void **state)
{
    (void)state;
    struct command command;
    struct err_note note = { .err = ERR_OK };
    const char *const print[] = { "hunt", "--seed", "5", "--print", "2", NULL };
    const char *const check[] = { "check", "--configs", "configs", FOLDER "/story.yaml", NULL };
    assert_int_equal(run(&command, print), 0);
    assert_int_equal(file_write(FOLDER "/story.yaml", command.text, command.length, &note), ERR_OK);
    assert_int_equal(run(&command, check), 0);
    assert_non_null(strstr(command.text, "ok"));
}

static void what_shrink_writes_fails_in_the_simulator_by_the_command_it_names(void **state)
{
    (void)state;
    struct command command;
    const char *const shrinking[] = { "shrink", "--configs", "configs", "--out",
                                      SMALLEST, FAILING,     NULL };
    const char *const replaying[] = { "run",     "--world", "sim",  "--quiet", "--configs",
                                      "configs", "--out",   FOLDER, SMALLEST,  NULL };
    assert_int_equal(run(&command, shrinking), 0);
    assert_non_null(strstr(command.text, "codes.RUNTIME_5XX still fails"));
    assert_non_null(strstr(command.text, "1 faults instead of 2"));
    assert_non_null(strstr(command.text, "tollgate run --world sim --configs "));
    assert_non_null(strstr(command.text, "/configs " SMALLEST));
    assert_int_equal(run(&command, replaying), 1);
    assert_non_null(strstr(command.text, "codes.RUNTIME_5XX"));
}

static void words_that_fit_nothing_are_refused_with_the_next_step(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[5];
        const char *says;
    } cases[] = {
        { { "hunt", "--count", "many", NULL }, "--count: \"many\"" },
        { { "hunt", "--minuts", "1", NULL }, "unknown option \"--minuts\"" },
        { { "hunt", "scenarios", NULL }, "they are made" },
        { { "hunt", "--config", "nowhere.yaml", NULL }, "settings to start from, nowhere.yaml" },
        { { "hunt", "--seed", NULL }, "has no value" },
        { { "hunt", "--check", "invariant.bugdet", NULL }, "did you mean \"invariant.budget\"?" },
        { { "hunt", "--config", BROKEN, NULL }, "\"retry_cont\"; did you mean \"retry_count\"?" },
        { { "shrink", NULL }, "name a scenario" },
        { { "shrink", "nowhere.yaml", NULL }, "nowhere.yaml" },
        { { "shrink", "scenarios/healthy.yaml", NULL }, "nothing to shrink" },
        { { "shrink", "--runs", "0", "x.yaml", NULL }, "--runs 0: write a number" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct command command;
        assert_int_equal(run(&command, cases[i].arguments), 2);
        if (strstr(command.text, cases[i].says) == NULL) {
            fail_msg("\"%s\" is not in: %s", cases[i].says, command.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hunt_of_the_whole_policies_finds_nothing_and_says_how_much_it_tried),
        cmocka_unit_test(a_story_of_a_hunt_is_printed_as_a_scenario_that_can_be_checked),
        cmocka_unit_test(git_is_asked_for_the_commit_only_where_no_seed_is_given),
        cmocka_unit_test(a_hunt_goes_on_where_another_ended),
        cmocka_unit_test(the_folder_of_a_capsule_is_shrunk_as_the_capsule),
        cmocka_unit_test(what_shrink_writes_fails_in_the_simulator_by_the_command_it_names),
        cmocka_unit_test(words_that_fit_nothing_are_refused_with_the_next_step),
    };
    return cmocka_run_group_tests(tests, make_failing, NULL);
}
