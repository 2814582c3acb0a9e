#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void durations_are_exact_in_every_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {
        { "300ms", 300000000 },         { "1.5s", 1500000000 },
        { "2m", UINT64_C(120000000000) }, { "1h", UINT64_C(3600000000000) },
        { "250us", 250000 },            { "0s", 0 },
        { "0", 0 },                     { "7ns", 7 },
        { "0.000000001s", 1 },          { "0.5m", UINT64_C(30000000000) },
        { "1.25h", UINT64_C(4500000000000) }, { "0.1ms", 100000 },
        { "18446744073.709551615s", UINT64_MAX },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ns = 99;
        assert_true(units_parse_duration(rows[i].text, &ns));
        assert_true(ns == rows[i].ns);
    }
}

static void what_is_not_wholly_a_duration_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",     "5",    "40sec", "-3s",  "+3s",   "3 s",  " 3s",   "3s ",  "s",      ".5s",
        "5.s",  "1..5s", "1.5.5s", "1e3s", "0x10s", "3S",  "1m30s", "1.5ns", "0.0",   "00",
        "0.0000000001s", "18446744073.709551616s", "99999999999999999999h", "5124096h", "nan",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t ns = 99;
        if (units_parse_duration(texts[i], &ns)) fail_msg("\"%s\" was taken", texts[i]);
        assert_int_equal(ns, 99);
    }
}

static void rates_count_in_millionths_per_second(void **state)
{
    (void)state;
    uint64_t rate = 0;
    assert_true(units_parse_rate("40/s", &rate) && rate == 40000000);
    assert_true(units_parse_rate("2.5/s", &rate) && rate == 2500000);
    assert_true(units_parse_rate("90/m", &rate) && rate == 1500000);
    assert_true(units_parse_rate("1/m", &rate) && rate == 16667); /* the nearest */
    assert_true(units_parse_rate("0.000001/s", &rate) && rate == 1);
    static const char *const texts[] = { "", "40", "/s", "-1/s", "40/h", "40 /s", "40/s ", "40/ss",
                                         "0.0000001/s", "99999999999999/s" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (units_parse_rate(texts[i], &rate)) fail_msg("\"%s\" was taken", texts[i]);
    }
}

static void shares_end_at_one_hundred_per_cent(void **state)
{
    (void)state;
    uint32_t ppm = 0;
    assert_true(units_parse_share("60%", &ppm) && ppm == 600000);
    assert_true(units_parse_share("0.5%", &ppm) && ppm == 5000);
    assert_true(units_parse_share("0.0001%", &ppm) && ppm == 1);
    assert_true(units_parse_share("100%", &ppm) && ppm == 1000000);
    assert_true(units_parse_share("0%", &ppm) && ppm == 0);
    static const char *const texts[] = { "",     "60",       "%",     "100.0001%", "101%",
                                         "-1%",  "0.00001%", "60 %",  "60%%",      "0.6",
                                         "18446744073709551617%" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (units_parse_share(texts[i], &ppm)) fail_msg("\"%s\" was taken", texts[i]);
    }
}

static void bytes_take_both_kinds_of_kilo(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    assert_true(units_parse_bytes("1048576", &bytes) && bytes == 1048576);
    assert_true(units_parse_bytes("64KiB", &bytes) && bytes == 65536);
    assert_true(units_parse_bytes("1MiB", &bytes) && bytes == 1048576);
    assert_true(units_parse_bytes("10kB", &bytes) && bytes == 10000);
    assert_true(units_parse_bytes("1.5MiB", &bytes) && bytes == 1572864);
    assert_true(units_parse_bytes("2GiB", &bytes) && bytes == UINT64_C(2147483648));
    assert_true(units_parse_bytes("18446744073709551615", &bytes) && bytes == UINT64_MAX);
    static const char *const texts[] = { "", "kB", "-1", "1.5", "0.0001kB", "10KB", "10k", "10 kB",
                                         "18446744073709551616", "18446744073709551615kB" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (units_parse_bytes(texts[i], &bytes)) fail_msg("\"%s\" was taken", texts[i]);
    }
}

static void decimals_are_scaled_without_rounding(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(units_parse_decimal("1.2", 3, &value) && value == 1200);
    assert_true(units_parse_decimal("0.001", 3, &value) && value == 1);
    assert_true(units_parse_decimal("007", 0, &value) && value == 7);
    assert_true(units_parse_decimal("18446744073709551615", 0, &value) && value == UINT64_MAX);
    static const char *const texts[] = { "", ".", "1.", ".1", "0.0001", "-1", "+1", "1e2", "1,5",
                                         "1 ", "18446744073709551616" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (units_parse_decimal(texts[i], 3, &value)) fail_msg("\"%s\" was taken", texts[i]);
    }
}

static void durations_are_formatted_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } rows[] = {
        { 1500000000, "1.5s" },  { 300000000, "300ms" },  { 0, "0s" },
        { 1234567, "1.234567ms" }, { 250000, "250us" },   { 999, "999ns" },
        { UINT64_C(90000000000), "90s" }, { UINT64_C(120000000000), "2m" },
        { UINT64_C(3600000000000), "1h" }, { UINT64_C(5400000000000), "90m" },
        { UINT64_MAX, "18446744073.709551615s" }, { 1000000001, "1.000000001s" },
    };
    char out[UNITS_TEXT_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(units_format_duration(rows[i].ns, out), rows[i].text);
    }
}

static void what_is_formatted_reads_back_the_same(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 9, "units");
    char out[UNITS_TEXT_MAX];
    for (int i = 0; i < 20000; i++) {
        uint64_t ns = rng_next(&rng) >> rng_below(&rng, 64);
        uint64_t back = 0;
        assert_true(units_parse_duration(units_format_duration(ns, out), &back));
        assert_true(back == ns);
        uint32_t ppm = (uint32_t)rng_below(&rng, 1000001);
        uint32_t ppm_back = 0;
        assert_true(units_parse_share(units_format_share(ppm, out), &ppm_back));
        assert_int_equal(ppm_back, ppm);
    }
    assert_string_equal(units_format_share(600000, out), "60%");
    assert_string_equal(units_format_share(5000, out), "0.5%");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_exact_in_every_unit),
        cmocka_unit_test(what_is_not_wholly_a_duration_is_refused),
        cmocka_unit_test(rates_count_in_millionths_per_second),
        cmocka_unit_test(shares_end_at_one_hundred_per_cent),
        cmocka_unit_test(bytes_take_both_kinds_of_kilo),
        cmocka_unit_test(decimals_are_scaled_without_rounding),
        cmocka_unit_test(durations_are_formatted_as_people_write_them),
        cmocka_unit_test(what_is_formatted_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
