#ifndef HARNESS_SWEEP_CONSTRAINT_H
#define HARNESS_SWEEP_CONSTRAINT_H
/* Constraints of a sweep file: sums of options compared.
 *
 *     connect_timeout_s + read_timeout_s <= request_deadline_s
 *     breaker_window_s >= 4 * request_deadline_s
 *     retry_backoff_cap_ms <= 800ms
 *     breaker_half_open_probe < breaker_failures_30s
 *
 * Any option with a number may stand there, swept or not. Times are compared as times, whatever
 * unit their keys have; a bare number beside a time is refused, because it would be a guess. */

#include "harness/sweep_space.h"
#include "scenario/value.h"

MUST_USE enum err sweep_constraint_parse(const struct value_reader *reader,
                                         const struct yaml_node *node,
                                         struct sweep_constraint *out);

#endif
