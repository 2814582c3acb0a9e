#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <dirent.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/hunt.h"
#include "harness/recovery.h"
#include "harness/run_digest.h"
#include "harness/shrink.h"
#include "harness/story.h"
#include "scenario/fault_table.h"

#define CONFIGS TOLLGATE_SOURCE_DIR "/configs"
#define CATALOGUE TOLLGATE_SOURCE_DIR "/scenarios"

enum { STORIES = 60 };

/* What a simulation of the text is; 0 when it is not valid. */
static uint64_t digest_of(const char *text, size_t length)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct suite_scenario item;
    struct run run;
    struct verdicts verdicts;
    uint64_t digest = 0;
    enum err rc = story_prepare(&arena, "story", text, length, CONFIGS, &item, &note);
    if (rc == ERR_OK) {
        assert_int_equal(story_simulate(&item, &run, &verdicts, &note), ERR_OK);
        digest = run_digest(&run);
        verdict_deinit(&verdicts);
        run_deinit(&run);
        schedule_destroy(&item.schedule);
    }
    arena_deinit(&arena);
    return digest;
}

static void check_written_again(const char *path)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    struct buf written;
    char *text = NULL;
    size_t length = 0;
    buf_init(&written, BUF_UNBOUNDED);
    assert_int_equal(file_read(path, YAML_BYTES_MAX, &text, &length, &note), ERR_OK);
    assert_int_equal(yaml_parse(&arena, path, text, length, &file, &note), ERR_OK);
    story_write(&written, story_copy(&arena, file.root));
    uint64_t before = digest_of(text, length);
    if (before == 0 || before != digest_of(buf_text(&written), written.length)) {
        fail_msg("%s is another story when it is written again:\n%s", path, buf_text(&written));
    }
    buf_deinit(&written);
    mem_free(text);
    arena_deinit(&arena);
}

static void every_scenario_of_the_catalogue_written_again_is_the_same_story(void **state)
{
    (void)state;
    DIR *folder = opendir(CATALOGUE);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[1024];
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0) continue;
        snprintf(path, sizeof path, CATALOGUE "/%.500s", entry->d_name);
        check_written_again(path);
        count++;
    }
    closedir(folder);
    assert_true(count >= 5);
}

static const char TEXT[] = "version: 1\n"
                           "name: large\n"
                           "teaches: Much that does not matter, and one fault that does.\n"
                           "duration: 12s\n"
                           "runtime:\n"
                           "  env: prod\n"
                           "  set: { cache_ttl_s: 1, retry_count: 1, breaker_cooldown_s: 4 }\n"
                           "workload:\n"
                           "  - arrival: { constant: 40/s }\n"
                           "    keys: { count: 32 }\n"
                           "  - arrival: { poisson: 20/s }\n"
                           "    keys: { count: 64, zipf: 0.9 }\n"
                           "upstream:\n"
                           "  latency: { p50: 20ms, max: 90ms }\n"
                           "  phases:\n"
                           "    - name: noise\n"
                           "      from: 1s\n"
                           "      to: 2s\n"
                           "      faults: [ { delay: 10ms, share: 20% } ]\n"
                           "    - name: trouble\n"
                           "      from: 4s\n"
                           "      to: 8s\n"
                           "      faults:\n"
                           "        - { delay: 5ms }\n"
                           "        - { status: 400, share: 30% }\n"
                           "        - { answer: crossed_quantiles }\n"
                           "expect:\n"
                           "  - latency: { p95: 300ms }\n"
                           "  - codes: { INPUT_INVALID: 0 }\n"
                           "  - order: guide\n";

static void shrinking_leaves_one_fault_and_the_check_that_fails(void **state)
{
    (void)state;
    const struct shrink_options options = { .path = "large", .configs = CONFIGS };
    struct err_note note = { .err = ERR_OK };
    struct shrink_result result;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    assert_int_equal(shrink(TEXT, sizeof TEXT - 1, &options, &out, &result, &note), ERR_OK);
    assert_string_equal(result.check, "codes.INPUT_INVALID");
    assert_int_equal(result.faults[0], 4);
    assert_int_equal(result.faults[1], 1);
    assert_true(result.requests[1] * 10 < result.requests[0]);
    const char *text = buf_text(&out);
    assert_non_null(strstr(text, "status: 400"));
    assert_non_null(strstr(text, "INPUT_INVALID"));
    assert_null(strstr(text, "order"));
    assert_null(strstr(text, "noise"));
    assert_null(strstr(text, "retry_count"));
    /* It is a scenario, and it is done: once more takes nothing away. */
    struct shrink_result again;
    struct buf same;
    buf_init(&same, BUF_UNBOUNDED);
    assert_int_equal(shrink(text, out.length, &options, &same, &again, &note), ERR_OK);
    assert_string_equal(buf_text(&same), text);
    buf_deinit(&same);
    buf_deinit(&out);
}

