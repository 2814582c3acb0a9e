#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/decimal.h"
#include "base/rng.h"
#include "forecast/transform.h"
#include "forecast/value_texts.h"

static struct value_texts texts;

static int make_small(void **state)
{
    (void)state;
    value_texts_init(&texts, 16, TRANSFORM_LOGIT, 1e-6);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    value_texts_deinit(&texts);
    return 0;
}

static size_t write_one(enum transform_space space, double eps, double value,
                        char out[DECIMAL_TEXT_MAX + 1])
{
    const struct forecast_request request = { .transform = space, .eps = eps };
    return value_texts_write(&texts, &request, &value, 1, out);
}

static void check(enum transform_space space, double eps, double value)
{
    char kept[DECIMAL_TEXT_MAX + 1];
    char plain[DECIMAL_TEXT_MAX];
    size_t length = write_one(space, eps, value, kept);
    assert_int_equal(length, decimal_write(transform_forward(space, eps, value), plain));
    assert_memory_equal(kept, plain, length);
}

static void many_values_have_commas_between_them(void **state)
{
    (void)state;
    const struct forecast_request request = { .transform = TRANSFORM_LOGIT, .eps = 1e-6 };
    double values[100];
    char out[100 * (DECIMAL_TEXT_MAX + 1)];
    char wanted[sizeof out];
    for (int round = 0; round < 3; round++) {
        size_t used = 0;
        for (int i = 0; i < 100; i++) {
            values[i] = (double)(i % 40 + 1) / 42;
            if (i > 0) wanted[used++] = ',';
            used +=
                decimal_write(transform_forward(TRANSFORM_LOGIT, 1e-6, values[i]), wanted + used);
        }
        assert_int_equal(value_texts_write(&texts, &request, values, 100, out), used);
        assert_memory_equal(out, wanted, used);
        assert_int_equal(value_texts_write(NULL, &request, values, 100, out), used);
        assert_memory_equal(out, wanted, used);
    }
}

static void kept_texts_are_what_would_be_written_whatever_came_between(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11, "values");
    for (int i = 0; i < 200000; i++) {
        /* Few distinct values, of which several share each place. */
        double value = (double)rng_below(&rng, 120) / 119;
        enum transform_space space = rng_below(&rng, 2) == 0 ? TRANSFORM_LOGIT : TRANSFORM_NONE;
        check(space, rng_below(&rng, 2) == 0 ? 1e-6 : 0.01, value);
    }
}

static void the_same_value_in_another_space_or_with_another_eps_is_another_text(void **state)
{
    (void)state;
    check(TRANSFORM_LOGIT, 1e-6, 0.999999999);
    check(TRANSFORM_NONE, 1e-6, 0.999999999);
    check(TRANSFORM_LOGIT, 0.01, 0.999999999);
    check(TRANSFORM_LOGIT, 1e-6, 0.999999999);
}

static void zeros_of_both_signs_and_long_texts_are_right_each_time(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        check(TRANSFORM_NONE, 1e-6, 0.0);
        check(TRANSFORM_NONE, 1e-6, -0.0);
        check(TRANSFORM_NONE, 1e-6, -1.2345678901234567e-300);
        check(TRANSFORM_NONE, 1e-6, 123456789012345680.0);
    }
}

static void a_value_that_comes_again_is_taken_from_its_place(void **state)
{
    (void)state;
    char out[DECIMAL_TEXT_MAX + 1];
    assert_int_equal(write_one(TRANSFORM_LOGIT, 1e-6, 0.5, out), 1);
    for (size_t i = 0; i < 16; i++) {
        if (texts.places[i].length == 0) continue;
        assert_memory_equal(texts.places[i].text, "0", 1);
        texts.places[i].text[0] = '7'; /* to see that it is looked at */
    }
    assert_int_equal(write_one(TRANSFORM_LOGIT, 1e-6, 0.5, out), 1);
    assert_memory_equal(out, "7", 1);
    assert_int_equal(write_one(TRANSFORM_LOGIT, 1e-5, 0.5, out), 1);
    assert_memory_equal(out, "0", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_texts_are_what_would_be_written_whatever_came_between,
                                        make_small, drop),
        cmocka_unit_test_setup_teardown(
            the_same_value_in_another_space_or_with_another_eps_is_another_text, make_small, drop),
        cmocka_unit_test_setup_teardown(zeros_of_both_signs_and_long_texts_are_right_each_time,
                                        make_small, drop),
        cmocka_unit_test_setup_teardown(many_values_have_commas_between_them, make_small, drop),
        cmocka_unit_test_setup_teardown(a_value_that_comes_again_is_taken_from_its_place,
                                        make_small, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
