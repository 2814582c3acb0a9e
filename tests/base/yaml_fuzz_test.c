#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* Files broken at random: each must end in a tree or in a note with a place, and a sanitizer must
 * see nothing. */

enum { MUTATIONS = 6000, EDITS_MAX = 6, TEXT_MAX = 2048, INSERT_MAX = 8 };

static const char valid[] = "name: brownout-503 # comment\n"
                            "seed: 7\n"
                            "runtime: {cache_ttl_s: 30, \"quoted\": 'it''s'}\n"
                            "load:\n"
                            "  - at: 0s\n"
                            "    rate: 40/s\n"
                            "    note: |\n"
                            "      several\n"
                            "      lines\n"
                            "  - at: 20s\n"
                            "    rate: [1, 2, [3, \"\\u20ac\\n\"]]\n"
                            "faults:\n"
                            "  - status: 503\n"
                            "    text: >-\n"
                            "      folded \xE2\x82\xAC\n"
                            "    share: 60%\n"
                            "expect:\n"
                            "  - served: '>= 99%'\n";

/* Pieces that mean something in YAML. */
static const char *const pieces[] = { "&a ", "*a", "!!str ", "---\n", "...\n", "\t",   "[",
                                      "]",   "{",  "}",      ": ",    "- ",    "? ",   "\"",
                                      "'",   "#",  "|\n",    "\r\n",  "\xFF",  "\xC2", "\n",
                                      "%TAG", "\\x", "\xEF\xBB\xBF" };

struct text {
    char bytes[TEXT_MAX];
    size_t length;
};

static void insert(struct text *text, size_t at, const char *bytes, size_t length)
{
    if (text->length + length > TEXT_MAX) return;
    memmove(text->bytes + at + length, text->bytes + at, text->length - at);
    memcpy(text->bytes + at, bytes, length);
    text->length += length;
}

static void edit(struct text *text, struct rng *rng)
{
    size_t at = rng_below(rng, text->length + 1);
    size_t rest = text->length - at;
    uint64_t piece = rng_below(rng, sizeof pieces / sizeof pieces[0]);
    switch (rng_below(rng, 5)) {
    case 0: insert(text, at, pieces[piece], strlen(pieces[piece])); break;
    case 1:
        if (rest > 0) text->bytes[at] = (char)rng_below(rng, 256);
        break;
    case 2: { /* take some bytes out */
        size_t length = rng_below(rng, (rest < 20 ? rest : 20) + 1);
        memmove(text->bytes + at, text->bytes + at + length, rest - length);
        text->length -= length;
        break;
    }
    case 3: { /* repeat some bytes elsewhere */
        char copy[INSERT_MAX];
        size_t length = rng_below(rng, (rest < INSERT_MAX ? rest : INSERT_MAX) + 1);
        memcpy(copy, text->bytes + at, length);
        insert(text, rng_below(rng, text->length + 1), copy, length);
        break;
    }
    case 4:
        if (rng_below(rng, 8) == 0) text->length = at; /* cut off */
        break;
    }
}

static void check_tree(const struct yaml_node *node, int depth)
{
    assert_non_null(node);
    assert_true(depth <= YAML_DEPTH_MAX);
    assert_true(node->line >= 1 && node->column >= 1);
    if (node->kind == YAML_SCALAR) {
        assert_non_null(node->text);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAP) {
            assert_int_equal(node->keys[i]->kind, YAML_SCALAR);
            assert_ptr_equal(yaml_get_key(node, node->keys[i]->text), node->keys[i]);
        }
        check_tree(node->items[i], depth + 1);
    }
}

static void broken_files_end_in_a_tree_or_in_a_note_with_a_place(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 10, "mutations");
    int parsed = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        struct text text = { .length = sizeof valid - 1 };
        memcpy(text.bytes, valid, text.length);
        uint64_t edits = rng_below(&rng, EDITS_MAX + 1);
        for (uint64_t j = 0; j < edits; j++) edit(&text, &rng);
        /* A copy of the exact size, so that a sanitizer sees a read behind the end. */
        char *exact = malloc(text.length == 0 ? 1 : text.length);
        assert_non_null(exact);
        memcpy(exact, text.bytes, text.length);
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        struct yaml_file file;
        enum err err = yaml_parse(&arena, "broken.yaml", exact, text.length, &file, &note);
        free(exact);
        assert_int_equal(err, note.err);
        if (err == ERR_OK) {
            parsed++;
            check_tree(file.root, 0);
        } else {
            assert_null(file.root);
            assert_true(note.line >= 1 && note.column >= 1);
            assert_true(note.sentence[0] != '\0');
        }
        arena_deinit(&arena);
    }
    /* Both ends are met, else the test proves little. */
    assert_in_range(parsed, MUTATIONS / 10, MUTATIONS * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_files_end_in_a_tree_or_in_a_note_with_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
