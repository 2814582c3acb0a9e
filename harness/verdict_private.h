#ifndef HARNESS_VERDICT_PRIVATE_H
#define HARNESS_VERDICT_PRIVATE_H
/* What the judges share; nobody else includes this.
 *
 *     verdict.c          the list of checks, the worst of them
 *     verdict_expect.c   latency, served, codes, amplification, recovers
 *     verdict_breaker.c  the list of the breaker's states
 *     verdict_order.c    each path against the chain of guide 8
 *     invariants*.c      what always holds */

#include "harness/verdict.h"

enum { VERDICT_WINDOW_MAX = 80, VERDICT_IDS_TEXT_MAX = 96 };

/* A check of the run's list, PASS and with nothing said yet. `name` is copied. */
struct check *verdict_add(struct verdicts *out, const char *name);

void check_say(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void check_fail(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes a request that shows the failure; the first CHECK_IDS_MAX stay. */
void check_note(struct check *check, uint32_t request);
/* " (r000412, r000413, ...)" for `total` such requests, "" when none is noted. Returns `out`. */
const char *check_ids_text(const struct check *check, uint64_t total,
                           char out[VERDICT_IDS_TEXT_MAX]);

/* " in outage", " outside outage", " after outage", "". Returns `out`. */
const char *verdict_window_text(const struct expect *expect, const struct scenario *scenario,
                                char out[VERDICT_WINDOW_MAX]);

/* How much later than planned things may be seen: 1 ms in the simulation; in the real world 150 ms,
 * for a machine that is busy with something else. */
uint64_t verdict_slack_ns(enum world world);

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

/* Adds every invariant's check. */
void invariants_judge(const struct run *run, struct verdicts *out);

#endif
