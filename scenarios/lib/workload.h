#ifndef SCENARIO_WORKLOAD_H
#define SCENARIO_WORKLOAD_H
/* The body of POST /tsfm/forecast for one distinct request of a workload: deterministic, with
 * market id "w<workload>-m<key>", a fixed as_of_ts, and y_len plausible values in (0,1). */

#include "base/buf.h"
#include "scenario/scenario.h"

void workload_write_request(struct buf *out, const struct scenario *scenario, uint32_t workload,
                            uint32_t key);

#endif
