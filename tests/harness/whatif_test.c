/* What would have happened: a simulation's trace, played with other settings, is compared with the
 * simulation of these settings. Where every attempt was recorded, both must be equal. */

#include "harness/whatif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/replay.h"
#include "judge_fixture.h"

/* No two requests are alike, so that each makes its own attempts; backoffs of nothing, so that a
 * retry meets the same second. From 2 s to 4 s all fail, some late. */
#define SCENARIO                                                                                   \
    "version: 1\nname: what\nseed: 7\nduration: 6s\nruntime:\n  env: prod\n  set:\n"               \
    "    cache_ttl_s: 0.001\n    cache_stale_if_error_s: 0\n    breaker_failures_30s: 1024\n"    \
    "    breaker_failure_ratio: 1\n    breaker_min_volume: 1024\n"                               \
    "    retry_backoff_base_ms: 1\n    retry_backoff_cap_ms: 1\n"                                  \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 100000 }\n"                    \
    "upstream:\n"                                                                                  \
    "  latency: { p50: 20ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }\n"                    \
    "  phases:\n    - { name: out, from: 2s, to: 4s, faults: [ { status: 503 } ] }\n"              \
    "expect:\n  - order: guide\n"

static struct buf trace;
static struct recording recording;
static struct whatif whatif;

/* The trace of the scenario with a setting (or NULL), as of a program that ended in order. */
static void record(const char *yaml, const char *setting, bool whole)
{
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    const struct sim_options options = { .jitter_seed = 0 };
    size_t lines = 0;
    buf_clear(&trace);
    stage_open(&stage, yaml, setting);
    assert_int_equal(sim_run(&stage.run, &options, &trace, &note), ERR_OK);
    stage_close(&stage);
    for (size_t i = 0; i < trace.length; i++) lines += trace.data[i] == '\n';
    if (whole) buf_printf(&trace, "{\"end\":true,\"lines\":%zu}\n", lines - 1);
}

static void read_trace(const char *const *sets, size_t count, struct recording *out)
{
    struct err_note note = { .err = ERR_OK };
    const struct trace_changes changes = { .sets = sets, .count = count };
    enum err rc = recording_read("t", buf_text(&trace), trace.length, &changes, out, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
}

/* `whatif` and `recording` of the trace. */
static void play(const char *set)
{
    read_trace(&set, set != NULL, &recording);
    whatif_play(&recording, &whatif);
}

static void close_all(void)
{
    whatif_deinit(&whatif);
    recording_deinit(&recording);
}

static void assert_same(struct recorded_figures *a, struct recorded_figures *b)
{
    assert_int_equal(a->answers, b->answers);
    assert_memory_equal(a->served, b->served, sizeof a->served);
    assert_int_equal(recorded_p95_ns(a), recorded_p95_ns(b));
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->transition_count, b->transition_count);
    assert_memory_equal(a->transitions, b->transitions, sizeof a->transitions);
}

/* Recorded with one setting and played with another, against the simulation with that one. */
static void assert_plays_as_simulated(const char *recorded, const char *changed)
{
    struct recording truth;
    record(SCENARIO, changed, true);
    read_trace(NULL, 0, &truth);
    record(SCENARIO, recorded, true);
    play(changed);
    assert_int_equal(whatif.from_model, 0);
    assert_true(whatif.model_from == INSTANT_NEVER);
    assert_int_equal(whatif.from_recording, whatif.figures.attempts);
    assert_same(&whatif.figures, &truth.figures);
    close_all();
    recording_deinit(&truth);
}

static void the_recorded_settings_give_what_was_recorded(void **state)
{
    (void)state;
    record(STAGE_SCENARIO(STAGE_EXPECT), NULL, true);
    play(NULL);
    assert_true(recording.figures.transition_count > 0);
    assert_same(&whatif.figures, &recording.figures);
    assert_int_equal(whatif.from_model, 0);
    close_all();
}

/* The same, where the engine cut attempts: it does so at the moment up to which they are known. */
static void what_was_cut_is_cut_again(void **state)
{
    (void)state;
    record(SCENARIO, "read_timeout_s=0.1", true);
    play("read_timeout_s=0.1");
    assert_true(recording.figures.attempts > recording.request_count);
    assert_int_equal(whatif.from_model, 0);
    assert_same(&whatif.figures, &recording.figures);
    close_all();
}

static void fewer_retries_are_a_recording_to_the_end(void **state)
{
    (void)state;
    assert_plays_as_simulated("retry_count=2", "retry_count=0");
}

