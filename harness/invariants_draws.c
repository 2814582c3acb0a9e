#include "base/rng.h"
#include "harness/invariants.h"
#include "harness/reference.h"
#include "harness/sim.h"

uint64_t invariant_drawn_backoff_ns(const struct run *run, uint32_t request, uint32_t retry)
{
    uint64_t seed = run->config->engine.seed == 0 ? run->seed : run->config->engine.seed;
    uint64_t key = run_request_key(run, request);
    uint64_t ceiling_ns = reference_backoff_ceiling_ns(&run->config->engine.backoff, retry);
    if (ceiling_ns == 0) return 0;
    return draw_below(draw(seed, rng_stream("backoff"), key, retry), ceiling_ns);
}

/* A Retry-After comes in whole seconds, and only ever makes a wait longer. */
static void check_wait(struct invariant *invariant, const struct run_attempt *attempt)
{
    uint64_t drawn_ns = 0;
    if (attempt->number > 0) {
        drawn_ns =
            invariant_drawn_backoff_ns(invariant->run, attempt->request, attempt->number - 1);
    }
    bool asked = attempt->number > 0 && attempt->backoff_ns > drawn_ns &&
                 attempt->backoff_ns % NS_PER_S == 0;
    if (attempt->backoff_ns == drawn_ns || asked) return;
    invariant_breach(invariant, attempt->request,
                     "attempt %u of the first waited %.9f s, but the draw says %.9f s",
                     attempt->number, verdict_seconds(attempt->backoff_ns),
                     verdict_seconds(drawn_ns));
}

/* The limit that ended an attempt is the one it is named after. */
static void check_limit(struct invariant *invariant, const struct run_attempt *attempt)
{
    const struct engine_config *config = &invariant->run->config->engine;
    uint64_t took_ns = attempt->latency_ns;
    bool right = true;
    if (attempt->outcome == OUTCOME_CONNECT_TIMEOUT) right = took_ns == config->connect_timeout_ns;
    if (attempt->outcome == OUTCOME_READ_TIMEOUT) {
        right = took_ns >= SIM_CONNECT_NS + config->read_timeout_ns;
    }
    if (right) return;
    invariant_breach(invariant, attempt->request, "attempt %u of the first ended by %s after %.3f "
                                                  "ms",
                     attempt->number, outcome_name(attempt->outcome), verdict_ms(took_ns));
}

/* Nothing is done for a client that has left. */
static void check_left(struct invariant *invariant, const struct run_attempt *attempt)
{
    const struct run *run = invariant->run;
    const struct arrival *arrival = &run->schedule->items[attempt->request];
    if (arrival->manner != CLIENT_HANGS_UP) return;
    uint64_t left_ns = run->answers[attempt->request].sent_ns +
                       run->scenario->workloads[arrival->workload].client.after_ns;
    if (attempt->started_ns + attempt->latency_ns <= left_ns) return;
    invariant_breach(invariant, attempt->request,
                     "attempt %u of the first went on after its client had left at %.6f s",
                     attempt->number, verdict_seconds(left_ns));
}

void invariant_draws(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    if (run->world == WORLD_REAL) return;
    for (size_t i = 0; i < run->attempt_count; i++) {
        invariant->check->n++;
        check_wait(invariant, &run->attempts[i]);
        check_limit(invariant, &run->attempts[i]);
        check_left(invariant, &run->attempts[i]);
    }
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool cached = answer->served == SERVED_CACHE || answer->served == SERVED_STALE;
        if (cached || !answer->answered || answer->age_ns == 0) continue;
        invariant_breach(invariant, i, "the first has an age, but is not of the cache");
    }
}
