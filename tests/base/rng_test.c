#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void published_values_of_xoshiro_come_out(void **state)
{
    (void)state;
    /* The reference code of Blackman and Vigna started with 1, 2, 3, 4. */
    static const uint64_t wanted[] = { 11520, 0, 1509978240, UINT64_C(1215971899390074240) };
    struct rng rng = { .state = { 1, 2, 3, 4 } };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(rng_next(&rng) == wanted[i]);
    }
}

static void a_draw_depends_on_each_of_its_four_keys_only(void **state)
{
    (void)state;
    uint64_t stream = rng_stream("backoff");
    uint64_t value = draw(1, stream, 2, 3);
    for (int i = 0; i < 10; i++) draw(9, 9, 9, (uint64_t)i);
    assert_true(draw(1, stream, 2, 3) == value);
    assert_true(draw(2, stream, 2, 3) != value);
    assert_true(draw(1, rng_stream("cooldown"), 2, 3) != value);
    assert_true(draw(1, stream, 3, 3) != value);
    assert_true(draw(1, stream, 2, 4) != value);
    assert_true(draw(1, stream, 3, 2) != value);
}

static void draws_keep_their_values_across_releases(void **state)
{
    (void)state;
    /* Golden: a change here changes every recorded report. */
    assert_true(hash_text("") == UINT64_C(0xF52A15E9A9B5E89B));
    assert_true(hash_text("backoff") == UINT64_C(0xA0DFA03E4CC1B717));
    assert_true(draw(7, rng_stream("backoff"), 11, 2) == UINT64_C(0x34EA99FE52776181));
}

static void draw_below_is_even_and_in_bounds(void **state)
{
    (void)state;
    int seen[10] = { 0 };
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t value = draw_below(draw(1, 2, 3, i), 10);
        assert_true(value < 10);
        seen[value]++;
    }
    /* Standard deviation 95 around 10,000. */
    for (int i = 0; i < 10; i++) assert_in_range(seen[i], 9500, 10500);
    assert_true(draw_below(UINT64_MAX, 1) == 0);
    assert_true(draw_below(UINT64_MAX, UINT64_MAX) == UINT64_MAX - 1);
    assert_true(draw_below(0, 5) == 0);
}

static void a_share_is_hit_that_often(void **state)
{
    (void)state;
    int hits = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t uniform = draw(4, 5, 6, i);
        assert_false(draw_hits(uniform, 0));
        assert_true(draw_hits(uniform, 1000000));
        hits += draw_hits(uniform, 250000) ? 1 : 0;
    }
    assert_false(draw_hits(0, 0));
    assert_true(draw_hits(0, 1));
    assert_in_range(hits, 24300, 25700); /* five standard deviations */
}

static void a_sequence_depends_on_seed_and_stream(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    struct rng c;
    rng_init(&a, 1, "arrivals");
    rng_init(&b, 1, "arrivals");
    rng_init(&c, 1, "other");
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t value = rng_next(&a);
        assert_true(value == rng_next(&b));
        if (value != rng_next(&c)) differs = true;
        assert_true(rng_below(&a, 3) < 3);
        rng_below(&b, 3);
    }
    assert_true(differs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_of_xoshiro_come_out),
        cmocka_unit_test(a_draw_depends_on_each_of_its_four_keys_only),
        cmocka_unit_test(draws_keep_their_values_across_releases),
        cmocka_unit_test(draw_below_is_even_and_in_bounds),
        cmocka_unit_test(a_share_is_hit_that_often),
        cmocka_unit_test(a_sequence_depends_on_seed_and_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