static void a_shorter_timeout_cuts_what_was_recorded(void **state)
{
    (void)state;
    assert_plays_as_simulated("retry_count=0", "retry_count=0");
    struct recording truth;
    record(SCENARIO, "read_timeout_s=0.1", true);
    read_trace(NULL, 0, &truth);
    uint64_t slow = truth.figures.attempts; /* retried, because they were cut */
    recording_deinit(&truth);
    record(SCENARIO, "read_timeout_s=2", true);
    play("read_timeout_s=0.1");
    assert_true(slow > recording.figures.attempts);
    assert_true(whatif.figures.attempts > recording.figures.attempts);
    assert_true(whatif.from_model > 0); /* the retries */
    close_all();
}

/* What would have been tried again in the outage meets the outage, not the times around it. */
static void a_retry_that_was_not_made_meets_the_same_second(void **state)
{
    (void)state;
    struct recording truth;
    record(SCENARIO, "retry_count=2", true);
    read_trace(NULL, 0, &truth);
    uint64_t failed = truth.figures.served[SERVED_BASELINE];
    uint64_t attempts = truth.figures.attempts;
    recording_deinit(&truth);
    record(SCENARIO, "retry_count=0", true);
    play("retry_count=2");
    assert_true(failed >= 60);
    assert_true(recording.figures.served[SERVED_BASELINE] > failed);
    assert_in_range(whatif.figures.served[SERVED_BASELINE], failed - 3, failed + 3);
    assert_in_range(whatif.figures.attempts, attempts - 6, attempts + 6);
    assert_true(whatif.from_model >= 2 * failed);
    assert_int_equal(whatif.figures.attempts, whatif.from_model + whatif.from_recording);
    /* The first that was not recorded. */
    assert_true(whatif.model_from >= 2 * NS_PER_S);
    assert_true(whatif.model_from < 2 * NS_PER_S + 500 * NS_PER_MS);
    struct whatif again;
    whatif_play(&recording, &again);
    assert_same(&again.figures, &whatif.figures);
    whatif_deinit(&again);
    close_all();
}

/* It was cut at 0.1 s, and nobody knows how long it would have taken: nothing that is known of that
 * time is longer, so it stays silent, and is cut again. */
static void a_longer_wait_than_recorded_is_the_models(void **state)
{
    (void)state;
    record(SCENARIO, "read_timeout_s=0.1", true);
    play("read_timeout_s=0.3");
    assert_true(whatif.model_from != INSTANT_NEVER);
    assert_true(recorded_p95_ns(&whatif.figures) > recorded_p95_ns(&recording.figures));
    close_all();
}

static void a_smaller_max_inflight_refuses_requests(void **state)
{
    (void)state;
    record(SCENARIO, NULL, true);
    play("max_inflight=1");
    assert_true(whatif.figures.served[SERVED_ERROR] > 0);
    assert_int_equal(whatif.figures.answers, recording.figures.answers);
    close_all();
}

/* ---- the command ---- */

static char *said; /* owned */

static int command(const char *first, const char *second)
{
    char path[] = "/tmp/tollgate-whatif-XXXXXX";
    char printed[] = "/tmp/tollgate-whatif-XXXXXX";
    close(mkstemp(path));
    close(mkstemp(printed));
    assert_int_equal(file_write(path, trace.data, trace.length, NULL), ERR_OK);
    char program[] = "tollgate";
    char verb[] = "replay";
    char *argv[] = { program, verb, path, (char *)(uintptr_t)first, (char *)(uintptr_t)second };
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    int kept_errors = dup(STDERR_FILENO);
    assert_non_null(freopen(printed, "w", stdout));
    dup2(STDOUT_FILENO, STDERR_FILENO);
    int code = replay_command(second == NULL ? first == NULL ? 3 : 4 : 5, argv);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    dup2(kept_errors, STDERR_FILENO);
    close(kept);
    close(kept_errors);
    size_t length = 0;
    mem_free(said);
    assert_int_equal(file_read(printed, (size_t)1 << 20, &said, &length, NULL), ERR_OK);
    unlink(path);
    unlink(printed);
    return code;
}

static void assert_says(const char *wanted)
{
    if (strstr(said, wanted) == NULL) fail_msg("not said: %s\nsaid:\n%s", wanted, said);
}

static void the_command_compares_and_says_where_the_model_begins(void **state)
{
    (void)state;
    record(SCENARIO, "retry_count=0", true);
    assert_int_equal(command("--set", "retry_count=1"), 0);
    assert_says("  retry_count: 0 -> 1\n");
    assert_says("until 2.");
    assert_says("a recording until 2.");
    assert_says("from there on a model");
    assert_says("recorded      changed\n");
    record(SCENARIO, "retry_count=2", true);
    assert_int_equal(command("--set=retry_count=0", NULL), 0);
    assert_says("a recording to its end: each of 240 attempts was made in the trace, too");
}

