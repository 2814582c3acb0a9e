#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

/* Parses a copy of the exact size, so that a sanitizer sees a read behind the end. */
static enum err parse(struct arena *arena, const char *text, size_t length, struct yaml_file *file,
                      struct err_note *note)
{
    char *exact = malloc(length == 0 ? 1 : length);
    assert_non_null(exact);
    memcpy(exact, text, length);
    enum err err = yaml_parse(arena, "a.yaml", exact, length, file, note);
    free(exact);
    return err;
}

static void assert_place(const struct yaml_node *node, int line, int column)
{
    assert_non_null(node);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static void a_file_becomes_a_tree_in_which_every_node_knows_its_place(void **state)
{
    (void)state;
    static const char text[] = "# comment\n"
                               "name: \xC3\xA9t\xC3\xA9  # two bytes each\n"
                               "phases:\n"
                               "  - at: 5s\n"
                               "    status: \"503\"\n"
                               "  - {at: 7s, \xE2\x82\xAC: [1, 2]}\n"
                               "empty:\n"
                               "long: |\n"
                               "  two\n"
                               "  lines\n";
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    assert_int_equal(parse(&arena, text, sizeof text - 1, &file, &note), ERR_OK);
    assert_string_equal(file.path, "a.yaml");
    assert_int_equal(file.root->kind, YAML_MAP);
    assert_int_equal(file.root->count, 4);
    assert_place(file.root, 2, 1);
    const struct yaml_node *name = yaml_get(file.root, "name");
    assert_place(name, 2, 7);
    assert_string_equal(name->text, "\xC3\xA9t\xC3\xA9");
    assert_int_equal(name->quoted, 0);
    const struct yaml_node *phases = yaml_get(file.root, "phases");
    assert_int_equal(phases->kind, YAML_LIST);
    assert_int_equal(phases->count, 2);
    const struct yaml_node *status = yaml_get(phases->items[0], "status");
    assert_place(status, 5, 13);
    assert_string_equal(status->text, "503");
    assert_int_equal(status->quoted, 1);
    assert_place(phases->items[1], 6, 5);
    const struct yaml_node *euro = yaml_get(phases->items[1], "\xE2\x82\xAC");
    assert_place(euro, 6, 17); /* columns count characters, not bytes */
    assert_string_equal(euro->items[1]->text, "2");
    assert_string_equal(yaml_get(file.root, "empty")->text, "");
    assert_place(yaml_get_key(file.root, "empty"), 7, 1);
    assert_string_equal(yaml_get(file.root, "long")->text, "two\nlines\n");
    assert_null(yaml_get(file.root, "nothing"));
    assert_null(yaml_get_key(file.root, "nothing"));
    arena_deinit(&arena);
}

static void a_byte_order_mark_shifts_no_column(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF" "a: b\n";
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    assert_int_equal(parse(&arena, text, sizeof text - 1, &file, NULL), ERR_OK);
    assert_place(yaml_get_key(file.root, "a"), 1, 1);
    assert_place(yaml_get(file.root, "a"), 1, 4);
    arena_deinit(&arena);
}

struct refusal {
    const char *text;
    enum err err;
    int line;
    int column;
    const char *sentence;
};

static void check_refusal(const struct refusal *row)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    enum err err = parse(&arena, row->text, strlen(row->text), &file, &note);
    assert_string_equal(note.sentence, row->sentence);
    assert_int_equal(err, row->err);
    assert_int_equal(note.err, row->err);
    assert_int_equal(note.line, row->line);
    assert_int_equal(note.column, row->column);
    assert_string_equal(note.path, "a.yaml");
    assert_null(file.root);
    arena_deinit(&arena);
}

