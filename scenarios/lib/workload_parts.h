#ifndef SCENARIO_WORKLOAD_PARTS_H
#define SCENARIO_WORKLOAD_PARTS_H
/* The parts of a workload's YAML, for workload_parse.c alone. Each fails with a note that names the
 * place and what is allowed. */

#include "scenario/value.h"
#include "scenario/workload.h"

/* `arrival:`, into its fields. */
MUST_USE enum err workload_parse_arrival(const struct value_reader *reader,
                                         const struct yaml_node *node, struct workload *out);
/* `request:` and `mix:` of a workload, either of which may be absent, into its shapes. */
MUST_USE enum err workload_parse_shapes(const struct value_reader *reader,
                                        const struct yaml_node *workload, struct workload *out);

#endif
