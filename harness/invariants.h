#ifndef HARNESS_INVARIANTS_H
#define HARNESS_INVARIANTS_H
/* What always holds, whatever a scenario expects. Each function judges one invariant into a check
 * that is PASS so far; nobody but invariants.c calls them. */

#include "harness/verdict_private.h"

/* Keeps count while a check goes over its items. */
struct invariant {
    const struct run *run; /* borrowed */
    struct check *check;   /* borrowed */
    uint64_t broken;
    char first[200];       /* the first breach, as a clause */
};

/* One more breach; `request` shows it (UINT32_MAX: none). */
void invariant_breach(struct invariant *invariant, uint32_t request, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* invariants_answers.c: over the answers */
void invariant_one_answer(struct invariant *invariant);
void invariant_deadline(struct invariant *invariant);
void invariant_freshness(struct invariant *invariant);
void invariant_codes(struct invariant *invariant);
void invariant_output(struct invariant *invariant);
void invariant_baseline_never_cached(struct invariant *invariant);
void invariant_negative(struct invariant *invariant);

/* invariants_clients.c: over what the clients sent: what is no valid request is refused, reaches
 * nobody, and is the only thing that is refused */
void invariant_input(struct invariant *invariant);

/* invariants_attempts.c: over the attempts */
void invariant_no_attempt_while_open(struct invariant *invariant);
void invariant_permits_balance(struct invariant *invariant);
void invariant_attempts(struct invariant *invariant);
void invariant_backoff(struct invariant *invariant);
void invariant_outcomes(struct invariant *invariant);
void invariant_breaker_automaton(struct invariant *invariant);

/* invariants_retries.c: what may be retried is, and no retry begins without its least budget */
void invariant_retries(struct invariant *invariant);

/* invariants_flights.c: a part of invariant_codes(): who waited for another's call that failed, and
 * made no attempt, has its cause. True also when that call is not known. */
bool invariant_shares_cause(const struct run *run, uint32_t waiter);

/* invariants_jitter.c: a part of invariant_backoff(), for runs in which no Retry-After was asked
 * for (waits that others' Retry-After cut off would bias what is seen): the backoffs are spread
 * over [0, ceiling), which a constant or none at all is not. */
void invariant_check_jitter(struct invariant *invariant);

/* invariants_cooldown.c: the length of each opening, and the figures of each transition */
void invariant_cooldown(struct invariant *invariant);
/* invariants_path.c: words of the path against transitions and attempts */
void invariant_path(struct invariant *invariant);
/* invariants_pool.c: places and the queue for them */
void invariant_pool(struct invariant *invariant);
/* invariants_cache.c: a second cache, for one workload without families, in virtual time */
void invariant_cache(struct invariant *invariant);
/* invariants_budget.c: a second retry budget, in virtual time */
void invariant_budget(struct invariant *invariant);
/* invariants_draws.c: waits, limits and ends of attempts to the nanosecond, in virtual time */
void invariant_draws(struct invariant *invariant);
/* The backoff before retry `retry` (0: the first), from the contract of keyed draws. */
uint64_t invariant_drawn_backoff_ns(const struct run *run, uint32_t request, uint32_t retry);
/* invariants_single.c: one attempt chain per key at a time, in virtual time */
void invariant_single_flight(struct invariant *invariant);
/* invariants_hold.c: the hold after a Retry-After that could not be waited for */
void invariant_hold(struct invariant *invariant);
/* invariants_recovery.c: all is well again within the bound of recovery.h */
void invariant_recovery(struct invariant *invariant);

#endif
