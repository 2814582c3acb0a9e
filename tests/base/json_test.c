#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/rng.h"

static struct buf buf;
static struct json json;

static int begin(void **state)
{
    (void)state;
    buf_init(&buf, BUF_UNBOUNDED);
    json_init(&json, &buf);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_deinit(&buf);
    return 0;
}

static void the_example_in_the_header_comes_out(void **state)
{
    (void)state;
    json_open(&json, '{');
    json_key(&json, "code");
    json_string(&json, "RUNTIME_5XX");
    json_key(&json, "attempts");
    json_open(&json, '[');
    json_u64(&json, 2);
    json_close(&json, ']');
    json_close(&json, '}');
    assert_string_equal(buf_text(&buf), "{\"code\":\"RUNTIME_5XX\",\"attempts\":[2]}");
}

static void commas_stand_between_values_only(void **state)
{
    (void)state;
    json_open(&json, '[');
    json_open(&json, '[');
    json_u64(&json, 7);
    json_close(&json, ']');
    json_open(&json, '{');
    json_key(&json, "a");
    json_null(&json);
    json_key(&json, "b");
    json_raw(&json, "[1]", 3);
    json_close(&json, '}');
    json_bool(&json, true);
    json_bool(&json, false);
    json_i64(&json, INT64_MIN);
    json_i64(&json, 5);
    json_close(&json, ']');
    assert_string_equal(buf_text(&buf),
                        "[[7],{\"a\":null,\"b\":[1]},true,false,-9223372036854775808,5]");
}

static void special_characters_are_escaped(void **state)
{
    (void)state;
    static const char text[] = "a\"b\\c\n\t\x01\x1f\0z/\x7f";
    json_string_length(&json, text, sizeof text - 1);
    assert_string_equal(buf_text(&buf), "\"a\\\"b\\\\c\\n\\u0009\\u0001\\u001f\\u0000z/\x7f\"");
}

/* Texts are looked at in pieces: none of them may be left out, and none is looked at too far. */
static void every_byte_of_any_text_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        char byte;
        const char *escaped;
    } rows[] = { { '"', "\\\"" }, { '\\', "\\\\" },     { '\n', "\\n" },
                 { 0x1F, "\\u001f" }, { '\xFF', "\\ufffd" }, { 'z', "z" } };
    for (size_t length = 1; length <= 120; length++) {
        for (size_t at = 0; at < length; at++) {
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                char text[128], wanted[160];
                memset(text, 'a', length);
                text[at] = rows[i].byte;
                snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", (int)at, text, rows[i].escaped,
                         (int)(length - at - 1), text + at + 1);
                text[length] = '"'; /* behind it */
                buf_clear(&buf);
                json_init(&json, &buf);
                json_string_length(&json, text, length);
                assert_string_equal(buf_text(&buf), wanted);
            }
        }
    }
}

static void a_key_is_escaped_like_a_text(void **state)
{
    (void)state;
    json_open(&json, '{');
    json_key(&json, "a\"\n");
    json_string(&json, NULL);
    json_close(&json, '}');
    assert_string_equal(buf_text(&buf), "{\"a\\\"\\n\":null}");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        { "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
        { "a\xFF" "b", "\"a\\ufffdb\"" },
        { "\xC3", "\"\\ufffd\"" },                         /* cut short */
        { "\xE2\x82", "\"\\ufffd\\ufffd\"" },              /* cut short */
        { "\xC0\x80", "\"\\ufffd\\ufffd\"" },              /* a longer form of NUL */
        { "\xE0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"" },   /* the same */
        { "\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },   /* half of a surrogate pair */
        { "\xF4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* above U+10FFFF */
        { "\xC3\"", "\"\\ufffd\\\"\"" },                   /* the quote still ends nothing */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&buf);
        json_init(&json, &buf);
        /* A copy of the exact size, so that a sanitizer sees a read behind the end. */
        size_t length = strlen(rows[i].text);
        char *exact = malloc(length);
        assert_non_null(exact);
        memcpy(exact, rows[i].text, length);
        json_string_length(&json, exact, length);
        free(exact);
        assert_string_equal(buf_text(&buf), rows[i].wanted);
    }
}

static void random_bytes_always_make_json_that_can_be_read(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5, "bytes");
    for (int i = 0; i < 5000; i++) {
        char text[24];
        size_t length = rng_below(&rng, sizeof text);
        for (size_t j = 0; j < length; j++) text[j] = (char)rng_below(&rng, 256);
        buf_clear(&buf);
        json_init(&json, &buf);
        json_string_length(&json, text, length);
        cJSON *read = cJSON_Parse(buf_text(&buf));
        assert_non_null(read);
        assert_true(cJSON_IsString(read));
        cJSON_Delete(read);
    }
}

static void doubles_read_back_to_the_same_bits(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 6, "doubles");
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&rng);
        double value = 0.0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        buf_clear(&buf);
        json_init(&json, &buf);
        json_double(&json, value);
        double back = strtod(buf_text(&buf), NULL);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void doubles_are_short_and_never_infinite(void **state)
{
    (void)state;
    json_open(&json, '[');
    json_double(&json, 0.1);
    json_double(&json, 3.0);
    json_double(&json, -2.5);
    json_double(&json, (double)NAN);
    json_double(&json, (double)INFINITY);
    json_double(&json, 0.1 + 0.2);
    json_close(&json, ']');
    assert_string_equal(buf_text(&buf), "[0.1,3,-2.5,null,null,0.30000000000000004]");
}

