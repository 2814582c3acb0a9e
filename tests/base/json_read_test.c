#include "base/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/rng.h"

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

/* A copy of the exact size, so that a sanitizer sees a read behind the end. */
static const char *read_exact(const char *text, size_t length, cJSON **out)
{
    size_t at = 0;
    size_t at_scan = 0;
    char *exact = malloc(length + (length == 0));
    assert_non_null(exact);
    memcpy(exact, text, length);
    const char *trouble = json_read(exact, length, &arena, out, &at);
    assert_ptr_equal(json_read(exact, length, NULL, NULL, &at_scan), trouble);
    assert_int_equal(at, at_scan);
    assert_true(at <= length);
    assert_memory_equal(exact, text, length); /* the caller's text stays as it is */
    free(exact);
    assert_true((trouble == NULL) == (*out != NULL));
    return trouble;
}

static cJSON *read_good(const char *text)
{
    cJSON *tree;
    const char *trouble = read_exact(text, strlen(text), &tree);
    if (trouble != NULL) fail_msg("%s: %s", text, trouble);
    return tree;
}

static void assert_text(const char *text, const char *wanted)
{
    cJSON *tree = read_good(text);
    assert_true(cJSON_IsString(tree));
    assert_string_equal(tree->valuestring, wanted);
}

static void a_tree_can_be_walked_with_cjson(void **state)
{
    (void)state;
    cJSON *tree = read_good(" {\"a\" : [1, -2.5e1 ,true,null,\"x\"],\"b\":{\"c\":false}, "
                            "\"e\":[],\"f\":{}}");
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(tree, "a");
    assert_int_equal(cJSON_GetArraySize(a), 5);
    assert_int_equal(cJSON_GetArrayItem(a, 0)->valueint, 1);
    assert_true(cJSON_GetArrayItem(a, 1)->valuedouble <= -25 &&
                cJSON_GetArrayItem(a, 1)->valuedouble >= -25);
    assert_true(cJSON_IsTrue(cJSON_GetArrayItem(a, 2)));
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(a, 3)));
    assert_string_equal(cJSON_GetArrayItem(a, 4)->valuestring, "x");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(tree, "b");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(b, "c")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "e")), 0);
    assert_true(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(tree, "f")));
    assert_null(cJSON_GetObjectItemCaseSensitive(tree, "g"));
}

static void escapes_become_what_they_mean(void **state)
{
    (void)state;
    assert_text("\"\"", "");
    assert_text("\"plain\"", "plain");
    assert_text("\"a\\\"b\\\\c\\/d\\be\\ff\\ng\\rh\\ti\"", "a\"b\\c/d\be\ff\ng\rh\ti");
    assert_text("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude42.\"",
                "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82.");
    assert_text("\"\xC3\xA9\\n\xE2\x82\xAC\\n\xF0\x9F\x99\x82\"",
                "\xC3\xA9\n\xE2\x82\xAC\n\xF0\x9F\x99\x82");
}

/* Texts are looked at in words of eight bytes. */
static void a_byte_that_is_not_plain_is_seen_at_every_place(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        for (size_t place = 1; place < 26; place++) {
            char text[] = "\"aaaaaaaaaaaaaaaaaaaaaaaaa\"";
            text[place] = (char)byte;
            cJSON *tree;
            bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            bool taken = read_exact(text, sizeof text - 1, &tree) == NULL;
            if (taken != plain) fail_msg("byte %d at %zu", byte, place);
            if (taken) assert_memory_equal(tree->valuestring, text + 1, 25);
            arena_deinit(&arena);
        }
    }
}

/* A text is ended where its quote stood: the next value must not be harmed by it. */
static void neighbours_of_a_text_are_whole(void **state)
{
    (void)state;
    cJSON *tree = read_good("[\"a\\nb\",1,\"\",\"\\u0041\",{\"k\\t\":\"v\"},23]");
    assert_string_equal(cJSON_GetArrayItem(tree, 0)->valuestring, "a\nb");
    assert_int_equal(cJSON_GetArrayItem(tree, 1)->valueint, 1);
    assert_string_equal(cJSON_GetArrayItem(tree, 2)->valuestring, "");
    assert_string_equal(cJSON_GetArrayItem(tree, 3)->valuestring, "A");
    assert_string_equal(cJSON_GetArrayItem(tree, 4)->child->string, "k\t");
    assert_string_equal(cJSON_GetArrayItem(tree, 4)->child->valuestring, "v");
    assert_int_equal(cJSON_GetArrayItem(tree, 5)->valueint, 23);
}