static void a_scenario_that_passes_is_not_shrunk(void **state)
{
    (void)state;
    const struct shrink_options options = { .path = "large", .configs = CONFIGS, .check = "order" };
    struct err_note note = { .err = ERR_OK };
    struct shrink_result result;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    assert_int_equal(shrink(TEXT, sizeof TEXT - 1, &options, &out, &result, &note), ERR_INVALID);
    assert_non_null(strstr(note.sentence, "order does not fail"));
    buf_deinit(&out);
}

/* The smallest scenario of a text, and what fails in it. */
static void shrink_text(const char *text, const char *check, struct buf *out,
                        struct shrink_result *result)
{
    const struct shrink_options options = { .path = "guarded", .configs = CONFIGS, .check = check };
    struct err_note note = { .err = ERR_OK };
    buf_init(out, BUF_UNBOUNDED);
    enum err rc = shrink(text, strlen(text), &options, out, result, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
}

#define GUARDED(expect)                                                                            \
    "version: 1\nname: guarded\nduration: 12s\nruntime: { env: prod, set: { cache_ttl_s: 1 } }\n"  \
    "workload: [ { arrival: { constant: 40/s }, keys: { count: 40 } } ]\n"                         \
    "upstream:\n  latency: 20ms\n  phases:\n"                                                     \
    "    - { name: trouble, from: 2s, to: 8s, faults: [ { status: 503, every: 3 } ] }\n"           \
    "expect:\n  - order: guide\n" expect

/* With less of it no scenario has so many, whatever is wrong with the service. */
static void what_less_would_fail_by_itself_keeps_its_load_and_its_faults(void **state)
{
    (void)state;
    static const char *const expects[][2] = {
        { "  - codes: { RUNTIME_5XX: \">= 900\" }\n", "codes.RUNTIME_5XX" },
        { "  - breaker: [closed, open, half_open, open, half_open]\n", "breaker" },
        { "  - rollback: expected\n", "rollback" },
    };
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        struct shrink_result result;
        struct buf out;
        snprintf(text, sizeof text, GUARDED("%s"), expects[i][0]);
        shrink_text(text, expects[i][1], &out, &result);
        assert_string_equal(result.check, expects[i][1]);
        assert_int_equal(result.requests[1], result.requests[0]);
        assert_int_equal(result.faults[1], 1);
        assert_null(strstr(buf_text(&out), "order"));
        buf_deinit(&out);
    }
}

/* The breaker opens although nothing but "closed" is expected: the smallest does so, too. */
static void a_breaker_s_list_fails_by_the_same_states(void **state)
{
    (void)state;
    struct shrink_result result;
    struct buf out;
    shrink_text(GUARDED("  - breaker: [closed]\n"), "breaker", &out, &result);
    assert_non_null(strstr(result.sentence, "seen closed > open"));
    assert_true(result.requests[1] < result.requests[0]);
    assert_int_equal(result.faults[1], 1);
    buf_deinit(&out);
}

#define BROWNOUT(expect)                                                                           \
    "version: 1\nname: brownout\nseed: 1001\nduration: 28s\n"                                      \
    "runtime: { env: prod, set: { cache_ttl_s: 2 } }\n"                                            \
    "workload: [ { arrival: { poisson: 40/s }, keys: { count: 50 } } ]\n"                          \
    "upstream:\n  latency: 20ms\n  phases:\n"                                                     \
    "    - { name: early, from: 1s, to: 2s, faults: [ { delay: 3ms, share: 10%% } ] }\n"           \
    "    - { name: trouble, from: 8s, to: 20s, faults: [ { status: 503, share: 50%% } ] }\n"       \
    "expect:\n  - order: guide\n" expect

/* What settings can mend stays so: no total outage, time to recover, and nothing without faults. */
static void an_expectation_fails_for_the_same_reason_when_it_is_smaller(void **state)
{
    (void)state;
    static const char *const expects[][2] = {
        { "  - served: { fresh: \">= 75%\", in: trouble }\n", "served.fresh in trouble" },
        { "  - breaker: [closed]\n", "breaker" },
        { "  - recovers: { within: 4s }\n", "recovers" },
    };
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        struct shrink_result result;
        struct buf out;
        snprintf(text, sizeof text, BROWNOUT("%s"), expects[i][0]);
        shrink_text(text, expects[i][1], &out, &result);
        assert_non_null(strstr(buf_text(&out), "seed: 1001\n"));
        assert_non_null(strstr(buf_text(&out), "share: 50%"));
        assert_null(strstr(buf_text(&out), "early"));
        assert_true(result.requests[1] < result.requests[0] / 4);
        unsigned duration_s = 0, to_s = 0;
        sscanf(strstr(buf_text(&out), "duration: "), "duration: %us", &duration_s);
        sscanf(strstr(buf_text(&out), "to: "), "to: %us", &to_s);
        if (i == 2) assert_true(duration_s >= to_s + 6);
        buf_deinit(&out);
    }
}

