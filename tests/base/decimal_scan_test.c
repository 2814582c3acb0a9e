/* decimal_scan() beside a plain reading of JSON's grammar and the C library's strtod(). */
#include "base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* Length of the number without exponent at the start of `text`; 0: there is none. */
static size_t plain_number(const char *text)
{
    size_t at = text[0] == '-' ? 1 : 0;
    size_t whole = digits_at(text + at);
    if (whole == 0 || (whole > 1 && text[at] == '0')) return 0;
    at += whole;
    if (text[at] == '.') {
        size_t fraction = digits_at(text + at + 1);
        if (fraction == 0) return 0;
        at += 1 + fraction;
    }
    return text[at] == 'e' || text[at] == 'E' ? 0 : at;
}

static size_t count_digits(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += text[i] >= '0' && text[i] <= '9';
    return count;
}

/* In a block of its own, so that a sanitizer sees each byte read behind it. */
static size_t scan(const char *text, double *out)
{
    size_t length = strlen(text);
    char *copy = mem_copy(text, length);
    size_t used = decimal_scan(copy, length, out);
    mem_free(copy);
    return used;
}

static void assert_scanned_as_it_reads(const char *text)
{
    double seen = -1;
    size_t wanted = plain_number(text);
    size_t used = scan(text, &seen);
    if (used == 0) {
        /* Only what is long or far may be left to others. */
        if (wanted > 0 && count_digits(text, wanted) <= 19) fail_msg("not taken: %s", text);
        return;
    }
    if (used != wanted) fail_msg("%s: %zu bytes, wanted %zu", text, used, wanted);
    char number[64];
    snprintf(number, sizeof number, "%.*s", (int)used, text);
    double expected = strtod(number, NULL);
    if (memcmp(&seen, &expected, sizeof seen) != 0) fail_msg("%s: %.17g", text, seen);
}

static void numbers_are_taken_as_strtod_takes_them(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 21, "scan");
    for (int i = 0; i < 300000; i++) {
        static const char *const tails[] = { "",   ",",  "]", "}", " ", ",0.25,0.5,0.75", "/:;9",
                                             "e5", "E1", "x", "-", ".", ".5",             "\x80" };
        char text[64];
        size_t at = 0;
        size_t digits = 1 + rng_below(&rng, 20);
        size_t point = rng_below(&rng, digits + 1);
        if (rng_below(&rng, 4) == 0) text[at++] = '-';
        if (point == 0) text[at++] = '0';
        for (size_t j = 0; j < digits; j++) {
            if (j == point) text[at++] = '.';
            text[at++] = (char)('0' + rng_below(&rng, 10));
        }
        snprintf(text + at, sizeof text - at, "%s",
                 tails[rng_below(&rng, sizeof tails / sizeof *tails)]);
        assert_scanned_as_it_reads(text);
    }
}

static void any_bytes_are_numbers_or_not_as_the_grammar_says(void **state)
{
    (void)state;
    static const char alphabet[] = "00123456789999..-+eE,/: \xB0";
    struct rng rng;
    rng_init(&rng, 22, "bytes");
    for (int i = 0; i < 300000; i++) {
        char text[32];
        size_t length = rng_below(&rng, sizeof text - 1);
        for (size_t j = 0; j < length; j++) {
            text[j] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        }
        text[length] = '\0';
        assert_scanned_as_it_reads(text);
    }
}

static void what_is_no_plain_number_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "-", "01", "-01", "00", "1.", "0.", "-.5", ".5", "+1", "1e5", "0.5E1", "NaN",
        "12345678901234567890", "0.12345678901234567890123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value;
        if (scan(texts[i], &value) != 0) fail_msg("taken: %s", texts[i]);
    }
}

static void the_example_of_the_header_holds(void **state)
{
    (void)state;
    double value = 0;
    assert_int_equal(decimal_scan("0.25,0.5", 8, &value), 4);
    assert_true(value == 0.25);
    assert_int_equal(decimal_scan("0.25", 3, &value), 3);
    assert_true(value == 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_taken_as_strtod_takes_them),
        cmocka_unit_test(any_bytes_are_numbers_or_not_as_the_grammar_says),
        cmocka_unit_test(what_is_no_plain_number_is_left_alone),
        cmocka_unit_test(the_example_of_the_header_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
