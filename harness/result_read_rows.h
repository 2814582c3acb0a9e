#ifndef HARNESS_RESULT_READ_ROWS_H
#define HARNESS_RESULT_READ_ROWS_H
/* The compact rows of a world in a result.json, whose values stand in the order of its "columns".
 * Used by result_read_run.c. */

#include "harness/result_cursor.h"
#include "harness/run.h"

/* What was sent, out of the rows of "requests". Owned by the caller; NULL, and the cursor has
 * failed, when there are too many. */
struct schedule *result_read_schedule(struct cursor *cursor, const cJSON *object);
/* Requests with their attempts and paths, once `run` has that schedule. */
void result_read_requests(struct cursor *cursor, const cJSON *object, struct run *run);
void result_read_breaker(struct cursor *cursor, const cJSON *object, struct run *run);
void result_read_deliveries(struct cursor *cursor, const cJSON *object, struct run *run);

#endif
