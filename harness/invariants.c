#include "harness/invariants.h"

#include <stdarg.h>
#include <stdio.h>

/* To add one: its function in invariants_answers.c or invariants_attempts.c, a row here, its name
 * in verdict.h. `rule` completes "expected ...". What is `inside` needs the runtime's trace, or
 * what only our own runtime puts into its answers. */
static const struct {
    const char *name;
    const char *rule;
    void (*judge)(struct invariant *invariant);
    bool inside;
} table[] = {
    { "invariant.one_answer", "one answer per request", invariant_one_answer, false },
    { "invariant.no_attempt_while_open", "no attempt while the breaker is open",
      invariant_no_attempt_while_open, true },
    { "invariant.deadline", "every answer within the deadline", invariant_deadline, false },
    { "invariant.freshness", "no answer older than its cache allows", invariant_freshness, true },
    { "invariant.codes", "codes of the taxonomy that fit what was served", invariant_codes, true },
    { "invariant.input", "bad requests, and no others, refused as such", invariant_input, false },
    { "invariant.output", "0 <= q10 <= q50 <= q90 <= 1 in every forecast", invariant_output,
      false },
    { "invariant.baseline_never_cached", "only the upstream's answers in the cache",
      invariant_baseline_never_cached, true },
    { "invariant.negative", "requests kept from the upstream only when it refused them lately",
      invariant_negative, true },
    { "invariant.permits_balance", "every breaker permit given back", invariant_permits_balance,
      true },
    { "invariant.attempts", "at most retry_count + 1 attempts, and none that was not asked for",
      invariant_attempts, true },
    { "invariant.retries", "a retry wherever one may help and has the time, and nowhere else",
      invariant_retries, true },
    { "invariant.backoff", "every backoff below its ceiling, and jitter up to it",
      invariant_backoff, true },
    { "invariant.outcomes", "every attempt recorded as what the upstream did to it",
      invariant_outcomes, true },
    { "invariant.breaker_automaton", "the breaker's moves to be those of the reference automaton",
      invariant_breaker_automaton, true },
    { "invariant.cooldown", "every cooldown to be its draw, and open to last as long",
      invariant_cooldown, true },
    { "invariant.path", "paths that agree with the breaker's state and the attempts",
      invariant_path, true },
    { "invariant.pool", "no more attempts at once than places, and no wait before all are taken",
      invariant_pool, true },
    { "invariant.cache", "what a second cache of the same bounds holds", invariant_cache, true },
    { "invariant.budget", "the retries that a second budget grants", invariant_budget, true },
    { "invariant.draws", "every wait to be its draw, and every limit its own", invariant_draws,
      true },
    { "invariant.single_flight", "one chain of attempts per key at a time",
      invariant_single_flight, true },
    { "invariant.hold", "no attempt while a Retry-After holds all, and one after it",
      invariant_hold, true },
    { "invariant.recovery", "fresh answers again once no gate is shut for a failure any more",
      invariant_recovery, true },
};

_Static_assert(sizeof table / sizeof table[0] <= VERDICT_INVARIANTS_MAX, "announced in verdict.h");

size_t invariants_names(const char *out[VERDICT_INVARIANTS_MAX])
{
    size_t count = sizeof table / sizeof table[0];
    for (size_t i = 0; i < count; i++)
        out[i] = table[i].name;
    return count;
}

void invariant_breach(struct invariant *invariant, uint32_t request, const char *format, ...)
{
    check_note(invariant->check, request);
    if (invariant->broken++ > 0) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(invariant->first, sizeof invariant->first, format, arguments);
    va_end(arguments);
}

void invariants_judge(const struct run *run, struct verdicts *out)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct invariant invariant = { .run = run, .check = verdict_add(out, table[i].name) };
        struct check *check = invariant.check;
        if (run->foreign && table[i].inside) {
            verdict_unobservable(check, table[i].rule, "the service gives no trace");
            continue;
        }
        table[i].judge(&invariant);
        unsigned long long n = (unsigned long long)check->n;
        if (invariant.broken == 0) {
            check_say(check, "expected %s; none of %llu breaks it", table[i].rule, n);
            continue;
        }
        char ids[VERDICT_IDS_TEXT_MAX];
        check_fail(check, "expected %s; %llu of %llu break it%s: %s", table[i].rule,
                   (unsigned long long)invariant.broken, n,
                   check_ids_text(run, check, invariant.broken, ids), invariant.first);
    }
}
