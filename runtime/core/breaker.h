#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H
/* The circuit breaker (guide 4): a rolling window over attempts, with half-open probes.
 *
 *                 count or ratio rule fires
 *      CLOSED ------------------------------> OPEN <-----------------.
 *        ^                                     | cooldown (jittered)  | first probe failure, or a
 *        | k successes                         v                      | probe that never reports
 *        '-------------------------------- HALF_OPEN ----------------'
 *
 * - Count rule: the last `failures_to_open` failures all lie within `window_ns` (exact times), the
 *   window's volume is >= min_volume and its failure ratio >= count_ratio_floor_permille.
 * - Ratio rule: window failures / volume >= failure_ratio_permille with volume >= min_volume;
 *   0 turns the rule off. Volume comes from BREAKER_BUCKETS equal buckets, integers only.
 * - Both are judged on failures only, while CLOSED; the count rule first.
 * - A permit carries the generation in which it was given. A result of another generation is
 *   counted in `late_results` and changes nothing.
 * - HALF_OPEN: outstanding probes + successes <= k. An excluded result gives its place back.
 * - Closing clears the window, so that one later failure cannot open it again.
 * - The cooldown starts at the moment the failure is reported, never before.
 *
 * Example (N = 3, cooldown 15 s, no jitter, k = 2): failures at 1 s, 2 s, 3 s open it at 3 s by the
 * count rule; at 18 s it is half open and admits two probes; both succeed: closed. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/classify.h"

enum {
    BREAKER_BUCKETS = 30,
    BREAKER_FAILURES_MAX = 1024, /* bound of failures_to_open */
    BREAKER_PROBES_MAX = 64,     /* bound of half_open_probes */
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum breaker_rule {
    BREAKER_RULE_COUNT,          /* closed -> open */
    BREAKER_RULE_RATIO,          /* closed -> open */
    BREAKER_RULE_COOLDOWN_OVER,  /* open -> half_open */
    BREAKER_RULE_PROBE_FAILED,   /* half_open -> open */
    BREAKER_RULE_PROBE_SILENT,   /* half_open -> open: no result by its deadline */
    BREAKER_RULE_PROBES_PASSED,  /* half_open -> closed */
};

struct breaker_config {
    uint32_t failures_to_open;           /* 1 .. BREAKER_FAILURES_MAX; "breaker_failures_30s" */
    uint64_t window_ns;                  /* > 0; 30 s */
    uint32_t min_volume;                 /* attempts in the window before any rule may fire; >= 1 */
    uint32_t count_ratio_floor_permille; /* 0..1000; 0: the count alone decides */
    uint32_t failure_ratio_permille;     /* 0..1000; 0: no ratio rule */
    uint64_t cooldown_ns;
    uint32_t cooldown_jitter_permille;   /* 200: uniform in cooldown * [0.8, 1.2) */
    uint32_t half_open_probes;           /* k, 1 .. BREAKER_PROBES_MAX */
    uint64_t probe_deadline_ns;          /* > 0; a probe silent for so long has failed */
    bool count_429;                      /* a 429 is a failure instead of excluded */
};

struct breaker_transition {
    instant_ns at;
    enum breaker_state from;
    enum breaker_state to;
    enum breaker_rule rule;
    uint32_t failures;      /* in the window when the rule fired; successes for PROBES_PASSED */
    uint32_t volume;        /* in the window when the rule fired; k for the half-open rules */
    uint64_t cooldown_ns;   /* length of the cooldown that begins (to == OPEN), else 0 */
    uint32_t generation;    /* after the transition */
};

struct breaker_permit {
    uint32_t generation;
    uint32_t probe; /* place among the probes + 1; 0: not a probe */
};

struct breaker; /* plain state, allocated at create; owned by the engine */

/* `config` is borrowed; who changes it calls breaker_reconfigured() before anything else. */
struct breaker *breaker_create(const struct breaker_config *config, uint64_t seed);
/* The window is kept as far as it fits the new rules, which are judged at the next failure. A
 * running cooldown and a half-open round end as they began. */
void breaker_reconfigured(struct breaker *breaker);
void breaker_destroy(struct breaker *breaker);

/* Moves time on: cooldown over, silent probes. True when a transition happened (at most one per
 * call; filled into `out`). Call again until false. Every other function asserts that no advance is
 * due, so the engine calls this first in each step. */
bool breaker_advance(struct breaker *breaker, instant_ns now, struct breaker_transition *out);

/* Whether an attempt might start now; takes nothing. */
bool breaker_would_admit(const struct breaker *breaker);

/* Takes a permit; false when the breaker refuses (open, or half open with all probes out). */
bool breaker_admit(struct breaker *breaker, instant_ns now, struct breaker_permit *out);

/* Reports the result of a permit, exactly once. True when it caused a transition (filled in). */
bool breaker_record(struct breaker *breaker, struct breaker_permit permit, enum outcome outcome,
                    instant_ns now, struct breaker_transition *out);

enum breaker_state breaker_state(const struct breaker *breaker);
/* When breaker_advance() has something to do; INSTANT_NEVER when never. */
instant_ns breaker_wakeup(const struct breaker *breaker);
uint64_t breaker_late_results(const struct breaker *breaker);
/* Permits given and not yet reported, of all generations. */
uint32_t breaker_permits_out(const struct breaker *breaker);

const char *breaker_state_name(enum breaker_state state); /* "half_open" */
bool breaker_state_parse(const char *name, enum breaker_state *out);
const char *breaker_rule_name(enum breaker_rule rule); /* "cooldown_over" */
bool breaker_rule_parse(const char *name, enum breaker_rule *out);

#endif
