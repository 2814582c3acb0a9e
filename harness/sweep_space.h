#ifndef HARNESS_SWEEP_SPACE_H
#define HARNESS_SWEEP_SPACE_H
/* The settings that a sweep tries: parameters with ranges or lists, constraints between options,
 * and points (one value per parameter).
 *
 * A value is the number in the option's field: ns for times, thousandths for ratios, 0 and 1 for
 * booleans, the index of a choice. Everything here is integers and keyed draws, so the same file
 * gives the same points on every machine.
 *
 *     read_timeout_s: { from: 0.3, to: 2.4, scale: log }   300,000,000 .. 2,400,000,000
 *     retry_count: { from: 0, to: 4 }                      0 .. 4
 *     single_flight: [true, false]                         0 or 1 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/options.h"
#include "config/config.h"

enum {
    SWEEP_PARAMETERS_MAX = 24,
    SWEEP_ITEMS_MAX = 16,
    SWEEP_CONSTRAINTS_MAX = 32,
    SWEEP_TERMS_MAX = 8,
};

enum sweep_scale { SWEEP_LINEAR, SWEEP_LOG, SWEEP_LIST };

/* Which value holds in a scenario that sets the option itself (its `runtime: { set: ... }`). */
enum sweep_where_set {
    SWEEP_SET_REPLACED, /* the sweep's */
    SWEEP_SET_SCALED,   /* the scenario's, times the sweep's over the current one */
    SWEEP_SET_KEPT,     /* the scenario's */
};

struct sweep_parameter {
    const struct option *row; /* borrowed from config_rows() */
    enum sweep_scale scale;
    enum sweep_where_set where_set;
    uint64_t from, to;        /* from < to; not for a list */
    uint64_t items[SWEEP_ITEMS_MAX]; /* SWEEP_LIST, in the file's order */
    size_t item_count;
    uint64_t current;         /* the base configuration's */
    int line, column;
};

/* One summand: `4 * request_deadline_s`, `100ms`, `20`. */
struct sweep_term {
    const struct option *row; /* NULL: a number */
    double factor;            /* of the option, or the number itself (times: ns) */
};

struct sweep_constraint {
    const char *text; /* as written; borrowed */
    struct sweep_term terms[SWEEP_TERMS_MAX]; /* left side, then right side negated: sum OP 0 */
    size_t term_count;
    enum sweep_relation { SWEEP_AT_MOST, SWEEP_UNDER } relation; /* sum <= 0, sum < 0 */
    int line, column;
};

struct sweep_space {
    struct sweep_parameter parameters[SWEEP_PARAMETERS_MAX];
    size_t count;
    struct sweep_constraint constraints[SWEEP_CONSTRAINTS_MAX];
    size_t constraint_count;
    const struct runtime_config *base; /* borrowed: what is not a parameter is as here */
};

struct sweep_point {
    uint64_t values[SWEEP_PARAMETERS_MAX];
};

/* The option of that name; NULL and in `near` the one most like it (NULL: none is). */
const struct option *sweep_row(const char *key, const char **near);

/* The field's number, from and into a configuration. */
uint64_t sweep_value_get(const struct option *row, const struct runtime_config *config);
void sweep_value_set(const struct option *row, struct runtime_config *config, uint64_t value);
/* As it would be written in a file. */
void sweep_value_format(const struct option *row, uint64_t value, struct buf *out);
/* "key=value" */
void sweep_value_assign(const struct option *row, uint64_t value, struct buf *out);

/* The base configuration's values. */
void sweep_point_current(const struct sweep_space *space, struct sweep_point *out);
/* The same values give the same key. */
uint64_t sweep_point_key(const struct sweep_space *space, const struct sweep_point *point);
/* The first constraint that does not hold, NULL when all do. */
const struct sweep_constraint *sweep_point_broken(const struct sweep_space *space,
                                                  const struct sweep_point *point);

/* The value of `parameter` at a share of its range (Q32: 0 .. 2^32 - 1), rounded to three digits or
 * to a whole number. */
uint64_t sweep_value_at(const struct sweep_parameter *parameter, uint64_t share);

/* A Latin hypercube of `count` points from `seed`: each parameter's range is cut into `count`
 * strata, each used once; points that break a constraint or repeat another are replaced from
 * further hypercubes. Returns how many were found: fewer only when the space has no more, or when
 * the constraints leave next to nothing. */
size_t sweep_sample(const struct sweep_space *space, uint64_t seed, struct sweep_point *out,
                    size_t count);

/* `value` moved by `permille` (-250, -100, 100, 250), within the option's own bounds and at least
 * one step for a quarter of a whole number; a list moves to the item beside it for a quarter.
 * Returns `value` when there is nowhere to go. */
uint64_t sweep_value_near(const struct sweep_parameter *parameter, uint64_t value, int permille);

/* A scenario's own value of a SWEEP_SET_SCALED parameter: `own` * `value` / current, rounded to
 * three digits, within the option's bounds; `own` itself at the current value. */
uint64_t sweep_value_scaled(const struct sweep_parameter *parameter, uint64_t own,
                            uint64_t value);

#endif
