#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/invariants.h"
#include "harness/invariants_gate.h"
#include "scenario/plan.h"

/* Nobody asks from `since_ns` until `until_ns`. */
struct hold {
    uint64_t since_ns;
    uint64_t until_ns;
};

struct holds {
    struct hold *items; /* owned; by since_ns; until_ns is the latest so far */
    size_t count;
};

static int by_since(const void *a, const void *b)
{
    const struct hold *left = a;
    const struct hold *right = b;
    if (left->since_ns != right->since_ns) return left->since_ns < right->since_ns ? -1 : 1;
    return (left->until_ns > right->until_ns) - (left->until_ns < right->until_ns);
}

/* What a reply asked for, where the runtime takes it for an answer that may be retried; else 0. */
static uint64_t asked_ns(const struct run *run, const struct run_delivery *delivery,
                         const struct run_attempt *attempt)
{
    bool may_wait = attempt->outcome == OUTCOME_HTTP_429 || attempt->outcome == OUTCOME_HTTP_502 ||
                    attempt->outcome == OUTCOME_HTTP_503 || attempt->outcome == OUTCOME_HTTP_504;
    if (!may_wait || delivery->fired == 0) return 0;
    struct reply_plan plan;
    struct plan_query query = {
        .request_key = run_request_key(run, delivery->request),
        .attempt = delivery->attempt,
        .offset_ns = delivery->at_ns,
    };
    struct plan_fate fate = { delivery->fired, delivery->wait_ns };
    plan_compose(run->scenario, run->seed, &query, &fate, &plan);
    if (!plan.has_retry_after || plan.status != attempt->http_status) return 0;
    return (uint64_t)plan.retry_after_s * NS_PER_S;
}

/* A wait that leaves no time for the least budget is not waited: then everybody holds, for as long
 * as was asked for or the cap. */
static void collect(struct holds *holds, const struct run *run, uint64_t margin_ns)
{
    const struct engine_config *config = &run->config->engine;
    uint64_t latest_ns = 0;
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->request == UINT32_MAX) continue;
        const struct run_answer *answer = &run->answers[delivery->request];
        if (delivery->attempt >= answer->attempt_count) continue;
        const struct run_attempt *attempt =
            &run->attempts[answer->attempt_at + delivery->attempt];
        uint64_t wanted_ns = asked_ns(run, delivery, attempt);
        uint64_t end_ns = attempt->started_ns + attempt->latency_ns;
        uint64_t deadline_ns = answer->sent_ns + config->request_deadline_ns + margin_ns;
        uint64_t left_ns = instant_until(deadline_ns, end_ns);
        uint64_t fits_ns = instant_until(left_ns, config->min_attempt_budget_ns);
        uint64_t length_ns = u64_min(wanted_ns, config->retry_after_hold_cap_ns);
        if (!attempt->start_known || wanted_ns <= fits_ns || length_ns == 0) continue;
        holds->items[holds->count++] = (struct hold){ end_ns, end_ns + length_ns };
    }
    qsort(holds->items, holds->count, sizeof *holds->items, by_since);
    for (size_t i = 0; i < holds->count; i++) {
        latest_ns = u64_max(latest_ns, holds->items[i].until_ns);
        holds->items[i].until_ns = latest_ns;
    }
}

/* Until when is held what was set before `at_ns`, or `with` it; 0: nothing was. */
static uint64_t held_until(const struct holds *holds, uint64_t at_ns, bool with)
{
    size_t low = 0;
    size_t high = holds->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t since_ns = holds->items[middle].since_ns;
        if (since_ns < at_ns || (with && since_ns == at_ns)) low = middle + 1;
        else high = middle;
    }
    return low == 0 ? 0 : holds->items[low - 1].until_ns;
}

static void check_word(struct invariant *invariant, const struct holds *holds,
                       const struct gate *gate)
{
    if (gate->end != PATH_HOLD || !gate->asked_known || gate->waited) return;
    uint64_t until_ns = held_until(holds, gate->asked_ns, true);
    if (gate->asked_ns < until_ns) return;
    invariant_breach(invariant, gate->request,
                     "the first was held at %.6f s, but nothing was asked for that lasted so long "
                     "(%.6f s)",
                     verdict_seconds(gate->asked_ns), verdict_seconds(until_ns));
}

void invariant_hold(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    bool sim = run->world == WORLD_SIM;
    uint64_t order_ns = sim ? 0 : 5 * NS_PER_MS;
    struct holds holds = { .items = mem_alloc(run->delivery_count + 1, sizeof *holds.items) };
    if (gate_may_be_told(run->scenario)) {
        collect(&holds, run, sim ? 0 : verdict_slack_ns(run));
    }
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        uint64_t started_ns = attempt->started_ns;
        if (!attempt->start_known || started_ns < order_ns) continue;
        invariant->check->n++;
        uint64_t until_ns = held_until(&holds, started_ns - order_ns, false);
        if (started_ns + order_ns >= until_ns) continue;
        invariant_breach(invariant, attempt->request,
                         "attempt %u of the first began at %.6f s, although Retry-After held all "
                         "until %.6f s",
                         attempt->number, verdict_seconds(started_ns), verdict_seconds(until_ns));
    }
    bool any = sim && gate_has_word(run, PATH_HOLD);
    for (uint32_t i = 0; any && i < run->schedule->count; i++) {
        struct gate gate = gate_first(i);
        while (gate_next(run, &gate))
            check_word(invariant, &holds, &gate);
    }
    mem_free(holds.items);
}
