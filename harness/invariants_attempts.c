#include <assert.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/invariants.h"
#include "harness/invariants_gate.h"
#include "harness/reference.h"
#include "harness/sim_reading.h"
#include "scenario/plan.h"

/* In the real world, moments of different places in one program may be noted in either order when
 * they are this close. */
static struct reference_tolerance tolerance_of(const struct run *run)
{
    if (run->world == WORLD_SIM) return (struct reference_tolerance){ .order_ns = 0 };
    return (struct reference_tolerance){ .order_ns = NS_PER_MS,
                                         .timer_ns = verdict_slack_ns(run) };
}

void invariant_no_attempt_while_open(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint64_t order_ns = tolerance_of(run).order_ns;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (!attempt->start_known) continue;
        invariant->check->n++;
        size_t low = 0; /* becomes the number of transitions before the start */
        size_t high = run->transition_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (run->transitions[middle].at + order_ns < attempt->started_ns) low = middle + 1;
            else high = middle;
        }
        if (low == 0 || run->transitions[low - 1].to != BREAKER_OPEN) continue;
        bool left = low < run->transition_count &&
                    run->transitions[low].at <= attempt->started_ns + order_ns;
        if (left) continue;
        invariant_breach(invariant, attempt->request,
                         "an attempt of the first started at %.3f s, the breaker was open since "
                         "%.3f s",
                         verdict_seconds(attempt->started_ns),
                         verdict_seconds(run->transitions[low - 1].at));
    }
}

void invariant_permits_balance(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    if (!run->permits_known) return;
    invariant->check->n = run->attempt_count;
    if (run->permits_out == 0) return;
    invariant_breach(invariant, UINT32_MAX, "%u permits were still out at the end",
                     run->permits_out);
}

/* An attempt that had an answer must have been received; `received`: a bit per attempt. */
static void check_answered(struct invariant *invariant, const uint16_t *received)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        bool had_answer = attempt->http_status != 0 || attempt->outcome == OUTCOME_OK;
        if (!had_answer || attempt->number >= ATTEMPTS_MAX) continue;
        if ((received[attempt->request] >> attempt->number) & 1) continue;
        invariant_breach(invariant, attempt->request,
                         "attempt %u of the first had an answer (%s), but the upstream received no "
                         "such attempt",
                         attempt->number, outcome_name(attempt->outcome));
    }
}

/* What the upstream received of each request: each number once, none that was not made. */
static void check_deliveries(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint16_t *received = mem_alloc(run->schedule->count, sizeof *received);
    _Static_assert(ATTEMPTS_MAX <= 16, "a bit per attempt");
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->request == UINT32_MAX) continue;
        const struct run_answer *answer = &run->answers[delivery->request];
        uint32_t number = delivery->attempt;
        if (number >= ATTEMPTS_MAX || (answer->answered && number >= answer->attempt_count)) {
            invariant_breach(invariant, delivery->request,
                             "the upstream received attempt %u of the first, which says that it "
                             "made %u",
                             number, answer->attempt_count);
        } else if ((received[delivery->request] >> number) & 1) {
            invariant_breach(invariant, delivery->request,
                             "the upstream received attempt %u of the first twice", number);
        } else {
            received[delivery->request] |= (uint16_t)(1u << number);
        }
    }
    check_answered(invariant, received);
    mem_free(received);
}

void invariant_attempts(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint32_t most = run->config->engine.retry_count + 1;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->attempt_count == 0) continue;
        invariant->check->n++;
        if (answer->attempt_count <= most) continue;
        invariant_breach(invariant, i, "the first made %u attempts, %u are allowed",
                         answer->attempt_count, most);
    }
    check_deliveries(invariant);
}

/* What the upstream did to attempt `number` of a request, but for when; false when that is not
 * known. The plan is composed again from what the upstream decided. */
static bool plan_of(const struct run *run, const struct run_delivery *delivery,
                    struct reply_plan *out)
{
    const struct phase *phase = scenario_phase_at(run->scenario, delivery->at_ns);
    uint32_t index = phase == NULL ? UINT32_MAX : (uint32_t)(phase - run->scenario->phases);
    if (index != delivery->phase) return false;
    struct plan_query query = {
        .attempt = delivery->attempt,
        .offset_ns = delivery->at_ns,
    };
    struct plan_fate fate = { delivery->fired, delivery->wait_ns };
    /* Where nothing fired, draws tell only when the healthy reply came: most are such. */
    bool plain = delivery->fired == 0;
    if (!plain) query.request_key = run_request_key(run, delivery->request);
    plan_compose(plain ? NULL : run->scenario, run->seed, &query, &fate, out);
    return true;
}

