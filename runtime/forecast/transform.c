#include "forecast/transform.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

enum { Q10, Q50, Q90 };

static const double width_min = 0.02;
static const double width_max = 0.60;

struct forecast_values forecast_values_create(struct arena *arena, uint32_t horizon)
{
    struct forecast_values values = { .horizon = horizon };
    for (int i = 0; i < FORECAST_QUANTILES; i++) {
        values.q[i] = arena_alloc(arena, horizon, sizeof *values.q[i]);
    }
    return values;
}

static double clip(double x, double least, double most)
{
    if (x < least) return least;
    return x > most ? most : x;
}

double transform_forward(enum transform_space space, double eps, double x)
{
    switch (space) {
    case TRANSFORM_LOGIT: {
        double p = clip(x, eps, 1 - eps);
        return log(p / (1 - p));
    }
    case TRANSFORM_NONE: return x;
    }
    return x;
}

double transform_inverse(enum transform_space space, double z)
{
    switch (space) {
    case TRANSFORM_LOGIT:
        /* exp() of a large positive number is infinite; 1/(1+inf) is the 0 that is meant. */
        return 1 / (1 + exp(-z));
    case TRANSFORM_NONE: return z;
    }
    return z;
}

static bool swap_if_crossed(double *low, double *high)
{
    if (!(*low > *high)) return false;
    double kept = *low;
    *low = *high;
    *high = kept;
    return true;
}

static uint32_t sort_step(double q[FORECAST_QUANTILES])
{
    bool crossed = swap_if_crossed(&q[Q10], &q[Q50]);
    crossed = swap_if_crossed(&q[Q50], &q[Q90]) || crossed;
    crossed = swap_if_crossed(&q[Q10], &q[Q50]) || crossed;
    return crossed ? 1u << WARNING_QUANTILE_CROSSING_FIXED : 0;
}

/* A width that is not allowed becomes the nearest allowed one, centred on the median. At the edge
 * of [0,1] a narrow interval is moved inwards, because it must keep its width; a wide one is cut.
 * The median stays inside either way. */
static uint32_t hold_width(double q[FORECAST_QUANTILES])
{
    double width = q[Q90] - q[Q10];
    if (width < width_min) {
        q[Q10] = q[Q50] - width_min / 2;
        q[Q90] = q[Q50] + width_min / 2;
        if (q[Q10] < 0) {
            q[Q10] = 0;
            q[Q90] = width_min;
        } else if (q[Q90] > 1) {
            q[Q10] = 1 - width_min;
            q[Q90] = 1;
        }
        return 1u << WARNING_INTERVAL_MIN_WIDTH;
    }
    if (width > width_max) {
        q[Q10] = clip(q[Q50] - width_max / 2, 0, 1);
        q[Q90] = clip(q[Q50] + width_max / 2, 0, 1);
        return 1u << WARNING_INTERVAL_MAX_WIDTH;
    }
    return 0;
}

uint32_t transform_finish(enum transform_space space, struct forecast_values *values)
{
    uint32_t warnings = 0;
    for (uint32_t step = 0; step < values->horizon; step++) {
        double q[FORECAST_QUANTILES];
        for (int i = 0; i < FORECAST_QUANTILES; i++) {
            assert(isfinite(values->q[i][step]));
            double x = transform_inverse(space, values->q[i][step]);
            q[i] = clip(x, 0, 1);
            if (x < 0 || x > 1) warnings |= 1u << WARNING_VALUE_CLIPPED;
        }
        warnings |= sort_step(q);
        warnings |= hold_width(q);
        for (int i = 0; i < FORECAST_QUANTILES; i++) values->q[i][step] = q[i];
    }
    return warnings;
}
