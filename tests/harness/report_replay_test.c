#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "harness/report.h"
#include "harness/report_annotations.h"
#include "harness/result_read.h"
#include "report_fixture.h"

/* What a report must hold. */
struct wanted {
    report_write_fn *write;
    const char *text;
};

static void assert_written(const struct suite *suite, const struct wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = report_text(wanted[i].write, suite);
        if (strstr(text, wanted[i].text) == NULL) fail_msg("not written: %s", wanted[i].text);
        mem_free(text);
    }
}

static void a_replay_that_diverged_is_in_every_report(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    size_t count = suite.count;
    suite.count = 1; /* the calm one alone */
    suite.scenarios[0].has_replay = true;
    suite.scenarios[0].replay = (struct replay){ .identical = true, .inputs = 1234 };
    static const struct wanted good[] = {
        { report_write_json, "\"replay\":{\"identical\":true,\"inputs\":1234" },
        { report_write_junit, "name=\"parity.replay\"" },
        { report_write_summary, "1 of 1 traces identical" },
        { report_write_html, "identical, 1234 inputs" },
    };
    static const struct wanted bad[] = {
        { report_write_json, "\"line\":17,\"sentence\":\"it differs\"" },
        { report_write_junit, "DIVERGED at line 17: it differs</failure>" },
        { report_write_summary, "diverges at line 17: it differs" },
        { report_write_html, "DIVERGED at line 17: it differs" },
    };
    assert_int_equal(suite_exit_code(&suite), 0);
    assert_written(&suite, good, sizeof good / sizeof good[0]);
    suite.scenarios[0].replay =
        (struct replay){ .identical = false, .line = 17, .sentence = "it differs" };
    assert_int_equal(suite_exit_code(&suite), 5);
    assert_written(&suite, bad, sizeof bad / sizeof bad[0]);
    suite.count = count;
    suite_fixture_close(&suite);
}

static void figures_that_differ_are_in_every_report_and_read_back(void **state)
{
    (void)state;
    struct suite suite, copy;
    suite_fixture_open(&suite);
    size_t count = suite.count;
    suite.count = 1;
    static const struct wanted wanted[] = {
        { report_write_json, "\"p95_ns\":{\"sim\":40000000,\"real\":30000000,\"low\":37000000,"
                             "\"high\":43000000}" },
        { report_write_junit, "name=\"parity.intervals\"" },
        { report_write_summary, "L2 intervals: 0 of 1 scenarios" },
        { report_write_html, "Figures of both worlds: p95 30.0 ms over sockets, 40.0 ms simulated "
                             "(37.0 ms to 43.0 ms allowed)" },
        { report_write_github, "title=parity.intervals" },
    };
    struct parity *parity = &suite.scenarios[0].parity;
    assert_int_equal(suite_exit_code(&suite), 0);
    parity->intervals.p95_ns =
        (struct parity_interval){ 40 * NS_PER_MS, 30 * NS_PER_MS, 37 * NS_PER_MS, 43 * NS_PER_MS };
    parity->intervals.shares_ppm[SERVED_STALE] = (struct parity_interval){ 1, 2, 3, 4 };
    parity->intervals.hold = parity->holds = false;
    assert_int_equal(suite_exit_code(&suite), 5);
    assert_written(&suite, wanted, sizeof wanted / sizeof wanted[0]);
    struct err_note note = { .err = ERR_OK };
    struct arena arena = { .head = NULL };
    char *json = report_text(report_write_json, &suite);
    assert_int_equal(result_read("result.json", json, strlen(json), &arena, &copy, &note), ERR_OK);
    const struct parity_intervals *read = &copy.scenarios[0].parity.intervals;
    assert_false(read->hold);
    assert_memory_equal(&read->p95_ns, &parity->intervals.p95_ns, sizeof read->p95_ns);
    assert_memory_equal(read->shares_ppm, parity->intervals.shares_ppm, sizeof read->shares_ppm);
    assert_true(copy.scenarios[0].parity.served_holds);
    assert_false(copy.scenarios[0].parity.holds);
    suite_deinit(&copy);
    arena_deinit(&arena);
    mem_free(json);
    suite.count = count;
    suite_fixture_close(&suite);
}

/* Its own bounds, which other runs do not have. */
static void a_chaotic_run_says_so_in_every_report_and_reads_back(void **state)
{
    (void)state;
    struct suite suite, copy;
    suite_fixture_open(&suite);
    size_t count = suite.count;
    suite.count = 1;
    static const char sentence[] = "depend on shifts under 60 ms; 1 (1.00 %) served as in no "
                                   "simulation, 39 transitions (17 to 29 allowed)";
    static const struct wanted wanted[] = {
        { report_write_junit, "(17 to 29 allowed)" },
        { report_write_summary, "(17 to 29 allowed)" },
        { report_write_html, "(17 to 29 allowed)" },
        { report_write_github, "(17 to 29 allowed)" },
    };
    struct parity *parity = &suite.scenarios[0].parity;
    parity->requests = 100;
    parity->chaotic = true;
    parity->stall_ns = 60 * NS_PER_MS;
    parity->transitions = (struct parity_interval){ 23, 39, 17, 29 };
    parity->served_holds = parity->holds = false;
    assert_written(&suite, wanted, sizeof wanted / sizeof wanted[0]);
    struct err_note note = { .err = ERR_OK };
    struct arena arena = { .head = NULL };
    char *json = report_text(report_write_json, &suite);
    assert_int_equal(result_read("result.json", json, strlen(json), &arena, &copy, &note), ERR_OK);
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    parity_served_write(&copy.scenarios[0].parity, &text);
    assert_non_null(strstr(buf_text(&text), sentence));
    buf_deinit(&text);
    suite_deinit(&copy);
    arena_deinit(&arena);
    mem_free(json);
    suite.count = count;
    suite_fixture_close(&suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_that_diverged_is_in_every_report),
        cmocka_unit_test(a_chaotic_run_says_so_in_every_report_and_reads_back),
        cmocka_unit_test(figures_that_differ_are_in_every_report_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
