/* A failing run leaves a file that plays it again, wherever one stands and whatever configuration
 * it ran with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/capsule.h"
#include "harness/repeat_suite.h"
#include "harness/run_command.h"
#include "harness/run_digest.h"
#include "harness/shrink.h"
#include "harness/story.h"
#include "printed_run.h"
#include "scratch.h"

#define FAILING                                                                                    \
    "version: 1\nname: brown\nteaches: \"two words: a colon\"\nseed: 7\nduration: 3s\n"            \
    "runtime: { env: dev, set: { cache_ttl_s: 1, warmup_models: \"chronos\" } }\n"                 \
    "workload:\n  - arrival: { poisson: 60/s }\n    keys: { count: 20 }\n"                         \
    "upstream:\n  latency: 10ms\n  phases:\n"                                                      \
    "    - { name: out, from: 1s, to: 3s, faults: [ { status: 503, share: 70% } ] }\n"             \
    "expect:\n  - codes: { RUNTIME_5XX: 0 }\n"

#define RECORDED                                                                                   \
    "version: 1\nname: recorded\nduration: 2s\nruntime: { env: dev }\n"                           \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 20 }\n"                       \
    "upstream:\n  latency: { samples: recorded/times.txt }\n  phases:\n"                          \
    "    - { name: out, from: 1s, to: 2s, faults: [ { status: 503 } ] }\n"                        \
    "expect:\n  - codes: { RUNTIME_5XX: 0 }\n"

#define PASSING                                                                                    \
    "version: 1\nname: calm\nseed: 7\nduration: 2s\nruntime: { env: dev }\n"                       \
    "workload:\n  - arrival: { constant: 20/s }\n    keys: { count: 20 }\n"                        \
    "upstream:\n  latency: 10ms\nexpect:\n  - served: { error: 0 }\n"

/* No defaults: what it changes must come along. */
#define SETTINGS                                                                                   \
    "retry_count: 0\nbreaker_min_volume: 5\nbreaker_failures_30s: 5\nbreaker_cooldown_s: 1\n"      \
    "cache_stale_if_error_s: 1\n"

static char *said; /* owned: what the latest run printed */

static int make_folder(void **state)
{
    scratch_make(state);
    assert_int_equal(file_make_folder(scratch_path("settings"), NULL), ERR_OK);
    scratch_write("settings/dev.yaml", SETTINGS);
    return chdir("/"); /* no ./configs there */
}

static int remove_folder(void **state)
{
    mem_free(said);
    return scratch_remove(state);
}

static int run(const char *text, bool real, uint32_t repeat)
{
    const char *path = scratch_write("scenario.yaml", text);
    const char *configs = scratch_path("settings");
    const struct run_options options = {
        .discover = { .paths = &path,
                      .path_count = 1,
                      .configs = configs,
                      .has_seed = true,
                      .seed = 11 },
        .sim = !real,
        .real = real,
        .jobs = 1,
        .repeat = repeat,
        .out = scratch_path("out"),
        .programs = TOLLGATE_BINARY_DIR "/bin",
        .outputs = { .annotations = "none" },
    };
    return printed_run(&options, &said);
}

static void run_and_fail(bool real, uint32_t repeat)
{
    int code = run(FAILING, real, repeat);
    if (code != 1) fail_msg("exit %d:\n%s", code, said);
}

static void assert_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("not there: %s\nin:\n%s", wanted, text);
}

struct replayed {
    uint64_t digest;
    char sentence[512];
};