/* The attempt that a delivery belongs to; NULL when its request says nothing of it. */
static const struct run_attempt *attempt_of(const struct run *run,
                                            const struct run_delivery *delivery)
{
    if (delivery->request == UINT32_MAX) return NULL;
    const struct run_answer *answer = &run->answers[delivery->request];
    if (delivery->attempt >= answer->attempt_count) return NULL;
    return &run->attempts[answer->attempt_at + delivery->attempt];
}

/* Retry-After is a lower bound of the backoff, which may then be above the ceiling, but not above
 * both. */
static void check_backoff(struct invariant *invariant, const struct run_attempt *attempt,
                          uint64_t retry_after_ns)
{
    const struct backoff_config *config = &invariant->run->config->engine.backoff;
    uint64_t rounding_ns = tolerance_of(invariant->run).order_ns;
    uint64_t ceiling_ns = reference_backoff_ceiling_ns(config, attempt->number - 1);
    uint64_t longest_ns = u64_max(ceiling_ns, retry_after_ns) + rounding_ns;
    if (attempt->backoff_ns > longest_ns ||
        (attempt->backoff_ns == longest_ns && longest_ns > retry_after_ns)) {
        invariant_breach(invariant, attempt->request,
                         "attempt %u of the first waited %.1f ms, its ceiling is %.1f ms",
                         attempt->number, verdict_ms(attempt->backoff_ns),
                         verdict_ms(u64_max(ceiling_ns, retry_after_ns)));
    } else if (attempt->backoff_ns + rounding_ns < retry_after_ns) {
        invariant_breach(invariant, attempt->request,
                         "attempt %u of the first waited %.1f ms, although Retry-After asked for "
                         "%.1f ms",
                         attempt->number, verdict_ms(attempt->backoff_ns),
                         verdict_ms(retry_after_ns));
    }
}

void invariant_backoff(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint64_t *asked_ns = mem_alloc(run->attempt_count, sizeof *asked_ns); /* by the one before */
    bool any_asked = false;
    bool any_told = gate_may_be_told(run->scenario);
    for (size_t i = 0; any_told && i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        const struct run_attempt *attempt = attempt_of(run, delivery);
        struct reply_plan plan;
        if (attempt == NULL || delivery->fired == 0 || !plan_of(run, delivery, &plan)) continue;
        /* A Retry-After counts when the answer that bears it was taken for one. */
        bool seen = plan.has_retry_after && attempt->http_status == plan.status &&
                    (attempt->outcome == OUTCOME_HTTP_429 || attempt->outcome == OUTCOME_HTTP_502 ||
                     attempt->outcome == OUTCOME_HTTP_503 || attempt->outcome == OUTCOME_HTTP_504);
        size_t index = (size_t)(attempt - run->attempts);
        if (seen) asked_ns[index] = (uint64_t)plan.retry_after_s * NS_PER_S;
        any_asked = any_asked || seen;
    }
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->number == 0) continue;
        invariant->check->n++;
        assert(i > 0); /* a request's attempts lie side by side */
        check_backoff(invariant, attempt, asked_ns[i - 1]);
    }
    mem_free(asked_ns);
    if (!any_asked) invariant_check_jitter(invariant);
}

/* The outcome that a plan leads to when the client waits for its end; false: it says nothing (a
 * stall, a cut whose place depends on the body's length). */
