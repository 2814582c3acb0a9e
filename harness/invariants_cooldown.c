#include "base/rng.h"
#include "harness/invariants.h"
#include "harness/reference.h"

/* Guide 4: uniform in cooldown * [1 - jitter, 1 + jitter), and never nothing. */
struct bounds {
    uint64_t least_ns;
    uint64_t end_ns; /* the first length that is too long */
};

static struct bounds bounds_of(const struct breaker_config *config)
{
    uint64_t base_ns = config->cooldown_ns;
    uint64_t half_ns = base_ns * config->cooldown_jitter_permille / 1000;
    struct bounds bounds = { base_ns - half_ns, base_ns + half_ns };
    if (half_ns == 0) bounds.end_ns++;
    if (bounds.least_ns == 0) bounds = (struct bounds){ 1, u64_max(bounds.end_ns, 2) };
    return bounds;
}

/* The very length, from the contract of keyed draws: (seed, "cooldown", generation, 0). */
static uint64_t drawn_ns(const struct run *run, uint32_t generation)
{
    const struct breaker_config *config = &run->config->engine.breaker;
    uint64_t seed = run->config->engine.seed == 0 ? run->seed : run->config->engine.seed;
    uint64_t half_ns = config->cooldown_ns * config->cooldown_jitter_permille / 1000;
    uint64_t length_ns = config->cooldown_ns;
    if (half_ns > 0) {
        uint64_t uniform = draw(seed, rng_stream("cooldown"), generation, 0);
        length_ns += draw_below(uniform, 2 * half_ns);
        length_ns -= half_ns;
    }
    return u64_max(length_ns, 1);
}

static void check_length(struct invariant *invariant, const struct breaker_transition *opening)
{
    const struct run *run = invariant->run;
    struct bounds bounds = bounds_of(&run->config->engine.breaker);
    uint64_t length_ns = opening->cooldown_ns;
    if (length_ns < bounds.least_ns || length_ns >= bounds.end_ns) {
        invariant_breach(invariant, UINT32_MAX,
                         "at %.3f s the breaker opened for %.3f s, outside %.3f s to %.3f s",
                         verdict_seconds(opening->at), verdict_seconds(length_ns),
                         verdict_seconds(bounds.least_ns), verdict_seconds(bounds.end_ns));
    } else if (run->world == WORLD_SIM && length_ns != drawn_ns(run, opening->generation)) {
        invariant_breach(invariant, UINT32_MAX,
                         "at %.3f s the breaker opened for %.9f s, but the draw says %.9f s",
                         verdict_seconds(opening->at), verdict_seconds(length_ns),
                         verdict_seconds(drawn_ns(run, opening->generation)));
    }
}

/* OPEN lasts as long as its transition said. */
static void check_end(struct invariant *invariant, const struct breaker_transition *opening)
{
    const struct breaker_transition *end = opening + 1;
    uint64_t due_ns = opening->at + opening->cooldown_ns;
    bool sim = invariant->run->world == WORLD_SIM;
    uint64_t order_ns = sim ? 0 : NS_PER_MS;
    uint64_t late_ns = sim ? 0 : verdict_slack_ns(invariant->run);
    if (end->at + order_ns >= due_ns && end->at <= due_ns + late_ns) return;
    invariant_breach(invariant, UINT32_MAX,
                     "the breaker left open at %.6f s; its cooldown ended at %.6f s",
                     verdict_seconds(end->at), verdict_seconds(due_ns));
}

/* The figures of what needs no window. */
static bool figures_fit(const struct breaker_config *config,
                        const struct breaker_transition *transition)
{
    uint32_t probes = config->half_open_probes;
    switch (transition->rule) {
    case BREAKER_RULE_COUNT:
        return transition->failures >= config->failures_to_open &&
               transition->volume >= transition->failures &&
               transition->volume >= config->min_volume;
    case BREAKER_RULE_RATIO:
        return transition->volume >= transition->failures &&
               transition->volume >= config->min_volume;
    case BREAKER_RULE_COOLDOWN_OVER: return transition->failures == 0 && transition->volume == 0;
    case BREAKER_RULE_PROBE_FAILED:
    case BREAKER_RULE_PROBE_SILENT:
        return transition->failures == 1 && transition->volume == probes;
    case BREAKER_RULE_PROBES_PASSED:
        return transition->failures == probes && transition->volume == probes;
    }
    return false;
}

struct tally {
    uint32_t failures;
    uint32_t volume;
    bool certain; /* no two things of one moment, whose order would matter */
};

/* What the window holds: whole thirtieths of it, rounded up to nanoseconds, the newest thirty. */
static struct tally tally_of(const struct run *run, uint64_t closed_ns, uint64_t at_ns)
{
    enum { PARTS = 30 };
    const struct breaker_config *config = &run->config->engine.breaker;
    uint64_t part_ns = (config->window_ns + PARTS - 1) / PARTS;
    struct tally tally = { .certain = true };
    uint32_t last = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        enum verdict verdict = reference_outcome(attempt->outcome)->verdict;
        if (attempt->outcome == OUTCOME_HTTP_429 && config->count_429) verdict = VERDICT_FAILURE;
        uint64_t end_ns = attempt->started_ns + attempt->latency_ns;
        bool told = verdict != VERDICT_EXCLUDED && attempt->started_ns >= closed_ns;
        if (!told || end_ns > at_ns || end_ns / part_ns + PARTS <= at_ns / part_ns) continue;
        if (attempt->started_ns == closed_ns && closed_ns > 0) tally.certain = false;
        last += end_ns == at_ns;
        tally.volume++;
        tally.failures += verdict == VERDICT_FAILURE;
    }
    if (last != 1) tally.certain = false;
    return tally;
}

/* A rule that fired by the exact moments of failures has seen these at least. */
static void check_window(struct invariant *invariant, uint64_t closed_ns,
                         const struct breaker_transition *opening)
{
    const struct run *run = invariant->run;
    uint32_t least = run->config->engine.breaker.failures_to_open;
    struct tally tally = tally_of(run, closed_ns, opening->at);
    if (opening->rule == BREAKER_RULE_COUNT && tally.failures < least) {
        tally.volume += least - tally.failures;
        tally.failures = least;
    }
    bool same = tally.failures == opening->failures && tally.volume == opening->volume;
    if (!tally.certain || same) return;
    invariant_breach(invariant, UINT32_MAX,
                     "at %.6f s it opened on %u failures of %u attempts, its window held %u of %u",
                     verdict_seconds(opening->at), opening->failures, opening->volume,
                     tally.failures, tally.volume);
}

void invariant_cooldown(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *transition = &run->transitions[i];
        invariant->check->n++;
        if (!figures_fit(&run->config->engine.breaker, transition)) {
            invariant_breach(invariant, UINT32_MAX,
                             "at %.3f s it moved by %s with %u failures of %u attempts",
                             verdict_seconds(transition->at), breaker_rule_name(transition->rule),
                             transition->failures, transition->volume);
        }
        if (transition->generation != i + 1) {
            invariant_breach(invariant, UINT32_MAX, "move %zu has generation %u", i + 1,
                             transition->generation);
        }
        if (transition->to != BREAKER_OPEN) continue;
        check_length(invariant, transition);
        if (run->world == WORLD_SIM && transition->from == BREAKER_CLOSED) {
            check_window(invariant, i == 0 ? 0 : transition[-1].at, transition);
        }
        if (i + 1 < run->transition_count) check_end(invariant, transition);
    }
}
