#include "forecast/baseline.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const double z90 = 1.2815515655446004; /* of the normal distribution; at 10 % it is -z90 */
static const double ewma_alpha = 0.2;

enum { ROLLING_WINDOW = 64, SCRATCH_BYTES = 8 * 1024 /* 500 values */ };

/* The series in model space. */
struct history {
    double *x; /* borrowed */
    uint32_t count;
    double eps;
};

/* Normal quantiles around `level`; the variance of step h (1, 2, ...) is start + (h - 1) * growth.
 */
static void fill_normal(struct forecast_values *out, double level, double start, double growth)
{
    for (uint32_t step = 0; step < out->horizon; step++) {
        double sigma = sqrt(start + step * growth);
        out->q[0][step] = level - z90 * sigma;
        out->q[1][step] = level;
        out->q[2][step] = level + z90 * sigma;
    }
}

static void forecast_ewma(const struct history *history, struct forecast_values *out)
{
    double level = history->x[0];
    double variance = 0;
    for (uint32_t i = 1; i < history->count; i++) {
        double innovation = history->x[i] - level;
        level = ewma_alpha * history->x[i] + (1 - ewma_alpha) * level;
        variance = ewma_alpha * innovation * innovation + (1 - ewma_alpha) * variance;
    }
    /* sqrt(v) * sqrt(h) is the square root of v + (h - 1) v. */
    variance = fmax(variance, history->eps);
    fill_normal(out, level, variance, variance);
}

/* Sample variance of `count` values, at least `least`; of fewer than two, `least`. */
static double variance_of(const double *x, uint32_t count, double least)
{
    if (count < 2) return least;
    double mean = 0;
    for (uint32_t i = 0; i < count; i++) mean += x[i] / count;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += (x[i] - mean) * (x[i] - mean);
    return fmax(sum / (count - 1), least);
}

/* The local level model: a level that walks with the variance of the steps between values, seen
 * through noise with the variance of the values themselves. The filter starts at the first value
 * with variance 1. */
static void forecast_kalman(const struct history *history, struct arena *arena,
                            struct forecast_values *out)
{
    const double *x = history->x;
    double *steps = arena_alloc(arena, history->count, sizeof *steps);
    for (uint32_t i = 1; i < history->count; i++) steps[i - 1] = x[i] - x[i - 1];
    const double process = variance_of(steps, history->count - 1, history->eps);
    const double noise = variance_of(x, history->count, history->eps);

    double level = x[0];
    double variance = 1;
    for (uint32_t i = 1; i < history->count; i++) {
        double predicted = variance + process;
        double gain = predicted / (predicted + noise);
        level += gain * (x[i] - level);
        variance = (1 - gain) * predicted;
    }
    fill_normal(out, level, fmax(variance, history->eps), process);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The value at rank (n - 1) * share of `sorted`, between neighbours by linear interpolation. */
static double quantile_of(const double *sorted, uint32_t count, double share)
{
    double rank = (count - 1) * share;
    uint32_t below = (uint32_t)rank;
    uint32_t above = below + 1 < count ? below + 1 : below;
    double weight = rank - below;
    return sorted[below] * (1 - weight) + sorted[above] * weight;
}

static void forecast_rolling(const struct history *history, struct forecast_values *out)
{
    static const double shares[FORECAST_QUANTILES] = { 0.1, 0.5, 0.9 };
    double window[ROLLING_WINDOW];
    uint32_t count = history->count < ROLLING_WINDOW ? history->count : (uint32_t)ROLLING_WINDOW;
    memcpy(window, history->x + history->count - count, count * sizeof *window);
    qsort(window, count, sizeof *window, compare_doubles);
    for (int i = 0; i < FORECAST_QUANTILES; i++) {
        double value = quantile_of(window, count, shares[i]);
        for (uint32_t step = 0; step < out->horizon; step++) out->q[i][step] = value;
    }
}

static bool is_finite(const struct forecast_values *values)
{
    for (uint32_t step = 0; step < values->horizon; step++) {
        for (int i = 0; i < FORECAST_QUANTILES; i++) {
            if (!isfinite(values->q[i][step])) return false;
        }
    }
    return true;
}

static bool may_be_served(const struct forecast_values *values)
{
    for (uint32_t step = 0; step < values->horizon; step++) {
        double q10 = values->q[0][step];
        double q50 = values->q[1][step];
        double q90 = values->q[2][step];
        if (!(0 <= q10 && q10 <= q50 && q50 <= q90 && q90 <= 1)) return false;
    }
    return true;
}

enum err baseline_forecast(enum baseline_kind kind, const struct forecast_request *request,
                           struct forecast_values *out, uint32_t *warnings)
{
    assert(out->horizon == request->horizon);
    assert(request->input_len >= FORECAST_POINTS_MIN && request->input_len <= request->y_count);
    _Alignas(max_align_t) unsigned char scratch[SCRATCH_BYTES];
    struct arena arena = { 0 };
    arena_lend(&arena, scratch, sizeof scratch);
    struct history history = { .count = request->input_len, .eps = request->eps };
    const double *y = request->y + (request->y_count - request->input_len);
    history.x = arena_room(&arena, history.count, sizeof *history.x);
    for (uint32_t i = 0; i < history.count; i++) {
        history.x[i] = transform_forward(request->transform, request->eps, y[i]);
    }
    switch (kind) {
    case BASELINE_EWMA: forecast_ewma(&history, out); break;
    case BASELINE_KALMAN: forecast_kalman(&history, &arena, out); break;
    case BASELINE_ROLLING_QUANTILE: forecast_rolling(&history, out); break;
    }
    arena_deinit(&arena);
    if (!is_finite(out)) return ERR_INVALID;
    *warnings |= transform_finish(request->transform, out);
    return may_be_served(out) ? ERR_OK : ERR_INVALID;
}

const char *baseline_name(enum baseline_kind kind)
{
    switch (kind) {
    case BASELINE_EWMA: return "EWMA";
    case BASELINE_KALMAN: return "KALMAN";
    case BASELINE_ROLLING_QUANTILE: return "ROLLING_QUANTILE";
    }
    return "";
}
