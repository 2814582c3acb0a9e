#ifndef SCENARIO_EXPECT_VALUE_H
#define SCENARIO_EXPECT_VALUE_H
/* The right-hand sides of expectations: comparisons, percentiles, lists of breaker states. Each
 * fills fields of a check that begins as the caller made it. Used by expect.c. */

#include "scenario/expect.h"
#include "scenario/value.h"

/* "300ms" under "p95" or "p99.9". */
MUST_USE enum err expect_value_latency(const struct value_reader *reader,
                                       const struct yaml_node *key, const struct yaml_node *node,
                                       struct expect *out);
/* ">= 60%" (a share of the answers) or "0" (a count). */
MUST_USE enum err expect_value_answers(const struct value_reader *reader,
                                       const struct yaml_node *key, const struct yaml_node *node,
                                       struct expect *out);
/* "<= 1.4" */
MUST_USE enum err expect_value_ratio(const struct value_reader *reader,
                                     const struct yaml_node *node, struct expect *out);
/* [closed, open, half_open, closed], which begins with closed unless `out` has a window; fills
 * `text` too. */
MUST_USE enum err expect_value_states(const struct value_reader *reader,
                                      const struct yaml_node *node, struct expect *out);

#endif
