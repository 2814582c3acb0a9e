#ifndef HARNESS_REPORT_JSON_RUN_H
#define HARNESS_REPORT_JSON_RUN_H
/* The part of result.json that tells what one scenario did in one world. Used by report_json.c. */

#include "base/json.h"
#include "harness/suite.h"

/* The member "columns" of the top level: the order of the values in each compact row. */
void report_json_columns(struct json *json);
/* An object: verdict, figures, checks, breaker transitions, faults, requests. */
void report_json_world(struct json *json, const struct suite_world *world);
/* The members "paths" and "requests" of a world. */
void report_json_requests(struct json *json, const struct run *run);
/* The members "slo" (objectives, budgets and alerts; null when not known) and "rollback". For other
 * programs: what is read back makes them again. */
void report_json_levels(struct json *json, const struct run *run);
/* The member "stalls": how long each of those that play it was held up, null: not observed. */
void report_json_stalls(struct json *json, const struct run *run);
/* The member "repeats"; null when it was played once. */
void report_json_repeats(struct json *json, const struct repeats *repeats);
/* A number of 64 bits. More than 53 do not survive in readers whose numbers are doubles: then as a
 * text. */
void report_json_wide(struct json *json, uint64_t value);
/* The member "coverage" of the top level. */
void report_json_coverage(struct json *json, const struct coverage *coverage);
/* A time that may never have come: INSTANT_NEVER is null. */
void report_json_time(struct json *json, uint64_t ns);
/* A line per row: a person's diff of two results then shows which request differs. */
void report_json_line(struct json *json);
/* ["r000042", ...] */
void report_json_ids(struct json *json, const uint32_t *ids, uint32_t count);

#endif
