/* The verbs and options that make reports, as a person uses them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "command.h"

#define FOLDER TOLLGATE_BINARY_DIR "/report_cli_test"

static const char small[] =
    "version: 1\nname: small\nteaches: A short one.\nseed: 3\nduration: 10s\n"
    "runtime: { set: { cache_ttl_s: 1 } }\n"
    "workload: [ { arrival: { constant: 20/s }, keys: { count: 100 } } ]\n"
    "upstream:\n  latency: 20ms\n  phases:\n"
    "    - { name: trouble, from: 2s, to: 5s, faults: [ { status: 503, share: 40% } ] }\n"
    "expect:\n  - latency: { p95: 400ms }\n";

static void save(const char *name, const char *text)
{
    struct err_note note = { .err = ERR_OK };
    char path[512];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    assert_int_equal(file_make_folder(FOLDER, &note), ERR_OK);
    assert_int_equal(file_write(path, text, strlen(text), &note), ERR_OK);
}

static char *load(const char *name)
{
    struct err_note note = { .err = ERR_OK };
    char path[512];
    char *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, FOLDER "/%s", name);
    if (file_read(path, 1 << 26, &text, &length, &note) != ERR_OK) fail_msg("%s", note.sentence);
    return text;
}

/* `small` with its first `old` replaced. */
static void save_edited(const char *name, const char *old, const char *new)
{
    char text[2048];
    const char *at = strstr(small, old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - small), small, new, at + strlen(old));
    save(name, text);
}

static int run(struct command *command, const char *const *arguments)
{
    *command = (struct command){ .pid = 0 };
    return command_run(command, arguments);
}

#define RUN(command, ...) run(command, (const char *const[]){ __VA_ARGS__, NULL })

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("no \"%s\" in:\n%s", wanted, text);
}

static struct command command;

static int play_once(void **state)
{
    (void)state;
    unsetenv("GITHUB_ACTIONS");
    save("small.yaml", small);
    save_edited("slow.yaml", "latency: 20ms", "latency: 450ms");
    save_edited("nightly.yaml", "name: small", "name: long-one\ntier: nightly");
    int code = RUN(&command, "run", "--world", "sim", "--configs", "configs", "--out", FOLDER "/a",
                   FOLDER "/small.yaml");
    return code == 0 ? 0 : 1;
}

static void report_makes_the_same_files_again(void **state)
{
    (void)state;
    char *junit = load("a/junit.xml");
    char *html = load("a/index.html");
    save("a/junit.xml", "");
    save("a/index.html", "");
    assert_int_equal(RUN(&command, "report", FOLDER "/a"), 0);
    assert_says(&command, "report: " FOLDER "/a/index.html\n");
    char *junit_again = load("a/junit.xml");
    char *html_again = load("a/index.html");
    assert_string_equal(junit_again, junit);
    assert_true(strcmp(html_again, html) == 0);
    mem_free(junit);
    mem_free(html);
    mem_free(junit_again);
    mem_free(html_again);
}

static void report_writes_one_file_where_it_is_told(void **state)
{
    (void)state;
    assert_int_equal(RUN(&command, "report", "--summary", "-", FOLDER "/a/result.json"), 0);
    check_holds(command.text, "## tollgate ✅ 1 scenario passed in simulation.");
    assert_int_equal(RUN(&command, "report", "--junit", FOLDER "/copy.xml", FOLDER "/a"), 0);
    char *copy = load("copy.xml");
    check_holds(copy, "<testsuite ");
    mem_free(copy);
    assert_int_equal(RUN(&command, "report", "--junit", FOLDER "/a/no/such/x", FOLDER "/a"), 4);
}

static void what_is_no_result_is_refused_with_what_to_do(void **state)
{
    (void)state;
    assert_int_equal(RUN(&command, "report"), 2);
    check_holds(command.text, "name a result.json or a run's folder");
    assert_int_equal(RUN(&command, "report", FOLDER "/a", FOLDER "/a"), 2);
    assert_int_equal(RUN(&command, "report", "--sumary", "x", FOLDER "/a"), 2);
    check_holds(command.text, "unknown option --sumary; try: tollgate report --help");
    assert_int_equal(RUN(&command, "report", FOLDER "/small.yaml"), 2);
    check_holds(command.text, "small.yaml: error: not a result, or a damaged one");
    save("old.json", "{\"schema_version\":1,\"tool\":\"tollgate\"}");
    assert_int_equal(RUN(&command, "diff", FOLDER "/a", FOLDER "/old.json"), 2);
    check_holds(command.text, "its schema version is 1, this tollgate reads 2; make it again with");
}

static void diff_exits_1_when_the_second_result_is_worse(void **state)
{
    (void)state;
    int code = RUN(&command, "run", "-q", "--world", "sim", "--configs", "configs", "--out",
                   FOLDER "/b", FOLDER "/slow.yaml");
    assert_int_not_equal(code, 0);
    assert_int_equal(RUN(&command, "diff", FOLDER "/a", FOLDER "/a/result.json"), 0);
    check_holds(command.text, "No worse: nothing that matters changed");
    assert_int_equal(RUN(&command, "diff", FOLDER "/a", FOLDER "/b"), 1);
    check_holds(command.text, "WORSE  small (sim) latency.p95: pass -> fail");
    assert_int_equal(RUN(&command, "diff", "--markdown", FOLDER "/b", FOLDER "/a"), 0);
    check_holds(command.text, "## tollgate diff ✅ Better: ");
    assert_int_equal(RUN(&command, "diff", FOLDER "/a"), 2);
    check_holds(command.text, "name two results, the old and the new");
}