static void shrinking_stops_after_the_runs_it_may_use(void **state)
{
    (void)state;
    const struct shrink_options options = { .path = "large", .configs = CONFIGS, .runs_max = 5 };
    struct err_note note = { .err = ERR_OK };
    struct shrink_result result;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    assert_int_equal(shrink(TEXT, sizeof TEXT - 1, &options, &out, &result, &note), ERR_OK);
    assert_true(result.runs <= 6);
    assert_true(digest_of(buf_text(&out), out.length) != 0);
    buf_deinit(&out);
}

static void a_hunt_tells_the_same_story_for_the_same_number_and_others_for_others(void **state)
{
    (void)state;
    struct buf first;
    struct buf second;
    uint64_t digests[STORIES];
    size_t valid = 0;
    for (uint32_t i = 0; i < STORIES; i++) {
        buf_init(&first, BUF_UNBOUNDED);
        buf_init(&second, BUF_UNBOUNDED);
        hunt_story(7, i, "prod", 10 * NS_PER_S, &first);
        hunt_story(7, i, "prod", 10 * NS_PER_S, &second);
        assert_string_equal(buf_text(&first), buf_text(&second));
        digests[valid] = digest_of(buf_text(&first), first.length);
        for (size_t j = 0; j < valid; j++)
            assert_true(digests[j] != digests[valid]);
        valid += digests[valid] != 0;
        buf_deinit(&first);
        buf_deinit(&second);
    }
    assert_true(valid * 10 >= STORIES * 8);
}

static void a_hunt_uses_every_fault_that_there_is(void **state)
{
    (void)state;
    size_t rows = 0;
    const struct fault_row *table = fault_table(&rows);
    struct buf stories;
    buf_init(&stories, BUF_UNBOUNDED);
    for (uint32_t i = 0; i < 400; i++)
        hunt_story(7, i, "prod", 0, &stories);
    for (size_t i = 0; i < rows; i++) {
        if (table[i].yaml == NULL) continue;
        char line[256];
        snprintf(line, sizeof line, "- %.*s", (int)strlen(table[i].yaml) - 2, table[i].yaml);
        if (strstr(buf_text(&stories), line) == NULL) fail_msg("no story has %s", table[i].yaml);
    }
    buf_deinit(&stories);
}

/* Each kind of load, of client, of selection, of latency, what the upstream can do at once, and a
 * second cache level. */
static void a_hunt_uses_every_part_of_a_scenario(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "constant:", "poisson:", "burst: { size", "ramp: { from: 5/s", "closed:",  "cycle:",
        "hang_up:",  "after: 30ms", "slow_upload:", "mix:",            "bad:",     "zipf:",
        "share:",    "first:",  "nth:",         "every: 3",            "exact_share:",
        "burst: { bad", "attempt:", "model: chronos-small }",          "market:",  "path:",
        "ramp: { from: 0%", "ramp_delay:", "uniform:", "lognormal:",   "p90:",     "on_full: 503",
        "on_full: 429", "on_full: reset", "on_full: close", "do: down", "do: hang", "do: flush",
    };
    struct buf stories;
    buf_init(&stories, BUF_UNBOUNDED);
    for (uint32_t i = 0; i < 400; i++)
        hunt_story(7, i, "prod", 0, &stories);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(buf_text(&stories), parts[i]) == NULL) fail_msg("no story has %s", parts[i]);
    }
    buf_deinit(&stories);
}

static void a_story_ends_when_all_has_had_the_time_to_be_well(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        struct suite_scenario item;
        struct buf text;
        buf_init(&text, BUF_UNBOUNDED);
        if (hunt_story_make(&arena, 7, i, CONFIGS, "prod", &text, &item, &note) == ERR_OK) {
            const struct scenario *scenario = &item.scenario;
            uint64_t end_ns = scenario->phases[scenario->phase_count - 1].to_ns;
            uint64_t whole_ns = recovery_whole_ns(&item.config.engine);
            assert_true(scenario->duration_ns >= end_ns + whole_ns + NS_PER_S);
            schedule_destroy(&item.schedule);
        }
        buf_deinit(&text);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_of_the_catalogue_written_again_is_the_same_story),
        cmocka_unit_test(shrinking_leaves_one_fault_and_the_check_that_fails),
        cmocka_unit_test(a_scenario_that_passes_is_not_shrunk),
        cmocka_unit_test(what_less_would_fail_by_itself_keeps_its_load_and_its_faults),
        cmocka_unit_test(a_breaker_s_list_fails_by_the_same_states),
        cmocka_unit_test(an_expectation_fails_for_the_same_reason_when_it_is_smaller),
        cmocka_unit_test(shrinking_stops_after_the_runs_it_may_use),
        cmocka_unit_test(a_hunt_tells_the_same_story_for_the_same_number_and_others_for_others),
        cmocka_unit_test(a_hunt_uses_every_fault_that_there_is),
        cmocka_unit_test(a_hunt_uses_every_part_of_a_scenario),
        cmocka_unit_test(a_story_ends_when_all_has_had_the_time_to_be_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
