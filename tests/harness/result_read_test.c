#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "harness/report.h"
#include "harness/result_read.h"
#include "report_fixture.h"

/* Texts too long to be printed whole. */
static void check_equal(const char *got, const char *expected)
{
    size_t at = 0;
    while (got[at] == expected[at] && got[at] != '\0')
        at++;
    if (got[at] == expected[at]) return;
    size_t from = at < 80 ? 0 : at - 80;
    fail_msg("differs at byte %zu: \"%.120s\" instead of \"%.120s\"", at, got + from,
             expected + from);
}

/* The fixture's broken bytes are escaped once; read back they are a character like any other. */
static char *without_escaped_replacements(char *text)
{
    static const char escaped[] = "\\ufffd";
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    const char *at = text;
    for (const char *hit; (hit = strstr(at, escaped)) != NULL; at = hit + strlen(escaped)) {
        buf_put(&out, at, (size_t)(hit - at));
        buf_puts(&out, "\xEF\xBF\xBD");
    }
    buf_puts(&out, at);
    mem_free(text);
    return buf_take(&out);
}

/* A value of its own in every field that the fixture leaves at 0. */
static void fill_the_rest(struct run *run)
{
    run->lagged = true;
    run->strict = true;
    run->permits_known = true;
    run->permits_out = 3;
    run->lag_p99_ns = 1234;
    run->generator_stall = (struct run_stall){ true, 51, 52 };
    run->service_stall = (struct run_stall){ true, 53, 54 };
    run->attempts[3] = (struct run_attempt){ .request = 3,
                                             .number = 1,
                                             .outcome = OUTCOME_READ_TIMEOUT,
                                             .http_status = 204,
                                             .start_known = true,
                                             .started_ns = 11,
                                             .backoff_ns = 12,
                                             .latency_ns = 13 };
    run->deliveries[1] = (struct run_delivery){ .request = 7,
                                                .attempt = 2,
                                                .at_ns = 21,
                                                .fired = 1,
                                                .phase = 1,
                                                .wait_ns = 22,
                                                .asked_ns = 23,
                                                .late_ns = 24 };
    struct run_answer *answer = &run->answers[7];
    answer->sent_ns += 31;
    answer->answers = 2;
    answer->age_ns = 32;
    answer->cycle = 33;
    answer->output_valid = false;
    answer->cache_state = CACHE_STALE;
    run->answers[8].hung_up = true;
    run->transitions[0].cooldown_ns = 41;
    run->transitions[0].generation = 42;
    run->transitions[0].rule = BREAKER_RULE_RATIO;
}

static void every_report_of_the_copy_is_the_originals_to_the_byte(void **state)
{
    (void)state;
    static report_write_fn *const writers[] = { report_write_json, report_write_junit,
                                                report_write_summary, report_write_html };
    struct suite original;
    struct suite copy;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    suite_fixture_open(&original);
    original.scenarios[1].seed = UINT64_MAX - 1;
    original.interrupted = true;
    original.scenarios[1].scenario.tier = SCENARIO_TIER_NIGHTLY;
    original.scenarios[1].scenario.objectives.freshness_age_ns = 5;
    fill_the_rest(&original.scenarios[1].sim.run);
    original.scenarios[1].capsule = mem_copy_string("reports/x/outage/capsule.yaml");
    original.scenarios[1].capsule_in_sim = true;
    original.scenarios[2].capsule = mem_copy_string("reports/x/it's/capsule.yaml");
    char *json = report_text(report_write_json, &original);
    enum err rc = result_read("result.json", json, strlen(json), &arena, &copy, &note);
    if (rc != ERR_OK) fail_msg("%s", note.sentence);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        char *expected = without_escaped_replacements(report_text(writers[i], &original));
        char *got = report_text(writers[i], &copy);
        check_equal(got, expected);
        mem_free(got);
        mem_free(expected);
    }
    mem_free(json);
    suite_deinit(&copy);
    suite_fixture_close(&original);
    arena_deinit(&arena);
}