/* What a scenario file does in the simulator; seed 0: its own. */
static struct replayed simulate(const char *path, const char *configs, uint64_t seed)
{
    struct replayed outcome = { .digest = 0 };
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct run run;
    struct verdicts verdicts;
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(file_read(path, (size_t)1 << 20, &text, &length, &note), ERR_OK);
    if (story_prepare(&arena, path, text, length, configs, &item, &note) != ERR_OK) {
        fail_msg("%s: %s", path, note.sentence);
    }
    if (seed != 0) {
        item.seed = seed;
        item.config.engine.seed = seed;
        schedule_destroy(&item.schedule);
        schedule_create(&item.scenario, seed, &item.schedule);
    }
    assert_int_equal(story_simulate(&item, &run, &verdicts, &note), ERR_OK);
    outcome.digest = run_digest(&run);
    for (size_t i = 0; i < verdicts.count && outcome.sentence[0] == '\0'; i++) {
        if (verdicts.checks[i].status != CHECK_FAIL) continue;
        snprintf(outcome.sentence, sizeof outcome.sentence, "%s", verdicts.checks[i].sentence);
    }
    verdict_deinit(&verdicts);
    run_deinit(&run);
    schedule_destroy(&item.schedule);
    arena_deinit(&arena);
    mem_free(text);
    return outcome;
}

static void a_failing_run_leaves_a_capsule_that_does_the_same_again(void **state)
{
    (void)state;
    run_and_fail(false, 1);
    struct replayed wanted = simulate(scratch_path("scenario.yaml"), scratch_path("settings"), 11);
    assert_string_not_equal(wanted.sentence, "");
    /* Its folder of settings is gone, and another stands beside the copy. */
    const char *capsule = scratch_path("out/brown/capsule.yaml");
    struct replayed again = simulate(capsule, NULL, 0);
    assert_true(again.digest == wanted.digest);
    assert_string_equal(again.sentence, wanted.sentence);
}

static void the_capsule_says_what_failed_and_how_to_play_it_again(void **state)
{
    (void)state;
    run_and_fail(false, 1);
    struct replayed wanted = simulate(scratch_path("scenario.yaml"), scratch_path("settings"), 11);
    char *text = scratch_read("out/brown/capsule.yaml");
    char line[640];
    assert_holds(text, wanted.sentence);
    assert_holds(text, "with seed 11");
    snprintf(line, sizeof line, "tollgate run --world sim %s",
             scratch_path("out/brown/capsule.yaml"));
    assert_holds(text, line);
    assert_holds(said, line);
    char *summary = scratch_read("out/summary.md");
    assert_holds(summary, line);
    snprintf(line, sizeof line, "tollgate shrink %s", scratch_path("out/brown/capsule.yaml"));
    assert_holds(said, line);
    assert_holds(summary, line);
    mem_free(summary);
    mem_free(text);
}

static void a_capsule_can_be_shrunk(void **state)
{
    (void)state;
    run_and_fail(false, 1);
    char *text = scratch_read("out/brown/capsule.yaml");
    const struct shrink_options options = { .path = scratch_path("out/brown/capsule.yaml"),
                                            .runs_max = 40 };
    struct shrink_result result;
    struct err_note note = { .err = ERR_OK };
    struct buf smaller;
    buf_init(&smaller, BUF_UNBOUNDED);
    enum err rc = shrink(text, strlen(text), &options, &smaller, &result, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
    buf_deinit(&smaller);
    mem_free(text);
}

/* In a folder below, which must come along as well. */
static void what_a_capsule_names_is_beside_it_and_beside_what_it_is_shrunk_to(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder(scratch_path("recorded"), NULL), ERR_OK);
    scratch_write("recorded/times.txt", "5ms\n10ms\n20ms\n");
    assert_int_equal(run(RECORDED, false, 1), 1);
    char *copy = scratch_read("out/recorded/recorded/times.txt");
    assert_string_equal(copy, "5ms\n10ms\n20ms\n");
    mem_free(copy);
    assert_true(simulate(scratch_path("out/recorded/capsule.yaml"), NULL, 0).sentence[0] != '\0');
    const char *capsule = scratch_path("out/recorded/capsule.yaml");
    assert_int_equal(file_make_folder(scratch_path("small"), NULL), ERR_OK);
    assert_int_equal(file_make_folder(scratch_path("configs"), NULL), ERR_OK);
    scratch_write("configs/dev.yaml", "retry_count: 1\n");
    const char *out = scratch_path("small/x.yaml");
    char verb[] = "shrink", option[] = "--out";
    char *words[] = { verb, option, (char *)out, (char *)capsule, NULL };
    assert_int_equal(shrink_command(4, words), 0);
    assert_true(simulate(out, NULL, 0).sentence[0] != '\0');
}

