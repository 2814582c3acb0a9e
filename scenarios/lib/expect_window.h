#ifndef SCENARIO_EXPECT_WINDOW_H
#define SCENARIO_EXPECT_WINDOW_H
/* Which requests an expectation is about: `in`, `outside` or `after` a phase, and of which
 * `workload`. Used by the parsers of expectations. */

#include "scenario/expect.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

/* In the order of enum expect_window, without WINDOW_ALL; NULL-terminated. */
extern const char *const expect_window_names[];

/* The same and "workload"; NULL-terminated. */
extern const char *const expect_selector_names[];

/* WINDOW_ALL when `key` names no window. */
enum expect_window expect_window_of(const char *key);

/* Whether `key` chooses requests: a window, or "workload". */
bool expect_is_selector(const char *key);

/* Whether the workload (an index, or EXPECT_ALL_WORKLOADS) sends in from_ns <= t < to_ns. */
bool expect_window_has_load(const struct scenario *scenario, uint32_t workload, uint64_t from_ns,
                            uint64_t to_ns);

/* Reads the workload, and the at most one of in, outside, after, among the keys of `map` into
 * `out`; refuses a window in which no request can be intended. */
MUST_USE enum err expect_window_parse(const struct value_reader *reader,
                                      const struct scenario *scenario,
                                      const struct yaml_node *map, struct expect *out);

#endif