static void what_changes_meaning_silently_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        { "a: 1\nb: 2\na: 3\n", ERR_INVALID, 3, 1,
          "duplicate key \"a\"; it already stands in line 1, remove one of them" },
        { "x:\n  - b: 1\n    c: 2\n    \"b\": 3\n    c: 4\n", ERR_INVALID, 4, 5,
          "duplicate key \"b\"; it already stands in line 2, remove one of them" },
        { "a: &x 1\n", ERR_INVALID, 1, 4,
          "the anchor \"&x\" is not allowed; write the value out where it is used" },
        { "a:\n  &y [1]\n", ERR_INVALID, 2, 3,
          "the anchor \"&y\" is not allowed; write the value out where it is used" },
        { "a: 1\nb:  *x\n", ERR_INVALID, 2, 5,
          "the alias \"*x\" is not allowed; write the value out here" },
        { "*x : 1\n", ERR_INVALID, 1, 1,
          "the alias \"*x\" is not allowed; write the value out here" },
        { "a: 1\n---\nb: 2\n", ERR_INVALID, 2, 1,
          "a second document (\"---\") is not allowed; write one file for each" },
        { "a: !!int 3\n", ERR_INVALID, 1, 4, "the tag \"!!int\" is not allowed; remove it" },
        { "a: !mine {}\n", ERR_INVALID, 1, 4, "the tag \"!mine\" is not allowed; remove it" },
        { "? [a]\n: 3\n", ERR_INVALID, 1, 3,
          "a list or a map cannot be a key; write a plain word" },
        { "a: {\"\": 3}\n", ERR_INVALID, 1, 5, "a key is missing in front of the \":\"" },
        { "a: \"x\\0y\"\n", ERR_INVALID, 1, 4,
          "a text with a zero byte (\\0) in it is not allowed" },
        { "", ERR_INVALID, 1, 1, "the file is empty; it must hold keys and values" },
        { "\n# only words\n", ERR_INVALID, 1, 1,
          "the file is empty; it must hold keys and values" },
        { "---\n", ERR_INVALID, 1, 1, "the file is empty; it must hold keys and values" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_refusal(&rows[i]);
}

static void what_is_not_yaml_is_shown_with_advice(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        { "a:\n\tb: 1\n", ERR_SYNTAX, 2, 1,
          "a tab is used for indentation; YAML allows only spaces there" },
        { "a:\n  b: 1\n  \tc: 1\n", ERR_SYNTAX, 3, 3,
          "a tab is used for indentation; YAML allows only spaces there" },
        { "a: b: c\n", ERR_SYNTAX, 1, 5,
          "\"a: b: c\" is not well-formed YAML: a \":\" cannot stand here; check the indentation, "
          "or put the value in quotes" },
        { "a: 1\nb 2\nc: 3\n", ERR_SYNTAX, 2, 1,
          "\"b 2\" is not well-formed YAML: a key needs a \":\" and a space behind it" },
        { "a: 1\nb: \"x\nc: 3\n", ERR_SYNTAX, 2, 4,
          "\"b: \"x\" is not well-formed YAML: the quote that begins here is never closed" },
        { "a: [1, 2\n", ERR_SYNTAX, 1, 4,
          "\"a: [1, 2\" is not well-formed YAML: behind this \"[\" a \"]\" or a \",\" is missing" },
        { "a:\n  b: 1\n c: 2\n", ERR_SYNTAX, 3, 2,
          "\"c: 2\" is not well-formed YAML: this does not fit the lines above; check its "
          "indentation and quotes" },
        { "a: @x\n", ERR_SYNTAX, 1, 4,
          "\"a: @x\" is not well-formed YAML: a value cannot begin with this character; put the "
          "value in quotes" },
        { "a: b\nc: \xC3\xA9\xFF\n", ERR_SYNTAX, 2, 5,
          "the byte 0xFF is not UTF-8; save the file as UTF-8" },
        { "a: \xE2\x82", ERR_SYNTAX, 1, 4, "the byte 0xE2 is not UTF-8; save the file as UTF-8" },
        { "a: \xED\xA0\x80\n", ERR_SYNTAX, 1, 4,
          "the byte 0xED is not UTF-8; save the file as UTF-8" },
        { "a: b\r\nc: \x01\r\n", ERR_SYNTAX, 2, 4,
          "the control character U+0001 is not allowed" },
        { "\xFF\xFE" "a", ERR_SYNTAX, 1, 1,
          "the byte 0xFF is not UTF-8; save the file as UTF-8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_refusal(&rows[i]);
}

/* "[[[...]]]" with `depth` brackets. */
static enum err parse_nested(size_t depth, struct err_note *note)
{
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    for (size_t i = 0; i < depth; i++) buf_putc(&buf, '[');
    for (size_t i = 0; i < depth; i++) buf_putc(&buf, ']');
    enum err err = parse(&arena, buf_text(&buf), buf.length, &file, note);
    buf_deinit(&buf);
    arena_deinit(&arena);
    return err;
}

static void nesting_ends_at_its_limit(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(parse_nested(YAML_DEPTH_MAX, &note), ERR_OK);
    assert_int_equal(parse_nested(YAML_DEPTH_MAX + 1, &note), ERR_INVALID);
    assert_string_equal(note.sentence,
                        "lists and maps are nested too deeply; allowed: at most 32 levels");
    assert_int_equal(note.column, YAML_DEPTH_MAX + 1);
    note.err = ERR_OK;
    assert_int_equal(parse_nested(100000, &note), ERR_INVALID);
}

static void a_file_over_the_limit_is_refused_unread(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    size_t length = (size_t)YAML_BYTES_MAX + 1;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, ' ', length);
    assert_int_equal(yaml_parse(&arena, "a.yaml", text, length, &file, &note), ERR_TOO_LARGE);
    assert_string_equal(note.sentence, "the file has 4194305 bytes; allowed: at most 4194304");
    free(text);
    arena_deinit(&arena);
}

