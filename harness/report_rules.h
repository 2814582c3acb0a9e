#ifndef HARNESS_REPORT_RULES_H
#define HARNESS_REPORT_RULES_H
/* Burn-rate alerts for Prometheus, and their test: would these rules have paged in the scenarios
 * that were played?
 *
 * rules.yml holds the alerts of slo.h for availability, latency and freshness, over the runtime's
 * metrics, with the first scenario's objectives; it can be used as it is. rules_test.yml, for
 * `promtool test rules`, sets each run into hours of healthy traffic of its own rate and says,
 * minute by minute, which alerts must fire and which must not. Minutes at which the burn is within
 * 2 % of a threshold are left out: there the answer depends on how Prometheus reads the edge of a
 * window. So are the alerts over days (their tests would need days of samples), invalid runs, and
 * scenarios with objectives of their own. */

#include "harness/suite.h"

void report_write_rules(struct buf *out, const struct suite *suite);
void report_write_rules_test(struct buf *out, const struct suite *suite);

#endif
