#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "forecast/transform.h"

enum { WALK_STEPS = 20000 };

static void assert_near(double seen, double wanted)
{
    if (fabs(seen - wanted) > 1e-12) fail_msg("%.17g instead of %.17g", seen, wanted);
}

struct step {
    double q[FORECAST_QUANTILES];
    uint32_t warnings;
};

/* One step through transform_finish(). */
static struct step finish(enum transform_space space, double q10, double q50, double q90)
{
    struct arena arena = { 0 };
    struct step step;
    struct forecast_values values = forecast_values_create(&arena, 1);
    values.q[0][0] = q10;
    values.q[1][0] = q50;
    values.q[2][0] = q90;
    step.warnings = transform_finish(space, &values);
    for (int i = 0; i < FORECAST_QUANTILES; i++) step.q[i] = values.q[i][0];
    arena_deinit(&arena);
    return step;
}

static void assert_finish(double q10, double q50, double q90, const double want[3],
                          uint32_t warnings)
{
    struct step step = finish(TRANSFORM_NONE, q10, q50, q90);
    for (int i = 0; i < 3; i++) assert_near(step.q[i], want[i]);
    assert_int_equal(step.warnings, warnings);
}

static void logit_goes_there_and_back(void **state)
{
    (void)state;
    assert_near(transform_forward(TRANSFORM_LOGIT, 1e-6, 0.5), 0);
    assert_near(transform_forward(TRANSFORM_LOGIT, 1e-6, 0.8), log(4));
    assert_near(transform_forward(TRANSFORM_LOGIT, 0.01, 0), log(0.01 / 0.99));
    assert_near(transform_forward(TRANSFORM_LOGIT, 0.01, 7), log(0.99 / 0.01));
    assert_near(transform_forward(TRANSFORM_NONE, 0.01, 7), 7);
    for (double x = 0.001; x < 1; x += 0.001) {
        assert_near(transform_inverse(TRANSFORM_LOGIT, transform_forward(TRANSFORM_LOGIT, 1e-6, x)),
                    x);
    }
    assert_near(transform_inverse(TRANSFORM_LOGIT, 1e308), 1);
    assert_near(transform_inverse(TRANSFORM_LOGIT, -1e308), 0);
}

static void good_quantiles_are_left_alone(void **state)
{
    (void)state;
    const double want[] = { 0.4, 0.5, 0.7 };
    assert_finish(0.4, 0.5, 0.7, want, 0);
    struct step step = finish(TRANSFORM_LOGIT, log(0.4 / 0.6), 0, log(0.7 / 0.3));
    for (int i = 0; i < 3; i++) assert_near(step.q[i], want[i]);
    assert_int_equal(step.warnings, 0);
}

static void crossed_quantiles_are_sorted(void **state)
{
    (void)state;
    static const double orders[][3] = {
        { 0.4, 0.7, 0.5 }, { 0.5, 0.4, 0.7 }, { 0.5, 0.7, 0.4 },
        { 0.7, 0.4, 0.5 }, { 0.7, 0.5, 0.4 },
    };
    const double want[] = { 0.4, 0.5, 0.7 };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        assert_finish(orders[i][0], orders[i][1], orders[i][2], want,
                      1u << WARNING_QUANTILE_CROSSING_FIXED);
    }
}

static void values_outside_the_unit_interval_are_clipped(void **state)
{
    (void)state;
    const double low[] = { 0, 0.1, 0.3 };
    const double high[] = { 0.7, 0.9, 1 };
    assert_finish(-0.1, 0.1, 0.3, low, 1u << WARNING_VALUE_CLIPPED);
    assert_finish(0.7, 0.9, 1.5, high, 1u << WARNING_VALUE_CLIPPED);
}

