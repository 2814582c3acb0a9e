/* The table of faults is whole, and each line in it is one that the parser takes, or refuses with
 * the row's reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/classify.h"
#include "fault_fixture.h"
#include "scenario/fault_table.h"

static void every_line_is_taken_and_is_its_rows_fault(void **state)
{
    (void)state;
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        enum outcome outcome;
        if (rows[i].support == FAULT_IMPOSSIBLE) continue;
        struct faults faults;
        faults_open_good(&faults, rows[i].yaml, NULL);
        const struct fault *fault = &faults.scenario.phases[0].faults[0];
        assert_int_equal(fault->effect, rows[i].effect);
        if (fault->positioned) assert_int_equal(fault->at, rows[i].at);
        assert_true(outcome_parse(rows[i].outcome, &outcome));
        assert_true(fault_row_allows(&rows[i], rows[i].outcome));
        assert_false(fault_row_allows(&rows[i], "deadline"));
        assert_true(strlen(rows[i].what) > 0);
        faults_close(&faults);
    }
}

static void impossible_ones_are_refused_with_the_rows_reason(void **state)
{
    (void)state;
    static const char *const places[] = { "", "", "@50%", "@20B", "@40%", "" };
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].support != FAULT_IMPOSSIBLE) continue;
        char yaml[128];
        snprintf(yaml, sizeof yaml, "{ at: %s%s, do: %s }", fault_position_name(rows[i].at),
                 places[rows[i].at], fault_effect_name(rows[i].effect));
        struct faults faults;
        faults_open(&faults, yaml, NULL);
        if (faults.state != NULL) fail_msg("%s was taken", yaml);
        if (strstr(faults.note.sentence, rows[i].what) == NULL) {
            fail_msg("%s: %s", yaml, faults.note.sentence);
        }
        assert_int_equal(faults.note.line, 12);
        faults_close(&faults);
    }
}

static void every_position_has_a_row_of_every_effect_that_has_one(void **state)
{
    (void)state;
    static const enum fault_effect effects[] = {
        FAULT_REFUSE,  FAULT_SYN_DROP,     FAULT_RESET,      FAULT_CLOSE,
        FAULT_STALL,   FAULT_DELAY,        FAULT_DRIBBLE,    FAULT_THROTTLE,
        FAULT_GARBAGE, FAULT_STRAY_ANSWER, FAULT_SLOW_CLOSE,
    };
    for (size_t e = 0; e < sizeof effects / sizeof effects[0]; e++) {
        for (enum fault_position at = 0; at < FAULT_POSITION_COUNT; at++) {
            assert_non_null(fault_table_find(effects[e], at)); /* which asserts itself, too */
        }
    }
}

static bool has_line(const char *yaml)
{
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].yaml != NULL && strcmp(rows[i].yaml, yaml) == 0) return true;
    }
    return false;
}

static void every_word_for_what_is_wrong_has_a_row(void **state)
{
    (void)state;
    char yaml[128];
#define CHECK_ANSWER(name, text)                                                                   \
    snprintf(yaml, sizeof yaml, "{ answer: %s }", text);                                           \
    if (name != ANSWER_GOOD && !has_line(yaml)) fail_msg("no row for %s", yaml);
    ANSWER_FAULT_LIST(CHECK_ANSWER)
#undef CHECK_ANSWER
#define CHECK_MALFORM(name, text)                                                                  \
    snprintf(yaml, sizeof yaml, "{ malformed: %s }", text);                                        \
    if (name != MALFORM_NONE && !has_line(yaml)) fail_msg("no row for %s", yaml);
    PLAN_MALFORM_LIST(CHECK_MALFORM)
#undef CHECK_MALFORM
}

static void page_holds_each_line_and_each_selection_is_taken(void **state)
{
    (void)state;
    struct buf page;
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    buf_init(&page, BUF_UNBOUNDED);
    fault_table_write(&page);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].yaml != NULL) assert_non_null(strstr(buf_text(&page), rows[i].yaml));
    }
    /* The lines of the table of selections: "| `share: 30%` | ...". */
    size_t taken = 0;
    const char *at = strstr(buf_text(&page), "## On which attempts");
    while ((at = strstr(at, "\n| `")) != NULL) {
        const char *end = strchr(at + 4, '`');
        char yaml[256];
        struct faults faults;
        snprintf(yaml, sizeof yaml, "{ status: 503, %.*s }", (int)(end - at - 4), at + 4);
        faults_open_good(&faults, yaml, NULL);
        faults_close(&faults);
        taken++;
        at = end;
    }
    assert_true(taken >= 12);
    buf_deinit(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_taken_and_is_its_rows_fault),
        cmocka_unit_test(impossible_ones_are_refused_with_the_rows_reason),
        cmocka_unit_test(every_position_has_a_row_of_every_effect_that_has_one),
        cmocka_unit_test(every_word_for_what_is_wrong_has_a_row),
        cmocka_unit_test(page_holds_each_line_and_each_selection_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
