#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"

struct settings {
    uint64_t cooldown_ns;
    uint64_t backoff_ns;
    uint32_t retries;
    uint64_t bytes;
    uint32_t ratio;
    bool enabled;
    char name[OPTION_TEXT_MAX];
    int mode;
};

static const char *const modes[] = { "low", "medium", "high", NULL };

#define AT(field) offsetof(struct settings, field), OPTION_RESTART

static const struct option rows[] = {
    { "breaker_cooldown_s", OPTION_SECONDS, AT(cooldown_ns), NS_PER_MS,
      3600 * NS_PER_S, "30", NULL, "How long the breaker stays open." },
    { "retry_backoff_base_ms", OPTION_MILLIS, AT(backoff_ns), 0,
      60000 * NS_PER_MS, "100", NULL, "First backoff." },
    { "retry_count", OPTION_U32, AT(retries), 0, 10, "2", NULL, "Retries." },
    { "cache_bytes", OPTION_U64, AT(bytes), 1, UINT64_MAX, "1048576", NULL,
      "Size of the cache." },
    { "failure_ratio", OPTION_PERMILLE, AT(ratio), 1, 1000, "0.5", NULL,
      "Ratio." },
    { "enabled", OPTION_BOOL, AT(enabled), 0, 0, "true", NULL, "Switch." },
    { "name", OPTION_TEXT, AT(name), 0, 0, "", NULL, "A name." },
    { "mode", OPTION_CHOICE, AT(mode), 0, 0, "medium", modes, "A choice." },
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct settings settings;
static struct options options;
static struct err_note note;

static int begin(void **state)
{
    (void)state;
    memset(&settings, 0xAA, sizeof settings);
    note = (struct err_note){ .err = ERR_OK };
    options_init(&options, rows, ROWS, &settings);
    return 0;
}

static enum err load(const char *text)
{
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    note = (struct err_note){ .err = ERR_OK };
    assert_int_equal(yaml_parse(&arena, "dev.yaml", text, strlen(text), &file, &note), ERR_OK);
    enum err err = options_load_map(&options, &settings, &file, file.root, &note);
    arena_deinit(&arena);
    return err;
}

static enum err set(const char *assignment)
{
    note = (struct err_note){ .err = ERR_OK };
    return options_set(&options, &settings, assignment, "--set", &note);
}

static void every_field_begins_with_its_default(void **state)
{
    (void)state;
    assert_true(settings.cooldown_ns == 30 * NS_PER_S);
    assert_true(settings.backoff_ns == 100 * NS_PER_MS);
    assert_int_equal(settings.retries, 2);
    assert_int_equal(settings.bytes, 1048576);
    assert_int_equal(settings.ratio, 500);
    assert_true(settings.enabled);
    assert_string_equal(settings.name, "");
    assert_int_equal(settings.mode, 1);
    for (size_t i = 0; i < ROWS; i++) assert_int_equal(options.source[i], OPTION_DEFAULT);
}

static void a_file_sets_fields_and_remembers_where(void **state)
{
    (void)state;
    assert_int_equal(load("breaker_cooldown_s: 0.25\nretry_count: \"5\"\nmode: high\n"
                          "enabled: false\nname: 'two words'\nfailure_ratio: 0.125\n"
                          "cache_bytes: 18446744073709551615\nretry_backoff_base_ms: 0.000001\n"),
                     ERR_OK);
    assert_true(settings.cooldown_ns == 250 * NS_PER_MS);
    assert_int_equal(settings.retries, 5);
    assert_int_equal(settings.mode, 2);
    assert_false(settings.enabled);
    assert_string_equal(settings.name, "two words");
    assert_int_equal(settings.ratio, 125);
    assert_true(settings.bytes == UINT64_MAX);
    assert_int_equal(settings.backoff_ns, 1);
    assert_int_equal(options.source[2], OPTION_FILE);
    assert_int_equal(options.line[2], 2);
    assert_int_equal(options.column[2], 14);
}

struct refusal {
    const char *text;
    int line;
    int column;
    const char *sentence;
};

static void what_a_file_may_not_say_is_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "breaker_cooldown_s: -3\n", 1, 21,
          "breaker_cooldown_s: \"-3\" is not a number of seconds; allowed: 0.001 to 3600 seconds" },
        { "breaker_cooldown_s: 0\n", 1, 21,
          "breaker_cooldown_s: \"0\" is too small; allowed: 0.001 to 3600 seconds" },
        { "\nbreaker_cooldown_s:   3600.000000001\n", 2, 23,
          "breaker_cooldown_s: \"3600.000000001\" is too large; allowed: 0.001 to 3600 seconds" },
        { "breaker_cooldown_s: 250ms\n", 1, 21,
          "breaker_cooldown_s: \"250ms\" is not a number of seconds; allowed: 0.001 to 3600 "
          "seconds; the key already names the unit, write 0.25" },
        { "breaker_cooldown_s: 0.0000000001\n", 1, 21,
          "breaker_cooldown_s: \"0.0000000001\" is not a number of seconds; allowed: 0.001 to 3600 "
          "seconds" },
        { "breaker_cooldown_s: 99999999999999999999\n", 1, 21,
          "breaker_cooldown_s: \"99999999999999999999\" is not a number of seconds; allowed: 0.001 "
          "to 3600 seconds" },
        { "breaker_cooldown_s: .inf\n", 1, 21,
          "breaker_cooldown_s: \".inf\" is not a number of seconds; allowed: 0.001 to 3600 "
          "seconds" },
        { "retry_backoff_base_ms: 1e3\n", 1, 24,
          "retry_backoff_base_ms: \"1e3\" is not a number of milliseconds; allowed: 0 to 60000 "
          "milliseconds" },
        { "retry_count: 1.5\n", 1, 14,
          "retry_count: \"1.5\" is not a whole number; allowed: 0 to 10" },
        { "retry_count: 4294967298\n", 1, 14,
          "retry_count: \"4294967298\" is too large; allowed: 0 to 10" },
        { "retry_count:\n", 1, 13,
          "retry_count: the value is missing; it must be a whole number" },
        { "retry_count: [1]\n", 1, 14,
          "retry_count: a list is not allowed here; write one value" },
        { "retry_count: {a: 1}\n", 1, 14,
          "retry_count: a map is not allowed here; write one value" },
        { "cache_bytes: 0\n", 1, 14, "cache_bytes: \"0\" is too small; allowed: 1 or more" },
        { "failure_ratio: 1.001\n", 1, 16,
          "failure_ratio: \"1.001\" is too large; allowed: 0.001 to 1" },
        { "failure_ratio: 0.0005\n", 1, 16,
          "failure_ratio: \"0.0005\" is not a ratio with at most 3 decimals; allowed: 0.001 to 1" },
        { "enabled: yes\n", 1, 10, "enabled: \"yes\" is not allowed; allowed: true or false" },
        { "mode: hihg\n", 1, 7,
          "mode: \"hihg\" is not allowed; allowed: low, medium, high; did you mean \"high\"?" },
        { "mode: 1\n", 1, 7, "mode: \"1\" is not allowed; allowed: low, medium, high" },
        { "retry_count: 1\nretry_cuont: 1\n", 2, 1,
          "unknown option \"retry_cuont\"; did you mean \"retry_count\"?" },
        { "zzz: 1\n", 1, 1, "unknown option \"zzz\"; docs/options.md lists all of them" },
        { "- a\n", 1, 1, "options must be written as \"key: value\" lines" },
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        assert_int_equal(load(refusals[i].text), ERR_INVALID);
        assert_string_equal(note.sentence, refusals[i].sentence);
        assert_string_equal(note.path, "dev.yaml");
        assert_int_equal(note.line, refusals[i].line);
        assert_int_equal(note.column, refusals[i].column);
    }
}