/* The fixture's result with the first `old` replaced must be refused with this sentence. */
static void check_refused(const char *old, const char *new, const char *sentence)
{
    char *text = report_text_of_fixture(report_write_json);
    char *at = strstr(text, old);
    if (at == NULL) fail_msg("the result has no %s", old);
    struct buf edited;
    buf_init(&edited, BUF_UNBOUNDED);
    buf_put(&edited, text, (size_t)(at - text));
    buf_puts(&edited, new);
    buf_puts(&edited, at + strlen(old));
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    enum err rc =
        result_read("result.json", buf_text(&edited), edited.length, &arena, &suite, &note);
    assert_int_not_equal(rc, ERR_OK);
    assert_string_equal(note.path, "result.json");
    if (strstr(note.sentence, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", note.sentence, sentence);
    suite_deinit(&suite);
    arena_deinit(&arena);
    buf_deinit(&edited);
    mem_free(text);
}

static void another_schema_version_is_refused_with_what_to_do(void **state)
{
    (void)state;
    char version[64];
    snprintf(version, sizeof version, "\"schema_version\":%d", RESULT_SCHEMA_VERSION);
    check_refused(version, "\"schema_version\":99",
                  "its schema version is 99, this tollgate reads 2; make it again with");
    check_refused(version, "\"schema\":2", "there is no \"schema_version\"");
    check_refused("\"tool\":\"tollgate\"", "\"tool\":\"other\"", "not written by tollgate");
}

static void a_damaged_result_is_refused_at_its_place(void **state)
{
    (void)state;
    check_refused("{", "", "not a result, or a damaged one: at byte");
    check_refused("\"duration_ns\":10000000000", "\"duration_ns\":0", "scenario 1: it takes no");
    check_refused("\"verdict\":\"pass\"", "\"verdict\":\"good\"", "\"good\" is no verdict");
    check_refused("\"requests\":[\"r000042\"", "\"requests\":[\"r000100\"",
                  "scenario \"outage\", sim: r000100 is no request of this run");
    check_refused("\"upstream\",null,null,\"miss\"", "\"nobody\",7,null,\"miss\"", "no text");
    check_refused("\"miss\"", "\"warm\"", "\"warm\" is no state of the cache");
    check_refused("[\"l1:miss\",", "[\"l9:miss\",", "\"l9:miss\" is no word of a path");
    check_refused("\"http_503\",503", "\"http_777\",503", "\"http_777\" is no outcome");
    check_refused("\"agree\":97", "\"agree\":99", "\"agree\" is 99, more than the 98");
    check_refused("\"seed\":0", "\"seed\":1.5", "\"seed\" is not a whole number");
    check_refused("\"open\",\"count\",12", "\"ajar\",\"count\",12", "unknown name");
    check_refused("[41,0,0,0,1,0,0,0]", "[100,0,0,0,1,0,0,0]", "\"request\" is 100, of 100");
    check_refused("\"capsule\":null", "\"capsule\":{\"file\":\"x\"}", "run_time: there is no");
    check_refused("\"capsule\":null", "\"capsule\":{\"file\":\"x\",\"world\":\"moon\"}",
                  "run_time: \"moon\" is no world");
    check_refused("[41,0,0,0,1,0,0,0]", "[41,0,0,2,1,0,0,0]", "\"phase\" is 2, of 2");
}

static void results_of_before_capsules_were_kept_are_read(void **state)
{
    (void)state;
    static const char member[] = ",\"capsule\":null";
    char *text = report_text_of_fixture(report_write_json);
    for (char *at; (at = strstr(text, member)) != NULL;) memset(at, ' ', strlen(member));
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    if (result_read("result.json", text, strlen(text), &arena, &suite, &note) != ERR_OK)
        fail_msg("%s", note.sentence);
    assert_null(suite.scenarios[1].capsule);
    suite_deinit(&suite);
    arena_deinit(&arena);
    mem_free(text);
}

static void a_folder_stands_for_its_result(void **state)
{
    (void)state;
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(result_load("/nowhere/at/all", &arena, &suite, &note), ERR_NOT_FOUND);
    note = (struct err_note){ .err = ERR_OK };
    assert_int_not_equal(result_load("/tmp", &arena, &suite, &note), ERR_OK);
    assert_string_equal(note.path, "/tmp/result.json");
    suite_deinit(&suite);
    arena_deinit(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_of_the_copy_is_the_originals_to_the_byte),
        cmocka_unit_test(another_schema_version_is_refused_with_what_to_do),
        cmocka_unit_test(a_damaged_result_is_refused_at_its_place),
        cmocka_unit_test(results_of_before_capsules_were_kept_are_read),
        cmocka_unit_test(a_folder_stands_for_its_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
