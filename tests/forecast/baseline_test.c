#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "forecast/baseline.h"

enum { WALKS = 500 };

static const double z90 = 1.2815515655446004;

static const enum baseline_kind kinds[] = { BASELINE_EWMA, BASELINE_KALMAN,
                                            BASELINE_ROLLING_QUANTILE };

static void assert_near(double seen, double wanted)
{
    if (fabs(seen - wanted) > 1e-12) fail_msg("%.17g instead of %.17g", seen, wanted);
}

static struct forecast_request request_with(const double *y, uint32_t count, uint32_t horizon,
                                            enum transform_space space)
{
    return (struct forecast_request){ .y = y,
                                      .y_count = count,
                                      .input_len = count,
                                      .horizon = horizon,
                                      .transform = space,
                                      .eps = 1e-6 };
}

/* y = 0.5, 0.6, 0.4 without a transform, by hand:
 *   level 0.5 -> 0.52 -> 0.496; variance 0 -> 0.002 -> 0.2 * 0.12^2 + 0.8 * 0.002 = 0.00448 */
static void ewma_matches_an_example_by_hand(void **state)
{
    (void)state;
    static const double y[] = { 0.5, 0.6, 0.4 };
    struct arena arena = { 0 };
    struct forecast_request request = request_with(y, 3, 4, TRANSFORM_NONE);
    struct forecast_values values = forecast_values_create(&arena, 4);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_EWMA, &request, &values, &warnings), ERR_OK);
    assert_int_equal(warnings, 0);
    for (int step = 0; step < 4; step++) {
        double spread = z90 * sqrt(0.00448) * sqrt(step + 1);
        assert_near(values.q[0][step], 0.496 - spread);
        assert_near(values.q[1][step], 0.496);
        assert_near(values.q[2][step], 0.496 + spread);
    }
    arena_deinit(&arena);
}

static void ewma_works_in_logit_space(void **state)
{
    (void)state;
    static const double y[] = { 0.5, 0.6, 0.4 };
    struct arena arena = { 0 };
    struct forecast_request request = request_with(y, 3, 1, TRANSFORM_LOGIT);
    struct forecast_values values = forecast_values_create(&arena, 1);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_EWMA, &request, &values, &warnings), ERR_OK);
    const double up = log(0.6 / 0.4);
    const double level = 0.8 * 0.2 * up - 0.2 * up;
    const double variance = 0.2 * (up + 0.2 * up) * (up + 0.2 * up) + 0.8 * 0.2 * up * up;
    assert_near(values.q[1][0], 1 / (1 + exp(-level)));
    assert_near(values.q[2][0], 1 / (1 + exp(-(level + z90 * sqrt(variance)))));
    arena_deinit(&arena);
}

/* y = 0.4, 0.6: one step, so its variance is eps; the values' variance is 0.02.
 *   predicted 1 + 1e-6, gain = p / (p + 0.02), level = 0.4 + gain * 0.2 */
static void kalman_matches_an_example_by_hand(void **state)
{
    (void)state;
    static const double y[] = { 0.4, 0.6 };
    struct arena arena = { 0 };
    struct forecast_request request = request_with(y, 2, 3, TRANSFORM_NONE);
    struct forecast_values values = forecast_values_create(&arena, 3);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_KALMAN, &request, &values, &warnings), ERR_OK);
    const double predicted = 1 + 1e-6;
    const double gain = predicted / (predicted + 0.02);
    for (int step = 0; step < 3; step++) {
        double sigma = sqrt((1 - gain) * predicted + step * 1e-6);
        assert_near(values.q[1][step], 0.4 + gain * 0.2);
        assert_near(values.q[0][step], 0.4 + gain * 0.2 - z90 * sigma);
    }
    arena_deinit(&arena);
}

/* 0 .. 99 in hundredths: of the last 64 (0.36 .. 0.99), rank 6.3, 31.5 and 56.7. */
static void rolling_quantiles_interpolate_the_last_64(void **state)
{
    (void)state;
    double y[100];
    for (int i = 0; i < 100; i++) y[i] = i / 100.0;
    struct arena arena = { 0 };
    struct forecast_request request = request_with(y, 100, 2, TRANSFORM_NONE);
    struct forecast_values values = forecast_values_create(&arena, 2);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_ROLLING_QUANTILE, &request, &values, &warnings),
                     ERR_OK);
    assert_near(values.q[0][1], 0.423);
    assert_near(values.q[1][1], 0.675);
    assert_near(values.q[2][1], 0.927);
    arena_deinit(&arena);
}

