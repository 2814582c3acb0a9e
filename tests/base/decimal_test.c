#include "base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"

static void assert_bits(double seen, double wanted, const char *text)
{
    if (memcmp(&seen, &wanted, sizeof seen) == 0) return;
    fail_msg("%s: %.17g, wanted %.17g", text, seen, wanted);
}

static size_t significant_digits(const char *text)
{
    size_t digits = 0;
    size_t zeros = 0; /* at the end so far */
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9') continue;
        if (digits == 0 && *text == '0') continue;
        digits++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return digits - zeros;
}

/* What the C library finds: the fewest digits that read back the same. */
static size_t fewest_digits(double value)
{
    char text[40];
    for (int count = 1; count < 17; count++) {
        snprintf(text, sizeof text, "%.*e", count - 1, value);
        double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0) return (size_t)count;
    }
    return 17;
}

static void assert_shortest(double value)
{
    char text[DECIMAL_TEXT_MAX];
    size_t length = decimal_write(value, text);
    assert_int_equal(length, strlen(text));
    assert_true(length < DECIMAL_TEXT_MAX);
    assert_bits(strtod(text, NULL), value, text);
    assert_bits(decimal_read(text, length), value, text);
}

static void assert_fewest(double value)
{
    char text[DECIMAL_TEXT_MAX];
    assert_shortest(value);
    decimal_write(value, text);
    size_t wanted = fewest_digits(value);
    if (significant_digits(text) > wanted) fail_msg("%s has more than %zu digits", text, wanted);
}

static void numbers_are_written_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 1.0, "1" },
        { -2.5, "-2.5" },
        { 0.1, "0.1" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 100.0, "100" },
        { 123456.0, "123456" },
        { 9007199254740993.0, "9007199254740992" },
        { 0.001, "0.001" },
        { 0.00001, "0.00001" },
        { 0.000001, "1e-06" },
        { 1.5e-7, "1.5e-07" },
        { 1e15, "1000000000000000" },
        { 1e300, "1e+300" },
        { 1e-300, "1e-300" },
        { 5e-324, "4.94065645841247e-324" },
        { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[DECIMAL_TEXT_MAX];
        decimal_write(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
        assert_shortest(rows[i].value);
    }
}

/* The interval below a power of two is half as wide, and ends decide by even and odd. */
static void powers_of_two_and_their_neighbours_are_shortest(void **state)
{
    (void)state;
    for (int exponent = -1021; exponent < 1024; exponent++) {
        double value = ldexp(1.0, exponent);
        assert_fewest(value);
        assert_fewest(nextafter(value, 0));
        assert_fewest(-nextafter(value, INFINITY));
    }
}

static void random_bits_come_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11, "bits");
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rng_next(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) assert_shortest(value);
    }
}

/* Where forecasts live, and where the table of powers is at work. */
static void values_of_every_size_are_shortest(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 12, "sizes");
    for (int i = 0; i < 100000; i++) {
        double value = (double)rng_next(&rng) * ldexp(1.0, (int)rng_below(&rng, 140) - 140);
        assert_fewest(value);
    }
}

static void decimals_of_few_digits_stay_as_they_are(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 13, "decimals");
    for (int i = 0; i < 100000; i++) {
        char given[40];
        char text[DECIMAL_TEXT_MAX];
        unsigned digits = 1 + (unsigned)rng_below(&rng, 1000000);
        while (digits % 10 == 0) digits /= 10;
        unsigned whole = (unsigned)rng_below(&rng, 1000);
        int length = snprintf(given, sizeof given, "%u.%u", whole, digits);
        decimal_write(decimal_read(given, (size_t)length), text);
        assert_string_equal(text, given);
    }
}

/* Against strtod: every count of digits, halfway cases included, and every exponent near zero. */
static void decimals_are_read_to_the_nearest_double(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 14, "read");
    for (int i = 0; i < 200000; i++) {
        char text[64];
        size_t length = 0;
        size_t digits = 1 + rng_below(&rng, 22);
        size_t point = rng_below(&rng, digits + 1);
        if (rng_below(&rng, 4) == 0) text[length++] = '-';
        if (point == 0) text[length++] = '0';
        for (size_t j = 0; j < digits; j++) {
            if (j == point) text[length++] = '.';
            text[length++] = (char)('0' + rng_below(&rng, 10));
        }
        if (rng_below(&rng, 3) == 0) {
            length += (size_t)snprintf(text + length, sizeof text - length, "e%d",
                                       (int)rng_below(&rng, 80) - 40);
        }
        text[length] = '\0';
        assert_bits(decimal_read(text, length), strtod(text, NULL), text);
    }
}

