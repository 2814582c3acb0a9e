#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/report.h"
#include "harness/report_annotations.h"
#include "harness/report_openmetrics.h"
#include "harness/report_outputs.h"
#include "harness/report_rules.h"
#include "report_fixture.h"

#define FOLDER TOLLGATE_BINARY_DIR "/report_exports_test"

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("no \"%s\" in:\n%s", wanted, text);
}

/* Runs a program with its output in a file; its exit code, 127: it is not there. */
static int run_program(const char *const *arguments, const char *output)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (freopen(output, "w", stdout) == NULL || dup2(1, 2) < 0) _exit(126);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void print_file(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    if (file_read(path, 1 << 20, &text, &length, &note) == ERR_OK) printf("%s\n", text);
    mem_free(text);
}

static void github_gets_a_command_per_finding_with_its_own_escapes(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_github);
    check_holds(text, "::error file=fixtures/outage.yaml,line=31,col=9,title=latency.p95 "
                      "(sim)::fail: expected p95 <= 1ms; it was 95 ms\n");
    check_holds(text, "::warning file=fixtures/outage.yaml,line=7,col=3,title=latency.p99 (sim)::");
    check_holds(text, "::invalid: the mock died");
    assert_null(strstr(text, "as it should be")); /* passed */
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 3);
    assert_null(strchr(text, 0x1b));
    mem_free(text);
}

static void a_line_end_or_comma_of_a_stranger_stays_within_its_command(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    suite.scenarios[1].scenario.path = "a,b:c%\n::error::x";
    char *text = report_text(report_write_github, &suite);
    check_holds(text, "file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax,line=31");
    mem_free(text);
    suite_fixture_close(&suite);
}

static void gitlab_gets_an_issue_per_finding_that_keeps_its_fingerprint(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_gitlab);
    char *again = report_text_of_fixture(report_write_gitlab);
    assert_string_equal(text, again);
    cJSON *root = cJSON_Parse(text);
    assert_int_equal(cJSON_GetArraySize(root), 3);
    const cJSON *failed = cJSON_GetArrayItem(root, 1);
    const cJSON *place = cJSON_GetObjectItem(failed, "location");
    assert_string_equal(cJSON_GetObjectItem(failed, "severity")->valuestring, "critical");
    assert_string_equal(cJSON_GetObjectItem(place, "path")->valuestring, "fixtures/outage.yaml");
    const cJSON *lines = cJSON_GetObjectItem(place, "lines");
    assert_int_equal(cJSON_GetObjectItem(lines, "begin")->valueint, 31);
    const cJSON *other = cJSON_GetArrayItem(root, 0);
    assert_string_equal(cJSON_GetObjectItem(other, "severity")->valuestring, "minor");
    assert_string_not_equal(cJSON_GetObjectItem(failed, "fingerprint")->valuestring,
                            cJSON_GetObjectItem(other, "fingerprint")->valuestring);
    cJSON_Delete(root);
    mem_free(again);
    mem_free(text);
}

static void openmetrics_counts_what_was_served_moment_by_moment(void **state)
{
    (void)state;
    char *text = report_text_of_fixture(report_write_openmetrics);
    /* The run begins at 1767323045.678; request 42, the third stale one, is due at 4.2 s. */
    check_holds(text, "# TYPE tsfm_served counter\n");
    check_holds(text, "tsfm_served_total{scenario=\"outage\",world=\"sim\",served=\"stale\"} 0 "
                      "1767323049.678\n");
    check_holds(text, "tsfm_served_total{scenario=\"outage\",world=\"sim\",served=\"stale\"} 10 "
                      "1767323050.678\n");
    check_holds(text, "tsfm_breaker_state{scenario=\"outage\",world=\"sim\",state=\"open\"} 1 "
                      "1767323049.678\n");
    check_holds(text, "tsfm_request_latency_seconds_bucket{scenario=\"calm\",world=\"real\","
                      "le=\"0.005\"} 0 1767323055.678\n");
    check_holds(text, "tsfm_request_latency_seconds_bucket{scenario=\"calm\",world=\"real\","
                      "le=\"0.01\"} 100 1767323055.678\n");
    check_holds(text, "tsfm_request_total{scenario=\"outage\",world=\"sim\",status=\"error\"} 0 "
                      "1767323054.678\n");
    check_holds(text, "tsfm_request_total{scenario=\"outage\",world=\"sim\",status=\"error\"} 5 "
                      "1767323055.678\n");
    check_holds(text, "tsfm_route_selected_total{scenario=\"outage\",world=\"sim\","
                      "route=\"model\"} 100 1767323055.678\n");
    assert_null(strstr(text, "alert")); /* the hostile run is invalid */
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    mem_free(text);
}

static void save(const char *name, report_write_fn *write, const struct suite *suite)
{
    struct err_note note = { .err = ERR_OK };
    char path[512];
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    char *text = report_text(write, suite);
    assert_int_equal(file_make_folder(FOLDER, &note), ERR_OK);
    assert_int_equal(file_write(path, text, strlen(text), &note), ERR_OK);
    mem_free(text);
}

