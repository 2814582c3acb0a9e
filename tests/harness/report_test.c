#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_text.h"
#include "report_fixture.h"

static report_write_fn *const writers[] = { report_write_json, report_write_junit,
                                            report_write_summary, report_write_html };

enum { WRITERS = sizeof writers / sizeof writers[0] };

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

static cJSON *member(cJSON *object, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (item == NULL) fail_msg("no member \"%s\"", name);
    return item;
}

static cJSON *scenario_world(cJSON *root, int scenario, const char *world)
{
    cJSON *item = cJSON_GetArrayItem(member(root, "scenarios"), scenario);
    return member(member(item, "worlds"), world);
}

static void json_holds_what_a_later_report_is_made_of(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_json);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    assert_int_equal(member(root, "schema_version")->valueint, 2);
    cJSON *scenario = cJSON_GetArrayItem(member(root, "scenarios"), 1);
    static const char *const names[] = { "name",        "path",     "teaches", "seed",
                                         "duration_ns", "settings", "config",  "environment",
                                         "phases",      "parity",   "worlds" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        member(scenario, names[i]);
    cJSON *world = scenario_world(root, 1, "sim");
    assert_int_equal(member(world, "n")->valueint, 100);
    assert_int_equal(member(world, "answered")->valueint, 99);
    assert_int_equal(member(member(world, "served"), "stale")->valueint, 30);
    assert_int_equal(member(member(world, "codes"), "CACHE_STALE_SERVED")->valueint, 30);
    assert_int_equal(member(member(world, "causes"), "RUNTIME_5XX")->valueint, 59);
    cJSON *outcomes = member(member(world, "attempts"), "outcomes");
    assert_int_equal(member(outcomes, "http_503")->valueint, 40);
    cJSON *fired = cJSON_GetArrayItem(member(member(world, "deliveries"), "phases"), 0);
    assert_int_equal(member(fired, "attempts")->valueint, 2);
    assert_int_equal(cJSON_GetArrayItem(member(fired, "fired"), 0)->valueint, 1);
    cJSON *check = cJSON_GetArrayItem(member(world, "checks"), 2);
    assert_int_equal(member(check, "line")->valueint, 31);
    assert_string_equal(member(check, "status")->valuestring, "fail");
    assert_string_equal(cJSON_GetArrayItem(member(check, "requests"), 0)->valuestring, "r000042");
    cJSON_Delete(root);
    mem_free(text);
}

static void json_rows_have_the_columns_that_it_names(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_json);
    cJSON *root = cJSON_Parse(text);
    cJSON *columns = member(root, "columns");
    cJSON *world = scenario_world(root, 1, "sim");
    cJSON *requests = member(world, "requests");
    assert_int_equal(cJSON_GetArraySize(requests), 100);
    int width = cJSON_GetArraySize(member(columns, "requests"));
    cJSON *row = NULL;
    cJSON_ArrayForEach(row, requests)
    {
        assert_int_equal(cJSON_GetArraySize(row), width);
    }
    cJSON *transition = cJSON_GetArrayItem(member(world, "breaker"), 0);
    assert_int_equal(cJSON_GetArraySize(transition),
                     cJSON_GetArraySize(member(columns, "breaker")));
    row = cJSON_GetArrayItem(requests, 2);
    cJSON *attempts = cJSON_GetArrayItem(row, width - 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetArrayItem(attempts, 0)),
                     cJSON_GetArraySize(member(columns, "attempts")));
    int path = cJSON_GetArrayItem(row, width - 2)->valueint;
    cJSON *words = cJSON_GetArrayItem(member(world, "paths"), path);
    assert_string_equal(cJSON_GetArrayItem(words, 1)->valuestring, "attempt:RUNTIME_5XX");
    cJSON_Delete(root);
    mem_free(text);
}

static void json_latencies_are_nearest_ranks_with_an_interval(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_json);
    cJSON *root = cJSON_Parse(text);
    cJSON *latency = member(scenario_world(root, 1, "sim"), "latency_ns");
    /* 1 ms to 99 ms and one that never came; for n = 100 the interval's ranks are 90 and 100. */
    assert_int_equal(member(latency, "p50")->valueint, 50000000);
    assert_int_equal(member(latency, "p95")->valueint, 95000000);
    assert_true(cJSON_IsNull(member(latency, "max")));
    assert_int_equal(member(latency, "p95_low")->valueint, 90000000);
    assert_true(cJSON_IsNull(member(latency, "p95_high")));
    cJSON *requests = member(scenario_world(root, 1, "sim"), "requests");
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(cJSON_GetArrayItem(requests, 99), 3)));
    cJSON_Delete(root);
    mem_free(text);
}

