#include "base/fixed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"

static double real(uint64_t q32)
{
    return (double)q32 / 4294967296.0;
}

static void log2_of_powers_of_two_is_exact(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        assert_true(fixed_log2(UINT64_C(1) << i) == (uint64_t)i << 32);
    }
}

static void log2_agrees_with_the_library_to_the_last_bits(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1, "log2");
    for (int i = 0; i < 20000; i++) {
        uint64_t x = rng_next(&rng) >> rng_below(&rng, 64);
        if (x == 0) x = 1;
        double error = real(fixed_log2(x)) - (double)log2l((long double)x);
        assert_true(fabs(error) < 4.0 / 4294967296.0);
    }
}

static void exp2_agrees_with_the_library_to_the_last_bits(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 2, "exp2");
    assert_true(fixed_exp2_negative(0) == FIXED_ONE);
    for (int i = 0; i < 20000; i++) {
        uint64_t x = rng_below(&rng, 34 * FIXED_ONE);
        double error = real(fixed_exp2_negative(x)) - exp2(-real(x));
        assert_true(fabs(error) < 4.0 / 4294967296.0);
    }
    for (uint64_t whole = 0; whole <= 32; whole++) {
        int64_t error = (int64_t)fixed_exp2_negative(whole * FIXED_ONE) -
                        (int64_t)(FIXED_ONE >> whole);
        assert_true(error >= -1 && error <= 1);
    }
    assert_true(fixed_exp2_negative(40 * FIXED_ONE) == 0);
    assert_true(fixed_exp2_negative(UINT64_MAX) == 0);
}

static void exponential_agrees_with_the_library(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3, "exponential");
    for (int i = 0; i < 20000; i++) {
        uint64_t u = rng_next(&rng) >> rng_below(&rng, 60);
        long double share = ((long double)u + 1.0L) / 18446744073709551616.0L;
        double wanted = (double)-logl(share);
        /* ln 2 is rounded to 32 bits, and its error counts up to 64 times. */
        assert_true(fabs(real(fixed_exponential(u)) - wanted) < 16.0 / 4294967296.0);
    }
    assert_true(fixed_exponential(UINT64_MAX) == 0);
    assert_true(fabs(real(fixed_exponential(0)) - 64.0 * log(2.0)) < 1e-8);
}

static void exponential_has_mean_one(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 4, "mean");
    double sum = 0.0;
    for (int i = 0; i < 200000; i++) sum += real(fixed_exponential(rng_next(&rng)));
    /* The mean of 200,000 has a standard deviation of 0.0022. */
    assert_true(fabs(sum / 200000.0 - 1.0) < 0.012);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log2_of_powers_of_two_is_exact),
        cmocka_unit_test(log2_agrees_with_the_library_to_the_last_bits),
        cmocka_unit_test(exp2_agrees_with_the_library_to_the_last_bits),
        cmocka_unit_test(exponential_agrees_with_the_library),
        cmocka_unit_test(exponential_has_mean_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
