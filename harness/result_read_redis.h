#ifndef HARNESS_RESULT_READ_REDIS_H
#define HARNESS_RESULT_READ_REDIS_H
/* The member "redis" of a scenario in result.json; used by result_read.c. */

#include "harness/result_cursor.h"
#include "scenario/scenario.h"

/* `object` is the scenario; a file of before has no such member, which is the same as null. */
void result_read_redis(struct cursor *cursor, const cJSON *object, struct redis_story *out);

#endif