static void bounds_themselves_are_allowed(void **state)
{
    (void)state;
    assert_int_equal(set("breaker_cooldown_s=0.001"), ERR_OK);
    assert_true(settings.cooldown_ns == NS_PER_MS);
    assert_int_equal(set("breaker_cooldown_s=3600"), ERR_OK);
    assert_int_equal(set("retry_count=0"), ERR_OK);
    assert_int_equal(set("retry_count=10"), ERR_OK);
    assert_int_equal(set("failure_ratio=1"), ERR_OK);
    assert_int_equal(settings.ratio, 1000);
}

static void a_refused_value_leaves_the_field_as_it_was(void **state)
{
    (void)state;
    assert_int_equal(set("retry_count=7"), ERR_OK);
    assert_int_equal(set("retry_count=11"), ERR_INVALID);
    assert_int_equal(settings.retries, 7);
    assert_int_equal(set("mode=none"), ERR_INVALID);
    assert_int_equal(settings.mode, 1);
}

static void the_later_of_two_assignments_wins(void **state)
{
    (void)state;
    assert_int_equal(set("retry_count=3"), ERR_OK);
    assert_int_equal(set("retry_count=4"), ERR_OK);
    assert_int_equal(settings.retries, 4);
    assert_int_equal(options.source[2], OPTION_SET);
    assert_int_equal(set("name=a=b"), ERR_OK); /* only the first "=" parts key and value */
    assert_string_equal(settings.name, "a=b");
    assert_int_equal(set("name="), ERR_OK);
    assert_string_equal(settings.name, "");
}

