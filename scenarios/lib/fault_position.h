#ifndef SCENARIO_FAULT_POSITION_H
#define SCENARIO_FAULT_POSITION_H
/* Where in an exchange a fault happens: "connect", "request_body@50%", "response_head",
 * "response_head@20B", "response_end". Used by fault.c. */

#include "base/buf.h"
#include "scenario/fault.h"

/* Fills out->at and its place. */
MUST_USE enum err fault_position_parse(const struct value_reader *reader,
                                       const struct yaml_node *node, struct fault *out);
/* As it is written in YAML. */
void fault_position_write(struct buf *out, const struct fault *fault);

#endif
