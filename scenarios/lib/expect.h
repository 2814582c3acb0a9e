#ifndef SCENARIO_EXPECT_H
#define SCENARIO_EXPECT_H
/* Expectations: what must be true of a run. The file's items are taken apart here into single
 * checks, each with its own place in the file and a stable name:
 *
 *     - latency: { p95: 300ms, outside: outage }        latency.p95 outside outage
 *     - served: { error: 0, in: outage }                served.error in outage
 *     - breaker: [closed, open, half_open, closed]      breaker
 *     - codes: { RUNTIME_5XX: ">= 1", INPUT_INVALID: 0 } codes.RUNTIME_5XX, codes.INPUT_INVALID
 *     - order: guide                                    order
 *     - amplification: "<= 1.4"                         amplification
 *     - recovers: { within: 45s }                       recovers
 *
 * served names: cache (fresh hit), upstream, fresh (= cache or upstream), stale, baseline, error.
 * A value with % (">= 60%") is a share of the answers in the window, a bare number a count.
 * Windows: `in` (intended inside the phase), `outside`, `after` (intended at or after its end).
 * Never evaluable, so refused: an unknown phase, `after` a phase that ends with the scenario,
 * `outside` a phase that fills it, a window in which no workload sends anything, `recovers` without
 * any fault or with nobody asking after the last one, the same check twice, a breaker list that
 * does not start with closed or takes an impossible step, an unknown code, a percentile outside
 * (0,100), and what holds whatever happens (">= 0", "<= 100%"). */

#include <stdbool.h>
#include <stdint.h>

#include "base/compare.h"
#include "base/yaml.h"

enum expect_kind {
    EXPECT_LATENCY,
    EXPECT_SERVED,
    EXPECT_BREAKER,
    EXPECT_CODES,
    EXPECT_ORDER,
    EXPECT_AMPLIFICATION,
    EXPECT_RECOVERS,
};

enum expect_window { WINDOW_ALL, WINDOW_IN, WINDOW_OUTSIDE, WINDOW_AFTER };

enum expect_served {
    EXPECT_SERVED_CACHE,
    EXPECT_SERVED_UPSTREAM,
    EXPECT_SERVED_FRESH,
    EXPECT_SERVED_STALE,
    EXPECT_SERVED_BASELINE,
    EXPECT_SERVED_ERROR,
};

enum { EXPECT_STATES_MAX = 32 };

struct expect {
    enum expect_kind kind;
    const char *name;          /* unique in the scenario */
    const char *text;          /* the check as written: "p95: 300ms" */
    int line, column;          /* of the check's own key */
    enum expect_window window;
    uint32_t phase;            /* index, unless WINDOW_ALL */
    uint32_t quantile_ppm;     /* LATENCY: 950,000 for p95 */
    uint64_t limit_ns;         /* LATENCY; RECOVERS: within */
    enum expect_served served; /* SERVED */
    const char *code;          /* CODES: a taxonomy name */
    enum compare_op op;        /* SERVED, CODES, AMPLIFICATION */
    bool is_share;             /* SERVED, CODES: value is ppm of the answers, else a count */
    uint64_t value;            /* ppm, count, or (AMPLIFICATION) thousandths */
    uint8_t states[EXPECT_STATES_MAX]; /* BREAKER: enum breaker_state of core/breaker.h */
    uint32_t state_count;
};

struct scenario;

/* Parses the `expect` list; `scenario` has its phases and duration already. */
MUST_USE enum err expect_parse(const struct yaml_file *file, const struct yaml_node *list,
                               const struct scenario *scenario, struct arena *arena,
                               const struct expect **out, size_t *out_count,
                               struct err_note *note);

/* Whether a request intended at `offset_ns` belongs to the window of `expect`. */
bool expect_covers(const struct expect *expect, const struct scenario *scenario,
                   uint64_t offset_ns);

#endif