static void nanoseconds_are_written_as_milliseconds(void **state)
{
    (void)state;
    json_open(&json, '[');
    json_ms(&json, 1234567);
    json_ms(&json, 300000000);
    json_ms(&json, 1500000);
    json_ms(&json, 999);
    json_ms(&json, 10000);
    json_close(&json, ']');
    assert_string_equal(buf_text(&buf), "[1.234,300,1.5,0,0.01]");
}

static void write_both_ways(const double *values, size_t count, size_t bytes_max, bool in_one_go,
                            struct buf *out)
{
    struct json writer;
    buf_init(out, bytes_max);
    json_init(&writer, out);
    json_open(&writer, '[');
    json_u64(&writer, 7);
    if (in_one_go) {
        json_doubles(&writer, values, count);
    } else {
        for (size_t i = 0; i < count; i++) json_double(&writer, values[i]);
    }
    json_bool(&writer, true);
    json_close(&writer, ']');
}

static void doubles_written_in_one_go_are_the_same_as_one_by_one(void **state)
{
    (void)state;
    enum { MOST = 200 };
    double values[MOST];
    struct rng rng;
    rng_init(&rng, 8, "in one go");
    for (int i = 0; i < MOST; i++) {
        values[i] = i % 17 == 5 ? (double)NAN : (double)(rng_next(&rng) >> 11) * 0x1p-50 - 4;
    }
    for (size_t count = 0; count <= MOST; count++) {
        struct buf one_go;
        struct buf one_by_one;
        /* Sometimes with no room for the last ones, or for none. */
        size_t bytes_max = rng_below(&rng, 2) == 0 ? BUF_UNBOUNDED : 1 + rng_below(&rng, 5000);
        write_both_ways(values, count, bytes_max, true, &one_go);
        write_both_ways(values, count, bytes_max, false, &one_by_one);
        assert_string_equal(buf_text(&one_go), buf_text(&one_by_one));
        assert_int_equal(one_go.overflow, one_by_one.overflow);
        buf_deinit(&one_go);
        buf_deinit(&one_by_one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_example_in_the_header_comes_out, begin, end),
        cmocka_unit_test_setup_teardown(commas_stand_between_values_only, begin, end),
        cmocka_unit_test_setup_teardown(special_characters_are_escaped, begin, end),
        cmocka_unit_test_setup_teardown(every_byte_of_any_text_is_looked_at, begin, end),
        cmocka_unit_test_setup_teardown(a_key_is_escaped_like_a_text, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_replaced, begin, end),
        cmocka_unit_test_setup_teardown(random_bytes_always_make_json_that_can_be_read, begin, end),
        cmocka_unit_test_setup_teardown(doubles_read_back_to_the_same_bits, begin, end),
        cmocka_unit_test_setup_teardown(doubles_are_short_and_never_infinite, begin, end),
        cmocka_unit_test_setup_teardown(nanoseconds_are_written_as_milliseconds, begin, end),
        cmocka_unit_test(doubles_written_in_one_go_are_the_same_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
