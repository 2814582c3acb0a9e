#ifndef HARNESS_RESULT_READ_RUN_H
#define HARNESS_RESULT_READ_RUN_H
/* What one scenario did in one world, out of a result.json. Used by result_read.c. */

#include "harness/result_cursor.h"
#include "harness/suite.h"

/* Fills `item`'s world; the first one also fills its schedule. */
void result_read_world(struct cursor *cursor, const cJSON *object, struct suite_scenario *item,
                       enum world which);

/* The name of a verdict; CHECK_INVALID when it does not fit. */
enum check_status result_status(struct cursor *cursor, const cJSON *item);
/* The member "repeats" of a world. */
void result_read_repeats(struct cursor *cursor, const cJSON *object, struct repeats *repeats);
/* The member "stalls" of a world; results of earlier versions have none. */
void result_read_stalls(struct cursor *cursor, const cJSON *object, struct run *run);
/* The member "earlier_plays" of a world; results of earlier versions have none. */
void result_read_earlier(struct cursor *cursor, const cJSON *object, struct earlier *earlier);

#endif
