#include "base/mem.h"
#include "base/sort.h"
#include "harness/invariants.h"
#include "harness/recovery.h"
#include "harness/reference.h"

/* Scans over all attempts are dear: of refused calls this many are looked at. */
enum { REFUSALS_MAX = 200 };

/* The ends of attempts that went wrong, and of their calls: who waits for a call shares what comes
 * of it. In order of time. */
struct troubles {
    struct invariant *invariant;
    uint64_t *ends; /* owned */
    size_t count;
    uint64_t gates_ns;
    uint32_t scans;
};

static uint64_t end_of(const struct run_attempt *attempt)
{
    return attempt->started_ns + attempt->latency_ns;
}

static void collect(struct troubles *troubles, const struct run *run)
{
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->outcome == OUTCOME_OK || attempt->outcome == OUTCOME_ABANDONED) continue;
        troubles->ends[troubles->count++] = end_of(attempt);
        troubles->ends[troubles->count++] = run->answers[attempt->request].done_ns;
    }
    sort_u64(troubles->ends, troubles->count);
}

/* How many of them came until then. */
static size_t count_until(const struct troubles *troubles, uint64_t at_ns)
{
    size_t low = 0;
    size_t high = troubles->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (troubles->ends[middle] <= at_ns) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Whether an attempt ran at any moment of the call's, and how many of those that began behind
 * `open_ns` had succeeded before it came. */
static bool anybody_asks(const struct run *run, const struct run_answer *answer, uint64_t open_ns,
                         uint32_t *successes)
{
    bool any = false;
    *successes = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        bool before = end_of(attempt) < answer->sent_ns;
        any = any || (!before && attempt->started_ns <= answer->done_ns);
        bool good = attempt->outcome == OUTCOME_OK && attempt->started_ns > open_ns;
        *successes += before && good;
    }
    return any;
}

/* No fault of the upstream's is needed for these: what the request says, and what is full. Those
 * who wait for probes or for a place wait for somebody who asks; probes that succeeded are enough.
 */
static bool is_excused(struct troubles *troubles, const struct run_answer *answer, uint64_t open_ns)
{
    const struct run *run = troubles->invariant->run;
    const struct engine_config *config = &run->config->engine;
    uint32_t successes;
    if (answer->code == CODE_INPUT_INVALID) return true; /* over sockets it names no cause */
    /* Nor does it where the service refuses before it has read the request (max_inflight). */
    if (answer->code == CODE_RUNTIME_OVERLOADED && answer->path_count == 0) return true;
    switch (answer->cause) {
    case CODE_INPUT_INVALID:
    case CODE_INPUT_INSUFFICIENT_HISTORY:
    case CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY: return true;
    case CODE_BASELINE_FALLBACK: return run->config->forecast.baseline_only;
    case CODE_RUNTIME_OVERLOADED:
        if (answer->path_count == 0 || troubles->scans++ >= REFUSALS_MAX) return true;
        return anybody_asks(run, answer, open_ns, &successes);
    case CODE_CIRCUIT_OPEN:
        if (troubles->count == 0) return false;
        if (troubles->scans++ >= REFUSALS_MAX) return true;
        return anybody_asks(run, answer, open_ns, &successes) &&
               successes < run->config->engine.breaker.half_open_probes;
    case CODE_RUNTIME_TIMEOUT: /* a lookup in the second level may take all the time there is */
        return run->scenario->redis.given && config->l2_timeout_ns >= config->request_deadline_ns;
    case CODE_NONE:
    case CODE_RUNTIME_NETWORK:
    case CODE_RUNTIME_5XX:
    case CODE_RUNTIME_RATE_LIMITED:
    case CODE_RUNTIME_BAD_RESPONSE_SCHEMA:
    case CODE_CACHE_STALE_SERVED: return false;
    }
    return false;
}

static void check(struct troubles *troubles, uint32_t request)
{
    struct invariant *invariant = troubles->invariant;
    const struct run *run = invariant->run;
    const struct run_answer *answer = &run->answers[request];
    uint64_t slack_ns = run->world == WORLD_SIM ? 0 : verdict_slack_ns(run);
    size_t before = count_until(troubles, answer->done_ns + slack_ns);
    uint64_t last_ns = before == 0 ? 0 : troubles->ends[before - 1];
    uint64_t open_ns = before == 0 ? 0 : last_ns + troubles->gates_ns + slack_ns;
    if (before > 0 && answer->sent_ns <= open_ns) return;
    bool fresh = answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM;
    invariant->check->n++;
    if (fresh || is_excused(troubles, answer, open_ns)) return;
    enum code cause = answer->cause;
    if (before == 0) {
        invariant_breach(invariant, request, "the first was served as %s (%s) at %.3f s, before "
                                             "any attempt had failed",
                         served_name(answer->served), code_name(cause),
                         verdict_seconds(answer->sent_ns));
        return;
    }
    invariant_breach(invariant, request,
                     "the first was served as %s (%s) at %.3f s, %.3f s after the last attempt "
                     "that failed; %.3f s are enough",
                     served_name(answer->served), code_name(cause),
                     verdict_seconds(answer->sent_ns), verdict_seconds(answer->sent_ns - last_ns),
                     verdict_seconds(troubles->gates_ns));
}

void invariant_recovery(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->attempt_count; i++) {
        if (!run->attempts[i].start_known) return;
    }
    struct troubles troubles = {
        .invariant = invariant,
        .ends = mem_alloc(2 * run->attempt_count + 1, sizeof *troubles.ends),
        .gates_ns = recovery_gates_ns(&run->config->engine),
    };
    collect(&troubles, run);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->answered && !answer->hung_up) check(&troubles, i);
    }
    mem_free(troubles.ends);
}
