#ifndef HARNESS_CANARY_H
#define HARNESS_CANARY_H
/* The gates of a canary and the triggers of a rollback, as the team uses them:
 *
 *   gates     p95 <= 300 ms, errors <= 1 %, invalid outputs = 0, fallbacks <= 8 % in the 5 % stage
 *             and <= 10 % in later ones. Rates are judged by the same exact test as latencies, so a
 *             gate without enough requests is inconclusive and says how many are missing.
 *   triggers  p95 > 400 ms in two consecutive 5-minute windows; errors > 2 % in any 5-minute
 *             window; any invalid output; fallbacks > 20 % for 15 minutes; the breaker open for
 *             more than 30 % of the time for 15 minutes.
 *
 * A 5-minute window of "any" slides by whole seconds; consecutive ones lie end to end from the
 * scenario's start. "For 15 minutes" is three consecutive windows, each above its limit. A scenario
 * is set into healthy traffic of its own mean rate (slo.h), so a short one fills its windows: 10 s
 * of errors are 3.3 % of five minutes and roll back; 5 s are not. A fallback is a stale answer or a
 * baseline, but for requests that get a baseline by their own nature. */

#include "harness/run.h"

enum rollback_trigger {
    ROLLBACK_P95,
    ROLLBACK_ERRORS,
    ROLLBACK_INVALID,
    ROLLBACK_FALLBACKS,
    ROLLBACK_BREAKER,
    ROLLBACK_TRIGGERS,
};

#define CANARY_P95_NS (300 * NS_PER_MS)
#define ROLLBACK_P95_NS (400 * NS_PER_MS)

enum { CANARY_ERRORS_PPM = 10000, CANARY_STAGE_PPM = 80000, CANARY_LATER_PPM = 100000 };

const char *rollback_trigger_name(enum rollback_trigger trigger); /* "error_rate", "breaker", ... */
const char *rollback_trigger_rule(enum rollback_trigger trigger); /* "p95 > 400 ms in two ..." */

struct rollback {
    bool observable;      /* false: the service gives no trace of its breaker */
    bool fired;
    uint64_t at_ns;       /* offset when it fired: the end of its window */
    uint64_t worst;       /* the highest seen: share in ppm; P95: ppm of answers over 400 ms (over
                           * 50,000 is a p95 above it); INVALID: a count */
    uint32_t request;     /* the first that shows it; UINT32_MAX: none */
};

/* By rollback_trigger. Plain data. */
void rollback_find(const struct run *run, struct rollback out[ROLLBACK_TRIGGERS]);

/* Served stale or by the baseline, though its nature did not ask for that. */
bool canary_is_fallback(const struct run_answer *answer);
/* Lost, or 5xx. */
bool canary_is_error(const struct run_answer *answer);

#endif
