#ifndef FORECAST_BASELINE_H
#define FORECAST_BASELINE_H
/* Forecasts without a model, in the request's transform space (the contract's formulas).
 *
 * EWMA, alpha 0.2: level_0 = first value; level = a*x + (1-a)*level; variance = a*(x - previous
 * level)^2 + (1-a)*variance, from 0; sigma = sqrt(max(variance, eps)) * sqrt(horizon step);
 * q = level + z*sigma with z = -1.2815515655446004, 0, +1.2815515655446004. */

#include "base/err.h"
#include "forecast/request.h"
#include "forecast/transform.h"

/* Fills `out` (created with request->horizon), finished (see transform_finish): ready to serve, and
 * adds its warning bits to *warnings. ERR_INVALID when the result would not be finite: then nothing
 * may be served from it. */
MUST_USE enum err baseline_forecast(enum baseline_kind kind, const struct forecast_request *request,
                                    struct forecast_values *out, uint32_t *warnings);

/* "EWMA" */
const char *baseline_name(enum baseline_kind kind);

#endif