static void prometheus_takes_the_openmetrics(void **state)
{
    (void)state;
    static const char *const remove[] = { "rm", "-rf", FOLDER "/blocks", NULL };
    static const char *const load[] = {
        "promtool",       "tsdb", "create-blocks-from", "openmetrics", FOLDER "/openmetrics.txt",
        FOLDER "/blocks", NULL
    };
    struct suite suite;
    suite_fixture_open(&suite);
    save("openmetrics.txt", report_write_openmetrics, &suite);
    suite_fixture_close(&suite);
    assert_int_equal(run_program(remove, "/dev/null"), 0);
    int code = run_program(load, FOLDER "/promtool.txt");
    if (code == 127) skip();
    if (code != 0) print_file(FOLDER "/promtool.txt");
    assert_int_equal(code, 0);
}

/* An hour of an outage in which two thirds of the answers are errors: it pages. */
static void make_outage(struct suite *suite)
{
    suite_fixture_open(suite);
    struct suite_scenario *item = &suite->scenarios[0];
    struct run *run = &item->real.run;
    item->scenario.duration_ns = 1800 * NS_PER_S;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        struct run_answer *answer = &run->answers[i];
        answer->intended_ns = i * 18 * NS_PER_S;
        answer->done_ns = answer->intended_ns + 10 * NS_PER_MS;
        if (i % 3 != 0) answer->http_status = 503;
    }
}

static bool promtool_agrees(void)
{
    static const char *const check[] = { "promtool", "check", "rules", FOLDER "/rules.yml", NULL };
    static const char *const test[] = { "promtool", "test", "rules", FOLDER "/rules_test.yml",
                                        NULL };
    int code = run_program(check, FOLDER "/promtool.txt");
    if (code == 127) skip();
    if (code != 0) print_file(FOLDER "/promtool.txt");
    assert_int_equal(code, 0);
    return run_program(test, FOLDER "/promtool.txt") == 0;
}

static void promtool_finds_the_alerts_where_the_rules_test_expects_them(void **state)
{
    (void)state;
    struct suite suite;
    make_outage(&suite);
    save("rules.yml", report_write_rules, &suite);
    save("rules_test.yml", report_write_rules_test, &suite);
    char *text = report_text(report_write_rules_test, &suite);
    check_holds(text, "name: \"calm (real)\"");
    check_holds(text, "exp_labels: { severity: page, slo: availability }");
    check_holds(text, "exp_alerts: []");
    mem_free(text);
    bool agrees = promtool_agrees();
    if (!agrees) print_file(FOLDER "/promtool.txt");
    assert_true(agrees);
    suite_fixture_close(&suite);
}

/* The test above can fail: with an objective that is easier by far, the alerts stay silent. */
static void promtool_notices_rules_that_do_not_fire(void **state)
{
    (void)state;
    struct suite suite;
    make_outage(&suite);
    save("rules_test.yml", report_write_rules_test, &suite);
    suite.scenarios[0].scenario.objectives.availability_ppm = 500000;
    save("rules.yml", report_write_rules, &suite);
    assert_false(promtool_agrees());
    suite_fixture_close(&suite);
}

static void a_scenario_with_objectives_of_its_own_is_not_in_the_rules_test(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    suite.scenarios[1].scenario.objectives.latency_ns = 5 * NS_PER_MS;
    char *text = report_text(report_write_rules_test, &suite);
    assert_null(strstr(text, "outage (sim)"));
    check_holds(text, "calm (real)");
    mem_free(text);
    suite_fixture_close(&suite);
}

static void what_cannot_be_observed_is_skipped_unless_the_file_asks_for_it(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    suite.scenarios[0].real.run.foreign = false;
    suite.scenarios[0].real.verdict.checks[0].status = CHECK_UNOBSERVABLE; /* latency.p95 */
    suite.scenarios[0].real.verdict.checks[1].status = CHECK_UNOBSERVABLE; /* an invariant */
    char *junit = report_text(report_write_junit, &suite);
    check_holds(junit, "skipped=\"1\"");
    check_holds(junit, "<skipped message=\"all in time\"/>");
    check_holds(junit, "<error type=\"tollgate.not observable\" message=\"p95 was 10 ms\">");
    char *github = report_text(report_write_github, &suite);
    check_holds(github, "::warning file=fixtures/calm.yaml,line=7");
    assert_null(strstr(github, "all in time"));
    char *summary = report_text(report_write_summary, &suite);
    check_holds(summary, "p95 was 10 ms");
    assert_null(strstr(summary, "all in time"));
    mem_free(summary);
    mem_free(github);
    mem_free(junit);
    suite_fixture_close(&suite);
}