static void a_run_shows_the_change_since_its_baseline_and_annotates(void **state)
{
    (void)state;
    setenv("GITHUB_WORKSPACE", FOLDER, 1);
    int code = RUN(&command, "run", "-q", "--world", "sim", "--configs", "configs", "--out",
                   FOLDER "/b", "--baseline", FOLDER "/a", "--annotations", "github", "--summary",
                   FOLDER "/b.md", FOLDER "/slow.yaml");
    unsetenv("GITHUB_WORKSPACE");
    assert_int_not_equal(code, 0);
    check_holds(command.text, "::error file=slow.yaml,line=");
    char *summary = load("b.md");
    check_holds(summary, "was pass; p95 +");
    check_holds(summary, "make it smaller: `tollgate shrink " FOLDER "/b/small/capsule.yaml`");
    setenv("GITHUB_ACTIONS", "true", 1);
    RUN(&command, "report", FOLDER "/b");
    check_holds(command.text, "::error file=");
    RUN(&command, "report", "--annotations", "none", "--junit", FOLDER "/x.xml", FOLDER "/b");
    assert_null(strstr(command.text, "::error"));
    unsetenv("GITHUB_ACTIONS");
    RUN(&command, "report", "--baseline", FOLDER "/a", "--summary", FOLDER "/again.md",
        FOLDER "/b");
    char *again = load("again.md");
    assert_string_equal(again, summary);
    mem_free(again);
    mem_free(summary);
}

static void a_bad_option_is_refused_before_the_run(void **state)
{
    (void)state;
    int code = RUN(&command, "run", "--world", "sim", "--out", FOLDER "/never", "--baseline",
                   FOLDER "/nothing", "--configs", "configs", FOLDER "/small.yaml");
    assert_int_equal(code, 2);
    assert_false(file_exists(FOLDER "/never/result.json"));
    char *summary = load("never/summary.md");
    check_holds(summary, "Nothing was played: 1 error");
    mem_free(summary);
}

/* The fault meets no attempt of the first run, and some of later ones. */
static void coverage_counts_every_repeated_run_of_one_scenario(void **state)
{
    (void)state;
    save("rare.yaml", "version: 1\nname: rare\nteaches: A rare fault.\nseed: 6\nduration: 12s\n"
                      "runtime: { set: { cache_ttl_s: 1 } }\n"
                      "workload: [ { arrival: { poisson: 40/s }, keys: { count: 2000 } } ]\n"
                      "upstream:\n  latency: 20ms\n  phases:\n    - { name: tail, from: 11.8s, "
                      "to: 12s, faults: [ { status: 400, share: 10% } ] }\n"
                      "expect:\n  - latency: { p95: 400ms }\n");
    static const char *const runs[] = { "1", "12" };
    for (size_t i = 0; i < 2; i++) {
        RUN(&command, "run", "-q", "--world", "sim", "--configs", "configs", "--repeat", runs[i],
            "--out", FOLDER "/r", FOLDER "/rare.yaml");
        char *result = load("r/result.json");
        check_holds(result, i == 0 ? "[\"outcome\",\"http_4xx\",0,0]" : "[\"served\",\"cache\",");
        if (i == 1) assert_null(strstr(result, "[\"outcome\",\"http_4xx\",0,"));
        const char *row = strstr(result, "[\"cache\",\"miss\",");
        assert_non_null(row);
        check_holds(row, ",1]"); /* one scenario, however often */
        assert_true(strstr(row, ",1]") < strchr(row, '\n'));
        mem_free(result);
    }
}

static void required_coverage_gates(void **state)
{
    (void)state;
    int code = RUN(&command, "run", "-q", "--world", "sim", "--configs", "configs", "--out",
                   FOLDER "/c", "--require-coverage", "90%", FOLDER "/small.yaml");
    assert_int_equal(code, 1);
    check_holds(command.text, "90% are required; not reached: code: ");
    assert_int_equal(RUN(&command, "report", "--require-coverage", "5%", FOLDER "/c"), 0);
}

static void tiers_choose_scenarios_and_list_says_what_each_covers(void **state)
{
    (void)state;
    assert_int_equal(RUN(&command, "list", "--tier", "nightly", "--configs", "configs",
                         FOLDER "/small.yaml", FOLDER "/nightly.yaml"),
                     0);
    check_holds(command.text, "long-one  (nightly, 10s, 200 requests, prod)");
    check_holds(command.text, "teaches  A short one.");
    check_holds(command.text, "faults   trouble, 2s to 5s: status 503 40%");
    check_holds(command.text, "expects  latency.p95");
    assert_null(strstr(command.text, "small  ("));
    assert_int_equal(
        RUN(&command, "list", "--tier", "gate", "--configs", "configs", FOLDER "/nightly.yaml"), 2);
    check_holds(command.text, "error: no scenario of tier gate; see: tollgate list");
    assert_int_equal(RUN(&command, "list", "--tier", "weekly", FOLDER "/small.yaml"), 2);
    check_holds(command.text, "--tier weekly: allowed are gate, nightly and all");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_makes_the_same_files_again),
        cmocka_unit_test(report_writes_one_file_where_it_is_told),
        cmocka_unit_test(what_is_no_result_is_refused_with_what_to_do),
        cmocka_unit_test(diff_exits_1_when_the_second_result_is_worse),
        cmocka_unit_test(a_run_shows_the_change_since_its_baseline_and_annotates),
        cmocka_unit_test(a_bad_option_is_refused_before_the_run),
        cmocka_unit_test(coverage_counts_every_repeated_run_of_one_scenario),
        cmocka_unit_test(required_coverage_gates),
        cmocka_unit_test(tiers_choose_scenarios_and_list_says_what_each_covers),
    };
    return cmocka_run_group_tests(tests, play_once, NULL);
}
