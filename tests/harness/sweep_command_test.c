#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "sweep_fixture.h"

enum { PATH_BYTES = 160 };

static void open_stage(struct sweep_set *stage, const char *sweep)
{
    sweep_set_open(stage);
    sweep_set_write(stage, "configs/prod.yaml", "read_timeout_s: 1.2\n");
    sweep_set_write(stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL);
    sweep_set_write(stage, "scenarios/b.yaml", SWEEP_BROWNOUT);
    sweep_set_write(stage, "sweep.yaml", sweep);
}

static const char *in(const struct sweep_set *stage, const char *name)
{
    static char paths[16][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, PATH_BYTES, "%s/%s", stage->folder, name);
    return path;
}

/* tollgate sweep --no-confirm --configs ... --out FOLDER/out a b SWEEP */
static int sweep_to(struct sweep_set *stage, const char *out, const char *a, const char *b)
{
    struct command *command = mem_alloc(1, sizeof *command);
    const char *arguments[] = { "sweep", "--no-confirm", "--configs", in(stage, "configs"),
                                "--out", in(stage, out), in(stage, "sweep.yaml"), a, b, NULL };
    int code = command_run(command, arguments);
    if (code != 0) print_message("%s", command->text);
    mem_free(command);
    return code;
}

static void assert_same(struct sweep_set *stage, const char *a, const char *b)
{
    static const char *const names[] = { "sweep.csv", "sweep.jsonl", "configs/prod.yaml",
                                         "sweep.html" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char left[64], right[64];
        snprintf(left, sizeof left, "%s/%s", a, names[i]);
        snprintf(right, sizeof right, "%s/%s", b, names[i]);
        char *one = sweep_set_read(stage, left);
        char *other = sweep_set_read(stage, right);
        if (strcmp(one, other) != 0) fail_msg("%s and %s differ", left, right);
        assert_true(strlen(one) > 100);
        mem_free(one);
        mem_free(other);
    }
}

static void the_outcome_does_not_depend_on_the_number_of_processes(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_stage(&stage, SWEEP_FILE(""));
    assert_int_equal(0, sweep_to(&stage, "one", "--jobs", "1"));
    assert_int_equal(0, sweep_to(&stage, "two", "--jobs", "2"));
    assert_same(&stage, "one", "two");
    char *csv = sweep_set_read(&stage, "one/sweep.csv");
    assert_true(strncmp(csv, "kind,rank,id,", 13) == 0);
    assert_non_null(strstr(csv, "\nfinalist,1,"));
    assert_non_null(strstr(csv, "\nsample,,40,"));
    mem_free(csv);
    sweep_set_close(&stage);
}

static int merge(struct sweep_set *stage, const char *fill, const char *a, const char *b,
                 char *text)
{
    struct command *command = mem_alloc(1, sizeof *command);
    const char *arguments[] = { "sweep", "merge", "--no-confirm", "--configs",
                                in(stage, "configs"), "--out", in(stage, "merged"), fill,
                                in(stage, a), b == NULL ? NULL : in(stage, b), NULL };
    int code = command_run(command, arguments);
    snprintf(text, 1024, "%.1000s", command->text);
    mem_free(command);
    return code;
}

static void shards_that_are_merged_give_what_one_sweep_gives(void **state)
{
    (void)state;
    struct sweep_set stage;
    char text[1024];
    open_stage(&stage, SWEEP_FILE(""));
    assert_int_equal(0, sweep_to(&stage, "whole", "--jobs", "2"));
    assert_int_equal(0, sweep_to(&stage, "first", "--shard", "1/2"));
    assert_int_equal(2, merge(&stage, "-q", "first", NULL, text));
    assert_non_null(strstr(text, "shard 2 of 2 is missing"));
    assert_int_equal(0, merge(&stage, "--fill", "first", NULL, text));
    assert_same(&stage, "whole", "merged");
    assert_int_equal(0, sweep_to(&stage, "second", "--shard", "2/2"));
    assert_int_equal(0, merge(&stage, "-q", "second", "first", text));
    assert_same(&stage, "whole", "merged");
    sweep_set_close(&stage);
}

/* Polls until the journal has this many bytes, at most about a minute. */
static void wait_for_journal(const char *path, off_t bytes)
{
    struct stat status;
    for (unsigned i = 0; i < 60000; i++) {
        if (stat(path, &status) == 0 && status.st_size >= bytes) return;
        poll(NULL, 0, 1);
    }
    fail_msg("%s does not grow", path);
}

