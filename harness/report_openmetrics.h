#ifndef HARNESS_REPORT_OPENMETRICS_H
#define HARNESS_REPORT_OPENMETRICS_H
/* The timelines of a suite in the OpenMetrics text format, with timestamps: what a Prometheus would
 * have collected from the service, under the runtime's own names and with two more labels, scenario
 * and world:
 *
 *     tsfm_served_total{scenario="outage",world="sim",served="stale"} 30 1767323053.000
 *     tsfm_request_latency_seconds_bucket{...,le="0.3"} 97 1767323053.000
 *     tsfm_breaker_state{...,state="open"} 1 1767323053.000
 *
 * To look at a run in a dashboard: promtool tsdb create-blocks-from openmetrics openmetrics.txt
 * DIR. All runs begin at the moment at which the suite did. Invalid runs are left out. */

#include "harness/suite.h"

void report_write_openmetrics(struct buf *out, const struct suite *suite);

#endif