static void narrow_intervals_are_widened_around_the_median(void **state)
{
    (void)state;
    const uint32_t warning = 1u << WARNING_INTERVAL_MIN_WIDTH;
    const double middle[] = { 0.49, 0.5, 0.51 };
    const double bottom[] = { 0, 0.004, 0.02 };
    const double top[] = { 0.98, 0.997, 1 };
    const double zero[] = { 0, 0, 0.02 };
    const double one[] = { 0.98, 1, 1 };
    assert_finish(0.5, 0.5, 0.5, middle, warning);
    assert_finish(0.499, 0.5, 0.518, middle, warning);
    assert_finish(0.003, 0.004, 0.005, bottom, warning);
    assert_finish(0.997, 0.997, 0.998, top, warning);
    assert_finish(0, 0, 0, zero, warning);
    assert_finish(1, 1, 1, one, warning);
    const double enough[] = { 0.25, 0.26, 0.28 };
    assert_finish(0.25, 0.26, 0.28, enough, 0);
}

static void wide_intervals_are_clamped_around_the_median(void **state)
{
    (void)state;
    const uint32_t warning = 1u << WARNING_INTERVAL_MAX_WIDTH;
    const double middle[] = { 0.2, 0.5, 0.8 };
    const double low[] = { 0, 0.1, 0.4 };
    const double high[] = { 0.6, 0.9, 1 };
    assert_finish(0.1, 0.5, 0.9, middle, warning);
    assert_finish(0.05, 0.1, 0.9, low, warning);
    assert_finish(0.1, 0.9, 0.95, high, warning);
    const double just[] = { 0.125, 0.5, 0.625 };
    assert_finish(0.125, 0.5, 0.625, just, 0);
}

static void warnings_of_all_steps_add_up(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct forecast_values values = forecast_values_create(&arena, 3);
    const double q[3][3] = { { 0.5, 0.4, 0.6 }, { 0.5, 0.5, 0.5 }, { 0, 0.5, 1 } };
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < 3; i++) values.q[i][step] = q[step][i];
    }
    assert_int_equal(transform_finish(TRANSFORM_NONE, &values),
                     1u << WARNING_QUANTILE_CROSSING_FIXED | 1u << WARNING_INTERVAL_MIN_WIDTH |
                         1u << WARNING_INTERVAL_MAX_WIDTH);
    arena_deinit(&arena);
}

static double random_value(struct rng *rng)
{
    /* Mostly near the unit interval, sometimes at its ends, sometimes absurd. */
    static const double special[] = { 0, 1, -0.0, 0.01, 0.99, -1e308, 1e308, 1e-300, 0.02, 0.6 };
    uint64_t kind = rng_below(rng, 10);
    if (kind == 0) return special[rng_below(rng, sizeof special / sizeof *special)];
    double unit = (double)rng_below(rng, 1u << 30) / (double)(1u << 30);
    if (kind == 1) return (unit - 0.5) * 100;
    if (kind < 5) return 0.5 + (unit - 0.5) / 50;
    return unit * 1.2 - 0.1;
}

static void whatever_comes_in_may_be_served(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7, "transform_test");
    for (int i = 0; i < WALK_STEPS; i++) {
        enum transform_space space = i % 2 == 0 ? TRANSFORM_LOGIT : TRANSFORM_NONE;
        double q10 = random_value(&rng);
        double q50 = random_value(&rng);
        double q90 = random_value(&rng);
        struct step step = finish(space, q10, q50, q90);
        double width = step.q[2] - step.q[0];
        bool ok = 0 <= step.q[0] && step.q[0] <= step.q[1] && step.q[1] <= step.q[2] &&
                  step.q[2] <= 1 && width >= 0.02 - 1e-12 && width <= 0.6 + 1e-12;
        if (!ok) {
            fail_msg("%.17g %.17g %.17g became %.17g %.17g %.17g", q10, q50, q90, step.q[0],
                     step.q[1], step.q[2]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logit_goes_there_and_back),
        cmocka_unit_test(good_quantiles_are_left_alone),
        cmocka_unit_test(crossed_quantiles_are_sorted),
        cmocka_unit_test(values_outside_the_unit_interval_are_clipped),
        cmocka_unit_test(narrow_intervals_are_widened_around_the_median),
        cmocka_unit_test(wide_intervals_are_clamped_around_the_median),
        cmocka_unit_test(warnings_of_all_steps_add_up),
        cmocka_unit_test(whatever_comes_in_may_be_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
