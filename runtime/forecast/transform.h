#ifndef FORECAST_TRANSFORM_H
#define FORECAST_TRANSFORM_H
/* Values in and out of the model's space, and the rules that make quantiles a forecast one may
 * serve: inside [0,1], ordered per step, 0.1-0.9 width within 0.02 .. 0.60 around the median. */

#include <stdint.h>

#include "forecast/request.h"

/* Quantile values per step: q[0] is 0.1, q[1] is 0.5, q[2] is 0.9, `horizon` values each. */
struct forecast_values {
    uint32_t horizon;
    double *q[FORECAST_QUANTILES]; /* borrowed from an arena */
};

/* All three arrays in `arena`. */
struct forecast_values forecast_values_create(struct arena *arena, uint32_t horizon);

/* logit(clip(x, eps, 1-eps)), or x itself for TRANSFORM_NONE. */
double transform_forward(enum transform_space space, double eps, double x);
double transform_inverse(enum transform_space space, double z);

/* From model space to what is served: inverse, clip, sort crossings, enforce widths. Returns
 * warning bits. Afterwards 0 <= q10 <= q50 <= q90 <= 1 holds for every step. */
uint32_t transform_finish(enum transform_space space, struct forecast_values *values);

#endif
