#ifndef HARNESS_VERDICT_PRIVATE_H
#define HARNESS_VERDICT_PRIVATE_H
/* What the judges share; nobody else includes this.
 *
 *     verdict.c          the list of checks, the worst of them
 *     verdict_expect.c   latency, served, codes
 *     verdict_attempts.c amplification, attempts
 *     verdict_backoff.c  the waits between attempts against full jitter
 *     verdict_share.c    freshness, availability
 *     verdict_cycle.c    how long cycles take
 *     verdict_canary.c   canary gates, rollback triggers
 *     verdict_recovers.c when all is well again after a fault
 *     verdict_breaker.c  the list of the breaker's states
 *     verdict_order.c    each path against the chain of guide 8
 *     invariants*.c      what always holds */

#include "harness/verdict.h"

enum { VERDICT_WINDOW_MAX = 160, VERDICT_IDS_TEXT_MAX = 96 };

/* A check of the run's list, PASS and with nothing said yet. `name` is copied. */
struct check *verdict_add(struct verdicts *out, const char *name);

void check_say(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void check_fail(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes a request that shows the failure; the first CHECK_IDS_MAX stay. */
void check_note(struct check *check, uint32_t request);
/* " (r000412, r000413, ...)" for `total` such requests, "" when none is noted. Returns `out`. */
const char *check_ids_text(const struct run *run, const struct check *check, uint64_t total,
                           char out[VERDICT_IDS_TEXT_MAX]);

/* " in outage", " of browsers outside outage", " of workload 2", "". Returns `out`. */
const char *verdict_window_text(const struct expect *expect, const struct scenario *scenario,
                                char out[VERDICT_WINDOW_MAX]);

/* Whether a request belongs to the expectation: its window and its workload. */
bool verdict_selects(const struct run *run, const struct expect *expect, size_t index);
/* The same for what is judged by answers: a client that hung up is owed none. */
bool verdict_asks(const struct run *run, const struct expect *expect, size_t index);
/* The same for whether it was slower than a limit: a client that hung up later was not served in
 * time, and one that hung up earlier might have been. */
bool verdict_times(const struct run *run, const struct expect *expect, size_t index,
                   uint64_t limit_ns);

/* How much later than planned things may be seen: 1 ms in the simulation; in the real world 150 ms,
 * for a machine that is busy with something else, and for how long that was seen to hold up the
 * load generator and the service (at most STALLS_MAX_NS each, else the run is invalid). */
uint64_t verdict_slack_ns(const struct run *run);

double verdict_ms(uint64_t ns);
double verdict_seconds(uint64_t ns);

void verdict_latency(const struct run *run, const struct expect *expect, struct check *check);
void verdict_served(const struct run *run, const struct expect *expect, struct check *check);
void verdict_codes(const struct run *run, const struct expect *expect, struct check *check);
void verdict_amplification(const struct run *run, const struct expect *expect,
                           struct check *check);
void verdict_recovers(const struct run *run, const struct expect *expect, struct check *check);
void verdict_breaker(const struct run *run, const struct expect *expect, struct check *check);
void verdict_order(const struct run *run, const struct expect *expect, struct check *check);
void verdict_attempts(const struct run *run, const struct expect *expect, struct check *check);
void verdict_backoff(const struct run *run, const struct expect *expect, struct check *check);
void verdict_freshness(const struct run *run, const struct expect *expect, struct check *check);
void verdict_availability(const struct run *run, const struct expect *expect, struct check *check);
void verdict_cycle(const struct run *run, const struct expect *expect, struct check *check);
void verdict_canary(const struct run *run, const struct expect *expect, struct check *check);
void verdict_rollback(const struct run *run, const struct expect *expect, struct check *check);

/* Attempts per request: what the upstream received when that is known, else what was made. Owned by
 * the caller: mem_free(). NULL when neither is known. */
uint32_t *verdict_count_attempts(const struct run *run);

/* Judges `count` of check->n against the expectation's number or share. `wanted` says what is
 * counted, "served.error"; `seen` what the counted answers are, "were errors". */
void verdict_count(const struct run *run, const struct expect *expect, struct check *check,
                   uint64_t count, const char *wanted, const char *seen);
/* Whether a count fails by being too high, so that those that count show it; else those that do
 * not. */
bool verdict_shows_excess(const struct expect *expect);
/* Judges how many of check->n answers, `slow`, are above a limit that a share may be: PASS, FAIL or
 * INCONCLUSIVE with how many more are needed. `seen` is a whole clause, "p95 was 280.0 ms, 3 of 200
 * answers were slower". */
void verdict_gate(struct check *check, uint64_t slow, double share, const char *seen);
/* Forgets the requests noted when that gate passes: before `seen` is made of them. */
void verdict_gate_ids(struct check *check, uint64_t slow, double share);

/* A retry's wait as a part of the longest that it could have been and still be seen: of its
 * ceiling, or of what the deadline leaves where that is less. Full jitter is uniform below any such
 * limit, so these parts are uniform in [0, 1). False where nothing can be said: the request's first
 * attempt, a wait beyond that limit (others as long were given up), or one that the breaker or an
 * impatient client may have cut off. A wait over its whole ceiling is a part over 1. */
bool verdict_backoff_part(const struct run *run, const struct run_attempt *attempt, double *out);

/* Nothing that this expectation judges can be seen in the run. */
void verdict_unobservable(struct check *check, const char *expected, const char *why);

/* Adds a check per phase with faults: "faults.outage". A fault that hit nobody was not tried, so
 * the scenario's story was not told: INCONCLUSIVE, never a silent pass. */
void verdict_faults(const struct run *run, struct verdicts *out);

/* Adds every invariant's check. */
void invariants_judge(const struct run *run, struct verdicts *out);
/* How they are called ("invariant.deadline"); returns how many there are. */
size_t invariants_names(const char *out[VERDICT_INVARIANTS_MAX]);

#endif