static void a_report_written_twice_is_the_same_to_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRITERS; i++) {
        char *first = report_text_of_fixture(writers[i]);
        char *second = report_text_of_fixture(writers[i]);
        assert_string_equal(first, second);
        mem_free(first);
        mem_free(second);
    }
}

/* result.json without its run_time, printed. */
static char *timeless(const struct suite *suite)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_json(&out, suite);
    cJSON *root = cJSON_Parse(buf_text(&out));
    buf_deinit(&out);
    member(member(root, "run_time"), "started_at");
    cJSON_DeleteItemFromObjectCaseSensitive(root, "run_time");
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

static void wall_times_show_in_run_time_only(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    char *first = timeless(&suite);
    suite.name = "another";
    suite.started_wall_ms += 1000;
    suite.wall_ns += 1;
    suite.scenarios[0].sim.run.wall_ns = 77;
    suite.scenarios[0].real.run.wall_ns = 78;
    char *second = timeless(&suite);
    assert_string_equal(first, second);
    cJSON_free(first);
    cJSON_free(second);
    suite_fixture_close(&suite);
}

static void interval_ranks_are_the_binomial_ones(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, low, high;
    } rows[] = { { 0, 0, 1 },      { 10, 8, 11 },     { 72, 64, 72 },    { 73, 65, 73 },
                 { 100, 90, 100 }, { 200, 184, 197 }, { 1000, 936, 964 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t low = 0;
        uint64_t high = 0;
        figures_interval(rows[i].n, 0.95, &low, &high);
        assert_int_equal(low, rows[i].low);
        assert_int_equal(high, rows[i].high);
    }
}

static void figures_are_printed_as_people_read_them(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    static const uint64_t latencies[] = { 210000,    41234567,   412000000,
                                          999600000, 1240000000, INSTANT_NEVER };
    for (size_t i = 0; i < sizeof latencies / sizeof latencies[0]; i++) {
        report_text_latency(&out, latencies[i]);
        buf_puts(&out, "; ");
    }
    assert_string_equal(buf_text(&out), "0.21 ms; 41.2 ms; 412 ms; 1.00 s; 1.24 s; no answer; ");
    buf_clear(&out);
    static const uint64_t shares[][2] = { { 0, 0 },    { 0, 7 },       { 1, 3 },
                                          { 1, 9999 }, { 9998, 9999 }, { 5, 5 } };
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        report_text_share(&out, shares[i][0], shares[i][1]);
        buf_puts(&out, "; ");
    }
    assert_string_equal(buf_text(&out), "0 %; 0 %; 33.3 %; <0.1 %; >99.9 %; 100 %; ");
    buf_clear(&out);
    report_text_count(&out, 1002003);
    buf_putc(&out, ' ');
    report_text_moment(&out, 21260000000);
    buf_putc(&out, ' ');
    report_text_percent(&out, UINT64_MAX / 3, UINT64_MAX);
    assert_string_equal(buf_text(&out), "1,002,003 21.3 s 33.333%");
    buf_deinit(&out);
}

static void what_xml_forbids_is_replaced(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_text_escaped(&out, "a\tb\nc<&>\"'\x01\x7f|\xc0\x80|\xed\xa0\x80|\xef\xbf\xbf|\xc3\xa4");
    assert_string_equal(buf_text(&out), "a&#9;b&#10;c&lt;&amp;&gt;&quot;&#39;�"
                                        "�|"
                                        "��|"
                                        "���|"
                                        "�|ä");
    buf_deinit(&out);
}

static void hostile_names_do_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRITERS; i++) {
        char *text = report_text_of_fixture(writers[i]);
        if (writers[i] != report_write_json) assert_null(strstr(text, "<script>alert"));
        assert_null(strchr(text, 0x01));
        assert_null(strchr(text, 0x1b));
        assert_null(strchr(text, 0xff));
        assert_non_null(strstr(text, "alert"));
        mem_free(text);
    }
}