static void half_a_surrogate_pair_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\"\\udc00\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"", "\"\\ud800",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cJSON *tree;
        const char *trouble = read_exact(texts[i], strlen(texts[i]), &tree);
        assert_non_null(trouble);
        assert_non_null(strstr(trouble, "half a surrogate pair"));
    }
}

static void numbers_too_large_are_infinite(void **state)
{
    (void)state;
    cJSON *tree = read_good("[1e999,-1e999,1e10,-1e10]");
    assert_true(isinf(cJSON_GetArrayItem(tree, 0)->valuedouble));
    assert_true(isinf(cJSON_GetArrayItem(tree, 1)->valuedouble));
    assert_int_equal(cJSON_GetArrayItem(tree, 2)->valueint, INT32_MAX);
    assert_int_equal(cJSON_GetArrayItem(tree, 3)->valueint, INT32_MIN);
}

static void a_long_array_keeps_its_order(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    for (int i = 0; i < 5000; i++) buf_printf(&text, "%c%d", i == 0 ? '[' : ',', i);
    buf_putc(&text, ']');
    cJSON *tree = read_good(buf_text(&text));
    int wanted = 0;
    for (const cJSON *item = tree->child; item != NULL; item = item->next, wanted++) {
        assert_int_equal(item->valueint, wanted);
    }
    assert_int_equal(wanted, 5000);
    buf_deinit(&text);
}

static void write_random(struct json *json, struct rng *rng, int depth)
{
    uint64_t kind = rng_below(rng, depth > 5 ? 5 : 7);
    char text[12];
    size_t length = rng_below(rng, sizeof text);
    for (size_t i = 0; i < length; i++) text[i] = (char)(1 + rng_below(rng, 0x90));
    switch (kind) {
    case 0: json_null(json); break;
    case 1: json_bool(json, rng_below(rng, 2) == 0); break;
    case 2: json_double(json, (double)(int64_t)rng_next(rng) / 1e12); break;
    case 3: json_i64(json, (int64_t)rng_below(rng, 2000) - 1000); break;
    case 4: json_string_length(json, text, length); break;
    default:
        json_open(json, kind == 5 ? '[' : '{');
        for (uint64_t i = rng_below(rng, 5); i > 0; i--) {
            text[11] = '\0';
            if (kind == 6) json_key(json, text + length % 11);
            write_random(json, rng, depth + 1);
        }
        json_close(json, kind == 5 ? ']' : '}');
    }
}

/* cJSON_Compare() looks for members by name, so twins are not compared; texts are enough. */
static void random_trees_are_what_cjson_reads(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 21, "trees");
    for (int i = 0; i < 3000; i++) {
        struct buf text;
        struct json json;
        buf_init(&text, BUF_UNBOUNDED);
        json_init(&json, &text);
        write_random(&json, &rng, 0);
        cJSON *wanted = cJSON_Parse(buf_text(&text));
        assert_non_null(wanted);
        char *wanted_text = cJSON_PrintUnformatted(wanted);
        char *seen_text = cJSON_PrintUnformatted(read_good(buf_text(&text)));
        assert_string_equal(seen_text, wanted_text);
        cJSON_free(wanted_text);
        cJSON_free(seen_text);
        cJSON_Delete(wanted);
        buf_deinit(&text);
        arena_deinit(&arena);
    }
}

static void damaged_texts_are_read_or_refused(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"a\":[1.5,-2e-3,\"\\u00e9\\ud83d\\ude42\\n\xC3\xA9\"],\"b\":null}";
    struct rng rng;
    rng_init(&rng, 22, "damage");
    for (int i = 0; i < 20000; i++) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        size_t length = 1 + rng_below(&rng, sizeof whole - 1);
        for (uint64_t hits = rng_below(&rng, 3); hits > 0; hits--) {
            text[rng_below(&rng, length)] = (char)rng_below(&rng, 256);
        }
        cJSON *tree;
        (void)read_exact(text, length, &tree);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_tree_can_be_walked_with_cjson, end),
        cmocka_unit_test_teardown(escapes_become_what_they_mean, end),
        cmocka_unit_test_teardown(a_byte_that_is_not_plain_is_seen_at_every_place, end),
        cmocka_unit_test_teardown(neighbours_of_a_text_are_whole, end),
        cmocka_unit_test_teardown(half_a_surrogate_pair_is_refused, end),
        cmocka_unit_test_teardown(numbers_too_large_are_infinite, end),
        cmocka_unit_test_teardown(a_long_array_keeps_its_order, end),
        cmocka_unit_test_teardown(random_trees_are_what_cjson_reads, end),
        cmocka_unit_test_teardown(damaged_texts_are_read_or_refused, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