static void a_run_that_fails_over_sockets_alone_is_played_over_sockets_again(void **state)
{
    (void)state;
    run_and_fail(true, 1);
    assert_holds(said, "play it again: tollgate run --world real ");
    assert_null(strstr(said, "tollgate shrink"));
    const char *path = scratch_path("out/brown/capsule.yaml");
    const struct run_options options = {
        .discover = { .paths = &path, .path_count = 1 },
        .real = true,
        .jobs = 1,
        .repeat = 1,
        .out = scratch_path("again"),
        .programs = TOLLGATE_BINARY_DIR "/bin",
        .quiet = true,
        .outputs = { .annotations = "none" },
    };
    assert_int_equal(run_command(&options), 1);
}

static void a_run_that_passes_leaves_none(void **state)
{
    (void)state;
    assert_int_equal(run(PASSING, false, 1), 0);
    assert_false(file_exists(scratch_path("out/calm/capsule.yaml")));
    assert_null(strstr(said, "play it again"));
}

static void the_first_of_several_runs_that_failed_is_named(void **state)
{
    (void)state;
    run_and_fail(false, 3);
    assert_holds(said, "out/brown/capsule.yaml");
}

static void a_later_run_that_failed_is_named_when_the_first_passed(void **state)
{
    (void)state;
    char *path = mem_copy("b", 2);
    struct suite suite = { .scenarios = mem_alloc(2, sizeof *suite.scenarios), .count = 2 };
    suite.scenarios[1].capsule = path;
    suite.scenarios[1].capsule_in_sim = true;
    repeat_fold(&suite, 2);
    assert_int_equal(suite.count, 1);
    assert_ptr_equal(suite.scenarios[0].capsule, path);
    assert_true(suite.scenarios[0].capsule_in_sim);
    suite_deinit(&suite);
}

static void a_path_with_blanks_is_quoted_for_the_shell(void **state)
{
    (void)state;
    char path[] = "it's here/capsule.yaml";
    const struct suite_scenario item = { .capsule = path, .capsule_in_sim = true };
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    assert_true(capsule_shrink_command(&line, &item, CAPSULE_FOR_FILE));
    assert_string_equal(buf_text(&line), "tollgate shrink 'it'\\''s here/capsule.yaml'");
    buf_deinit(&line);
}

/* The tests' own folder is "/". */
static void a_shell_is_given_the_whole_path_and_a_file_the_run_s(void **state)
{
    (void)state;
    char path[] = "reports/x/capsule.yaml";
    const struct suite_scenario item = { .capsule = path };
    struct buf line;
    buf_init(&line, BUF_UNBOUNDED);
    capsule_replay_command(&line, &item, CAPSULE_FOR_FILE);
    assert_string_equal(buf_text(&line), "tollgate run --world real reports/x/capsule.yaml");
    buf_clear(&line);
    capsule_replay_command(&line, &item, CAPSULE_FOR_SHELL);
    assert_string_equal(buf_text(&line), "tollgate run --world real //reports/x/capsule.yaml");
    buf_deinit(&line);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_run_leaves_a_capsule_that_does_the_same_again),
        cmocka_unit_test(the_capsule_says_what_failed_and_how_to_play_it_again),
        cmocka_unit_test(a_capsule_can_be_shrunk),
        cmocka_unit_test(what_a_capsule_names_is_beside_it_and_beside_what_it_is_shrunk_to),
        cmocka_unit_test(a_run_that_fails_over_sockets_alone_is_played_over_sockets_again),
        cmocka_unit_test(a_run_that_passes_leaves_none),
        cmocka_unit_test(the_first_of_several_runs_that_failed_is_named),
        cmocka_unit_test(a_later_run_that_failed_is_named_when_the_first_passed),
        cmocka_unit_test(a_path_with_blanks_is_quoted_for_the_shell),
        cmocka_unit_test(a_shell_is_given_the_whole_path_and_a_file_the_run_s),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
