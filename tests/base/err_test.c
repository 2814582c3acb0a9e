#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What err_note_print() writes. */
static void printed(const struct err_note *note, char out[2048])
{
    memset(out, 0, 2048);
    FILE *file = fmemopen(out, 2047, "w");
    assert_non_null(file);
    err_note_print(file, note);
    fclose(file);
}

static void the_first_trouble_stays(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(err_note_set(&note, ERR_SYNTAX, "a.yaml", 7, 14, "bad %s", "thing"),
                     ERR_SYNTAX);
    assert_int_equal(err_note_set(&note, ERR_IO, "b.yaml", 1, 1, "later"), ERR_IO);
    assert_int_equal(note.err, ERR_SYNTAX);
    assert_string_equal(note.path, "a.yaml");
    assert_string_equal(note.sentence, "bad thing");
    assert_int_equal(err_note_set(NULL, ERR_LIMIT, NULL, 0, 0, "nobody listens"), ERR_LIMIT);
}

static void what_is_unknown_is_left_out_in_print(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int line;
        int column;
        const char *wanted;
    } rows[] = {
        { "a.yaml", 7, 14, "a.yaml:7:14: error: no\n" },
        { "a.yaml", 7, 0, "a.yaml:7: error: no\n" },
        { "a.yaml", 0, 3, "a.yaml: error: no\n" },
        { NULL, 7, 14, "error: no\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err_note note = { .err = ERR_OK };
        char text[2048];
        err_note_set(&note, ERR_INVALID, rows[i].path, rows[i].line, rows[i].column, "no");
        printed(&note, text);
        assert_string_equal(text, rows[i].wanted);
    }
}

static void a_sentence_too_long_is_cut_not_overrun(void **state)
{
    (void)state;
    static char longer[4000];
    memset(longer, 'x', sizeof longer - 1);
    struct err_note note = { .err = ERR_OK };
    err_note_set(&note, ERR_INVALID, longer, 1, 1, "%s", longer);
    assert_int_equal(strlen(note.sentence), ERR_SENTENCE_MAX - 1);
    assert_int_equal(strlen(note.path), ERR_PATH_MAX - 1);
}

static void every_error_has_its_name_and_text(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_SYNTAX), "ERR_SYNTAX");
    assert_string_equal(err_text(ERR_SYNTAX), "not well-formed");
    for (int i = ERR_OK; i <= (int)ERR_LIMIT; i++) {
        assert_memory_equal(err_name((enum err)i), "ERR_", 4);
        assert_string_not_equal(err_text((enum err)i), "unknown error");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_trouble_stays),
        cmocka_unit_test(what_is_unknown_is_left_out_in_print),
        cmocka_unit_test(a_sentence_too_long_is_cut_not_overrun),
        cmocka_unit_test(every_error_has_its_name_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
