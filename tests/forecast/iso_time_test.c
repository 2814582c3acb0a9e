#include "support.h"

#include "base/rng.h"
#include "forecast/iso_time.h"

static void the_forms_of_the_header_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
        uint32_t ns;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1970-01-01", 0, 0 },
        { "2026-01-01T00:00:00Z", 1767225600, 0 },
        { "2026-01-01 00:00", 1767225600, 0 },
        { "2026-01-01t00:00:00z", 1767225600, 0 },
        { "2026-01-01T01:00:00.5+01:00", 1767225600, 500000000 },
        { "2026-01-01T01:00:00+0100", 1767225600, 0 },
        { "2026-01-01T01:00+01", 1767225600, 0 },
        { "2025-12-31T18:30:00.1234567899-05:30", 1767225600, 123456789 },
        { "2000-02-29T12:34:56Z", 951827696, 0 },
        { "1969-12-31T23:59:59Z", -1, 0 },
        { "0001-01-01T00:00:00Z", -62135596800, 0 },
        { "9999-12-31T23:59:59Z", 253402300799, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct iso_time time;
        if (!iso_time_parse(cases[i].text, &time)) fail_msg("refused: %s", cases[i].text);
        if (time.unix_s != cases[i].unix_s || time.ns != cases[i].ns) {
            fail_msg("%s: %lld.%09u", cases[i].text, (long long)time.unix_s, time.ns);
        }
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-1-1",
        "20260101",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-01-32",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "0000-01-01",
        "2026-01-01T",
        "2026-01-01T00",
        "2026-01-01T24:00",
        "2026-01-01T00:60",
        "2026-01-01T00:00:60",
        "2026-01-01T00:00:00.",
        "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00+",
        "2026-01-01T00:00:00+1",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00 Z",
        "2026-01-01X00:00",
        " 2026-01-01",
        "2026-01-01T00:00:00Z ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct iso_time time;
        if (iso_time_parse(texts[i], &time)) fail_msg("taken: \"%s\"", texts[i]);
    }
}

/* Every 12,345th minute and a bit, over nearly all years: what is written reads back. */
static void written_times_read_back(void **state)
{
    (void)state;
    const int64_t stride_s = INT64_C(12345) * 60 + 7;
    for (int64_t at_s = -62135596800; at_s < 253402300800; at_s += stride_s * 10) {
        char text[ISO_TIME_TEXT_MAX];
        struct iso_time time;
        assert_true(iso_time_parse(iso_time_format(at_s, text), &time));
        if (time.unix_s != at_s) fail_msg("%lld became %s", (long long)at_s, text);
    }
}

static void times_outside_the_calendar_are_held_at_its_ends(void **state)
{
    (void)state;
    char text[ISO_TIME_TEXT_MAX];
    assert_string_equal(iso_time_format(INT64_MIN, text), "0000-01-01T00:00:00Z");
    assert_string_equal(iso_time_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

/* Small steps, large ones, back, over midnight, and out of the calendar at both ends. */
static void a_series_is_written_as_each_of_its_times_alone(void **state)
{
    (void)state;
    static const int64_t starts[] = { 0,  1767225600, -62167219200 - 90000, 253402300800 - 90000,
                                      -1, 951782400,  INT64_MIN,            INT64_MAX - 200000 };
    struct rng rng;
    rng_init(&rng, 1, "series");
    struct iso_series series = { .day_length_s = 0 };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        int64_t at_s = starts[i];
        for (int j = 0; j < 20000; j++) {
            char alone[ISO_TIME_TEXT_MAX];
            assert_string_equal(iso_series_format(&series, at_s), iso_time_format(at_s, alone));
            uint64_t step_s = rng_below(&rng, 1u << rng_below(&rng, 20));
            bool back = rng_below(&rng, 3) == 0;
            if (back && at_s > INT64_MIN + (1 << 20)) at_s -= (int64_t)step_s;
            if (!back && at_s < INT64_MAX - (1 << 20)) at_s += (int64_t)step_s;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_of_the_header_are_taken),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(written_times_read_back),
        cmocka_unit_test(a_series_is_written_as_each_of_its_times_alone),
        cmocka_unit_test(times_outside_the_calendar_are_held_at_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