static void halfway_between_two_doubles_goes_to_the_even_one(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 15, "half");
    for (int i = 0; i < 50000; i++) {
        char text[64];
        /* 54 bits, the last one set: exactly between two doubles; then a little beside it. */
        uint64_t half = (uint64_t)1 << 53 | rng_next(&rng) >> 11 | 1;
        int length = snprintf(text, sizeof text, "%llu", (unsigned long long)half);
        assert_bits(decimal_read(text, (size_t)length), strtod(text, NULL), text);
        length = snprintf(text, sizeof text, "%llu.%u", (unsigned long long)half,
                          (unsigned)rng_below(&rng, 100));
        assert_bits(decimal_read(text, (size_t)length), strtod(text, NULL), text);
        length = snprintf(text, sizeof text, "%llue-%u", (unsigned long long)half,
                          (unsigned)rng_below(&rng, 25));
        assert_bits(decimal_read(text, (size_t)length), strtod(text, NULL), text);
    }
}

static void odd_spellings_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0", "-0", "0.0", "-0.0e5", "0e999999999999", "1e5", "1E+5", "1e-5", "1e22", "1e23",
        "1e-22", "1e-23", "9007199254740993", "18446744073709551615", "18446744073709551616",
        "9999999999999999999", "0.00000000000000000000000000000000001", "1e-400", "1e400", "-1e400",
        "1e99999999999999999999", "1e-99999999999999999999", "123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_bits(decimal_read(texts[i], strlen(texts[i])), strtod(texts[i], NULL), texts[i]);
    }
}

/* A number is rarely the last thing in its text. */
static void nothing_behind_the_length_is_read(void **state)
{
    (void)state;
    assert_bits(decimal_read("12345", 3), 123, "123");
    assert_bits(decimal_read("1.5e10", 3), 1.5, "1.5");
    assert_bits(decimal_read("1.123456789012345678901239", 23), 1.123456789012345678901, "far");
}

/* The digits of a text, without the zeros around them. */
static void digits_of(const char *text, char out[64])
{
    size_t count = 0;
    size_t kept = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0')) continue;
        out[count++] = *text;
        if (*text != '0') kept = count;
    }
    out[kept] = '\0';
}

/* Of all decimals with so few digits the nearest: the one that printf rounds to. */
static void digits_are_those_of_printf(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 16, "nearest");
    for (int i = 0; i < 100000; i++) {
        char text[DECIMAL_TEXT_MAX];
        char theirs[64];
        char ours_digits[64];
        char theirs_digits[64];
        /* Half of them prices and their logits, the others of every size that a plain notation
         * and the table have. */
        double value = (double)(rng_next(&rng) >> 11) * ldexp(1.0, -53) * 20 - 10;
        if (i % 2 == 0) value = ldexp(value, (int)rng_below(&rng, 110) - 60);
        decimal_write(value, text);
        digits_of(text, ours_digits);
        int count = (int)strlen(ours_digits);
        snprintf(theirs, sizeof theirs, "%.*e", count > 0 ? count - 1 : 0, value);
        digits_of(theirs, theirs_digits);
        if (strcmp(ours_digits, theirs_digits) != 0) fail_msg("%s, printf has %s", text, theirs);
    }
}

static void millionths_are_written_with_all_decimals(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 17, "millionths");
    for (unsigned i = 0; i < 200000; i++) {
        char text[DECIMAL_TEXT_MAX];
        char theirs[64];
        /* Of every length up to 17 digits, and those around a power of ten. */
        uint64_t top = 1;
        for (unsigned k = 0; k < i % 18; k++) top *= 10;
        uint64_t value = i % 2 == 0 ? rng_below(&rng, top) : top - (top > 1) - (i / 18 % 2);
        size_t length = decimal_write_millionths(value, text);
        snprintf(theirs, sizeof theirs, "%" PRIu64 ".%06" PRIu64, value / 1000000, value % 1000000);
        assert_string_equal(text, theirs);
        assert_int_equal(length, strlen(theirs));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_people_write_them),
        cmocka_unit_test(powers_of_two_and_their_neighbours_are_shortest),
        cmocka_unit_test(random_bits_come_back),
        cmocka_unit_test(values_of_every_size_are_shortest),
        cmocka_unit_test(digits_are_those_of_printf),
        cmocka_unit_test(millionths_are_written_with_all_decimals),
        cmocka_unit_test(decimals_of_few_digits_stay_as_they_are),
        cmocka_unit_test(decimals_are_read_to_the_nearest_double),
        cmocka_unit_test(halfway_between_two_doubles_goes_to_the_even_one),
        cmocka_unit_test(odd_spellings_are_read),
        cmocka_unit_test(nothing_behind_the_length_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