static void summary_names_the_place_of_a_failing_check(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_summary);
    char *failing = strstr(text, "fixtures/outage.yaml:31:9 **latency.p95** (sim)");
    char *passed = strstr(text, "<details>");
    assert_non_null(failing);
    assert_non_null(passed);
    assert_true(failing < passed);
    assert_non_null(strstr(text, "| calm | real | ✅ pass | 100 | 10.0 ms |"));
    assert_non_null(strstr(text, "| 97 of 98 |"));
    assert_non_null(strstr(text, "4 checks passed")); /* three of calm, one of outage */
    mem_free(text);
}

/* The page without what its script elements hold; the caller frees it. */
static char *without_scripts(char *text)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    const char *at = text;
    for (const char *open; (open = strstr(at, "<script")) != NULL;) {
        const char *content = strchr(open, '>') + 1;
        const char *end = strstr(content, "</script>");
        assert_non_null(end);
        buf_put(&out, at, (size_t)(content - at));
        at = end;
    }
    buf_puts(&out, at);
    mem_free(text);
    return buf_take(&out);
}

static void html_has_a_dot_per_request_and_needs_nothing_from_elsewhere(void **state)
{
    (void)state;
    char *whole = report_text_of_fixture(report_write_html);
    static const char *const elsewhere[] = { "http://", "https://", "src=", "import(" };
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (strstr(whole, elsewhere[i]) != NULL) fail_msg("found %s", elsewhere[i]);
    }
    char *text = without_scripts(whole);
    /* Four worlds of 100 requests, and for each of the two named requests a ring of two strokes. */
    assert_int_equal(count_of(text, "h0"), 4 * 100 + 2 * 2);
    static const char *const outside[] = { "<link", "<img", "@import", "url(" };
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        if (strstr(text, outside[i]) != NULL) fail_msg("found %s", outside[i]);
    }
    const char *section = strstr(text, "<section class=\"scenario card\" id=\"outage\"");
    assert_non_null(section);
    const char *failing = strstr(section, "fixtures/outage.yaml:31:9");
    const char *passing = strstr(section, "1 expectation passed");
    assert_non_null(failing);
    assert_true(failing < passing);
    assert_non_null(strstr(text, "status 503 60%"));
    assert_non_null(strstr(text, ">200ms</text>"));
    mem_free(text);
}

static bool is_void(const char *name, size_t length)
{
    return (length == 4 && strncmp(name, "meta", 4) == 0) ||
           (length == 2 && strncmp(name, "br", 2) == 0);
}

static void html_elements_are_closed_in_order(void **state)
{
    (void)state;
    char *text = without_scripts(report_text_of_fixture(report_write_html));
    enum { DEPTH_MAX = 64 };
    const char *open[DEPTH_MAX];
    size_t depth = 0;
    for (const char *at = strstr(text, "<html"); at != NULL; at = strchr(at + 1, '<')) {
        bool closing = at[1] == '/';
        const char *name = at + 1 + closing;
        size_t length = strcspn(name, " />\n");
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (closing) {
            assert_true(depth > 0);
            depth--;
            if (strncmp(open[depth], name, length) != 0 || strcspn(open[depth], " >\n") != length) {
                fail_msg("</%.*s> closes <%.20s", (int)length, name, open[depth]);
            }
        } else if (end[-1] != '/' && !is_void(name, length)) {
            assert_true(depth < DEPTH_MAX);
            open[depth++] = name;
        }
    }
    assert_int_equal(depth, 0);
    mem_free(text);
}

static const char *report_folder(void)
{
    return TOLLGATE_BINARY_DIR "/report_test/a/b";
}

static void write_fixture(void)
{
    struct suite suite;
    suite_fixture_open(&suite);
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(report_write_all(report_folder(), &suite, &note), ERR_OK);
    suite_fixture_close(&suite);
}

static void all_four_files_are_written_into_a_new_folder(void **state)
{
    (void)state;
    write_fixture();
    static const char *const names[] = { "result.json", "junit.xml", "summary.md", "index.html" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", report_folder(), names[i]);
        assert_true(file_exists(path));
    }
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    write_fixture();
    struct suite suite;
    suite_fixture_open(&suite);
    struct err_note note = { .err = ERR_OK };
    const char *inside_a_file = TOLLGATE_BINARY_DIR "/report_test/a/b/index.html/c";
    assert_int_not_equal(report_write_all(inside_a_file, &suite, &note), ERR_OK);
    assert_non_null(strstr(note.path, "index.html"));
    suite_fixture_close(&suite);
}

