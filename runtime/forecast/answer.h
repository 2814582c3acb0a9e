#ifndef FORECAST_ANSWER_H
#define FORECAST_ANSWER_H
/* The model server's answer, distrusted: exactly the expected quantiles, exactly `horizon` finite
 * values each, for the series that was asked. Anything else is a bad schema, with a sentence.
 *
 * Accepted: {"forecasts":[{"id":..,"quantiles":{"0.1":[..],"0.5":[..],"0.9":[..]}}]} and the older
 * {"quantiles":{..}} or {"yhat_q":{..}}. */

#include <stddef.h>

#include "base/err.h"
#include "forecast/request.h"
#include "forecast/transform.h"

/* ERR_OK and `out` filled (model space, not yet finished), or ERR_INVALID with a note. `out` must
 * come from forecast_values_create(request->horizon). */
MUST_USE enum err answer_parse(const char *body, size_t length,
                               const struct forecast_request *request, struct forecast_values *out,
                               struct err_note *note);

#endif
