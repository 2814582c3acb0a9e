#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"
#include "base/rng.h"
#include "scenario/latency.h"

__extension__ typedef unsigned __int128 wide;

/* The uniform value that stands for a share. */
static uint64_t uniform_at(uint64_t ppm)
{
    wide value = ((wide)ppm << 64) / 1000000;
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

static struct arena arena; /* of all tests: what they parse points into it */

static struct latency parse(const char *text)
{
    struct err_note note = { .err = ERR_OK };
    struct yaml_file file;
    struct latency latency;
    assert_int_equal(yaml_parse(&arena, "a.yaml", text, strlen(text), &file, &note), ERR_OK);
    struct value_reader reader = { .file = &file, .arena = &arena, .note = &note };
    enum err err = latency_parse(&reader, file.root, "latency", &latency);
    if (err != ERR_OK) fail_msg("%s", note.sentence);
    return latency;
}

static void example_of_the_header_holds(void **state)
{
    (void)state;
    struct latency latency = parse("{ p50: 40ms, p90: 90ms, max: 400ms }");
    assert_int_equal(latency_draw_ns(&latency, uniform_at(500000)), 40 * NS_PER_MS);
    assert_int_equal(latency_draw_ns(&latency, uniform_at(700000)), 65 * NS_PER_MS);
    assert_int_equal(latency_draw_ns(&latency, UINT64_MAX), 400 * NS_PER_MS);
    assert_int_equal(latency_draw_ns(&latency, 0), 20 * NS_PER_MS);
}

static void every_row_is_met_exactly(void **state)
{
    (void)state;
    struct latency latency =
        parse("{ p99: 220ms, min: 7ms, p50: 40ms, p90: 90ms, p99.99: 399ms, max: 400ms }");
    static const uint64_t shares[] = { 0, 500000, 900000, 990000, 999900, 1000000 };
    static const uint64_t values[] = { 7, 40, 90, 220, 399, 400 };
    assert_int_equal(latency.count, 6);
    for (size_t i = 0; i < latency.count; i++) {
        assert_int_equal(latency.share_ppm[i], shares[i]);
        assert_int_equal(latency_draw_ns(&latency, uniform_at(shares[i])), values[i] * NS_PER_MS);
    }
}

static void single_time_is_a_table_of_one_value(void **state)
{
    (void)state;
    struct latency latency = parse("40ms");
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(latency_draw_ns(&latency, draw(1, 2, 3, i)), 40 * NS_PER_MS);
    }
    assert_int_equal(latency_draw_ns(&latency, UINT64_MAX), 40 * NS_PER_MS);
}

static void longest_times_do_not_overflow(void **state)
{
    (void)state;
    struct latency latency = parse("{ min: 0s, max: 24h }");
    assert_int_equal(latency_draw_ns(&latency, UINT64_MAX), 24 * 3600 * NS_PER_S);
    assert_int_equal(latency_draw_ns(&latency, UINT64_C(1) << 63), 12 * 3600 * NS_PER_S);
}

static void more_luck_never_means_less_time(void **state)
{
    (void)state;
    struct latency latency = parse("{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }");
    uint64_t before = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t value = latency_draw_ns(&latency, i * (UINT64_MAX / 100000));
        assert_true(value >= before);
        before = value;
    }
}

/* Of n draws, the number at or below a row's value is within 4.5 standard deviations of its share.
 */
static void draws_fall_into_the_table_by_their_shares(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    struct latency latency = parse("{ p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }");
    static const struct {
        uint64_t value_ms, wanted, slack;
    } rows[] = { { 30, 25000, 617 }, { 40, 50000, 712 },  { 65, 70000, 653 },
                 { 90, 90000, 427 }, { 140, 95000, 311 }, { 220, 99000, 142 } };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        uint64_t seen = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            uint64_t value = latency_draw_ns(&latency, draw(7, rng_stream("latency"), i, 0));
            if (value <= rows[row].value_ms * NS_PER_MS) seen++;
        }
        assert_in_range(seen, rows[row].wanted - rows[row].slack,
                        rows[row].wanted + rows[row].slack);
    }
}

static int free_arena(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_header_holds),
        cmocka_unit_test(every_row_is_met_exactly),
        cmocka_unit_test(single_time_is_a_table_of_one_value),
        cmocka_unit_test(longest_times_do_not_overflow),
        cmocka_unit_test(more_luck_never_means_less_time),
        cmocka_unit_test(draws_fall_into_the_table_by_their_shares),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