static void a_bad_assignment_is_named_with_its_origin(void **state)
{
    (void)state;
    assert_int_equal(set("retry_count"), ERR_USAGE);
    assert_string_equal(note.sentence, "\"retry_count\" is not an assignment; write key=value");
    assert_string_equal(note.path, "--set");
    assert_int_equal(set("=3"), ERR_USAGE);
    assert_int_equal(set("retry_coun=3"), ERR_INVALID);
    assert_string_equal(note.sentence,
                        "unknown option \"retry_coun\"; did you mean \"retry_count\"?");
    char longer[1000];
    memset(longer, 'k', sizeof longer);
    longer[sizeof longer - 2] = '=';
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(set(longer), ERR_INVALID);
}

static void a_text_over_its_room_is_refused(void **state)
{
    (void)state;
    char assignment[OPTION_TEXT_MAX + 8];
    memset(assignment, 'x', sizeof assignment);
    memcpy(assignment, "name=", 5);
    assignment[5 + OPTION_TEXT_MAX] = '\0';
    assert_int_equal(set(assignment), ERR_INVALID);
    assert_non_null(strstr(note.sentence, "has 256 bytes; allowed: at most 255"));
    assignment[5 + OPTION_TEXT_MAX - 1] = '\0';
    assert_int_equal(set(assignment), ERR_OK);
    assert_int_equal(strlen(settings.name), OPTION_TEXT_MAX - 1);
}

static enum err environment(char *first, char *second)
{
    static const char *const ignored[] = { "TSFM_FORECAST_API_TOKEN", NULL };
    char *entries[] = { "HOME=/root", "TSFM_FORECAST_API_TOKEN=secret", first, second, NULL };
    note = (struct err_note){ .err = ERR_OK };
    return options_load_environment(&options, &settings, entries, ignored, &note);
}

static void the_environment_sets_options_by_their_upper_case_name(void **state)
{
    (void)state;
    assert_int_equal(environment("TSFM_RETRY_COUNT=9", "TSFM_BREAKER_COOLDOWN_S=1.5"), ERR_OK);
    assert_int_equal(settings.retries, 9);
    assert_true(settings.cooldown_ns == 1500 * NS_PER_MS);
    assert_int_equal(options.source[2], OPTION_ENVIRONMENT);
    assert_int_equal(options.source[3], OPTION_DEFAULT);
}

