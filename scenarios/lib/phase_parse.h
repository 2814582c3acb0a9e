#ifndef SCENARIO_PHASE_PARSE_H
#define SCENARIO_PHASE_PARSE_H
/* The `phases` list of a scenario file: when which faults are in force. Used by scenario.c. */

#include "scenario/scenario.h"
#include "scenario/value.h"

/* Fills `scenario->phases`, in order of time; its duration is there already. */
MUST_USE enum err phase_parse_list(const struct value_reader *reader,
                                   const struct yaml_node *list, struct scenario *scenario);

/* `from` and `to` of a phase: not empty, and inside the scenario. */
MUST_USE enum err phase_parse_window(const struct value_reader *reader,
                                     const struct yaml_node *node, uint64_t duration_ns,
                                     uint64_t *from_ns, uint64_t *to_ns);

#endif