#define PATIENT                                                                                    \
    "version: 1\nname: patient\nseed: 7\nduration: 6s\nruntime:\n  env: prod\n  set:\n"            \
    "    retry_backoff_base_ms: 400\n    retry_backoff_cap_ms: 400\n"                              \
    "workload:\n  - arrival: { constant: 5/s }\n    keys: { count: 1 }\n"                          \
    "upstream:\n  latency: 20ms\n"                                                                 \
    "  phases:\n    - { name: out, from: 2s, to: 4s, faults: [ { status: 503, first: 1 } ] }\n"    \
    "expect:\n  - order: guide\n"

/* The value of "t" in the first line that holds `text`, since the trace's first. */
static double seconds_of(const char *text)
{
    const char *first = strchr(buf_text(&trace), '\n') + 1;
    const char *at = strstr(first, text);
    assert_non_null(at);
    while (at[-1] != '\n') at--;
    uint64_t begin_ns = strtoull(first + strlen("{\"t\":"), NULL, 10);
    uint64_t found_ns = strtoull(at + strlen("{\"t\":"), NULL, 10);
    return (double)(found_ns - begin_ns) / 1e9;
}

/* One attempt fails, with nothing else on its way: without retries the answer is given at that
 * moment, where the trace has nothing before the retry. A request that comes in the retry's wait
 * found its call, and now asks: the trace does not know what for. */
static void the_command_names_the_very_moments(void **state)
{
    (void)state;
    char line[64];
    record(PATIENT, "cache_ttl_s=0.001", true);
    assert_int_equal(command("--set", "retry_count=0"), 0);
    snprintf(line, sizeof line, "until %.3f s the engine decides the same", seconds_of("http_503"));
    assert_says(line);
    const char *failed = strstr(buf_text(&trace), "http_503");
    const char *joined = strstr(failed, "\"in\":\"request\"");
    assert_true(joined < strstr(failed, "start_attempt")); /* while the retry waits */
    while (joined[-1] != '\n') joined--;
    uint64_t first_ns = strtoull(strchr(buf_text(&trace), '\n') + strlen("\n{\"t\":"), NULL, 10);
    uint64_t joined_ns = strtoull(joined + strlen("{\"t\":"), NULL, 10);
    snprintf(line, sizeof line, "a recording until %.3f s, from there on a model",
             (double)(joined_ns - first_ns) / 1e9);
    assert_says(line);
}

static void the_command_says_when_nothing_would_have_changed(void **state)
{
    (void)state;
    record(SCENARIO, "retry_count=0", true);
    assert_int_equal(command("--set", "pool_queue_max=1000"), 0);
    assert_says("nothing would have been decided otherwise");
}

static void the_commands_exit_codes(void **state)
{
    (void)state;
    record(SCENARIO, "retry_count=0", false);
    assert_int_equal(command("--set", "retry_count=1"), 3);
    assert_says("no end mark");
    record(SCENARIO, "retry_count=0", true);
    assert_int_equal(command("--set", "retry_coun=1"), 2);
    assert_says("did you mean \"retry_count\"?");
    assert_int_equal(command("--set", "retry_backoff_cap_ms=0"), 2);
    assert_int_equal(command("--set", "baseline_only=true"), 2);
    assert_says("a trace cannot tell what this would have changed");
    assert_int_equal(command("--set", "stale_family_key=true"), 2);
    assert_int_equal(command("--set", NULL), 2);
    assert_int_equal(command(NULL, NULL), 0);
    char *served = strstr(trace.data, "\"served\":\"upstream\"");
    assert_non_null(served);
    memcpy(served, "\"served\":\"baseline\"", strlen("\"served\":\"baseline\""));
    assert_int_equal(command("--set", "retry_count=1"), 5);
    assert_says("with its own settings DIVERGED");
}

static int open_trace(void **state)
{
    (void)state;
    buf_init(&trace, BUF_UNBOUNDED);
    return 0;
}

static int close_trace(void **state)
{
    (void)state;
    mem_free(said);
    buf_deinit(&trace);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recorded_settings_give_what_was_recorded),
        cmocka_unit_test(what_was_cut_is_cut_again),
        cmocka_unit_test(fewer_retries_are_a_recording_to_the_end),
        cmocka_unit_test(a_shorter_timeout_cuts_what_was_recorded),
        cmocka_unit_test(a_retry_that_was_not_made_meets_the_same_second),
        cmocka_unit_test(a_longer_wait_than_recorded_is_the_models),
        cmocka_unit_test(a_smaller_max_inflight_refuses_requests),
        cmocka_unit_test(the_command_compares_and_says_where_the_model_begins),
        cmocka_unit_test(the_command_names_the_very_moments),
        cmocka_unit_test(the_command_says_when_nothing_would_have_changed),
        cmocka_unit_test(the_commands_exit_codes),
    };
    return cmocka_run_group_tests(tests, open_trace, close_trace);
}
