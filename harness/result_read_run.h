#ifndef HARNESS_RESULT_READ_RUN_H
#define HARNESS_RESULT_READ_RUN_H
/* What one scenario did in one world, out of a result.json. Used by result_read.c. */

#include "harness/result_cursor.h"
#include "harness/suite.h"

/* Fills `item`'s world; the first one also fills its schedule. */
void result_read_world(struct cursor *cursor, const cJSON *object, struct suite_scenario *item,
                       enum world which);

#endif
