#include "base/mem.h"
#include "harness/invariants.h"
#include "harness/reference.h"
#include "scenario/plan.h"

/* Requests of which an attempt may have been told by Retry-After to wait longer than it could, or
 * was turned away at the upstream's full queue, which may tell so too. */
static bool *find_told(const struct run *run)
{
    bool *told = mem_alloc(run->schedule->count, sizeof *told);
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->request == UINT32_MAX) continue;
        bool asked = delivery->fired & PLAN_FIRED_FULL;
        size_t faults = 0;
        if (delivery->phase != UINT32_MAX) {
            faults = run->scenario->phases[delivery->phase].fault_count;
        }
        for (size_t f = 0; f < faults; f++) {
            const struct fault *fault = &run->scenario->phases[delivery->phase].faults[f];
            asked = asked || ((delivery->fired >> f & 1) &&
                              (fault->has_retry_after || fault->header_count > 0));
        }
        if (asked) told[delivery->request] = true;
    }
    return told;
}

/* What keeps a call from another attempt. */
static bool is_refusal(enum path_step step)
{
    return step == PATH_HOLD || step == PATH_BREAKER_OPEN || step == PATH_BREAKER_PROBES_OUT ||
           step == PATH_POOL_FULL || step == PATH_POOL_TIMEOUT || step == PATH_RETRY_BUDGET;
}

/* Whether the path says behind its last attempt why there is no other. */
static bool was_refused(const struct run *run, const struct run_answer *answer)
{
    for (uint32_t i = answer->path_count; i > 0; i--) {
        enum path_step step = (enum path_step)run->path[answer->path_at + i - 1].step;
        if (step == PATH_ATTEMPT) return false;
        if (is_refusal(step)) return true;
    }
    return false;
}

/* When its call's time is over. */
static uint64_t deadline_ns(const struct run *run, const struct run_answer *answer)
{
    return u64_max(answer->sent_ns, answer->intended_ns) + run->config->engine.request_deadline_ns;
}

/* A retry starts only when it has its least budget. */
static void check_budget(struct invariant *invariant, const struct run_attempt *attempt)
{
    const struct run *run = invariant->run;
    uint64_t budget_ns = run->config->engine.min_attempt_budget_ns;
    uint64_t end_ns = deadline_ns(run, &run->answers[attempt->request]);
    if (attempt->number == 0) return;
    if (attempt->started_ns + budget_ns <= end_ns + verdict_slack_ns(run)) return;
    invariant_breach(invariant, attempt->request,
                     "attempt %u of the first began %.1f ms before the deadline; a retry needs "
                     "%.1f ms",
                     attempt->number, verdict_ms(instant_until(end_ns, attempt->started_ns)),
                     verdict_ms(budget_ns));
}

/* What may be retried, is: when the longest backoff would still leave the least budget. */
static void check_given_up(struct invariant *invariant, const struct run_attempt *last)
{
    const struct run *run = invariant->run;
    const struct engine_config *config = &run->config->engine;
    const struct run_answer *answer = &run->answers[last->request];
    if (!reference_outcome(last->outcome)->retryable || last->number >= config->retry_count) return;
    uint64_t ended_ns = last->started_ns + last->latency_ns;
    uint64_t ceiling_ns = reference_backoff_ceiling_ns(&config->backoff, last->number);
    uint64_t needed_ns = ceiling_ns + config->min_attempt_budget_ns + verdict_slack_ns(run);
    uint64_t end_ns = deadline_ns(run, answer);
    if (ended_ns + needed_ns > end_ns || was_refused(run, answer)) return;
    invariant_breach(invariant, last->request,
                     "the first gave up after attempt %u (%s) with %.1f ms left and nothing that "
                     "kept it from a retry",
                     last->number, outcome_name(last->outcome),
                     verdict_ms(instant_until(end_ns, ended_ns)));
}

void invariant_retries(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    bool *told = find_told(run);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool listed = answer->attempt_at + answer->attempt_count <= run->attempt_count;
        if (!answer->answered || answer->attempt_count == 0 || !listed) continue;
        const struct run_attempt *attempts = &run->attempts[answer->attempt_at];
        if (!attempts[0].start_known) continue;
        invariant->check->n++;
        for (uint32_t a = 0; a < answer->attempt_count; a++) check_budget(invariant, &attempts[a]);
        if (!told[i]) check_given_up(invariant, &attempts[answer->attempt_count - 1]);
    }
    mem_free(told);
}