static void a_bad_variable_is_named(void **state)
{
    (void)state;
    assert_int_equal(environment("TSFM_RETRY_COUNT=-1", NULL), ERR_INVALID);
    assert_string_equal(note.path, "environment");
    assert_string_equal(note.sentence,
                        "TSFM_RETRY_COUNT: \"-1\" is not a whole number; allowed: 0 to 10");
    assert_int_equal(environment("TSFM_RETRY_CONUT=1", NULL), ERR_INVALID);
    assert_string_equal(note.sentence,
                        "TSFM_RETRY_CONUT names no option; did you mean TSFM_RETRY_COUNT?");
    assert_int_equal(environment("TSFM_=1", NULL), ERR_INVALID);
    assert_string_equal(note.sentence, "TSFM_ names no option; unset it, or see docs/options.md");
    assert_int_equal(environment("tsfm_retry_count=1", "TSFM_RETRY_COUNT"), ERR_OK);
    assert_int_equal(settings.retries, 2);
}

static void later_sources_win_and_forget_the_line(void **state)
{
    (void)state;
    assert_int_equal(load("retry_count: 1\n"), ERR_OK);
    assert_int_equal(environment("TSFM_RETRY_COUNT=5", NULL), ERR_OK);
    assert_int_equal(settings.retries, 5);
    assert_int_equal(options.line[2], 0);
    assert_int_equal(set("retry_count=6"), ERR_OK);
    assert_int_equal(settings.retries, 6);
    assert_string_equal(option_source_text(options.source[2]), "--set");
    assert_string_equal(option_source_text(OPTION_DEFAULT), "default");
    assert_string_equal(option_source_text(OPTION_FILE), "file");
    assert_string_equal(option_source_text(OPTION_ENVIRONMENT), "environment");
}

static void a_formatted_value_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const assignments[ROWS] = {
        "breaker_cooldown_s=0.25", "retry_backoff_base_ms=1.000001",
        "retry_count=10",          "cache_bytes=18446744073709551615",
        "failure_ratio=0.125",     "enabled=false",
        "name=two words",          "mode=low",
    };
    static const char *const units[ROWS] = { "seconds", "milliseconds",  "whole number",
                                             "whole number", "ratio",    "true or false",
                                             "text",    "choice" };
    for (size_t i = 0; i < ROWS; i++) {
        struct buf buf;
        buf_init(&buf, BUF_UNBOUNDED);
        assert_int_equal(set(assignments[i]), ERR_OK);
        options_format_value(&options, &settings, i, &buf);
        assert_string_equal(buf_text(&buf), strchr(assignments[i], '=') + 1);
        assert_string_equal(option_unit(&rows[i]), units[i]);
        buf_deinit(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_field_begins_with_its_default, begin),
        cmocka_unit_test_setup(a_file_sets_fields_and_remembers_where, begin),
        cmocka_unit_test_setup(what_a_file_may_not_say_is_refused_with_what_is_allowed, begin),
        cmocka_unit_test_setup(bounds_themselves_are_allowed, begin),
        cmocka_unit_test_setup(a_refused_value_leaves_the_field_as_it_was, begin),
        cmocka_unit_test_setup(the_later_of_two_assignments_wins, begin),
        cmocka_unit_test_setup(a_bad_assignment_is_named_with_its_origin, begin),
        cmocka_unit_test_setup(a_text_over_its_room_is_refused, begin),
        cmocka_unit_test_setup(the_environment_sets_options_by_their_upper_case_name, begin),
        cmocka_unit_test_setup(a_bad_variable_is_named, begin),
        cmocka_unit_test_setup(later_sources_win_and_forget_the_line, begin),
        cmocka_unit_test_setup(a_formatted_value_reads_back_the_same, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