/* A service that is not ours: the exit code is 0, and so must be what junit.xml says. */
static void what_a_stranger_does_not_show_is_skipped_unless_strictness_is_asked_for(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    struct suite_world *world = &suite.scenarios[0].real;
    world->verdict.checks[0].status = CHECK_UNOBSERVABLE;
    world->run.foreign = true;
    char *junit = report_text(report_write_junit, &suite);
    check_holds(junit, "<skipped message=\"p95 was 10 ms\"/>");
    assert_null(strstr(junit, "tollgate.not observable"));
    mem_free(junit);
    world->run.strict = true;
    junit = report_text(report_write_junit, &suite);
    check_holds(junit, "<error type=\"tollgate.not observable\" message=\"p95 was 10 ms\">");
    mem_free(junit);
    world->run.strict = false;
    world->verdict.status = CHECK_INCONCLUSIVE; /* because nothing was observed */
    junit = report_text(report_write_junit, &suite);
    check_holds(junit, "<error type=\"tollgate.not observable\" message=\"p95 was 10 ms\">");
    mem_free(junit);
    suite_fixture_close(&suite);
}

static void the_summary_names_each_request_of_a_check_once(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    struct check *check = &suite.scenarios[1].sim.verdict.checks[0];
    check->status = CHECK_FAIL;
    check->id_count = 3;
    for (uint32_t i = 0; i < 3; i++) check->ids[i] = i + 1;
    snprintf(check->sentence, sizeof check->sentence, "3 were late (r000001, r000002, ...)");
    char *summary = report_text(report_write_summary, &suite);
    check_holds(summary, "3 were late (r000001, r000002, ...) Others: r000003\n");
    mem_free(summary);
    snprintf(check->sentence, sizeof check->sentence, "3 were late");
    summary = report_text(report_write_summary, &suite);
    check_holds(summary, "3 were late Requests: r000001, r000002, r000003\n");
    mem_free(summary);
    suite_fixture_close(&suite);
}

static void outputs_refuse_what_they_do_not_know_before_a_run(void **state)
{
    (void)state;
    struct suite baseline;
    struct arena arena = { .head = NULL };
    const struct {
        struct report_outputs outputs;
        const char *sentence;
    } rows[] = {
        { { .annotations = "bitbucket" }, "allowed are github, gitlab=FILE and none" },
        { { .annotations = "gitlab=" }, "allowed are github, gitlab=FILE and none" },
        { { .require_coverage = "90" }, "write a share, for example 90%" },
        { { .baseline = "/nowhere/result.json" }, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err_note note = { .err = ERR_OK };
        enum err rc = report_outputs_open(&rows[i].outputs, &arena, &baseline, &note);
        assert_int_not_equal(rc, ERR_OK);
        check_holds(note.sentence, rows[i].sentence);
        suite_deinit(&baseline);
    }
    arena_deinit(&arena);
}

static void too_little_coverage_makes_a_pass_a_failure_and_names_what_is_missing(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    char text[4096] = "";
    FILE *errors = fmemopen(text, sizeof text, "w");
    struct report_outputs outputs = { .require_coverage = "99%" };
    assert_int_equal(report_outputs_gate(&outputs, &suite, 0, errors), 1);
    assert_int_equal(report_outputs_gate(&outputs, &suite, 4, errors), 4);
    fclose(errors);
    check_holds(text, "99% are required; not reached: code: INPUT_INVALID,");
    outputs.require_coverage = "1%";
    assert_int_equal(report_outputs_gate(&outputs, &suite, 0, stderr), 0);
    outputs.require_coverage = NULL;
    assert_int_equal(report_outputs_gate(&outputs, &suite, 0, stderr), 0);
    suite_fixture_close(&suite);
}

/* The fixture's files are those of a repository whose root is the working folder. */
static int at_the_root(void **state)
{
    (void)state;
    char folder[1024];
    if (getcwd(folder, sizeof folder) == NULL) return -1;
    return setenv("GITHUB_WORKSPACE", folder, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(github_gets_a_command_per_finding_with_its_own_escapes),
        cmocka_unit_test(a_line_end_or_comma_of_a_stranger_stays_within_its_command),
        cmocka_unit_test(gitlab_gets_an_issue_per_finding_that_keeps_its_fingerprint),
        cmocka_unit_test(openmetrics_counts_what_was_served_moment_by_moment),
        cmocka_unit_test(prometheus_takes_the_openmetrics),
        cmocka_unit_test(promtool_finds_the_alerts_where_the_rules_test_expects_them),
        cmocka_unit_test(promtool_notices_rules_that_do_not_fire),
        cmocka_unit_test(a_scenario_with_objectives_of_its_own_is_not_in_the_rules_test),
        cmocka_unit_test(what_cannot_be_observed_is_skipped_unless_the_file_asks_for_it),
        cmocka_unit_test(what_a_stranger_does_not_show_is_skipped_unless_strictness_is_asked_for),
        cmocka_unit_test(the_summary_names_each_request_of_a_check_once),
        cmocka_unit_test(outputs_refuse_what_they_do_not_know_before_a_run),
        cmocka_unit_test(too_little_coverage_makes_a_pass_a_failure_and_names_what_is_missing),
    };
    return cmocka_run_group_tests(tests, at_the_root, NULL);
}