static void a_sweep_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_stage(&stage, SWEEP_FILE(""));
    assert_int_equal(0, sweep_to(&stage, "whole", "--jobs", "2"));
    struct command *command = mem_alloc(1, sizeof *command);
    const char *arguments[] = { "sweep", "--no-confirm", "--configs", in(&stage, "configs"),
                                "--out", in(&stage, "killed"), "--jobs", "2",
                                in(&stage, "sweep.yaml"), NULL };
    command_start(command, arguments);
    wait_for_journal(in(&stage, "killed/journal.jsonl"), 4000);
    kill(command->pid, SIGKILL);
    assert_int_equal(256 + SIGKILL, command_finish(command));
    assert_false(file_exists(in(&stage, "killed/sweep.csv")));
    memset(command, 0, sizeof *command);
    assert_int_equal(0, command_run(command, arguments));
    assert_non_null(strstr(command->text, "going on after"));
    assert_same(&stage, "whole", "killed");
    /* Finished: all is there, nothing is simulated again. */
    assert_int_equal(0, sweep_to(&stage, "killed", "--resume", "--quiet"));
    assert_same(&stage, "whole", "killed");
    mem_free(command);
    sweep_set_close(&stage);
}

static void what_a_result_depends_on_is_noticed_when_it_changes(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_stage(&stage, SWEEP_FILE(""));
    assert_int_equal(2, sweep_to(&stage, "out", "--resume", "-q"));
    assert_int_equal(0, sweep_to(&stage, "out", "-q", "-q"));
    sweep_set_write(&stage, "configs/prod.yaml", "read_timeout_s: 1.3\n");
    assert_int_equal(2, sweep_to(&stage, "out", "-q", "-q"));
    assert_int_equal(0, sweep_to(&stage, "out", "--restart", "-q"));
    sweep_set_write(&stage, "scenarios/a.yaml", SWEEP_SLOW_MODEL "  - order: guide\n");
    assert_int_equal(2, sweep_to(&stage, "out", "-q", "-q"));
    sweep_set_close(&stage);
}

static void bad_words_are_refused_with_the_next_step(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *text;
    } rows[] = {
        { { "sweep" }, "name one sweep file" },
        { { "sweep", "merge" }, "name the shards' folders" },
        { { "sweep", "--jbos", "1" }, "did you mean --jobs" },
        { { "sweep", "--jobs", "0", "x" }, "from 1 to 256" },
        { { "sweep", "--shard", "3/2", "x" }, "write I/N" },
        { { "sweep", "--shard", "2", "x" }, "write I/N" },
        { { "sweep", "--fill", "x" }, "sweep merge" },
        { { "sweep", "nowhere.yaml" }, "nowhere.yaml" },
    };
    struct command *command = mem_alloc(1, sizeof *command);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *arguments[] = { rows[i].words[0], rows[i].words[1], rows[i].words[2],
                                    rows[i].words[3], NULL };
        memset(command, 0, sizeof *command);
        assert_int_equal(2, command_run(command, arguments));
        if (strstr(command->text, rows[i].text) == NULL) fail_msg("%zu: %s", i, command->text);
    }
    memset(command, 0, sizeof *command);
    const char *help[] = { "sweep", "--help", NULL };
    assert_int_equal(0, command_run(command, help));
    assert_non_null(strstr(command->text, "--shard I/N"));
    mem_free(command);
}

/* Two seconds of one scenario, five settings side by side over sockets. */
static void the_pick_is_confirmed_over_sockets_and_the_control_fails(void **state)
{
    (void)state;
    struct sweep_set stage;
    open_stage(&stage, "version: 1\nname: tried\nbase: { env: prod }\n"
                       "parameters:\n  read_timeout_s: { from: 0.1, to: 1.5, scale: log }\n"
                       "scenarios: [scenarios]\nseeds: { search: 1, fresh: 2 }\n"
                       "budget: { configurations: 12, rounds: 1, finalists: 3 }\n"
                       "confirm: { scenarios: [slow-model], jobs: 5 }\n");
    struct command *command = mem_alloc(1, sizeof *command);
    const char *arguments[] = { "sweep", "--configs", in(&stage, "configs"), "--out",
                                in(&stage, "out"), in(&stage, "sweep.yaml"), NULL };
    int code = command_run(command, arguments);
    if (code == 4) { /* the machine is too busy for any play */
        print_message("%s", command->text);
    } else {
        assert_int_equal(0, code);
        assert_non_null(strstr(command->text, "Confirmed over sockets: the pick passes 1 of 1"));
        assert_non_null(strstr(command->text, "the control fails there as predicted"));
        char *page = sweep_set_read(&stage, "out/sweep.html");
        assert_non_null(strstr(page, "<th>control</th><td>slow-model</td>"));
        mem_free(page);
    }
    assert_true(file_exists(in(&stage, "out/confirm/index.html")));
    mem_free(command);
    sweep_set_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outcome_does_not_depend_on_the_number_of_processes),
        cmocka_unit_test(shards_that_are_merged_give_what_one_sweep_gives),
        cmocka_unit_test(a_sweep_that_was_killed_goes_on_and_ends_as_if_it_had_not_been),
        cmocka_unit_test(what_a_result_depends_on_is_noticed_when_it_changes),
        cmocka_unit_test(bad_words_are_refused_with_the_next_step),
        cmocka_unit_test(the_pick_is_confirmed_over_sockets_and_the_control_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
