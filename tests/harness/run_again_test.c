/* Disagreements of the worlds that go away when a scenario is played again, and the order in which
 * scenarios are played. The comparison is a planted one: it disagrees as often as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/result_read.h"
#include "harness/run_again.h"
#include "harness/run_command.h"
#include "printed_run.h"
#include "scratch.h"

#define SCENARIO_THAT_EXPECTS(name, seconds, what)                                                 \
    "version: 1\nname: " name "\nseed: 7\nduration: " seconds "\nworkload:\n"                      \
    "  - arrival: { constant: 20/s }\n    keys: { count: 100 }\n"                                  \
    "upstream:\n  latency: 10ms\nexpect:\n  - served: { " what " }\n"
#define SCENARIO(name, seconds) SCENARIO_THAT_EXPECTS(name, seconds, "error: 0")

static unsigned compared;
static unsigned disagreements; /* how many more are planted */
static char *said;             /* owned: what the latest run printed */

static int remove_folder(void **state)
{
    mem_free(said);
    return scratch_remove(state);
}

static enum err planted_compare(const struct run *sim, const struct run *real, struct parity *out,
                                struct err_note *note)
{
    (void)sim;
    (void)note;
    compared++;
    *out = (struct parity){ .margin_ns = PARITY_MARGIN_NS,
                            .requests = (uint32_t)real->schedule->count,
                            .decided = (uint32_t)real->schedule->count,
                            .served_holds = disagreements == 0,
                            .intervals.hold = true,
                            .holds = disagreements == 0 };
    if (disagreements > 0) disagreements--;
    return ERR_OK;
}

/* The exit code; `said` is what it printed. */
static int run(const char *const *paths, size_t count, uint32_t jobs)
{
    const struct run_options options = {
        .discover = { .paths = paths,
                      .path_count = count,
                      .configs = TOLLGATE_SOURCE_DIR "/configs" },
        .sim = true,
        .real = true,
        .jobs = jobs,
        .repeat = 1,
        .out = scratch_path("out"),
        .programs = TOLLGATE_BINARY_DIR "/bin",
        .outputs = { .annotations = "none" },
        .compare = planted_compare,
    };
    compared = 0;
    return printed_run(&options, &said);
}

static int run_one(unsigned planted)
{
    const char *path = scratch_write("one.yaml", SCENARIO("one", "1s"));
    disagreements = planted;
    return run(&path, 1, 1);
}

/* The result tells of `count` playings that did not count, each for the planted disagreement. */
static void assert_kept(size_t count)
{
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    if (result_load(scratch_path("out"), &arena, &suite, &note) != ERR_OK)
        fail_msg("%s", note.sentence);
    assert_int_equal(suite.scenarios[0].sim.earlier.count, 0);
    const struct earlier *earlier = &suite.scenarios[0].real.earlier;
    assert_int_equal(earlier->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(earlier->items[i].seed, 7);
        assert_int_equal(earlier->items[i].status, CHECK_PASS);
        assert_string_equal(earlier->items[i].reason,
                            "simulation and sockets disagree on 20 of 20 requests");
    }
    suite_deinit(&suite);
    arena_deinit(&arena);
}

static void a_disagreement_that_does_not_come_back_is_none(void **state)
{
    (void)state;
    assert_int_equal(run_one(1), 0);
    assert_int_equal(compared, 2);
    assert_non_null(strstr(said, "one: simulation and sockets disagree on 20 of 20 requests; "
                                 "playing it again, with few others"));
    assert_null(strstr(said, "DISAGREE"));
    assert_kept(1);
}

static void a_disagreement_that_stays_counts_after_two_more_runs(void **state)
{
    (void)state;
    assert_int_equal(run_one(100), 5);
    assert_int_equal(compared, 3);
    assert_non_null(strstr(said, "DISAGREE"));
    assert_kept(2);
}

static void agreement_is_not_looked_at_again(void **state)
{
    (void)state;
    assert_int_equal(run_one(0), 0);
    assert_int_equal(compared, 1);
    assert_null(strstr(said, "disagree"));
    assert_kept(0);
}

/* Else a service that fails now and then would be played until it passes. */
static void a_failed_run_is_final_whatever_the_simulation_did(void **state)
{
    (void)state;
    const char *path =
        scratch_write("one.yaml", SCENARIO_THAT_EXPECTS("one", "1s", "error: 20"));
    disagreements = 1;
    assert_int_equal(run(&path, 1, 1), 1);
    assert_int_equal(compared, 1);
    assert_null(strstr(said, "playing it again"));
    assert_non_null(strstr(said, "one: real fail"));
    assert_kept(0);
}

static void assert_before(const char *first, const char *second)
{
    const char *one = strstr(said, first);
    const char *two = strstr(said, second);
    if (one == NULL || two == NULL || one > two) fail_msg("%s; %s in:\n%s", first, second, said);
}

static void the_longest_scenario_starts_first_and_is_reported_in_its_place(void **state)
{
    (void)state;
    const char *paths[] = { scratch_write("short.yaml", SCENARIO("short", "1s")), NULL };
    paths[1] = scratch_write("long.yaml", SCENARIO("long", "2s"));
    disagreements = 0;
    assert_int_equal(run(paths, 2, 1), 0);
    assert_before("long: real started", "short: real started");
    assert_before("  short  ", "  long  ");
}

static void equally_long_scenarios_keep_their_order(void **state)
{
    (void)state;
    static const uint64_t lengths[] = { 10, 30, 20, 30, 10, 20 };
    static const size_t wanted[] = { 1, 3, 2, 5, 0, 4 };
    struct suite_scenario scenarios[6] = { { .seed = 0 } };
    for (size_t i = 0; i < 6; i++) scenarios[i].scenario.duration_ns = lengths[i];
    const struct suite suite = { .scenarios = scenarios, .count = 6 };
    size_t *order = run_order(&suite);
    assert_memory_equal(order, wanted, sizeof wanted);
    mem_free(order);
}

static void a_lag_does_not_use_up_the_runs_of_a_disagreement(void **state)
{
    (void)state;
    struct run_tries tries = { .lags = 0 };
    const struct run late = { .lagged = true };
    const struct parity differs = { .holds = false };
    assert_true(run_again_lagged(&tries, &late));
    assert_true(run_again_disagrees(&tries, CHECK_PASS, &differs));
    assert_true(run_again_lagged(&tries, &late));
    assert_false(run_again_lagged(&tries, &late));
    assert_false(run_again_disagrees(&tries, CHECK_FAIL, &differs));
    assert_true(run_again_disagrees(&tries, CHECK_INCONCLUSIVE, &differs));
    assert_false(run_again_disagrees(&tries, CHECK_PASS, &differs));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disagreement_that_does_not_come_back_is_none),
        cmocka_unit_test(a_disagreement_that_stays_counts_after_two_more_runs),
        cmocka_unit_test(agreement_is_not_looked_at_again),
        cmocka_unit_test(a_failed_run_is_final_whatever_the_simulation_did),
        cmocka_unit_test(the_longest_scenario_starts_first_and_is_reported_in_its_place),
        cmocka_unit_test(equally_long_scenarios_keep_their_order),
        cmocka_unit_test(a_lag_does_not_use_up_the_runs_of_a_disagreement),
    };
    return cmocka_run_group_tests(tests, scratch_make, remove_folder);
}
