#include "harness/gate.h"
#include "harness/invariants.h"
#include "harness/reference.h"

/* Chance of blaming a good service. */
static const double jitter_alpha = 1e-6;

/* Whether the breaker was closed all the time between two moments. */
static bool is_closed(const struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    for (size_t i = 0; i < run->transition_count; i++) {
        if (run->transitions[i].to == BREAKER_CLOSED || run->transitions[i].at > to_ns) continue;
        bool is_last = i + 1 == run->transition_count;
        if (is_last || run->transitions[i + 1].at >= from_ns) return false;
    }
    return true;
}

/* Up to here any wait would have led to this attempt; 0: none is sure to have. */
static uint64_t room_of(const struct run *run, const struct run_attempt *attempt,
                        uint64_t ceiling_ns)
{
    const struct engine_config *config = &run->config->engine;
    const struct run_attempt *before = attempt - 1;
    const struct run_answer *answer = &run->answers[attempt->request];
    if (run->schedule->items[attempt->request].manner == CLIENT_HANGS_UP) return 0;
    if (!before->start_known) return 0;
    uint64_t from_ns = before->started_ns + before->latency_ns;
    uint64_t slack_ns = verdict_slack_ns(run);
    /* The runtime's own deadline is no earlier, and a place is waited for within it. */
    uint64_t deadline_ns = answer->intended_ns + config->request_deadline_ns;
    uint64_t spare_ns = config->min_attempt_budget_ns + config->pool_timeout_ns + slack_ns;
    uint64_t room_ns = u64_min(ceiling_ns, instant_until(deadline_ns, from_ns + spare_ns));
    return is_closed(run, from_ns, from_ns + room_ns + slack_ns) ? room_ns : 0;
}

bool verdict_backoff_part(const struct run *run, const struct run_attempt *attempt, double *out)
{
    if (attempt->number == 0) return false;
    uint64_t ceiling_ns =
        reference_backoff_ceiling_ns(&run->config->engine.backoff, attempt->number - 1);
    uint64_t room_ns = room_of(run, attempt, ceiling_ns);
    if (room_ns == 0 || (room_ns < ceiling_ns && attempt->backoff_ns > room_ns)) return false;
    *out = (double)attempt->backoff_ns / (double)room_ns;
    return true;
}

/* Both tails of the binomial with p = 1/2. */
static bool is_half(uint64_t count, uint64_t n)
{
    return gate_binomial_cdf(count, n, 0.5) > jitter_alpha &&
           gate_binomial_cdf(n - count, n, 0.5) > jitter_alpha;
}

void invariant_check_jitter(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint64_t n = 0;
    uint64_t low = 0;   /* below half of what they could be */
    uint64_t inner = 0; /* from a quarter to three quarters */
    for (size_t i = 0; i < run->attempt_count; i++) {
        double part;
        if (!verdict_backoff_part(run, &run->attempts[i], &part)) continue;
        n++;
        low += part < 0.5;
        inner += part >= 0.25 && part < 0.75;
    }
    if (n == 0 || (is_half(low, n) && is_half(inner, n))) return;
    invariant_breach(invariant, UINT32_MAX,
                     "of %llu retries %llu waited less than half of what they could and %llu from "
                     "a quarter to three quarters of it: that is no full jitter",
                     (unsigned long long)n, (unsigned long long)low, (unsigned long long)inner);
}