static void a_map_of_many_keys_is_checked_quickly(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    for (int i = 0; i < 100000; i++) buf_printf(&buf, "k%d: 1\n", i);
    buf_puts(&buf, "k77777: 2\n");
    assert_int_equal(parse(&arena, buf_text(&buf), buf.length, &file, &note), ERR_INVALID);
    assert_int_equal(note.line, 100001);
    assert_string_equal(
        note.sentence,
        "duplicate key \"k77777\"; it already stands in line 77778, remove one of them");
    buf_deinit(&buf);
    arena_deinit(&arena);
}

static void a_file_on_disk_is_loaded_and_named_as_the_caller_gave_it(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    char path[] = "/tmp/tollgate-yaml-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path, "a: 1\n", 5, &note), ERR_OK);
    assert_int_equal(yaml_load(&arena, path, &file, &note), ERR_OK);
    assert_string_equal(file.path, path);
    assert_string_equal(yaml_get(file.root, "a")->text, "1");
    remove(path);
    arena_deinit(&arena);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    assert_int_equal(yaml_load(&arena, "/nonexistent/x.yaml", &file, &note), ERR_NOT_FOUND);
    assert_string_equal(note.path, "/nonexistent/x.yaml");
    arena_deinit(&arena);
}

static enum err check_keys(const char *text, struct err_note *note)
{
    /* A word that stands there twice, as two lists put together may have it, is told once. */
    static const char *const allowed[] = { "latency", "share", "status", "share" };
    struct arena arena = { .head = NULL };
    struct yaml_file file;
    *note = (struct err_note){ .err = ERR_OK };
    assert_int_equal(parse(&arena, text, strlen(text), &file, note), ERR_OK);
    enum err err = yaml_check_keys(&file, file.root, "an upstream", allowed, 4, note);
    arena_deinit(&arena);
    return err;
}

static void an_unknown_key_is_answered_with_the_nearest_and_all_allowed(void **state)
{
    (void)state;
    struct err_note note;
    assert_int_equal(check_keys("status: 1\nlatency: 2\n", &note), ERR_OK);
    assert_int_equal(check_keys("status: 1\nlattency: 2\n", &note), ERR_INVALID);
    assert_string_equal(note.sentence, "unknown key \"lattency\" in an upstream; did you mean "
                                       "\"latency\"? Allowed: latency, share, status");
    assert_int_equal(note.line, 2);
    assert_int_equal(note.column, 1);
    assert_int_equal(check_keys("zzz: 2\n", &note), ERR_INVALID);
    assert_string_equal(note.sentence,
                        "unknown key \"zzz\" in an upstream. Allowed: latency, share, status");
    assert_int_equal(check_keys("- a\n", &note), ERR_INVALID);
    assert_string_equal(note.sentence, "an upstream must be a map of \"key: value\" lines");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_tree_in_which_every_node_knows_its_place),
        cmocka_unit_test(a_byte_order_mark_shifts_no_column),
        cmocka_unit_test(what_changes_meaning_silently_is_refused_at_its_place),
        cmocka_unit_test(what_is_not_yaml_is_shown_with_advice),
        cmocka_unit_test(nesting_ends_at_its_limit),
        cmocka_unit_test(a_file_over_the_limit_is_refused_unread),
        cmocka_unit_test(a_map_of_many_keys_is_checked_quickly),
        cmocka_unit_test(a_file_on_disk_is_loaded_and_named_as_the_caller_gave_it),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(an_unknown_key_is_answered_with_the_nearest_and_all_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