/* The exit status of xmllint; 127 when there is none. */
static int xmllint(const char *schema, const char *file)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("xmllint", "xmllint", "--noout", "--nonet", "--schema", schema, file, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void junit_is_valid_by_its_schema(void **state)
{
    (void)state;
    write_fixture();
    int status = xmllint(TOLLGATE_SOURCE_DIR "/tests/harness/data/junit-rules.xsd",
                         TOLLGATE_BINARY_DIR "/report_test/a/b/junit.xml");
    if (status == 127) {
        fprintf(stderr, "SKIPPED: xmllint is missing; install libxml2-utils\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void junit_counts_failures_and_errors(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_junit);
    /* Checks: three of calm, three of outage, one hostile, and two of the agreement of calm's. */
    assert_non_null(strstr(text, "tests=\"9\" errors=\"2\" skipped=\"0\" failures=\"1\""));
    assert_int_equal(count_of(text, "<testcase "), 9);
    assert_int_equal(count_of(text, "<error type=\"tollgate.inconclusive\""), 1);
    assert_int_equal(count_of(text, "<error type=\"tollgate.invalid\""), 1);
    assert_non_null(strstr(text, "classname=\"tollgate.outage.sim\" name=\"latency.p95\""));
    assert_non_null(strstr(text, ">fixtures/outage.yaml:31:9: p95: 200ms\n"));
    assert_non_null(strstr(text, "requests: r000042, r000099</failure>"));
    assert_non_null(strstr(text, "classname=\"tollgate.calm.parity\" name=\"parity.served\""));
    mem_free(text);
}

static void an_interrupted_run_and_disagreeing_worlds_do_not_pass_in_junit(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    suite.interrupted = true;
    suite.scenarios[0].parity.served_holds = suite.scenarios[0].parity.holds = false;
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_junit(&out, &suite);
    assert_non_null(
        strstr(buf_text(&out), "tests=\"10\" errors=\"3\" skipped=\"0\" failures=\"2\""));
    assert_non_null(strstr(buf_text(&out), "classname=\"tollgate\" name=\"run.complete\""));
    buf_deinit(&out);
    suite_fixture_close(&suite);
}

static void recovery_is_the_first_good_answer_after_the_last_degraded_one(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    struct run *run = &suite.scenarios[1].sim.run;
    struct recovery recovery;
    recovery_make(&recovery, run);
    assert_int_equal(recovery.faults_end_ns, 7 * NS_PER_S); /* the later phase has no faults */
    assert_int_equal(recovery.degraded, 60);
    assert_int_equal(recovery.recovered_ns, INSTANT_NEVER);
    for (size_t i = 75; i < 100; i++)
        run->answers[i].served = SERVED_CACHE;
    run->answers[99].answered = true;
    run->answers[90].served = SERVED_BASELINE;
    run->answers[90].cause = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY; /* meant to be a baseline */
    recovery_make(&recovery, run);
    assert_int_equal(recovery.degraded, 35);
    assert_int_equal(recovery.recovered_ns, 7500 * NS_PER_MS);
    suite_fixture_close(&suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_holds_what_a_later_report_is_made_of),
        cmocka_unit_test(json_rows_have_the_columns_that_it_names),
        cmocka_unit_test(json_latencies_are_nearest_ranks_with_an_interval),
        cmocka_unit_test(a_report_written_twice_is_the_same_to_the_byte),
        cmocka_unit_test(wall_times_show_in_run_time_only),
        cmocka_unit_test(interval_ranks_are_the_binomial_ones),
        cmocka_unit_test(figures_are_printed_as_people_read_them),
        cmocka_unit_test(what_xml_forbids_is_replaced),
        cmocka_unit_test(hostile_names_do_no_harm),
        cmocka_unit_test(summary_names_the_place_of_a_failing_check),
        cmocka_unit_test(html_has_a_dot_per_request_and_needs_nothing_from_elsewhere),
        cmocka_unit_test(html_elements_are_closed_in_order),
        cmocka_unit_test(all_four_files_are_written_into_a_new_folder),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_told),
        cmocka_unit_test(junit_is_valid_by_its_schema),
        cmocka_unit_test(junit_counts_failures_and_errors),
        cmocka_unit_test(an_interrupted_run_and_disagreeing_worlds_do_not_pass_in_junit),
        cmocka_unit_test(recovery_is_the_first_good_answer_after_the_last_degraded_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
