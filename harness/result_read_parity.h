#ifndef HARNESS_RESULT_READ_PARITY_H
#define HARNESS_RESULT_READ_PARITY_H
/* How a scenario's worlds compared, out of a result.json. Used by result_read.c. */

#include "harness/result_cursor.h"
#include "harness/suite.h"

/* The member "parity" of a scenario; null: they were not compared. */
void result_read_parity(struct cursor *cursor, const cJSON *object, struct suite_scenario *item);
/* The member "replay"; null: no trace was replayed. */
void result_read_replay(struct cursor *cursor, const cJSON *object, struct suite_scenario *item);

#endif