static bool planned_outcome(const struct reply_plan *plan, enum outcome *out)
{
    bool complete = false;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind == PLAN_BODY && step->to_is_bytes) return false;
        complete = complete || step->kind == PLAN_END ||
                   (step->kind == PLAN_BODY && step->to_ppm >= 1000000);
        if (complete) break;
        if (step->kind == PLAN_STALL) return false;
        if (step->kind != PLAN_RESET && step->kind != PLAN_CLOSE) continue;
        *out = step->kind == PLAN_RESET ? OUTCOME_READ_ERROR : OUTCOME_PROTOCOL_ERROR;
        return true;
    }
    if (!complete) return false;
    switch (plan->status) {
    case 200: break;
    case 429: *out = OUTCOME_HTTP_429; return true;
    case 502: *out = OUTCOME_HTTP_502; return true;
    case 503: *out = OUTCOME_HTTP_503; return true;
    case 504: *out = OUTCOME_HTTP_504; return true;
    }
    if (plan->status >= 400) {
        *out = plan->status >= 500 ? OUTCOME_HTTP_5XX : OUTCOME_HTTP_4XX;
    } else if (plan->status != 200) {
        *out = OUTCOME_HTTP_OTHER;
    } else if (plan->answer == ANSWER_WRONG_ID) {
        *out = OUTCOME_WRONG_ID;
    } else {
        bool good = plan->answer == ANSWER_GOOD || plan->answer == ANSWER_CROSSED_QUANTILES;
        *out = good ? OUTCOME_OK : OUTCOME_BAD_SCHEMA;
    }
    return true;
}

/* Framed as usual, with nothing in it that does not belong there. */
static bool is_ordinary(const struct reply_plan *plan)
{
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == PLAN_GARBAGE) return false;
    }
    return plan->malform == MALFORM_NONE && plan->framing == FRAMING_LENGTH &&
           plan->interim_count == 0 && plan->header_count == 0 && plan->head_pad_bytes == 0 &&
           plan->body_pad_bytes == 0 && plan->answer != ANSWER_EMPTY;
}

/* Of the others the simulated client knows, for which any length of a body will do. */
static bool expected_outcome(const struct run *run, const struct reply_plan *plan,
                             enum outcome *out)
{
    enum { SOME_BYTES = 1000 };
    if (is_ordinary(plan)) return planned_outcome(plan, out);
    return sim_reading_outcome(plan, SOME_BYTES, run->config->server.response_bytes_max, out);
}

/* The client may stop waiting first, if it has waited long enough. */
static bool gave_up(const struct run *run, const struct run_attempt *attempt)
{
    const struct engine_config *config = &run->config->engine;
    uint64_t rounding_ns = 5 * NS_PER_MS;
    if (attempt->outcome == OUTCOME_ABANDONED || attempt->outcome == OUTCOME_DEADLINE) return true;
    return attempt->outcome == OUTCOME_READ_TIMEOUT &&
           attempt->latency_ns + rounding_ns >= config->read_timeout_ns;
}

/* How long a good body is, the judge does not know: a bound below this may be too small for it. */
static bool bound_may_be_small(const struct run *run, enum outcome planned, enum outcome seen)
{
    enum { BODY_BYTES_MAX = 64 * 1024 };
    return (planned == OUTCOME_TOO_LARGE || seen == OUTCOME_TOO_LARGE) &&
           run->config->server.response_bytes_max < BODY_BYTES_MAX;
}

/* Exact in the simulation. On a socket one class has several faces: a reset that meets a reused
 * connection, say, is a broken protocol to the client. */
static bool is_same(const struct run *run, enum outcome planned, enum outcome seen)
{
    if (planned == seen) return true;
    if (run->world == WORLD_SIM || planned == OUTCOME_OK || seen == OUTCOME_OK) return false;
    return reference_outcome(planned)->code == reference_outcome(seen)->code &&
           reference_outcome(planned)->retryable == reference_outcome(seen)->retryable;
}

void invariant_outcomes(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        const struct run_attempt *attempt = attempt_of(run, delivery);
        struct reply_plan plan;
        enum outcome planned;
        if (attempt == NULL || !plan_of(run, delivery, &plan)) continue;
        if (!expected_outcome(run, &plan, &planned)) continue;
        invariant->check->n++;
        if (is_same(run, planned, attempt->outcome) || gave_up(run, attempt)) continue;
        if (bound_may_be_small(run, planned, attempt->outcome)) continue;
        invariant_breach(invariant, delivery->request,
                         "attempt %u of the first is recorded as %s, but the upstream's reply was "
                         "%s",
                         delivery->attempt, outcome_name(attempt->outcome), outcome_name(planned));
    }
}

void invariant_breaker_automaton(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->attempt_count; i++) {
        if (!run->attempts[i].start_known) return; /* no trace: nothing to replay */
    }
    struct reference_finding finding;
    reference_breaker_check(run, tolerance_of(run), &finding);
    invariant->check->n = run->attempt_count;
    if (finding.wrong) invariant_breach(invariant, finding.request, "%s", finding.sentence);
}
