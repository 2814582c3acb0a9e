#include "harness/invariants.h"
#include "harness/invariants_gate.h"
#include "harness/reference.h"

/* Scans over all attempts are dear: of a storm of refused calls this many are looked at. */
enum { REFUSALS_MAX = 200 };

/* The breaker at a moment; false when it moved so close to it that either side may have been met.
 * What only time does comes first, in virtual time. */
static bool state_at(const struct run *run, uint64_t at_ns, enum breaker_state *out,
                     uint64_t *since_ns)
{
    uint64_t order_ns = run->world == WORLD_SIM ? 0 : NS_PER_MS;
    *out = BREAKER_CLOSED;
    *since_ns = 0;
    size_t low = 0; /* becomes the number of moves until then */
    size_t high = run->transition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->transitions[middle].at <= at_ns) low = middle + 1;
        else high = middle;
    }
    if (low < run->transition_count && run->transitions[low].at <= at_ns + order_ns &&
        order_ns > 0) {
        return false;
    }
    if (low == 0) return true;
    const struct breaker_transition *last = &run->transitions[low - 1];
    *out = last->to;
    *since_ns = last->at;
    if (order_ns > 0) return last->at + order_ns < at_ns;
    return last->at < at_ns || last->rule == BREAKER_RULE_COOLDOWN_OVER;
}

static const char *name_of(enum path_step step)
{
    return path_entry_name((struct path_entry){ .step = (uint8_t)step });
}

/* Probes that hold or used up a place at `at_ns`, of the stay that began at `since_ns`. */
static uint32_t probes_at(const struct run *run, uint64_t since_ns, uint64_t at_ns)
{
    uint32_t count = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->started_ns < since_ns || attempt->started_ns > at_ns) continue;
        enum verdict verdict = reference_outcome(attempt->outcome)->verdict;
        if (attempt->outcome == OUTCOME_HTTP_429 && run->config->engine.breaker.count_429) {
            verdict = VERDICT_FAILURE;
        }
        bool over = attempt->started_ns + attempt->latency_ns < at_ns;
        if (!over || verdict == VERDICT_SUCCESS) count++;
    }
    return count;
}

/* Over sockets it is known when a request was sent and answered, not when it was read: a program
 * that had to wait for a processor may have met what happened meanwhile. */
static bool came_to(const struct run *run, const struct gate *gate, enum breaker_state state)
{
    uint64_t done_ns = run->answers[gate->request].done_ns;
    if (run->world == WORLD_SIM) return false;
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *move = &run->transitions[i];
        if (move->at > done_ns) return false;
        if (move->at >= gate->asked_ns && move->to == state) return true;
    }
    return false;
}

static void check_refusal(struct invariant *invariant, const struct gate *gate, uint32_t *scans)
{
    const struct run *run = invariant->run;
    enum breaker_state state;
    uint64_t since_ns;
    if (!gate->asked_known || gate->waited) return;
    if (!state_at(run, gate->asked_ns, &state, &since_ns)) return;
    bool by_breaker = gate->end == PATH_BREAKER_OPEN || gate->end == PATH_BREAKER_PROBES_OUT;
    enum breaker_state wanted = gate->end == PATH_BREAKER_OPEN ? BREAKER_OPEN : BREAKER_HALF_OPEN;
    if (by_breaker && state != wanted && !came_to(run, gate, wanted)) {
        invariant_breach(invariant, gate->request, "the first was refused at %.6f s by %s, but the "
                                                   "breaker was %s",
                         verdict_seconds(gate->asked_ns), name_of(gate->end),
                         breaker_state_name(state));
    }
    if (run->world == WORLD_REAL || gate->end != PATH_BREAKER_PROBES_OUT) return;
    if ((*scans)++ >= REFUSALS_MAX) return;
    uint32_t probes = probes_at(run, since_ns, gate->asked_ns);
    uint32_t wanted_probes = run->config->engine.breaker.half_open_probes;
    if (probes >= wanted_probes) return;
    invariant_breach(invariant, gate->request,
                     "the first was refused at %.6f s as all probes were out, but only %u of %u "
                     "were",
                     verdict_seconds(gate->asked_ns), probes, wanted_probes);
}

static void check_start(struct invariant *invariant, const struct gate *gate)
{
    enum breaker_state state;
    uint64_t since_ns;
    if (gate->attempt == NULL || !gate->attempt->start_known) return;
    if (!state_at(invariant->run, gate->attempt->started_ns, &state, &since_ns)) return;
    bool probe = gate->end == PATH_BREAKER_PROBE;
    if (state == (probe ? BREAKER_HALF_OPEN : BREAKER_CLOSED)) return;
    invariant_breach(invariant, gate->request, "attempt %u of the first passed %s at %.6f s, but "
                                               "the breaker was %s",
                     gate->number, name_of(gate->end), verdict_seconds(gate->attempt->started_ns),
                     breaker_state_name(state));
}

/* The path's attempts are those of the list. */
static void check_words(struct invariant *invariant, uint32_t request)
{
    const struct run *run = invariant->run;
    const struct run_answer *answer = &run->answers[request];
    uint32_t number = 0;
    for (uint32_t i = 0; i < answer->path_count; i++) {
        const struct path_entry *entry = &run->path[answer->path_at + i];
        if (entry->step != PATH_ATTEMPT) continue;
        if (number == answer->attempt_count) break;
        enum outcome told = (enum outcome)entry->outcome;
        enum outcome seen = run->attempts[answer->attempt_at + number++].outcome;
        bool same = run->world == WORLD_SIM
                        ? told == seen
                        : reference_outcome(told)->code == reference_outcome(seen)->code;
        if (same) continue;
        invariant_breach(invariant, request, "the path of the first says that attempt %u ended "
                                             "with %s, its list says %s",
                         number - 1, outcome_name(told), outcome_name(seen));
    }
    if (number == answer->attempt_count) return;
    invariant_breach(invariant, request,
                     "the path of the first tells of %u attempts, its list of %u", number,
                     answer->attempt_count);
}

void invariant_path(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint32_t scans = 0;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        if (run->answers[i].path_count == 0) continue;
        struct gate gate = gate_first(i);
        uint32_t began = 0;
        invariant->check->n++;
        check_words(invariant, i);
        while (gate_next(run, &gate)) {
            bool starts = gate.end == PATH_BREAKER_CLOSED || gate.end == PATH_BREAKER_PROBE;
            began += starts;
            if (starts) check_start(invariant, &gate);
            else check_refusal(invariant, &gate, &scans);
        }
        if (began == run->answers[i].attempt_count) continue;
        invariant_breach(invariant, i, "the breaker let %u attempts of the first pass, it made %u",
                         began, run->answers[i].attempt_count);
    }
}
