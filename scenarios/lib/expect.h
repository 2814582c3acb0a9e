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
 *     - amplification: { ratio: "<= 2", in: outage }    amplification in outage
 *     - attempts: { per_request: "<= 3", total: "<= 900" } attempts.per_request, attempts.total
 *     - backoff: full_jitter                            backoff
 *     - freshness: { max_age: 20s, share: ">= 95%" }    freshness.20s
 *     - availability: ">= 99.9%"                        availability
 *     - cycle: { p95: 60s, max: 90s }                   cycle.p95, cycle.max
 *     - recovers: { within: 45s }                       recovers
 *     - canary: stage                                   canary.p95, .error_rate, .invalid_output,
 *                                                       .fallback_rate (stage or later)
 *     - rollback: never                                 rollback (never or expected)
 *
 * docs/verdicts.md says how each is judged. served names: cache (fresh hit), upstream, fresh (=
 * cache or upstream), stale, baseline, error. A value with % (">= 60%") is a share of the answers
 * in the window, a bare number a count.
 *
 * Windows: `in` (intended inside the phase), `outside`, `after` (intended at or after its end). All
 * kinds but rollback have them. A single value above becomes a map beside one:
 *     order: { chain: guide, in: outage }       backoff: { jitter: full_jitter, after: outage }
 *     availability: { share: ">= 99%", in: outage }      canary: { stage: later, after: outage }
 *     breaker: { states: [closed, open], in: outage }
 * recovers has `after` alone. breaker has `in` and `after`: its list begins with the state in which
 * the window finds it, and goes on with the transitions in it. `workload` beside a window takes the
 * requests of one workload: its number, from 1, or its name.
 *
 * Never evaluable, so refused: an unknown phase or workload, `after` a phase that ends with the
 * scenario, `outside` a phase that fills it, a window in which no workload sends anything,
 * `recovers` without any fault or with nobody asking after the last one, `cycle` without a cycle,
 * the same check twice, a breaker list that does not start with closed (without a window) or takes
 * an impossible step,
 * an unknown code, a percentile outside (0,100), and what holds whatever happens (">= 0", "<=
 * 100%"). */

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
    EXPECT_ATTEMPTS,
    EXPECT_BACKOFF,
    EXPECT_FRESHNESS,
    EXPECT_AVAILABILITY,
    EXPECT_CYCLE,
    EXPECT_CANARY,
    EXPECT_ROLLBACK,
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

enum expect_attempts { EXPECT_ATTEMPTS_PER_REQUEST, EXPECT_ATTEMPTS_TOTAL };

/* The gates of a canary (harness/canary.h has their limits). */
enum expect_gate {
    EXPECT_GATE_P95,
    EXPECT_GATE_ERRORS,
    EXPECT_GATE_INVALID,
    EXPECT_GATE_FALLBACKS,
    EXPECT_GATES,
};

enum { EXPECT_STATES_MAX = 32, EXPECT_QUANTILE_MAX = 1000000 };

/* Instead of a workload's index: all of them. */
#define EXPECT_ALL_WORKLOADS UINT32_MAX

struct expect {
    enum expect_kind kind;
    const char *name;          /* unique in the scenario */
    const char *text;          /* the check as written: "p95: 300ms" */
    int line, column;          /* of the check's own key */
    enum expect_window window;
    uint32_t phase;            /* index, unless WINDOW_ALL */
    uint32_t workload;         /* index, or EXPECT_ALL_WORKLOADS */
    uint32_t quantile_ppm;     /* LATENCY, CYCLE: 950,000 for p95, EXPECT_QUANTILE_MAX for max */
    uint64_t limit_ns;         /* LATENCY, CYCLE; RECOVERS: within; FRESHNESS: max_age */
    enum expect_attempts attempts; /* ATTEMPTS */
    enum expect_gate gate;     /* CANARY */
    bool canary_later;         /* CANARY: a stage after the first */
    bool rollback_expected;    /* ROLLBACK: a trigger must fire; else none may */
    enum expect_served served; /* SERVED */
    const char *code;          /* CODES: a taxonomy name */
    enum compare_op op;        /* SERVED, CODES, AMPLIFICATION, ATTEMPTS, FRESHNESS, AVAILABILITY */
    bool is_share;             /* value is ppm of the answers, else a count */
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

/* Whether a request intended at `offset_ns` belongs to the window of `expect`, whatever its
 * workload.
 */
/* Whether the name of a check begins with a kind of expectation: "served.stale", "order". */
bool expect_begins(const char *name);
bool expect_covers(const struct expect *expect, const struct scenario *scenario,
                   uint64_t offset_ns);

#endif
