#ifndef FORECAST_MODEL_REQUEST_H
#define FORECAST_MODEL_REQUEST_H
/* The request that goes to the model server: the last `input_len_steps` values in the transform's
 * space, in the shape of POST /v1/forecast or of the older POST /v1/timeseries/forecast. */

#include <stdint.h>

#include "base/buf.h"
#include "forecast/request.h"
#include "forecast/value_texts.h"

/* "/v1/forecast" */
const char *model_request_path(const struct forecast_config *config);

/* Writes the body. `timeout_ns`: what is left of the deadline, for tollama's `timeout` field
 * (seconds; /v1/forecast only). Timestamps are made from as_of_ts and freq; series id is
 * market_id. `texts` may be NULL: it saves work and changes no byte. */
void model_request_write(struct buf *out, const struct forecast_request *request,
                         const struct forecast_config *config, uint64_t timeout_ns,
                         struct value_texts *texts);

#endif
