#ifndef HARNESS_REPORT_RULES_PRIVATE_H
#define HARNESS_REPORT_RULES_PRIVATE_H
/* What the rules and their test must agree on. Used by report_rules*.c. */

#include "base/units.h"
#include "harness/report_samples.h"
#include "harness/slo.h"
#include "harness/suite.h"

/* Those of the rules: the first scenario's. */
const struct slo_objectives *rules_objectives(const struct suite *suite);
/* The histogram's bucket for the latency objective; SAMPLES_BOUNDS: there is none. */
size_t rules_latency_bound(const struct slo_objectives *objectives);
/* Whether the runtime's metrics tell of this objective. */
bool rules_has(enum slo_kind kind, const struct slo_objectives *objectives);
/* The share that an objective asks for. */
uint32_t rules_objective_ppm(enum slo_kind kind, const struct slo_objectives *objectives);
/* "0.3"; returns `out`. */
const char *rules_bound_text(size_t bound, char out[24]);
/* "TsfmAvailabilityBurn1h" */
void rules_alert_name(struct buf *out, enum slo_kind kind, const struct slo_alert_rule *rule);
/* "5m", "3d"; returns `out`. */
const char *rules_window(uint64_t ns, char out[UNITS_TEXT_MAX]);

#endif