static void only_the_input_window_counts(void **state)
{
    (void)state;
    static const double y[] = { 0.9, 0.1, 0.5, 0.6, 0.4 };
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct arena arena = { 0 };
        struct forecast_request whole = request_with(y, 5, 2, TRANSFORM_LOGIT);
        struct forecast_request tail = request_with(y + 2, 3, 2, TRANSFORM_LOGIT);
        struct forecast_values a = forecast_values_create(&arena, 2);
        struct forecast_values b = forecast_values_create(&arena, 2);
        uint32_t warnings = 0;
        whole.input_len = 3;
        assert_int_equal(baseline_forecast(kinds[kind], &whole, &a, &warnings), ERR_OK);
        assert_int_equal(baseline_forecast(kinds[kind], &tail, &b, &warnings), ERR_OK);
        for (int i = 0; i < FORECAST_QUANTILES; i++) {
            assert_memory_equal(a.q[i], b.q[i], 2 * sizeof(double));
        }
        arena_deinit(&arena);
    }
}

static void a_flat_series_gets_the_least_width(void **state)
{
    (void)state;
    static const double y[] = { 0.5, 0.5, 0.5 };
    struct arena arena = { 0 };
    struct forecast_request request = request_with(y, 3, 1, TRANSFORM_NONE);
    struct forecast_values values = forecast_values_create(&arena, 1);
    uint32_t warnings = 0;
    assert_int_equal(baseline_forecast(BASELINE_EWMA, &request, &values, &warnings), ERR_OK);
    assert_int_equal(warnings, 1u << WARNING_INTERVAL_MIN_WIDTH);
    assert_near(values.q[2][0] - values.q[0][0], 0.02);
    arena_deinit(&arena);
}

static void what_is_not_finite_is_not_served(void **state)
{
    (void)state;
    static const double y[] = { 1e308, -1e308, 1e308 };
    static const enum baseline_kind overflowing[] = { BASELINE_EWMA, BASELINE_KALMAN };
    for (size_t i = 0; i < sizeof overflowing / sizeof *overflowing; i++) {
        struct arena arena = { 0 };
        struct forecast_request request = request_with(y, 3, 2, TRANSFORM_NONE);
        struct forecast_values values = forecast_values_create(&arena, 2);
        uint32_t warnings = 0;
        assert_int_equal(baseline_forecast(overflowing[i], &request, &values, &warnings),
                         ERR_INVALID);
        arena_deinit(&arena);
    }
}

static void every_baseline_may_be_served(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11, "baseline_test");
    for (int walk = 0; walk < WALKS; walk++) {
        struct arena arena = { 0 };
        double y[300];
        uint32_t count = 2 + (uint32_t)rng_below(&rng, 298);
        double scale = walk % 5 == 0 ? 1e6 : 1;
        for (uint32_t i = 0; i < count; i++) {
            y[i] = ((double)rng_below(&rng, 1000001) / 1e6 * 1.4 - 0.2) * scale;
        }
        struct forecast_request request =
            request_with(y, count, 1 + (uint32_t)rng_below(&rng, 50),
                         rng_below(&rng, 2) == 0 ? TRANSFORM_LOGIT : TRANSFORM_NONE);
        struct forecast_values values = forecast_values_create(&arena, request.horizon);
        uint32_t warnings = 0;
        enum err rc = baseline_forecast(kinds[walk % 3], &request, &values, &warnings);
        assert_int_equal(rc, ERR_OK);
        for (uint32_t step = 0; step < request.horizon; step++) {
            double q10 = values.q[0][step];
            double q90 = values.q[2][step];
            assert_true(0 <= q10 && q10 <= values.q[1][step]);
            assert_true(values.q[1][step] <= q90 && q90 <= 1);
        }
        arena_deinit(&arena);
    }
}

static void baselines_have_the_contracts_names(void **state)
{
    (void)state;
    assert_string_equal(baseline_name(BASELINE_EWMA), "EWMA");
    assert_string_equal(baseline_name(BASELINE_KALMAN), "KALMAN");
    assert_string_equal(baseline_name(BASELINE_ROLLING_QUANTILE), "ROLLING_QUANTILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ewma_matches_an_example_by_hand),
        cmocka_unit_test(ewma_works_in_logit_space),
        cmocka_unit_test(kalman_matches_an_example_by_hand),
        cmocka_unit_test(rolling_quantiles_interpolate_the_last_64),
        cmocka_unit_test(only_the_input_window_counts),
        cmocka_unit_test(a_flat_series_gets_the_least_width),
        cmocka_unit_test(what_is_not_finite_is_not_served),
        cmocka_unit_test(every_baseline_may_be_served),
        cmocka_unit_test(baselines_have_the_contracts_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
