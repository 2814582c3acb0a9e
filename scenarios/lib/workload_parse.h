#ifndef SCENARIO_WORKLOAD_PARSE_H
#define SCENARIO_WORKLOAD_PARSE_H
/* The `workload` list of a scenario file: who sends how much, when, and what. Used by
 * scenario.c. */

#include "scenario/scenario.h"
#include "scenario/value.h"

/* Fills `scenario->workloads`; its duration is there already. Refuses a load of more arrivals than
 * a schedule holds. */
MUST_USE enum err workload_parse_list(const struct value_reader *reader,
                                      const struct yaml_node *list, struct scenario *scenario);

#endif
