#include "harness/reference_private.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"

void referee_find(struct referee *referee, uint32_t request, const char *format, ...)
{
    struct reference_finding *out = referee->out;
    if (out->wrong) return;
    out->wrong = true;
    out->request = request;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->sentence, sizeof out->sentence, format, arguments);
    va_end(arguments);
}

double referee_seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

bool referee_may_belong(const struct referee *referee, uint64_t at_ns)
{
    uint64_t order_ns = referee->tolerance.order_ns;
    return instant_add(at_ns, order_ns) >= referee->stay.from_ns &&
           at_ns <= instant_add(referee->stay.to_ns, order_ns);
}

bool referee_must_belong(const struct referee *referee, uint64_t at_ns)
{
    uint64_t order_ns = referee->tolerance.order_ns;
    bool after = referee->stay.from_ns == 0 || at_ns > referee->stay.from_ns + order_ns;
    return after && instant_add(at_ns, order_ns) < referee->stay.to_ns;
}

bool referee_may_end(const struct referee *referee, uint64_t at_ns)
{
    return distance(at_ns, referee->stay.to_ns) <= referee->tolerance.order_ns;
}

/* The first result that finishes at or after a moment. */
static size_t first_from(const struct referee *referee, uint64_t at_ns)
{
    size_t low = 0;
    size_t high = referee->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (referee->results[middle].finished_ns < at_ns) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* OPEN lasts one cooldown, jitter and a late timer allowed for. */
static void check_open(struct referee *referee, uint64_t run_end_ns)
{
    const struct breaker_config *config = referee->config;
    uint64_t jitter_ns = (uint64_t)((double)config->cooldown_ns *
                                    (double)config->cooldown_jitter_permille / 1000.0) + 1;
    uint64_t shortest_ns = instant_until(config->cooldown_ns, jitter_ns);
    uint64_t longest_ns = config->cooldown_ns + jitter_ns + referee->tolerance.timer_ns;
    uint64_t end_ns = referee->stay.end == NULL ? run_end_ns : referee->stay.to_ns;
    uint64_t length_ns = instant_until(end_ns, referee->stay.from_ns);
    if (referee->stay.end != NULL && length_ns + referee->tolerance.order_ns < shortest_ns) {
        referee_find(referee, UINT32_MAX,
                     "the breaker left open at %.3f s after %.3f s; the cooldown is at least "
                     "%.3f s",
                     referee_seconds(end_ns), referee_seconds(length_ns),
                     referee_seconds(shortest_ns));
    }
    if (length_ns > longest_ns) {
        referee_find(referee, UINT32_MAX,
                     "the breaker was still open at %.3f s, %.3f s after it opened; the "
                     "cooldown is at most %.3f s",
                     referee_seconds(end_ns), referee_seconds(length_ns),
                     referee_seconds(longest_ns));
    }
}

/* Probes may outlive the stay. */
static size_t half_open_last(const struct referee *referee)
{
    uint64_t spare_ns = referee->longest_ns + referee->tolerance.order_ns + 1;
    return first_from(referee, instant_add(referee->stay.to_ns, spare_ns));
}

/* What ended HALF_OPEN must have happened then. */
static void check_half_open_end(struct referee *referee)
{
    const struct breaker_transition *end = referee->stay.end;
    uint64_t order_ns = referee->tolerance.order_ns;
    uint64_t deadline_ns = referee->config->probe_deadline_ns;
    uint64_t successes = 0;
    bool failed = false;
    bool succeeded = false;
    bool silent = false;
    for (size_t i = referee->first; i < half_open_last(referee); i++) {
        const struct referee_result *result = &referee->results[i];
        if (!referee_may_belong(referee, result->started_ns)) continue;
        uint64_t due_ns = instant_add(result->started_ns, deadline_ns);
        silent = silent || (result->finished_ns + order_ns >= end->at &&
                            end->at + order_ns >= due_ns &&
                            end->at <= due_ns + referee->tolerance.timer_ns + order_ns);
        if (result->finished_ns > end->at + order_ns) continue;
        failed = failed || (result->verdict == VERDICT_FAILURE &&
                            referee_may_end(referee, result->finished_ns));
        succeeded = succeeded || (result->verdict == VERDICT_SUCCESS &&
                                  referee_may_end(referee, result->finished_ns));
        successes += result->verdict == VERDICT_SUCCESS;
    }
    uint32_t needed = referee->config->half_open_probes;
    if (end->rule == BREAKER_RULE_PROBE_FAILED && !failed) {
        referee_find(referee, UINT32_MAX,
                     "the breaker opened again at %.3f s, but no probe failed then",
                     referee_seconds(end->at));
    } else if (end->rule == BREAKER_RULE_PROBE_SILENT && !silent) {
        referee_find(referee, UINT32_MAX,
                     "the breaker opened again at %.3f s, but no probe was silent for %.3f s",
                     referee_seconds(end->at), referee_seconds(deadline_ns));
    } else if (end->rule == BREAKER_RULE_PROBES_PASSED && (!succeeded || successes < needed)) {
        referee_find(referee, UINT32_MAX,
                     "the breaker closed at %.3f s after %llu successful probes; %u are needed",
                     referee_seconds(end->at), (unsigned long long)successes, needed);
    }
}

/* While HALF_OPEN: the first failure and the k-th success end it; no more than k are admitted. */
static void check_half_open(struct referee *referee)
{
    uint32_t needed = referee->config->half_open_probes;
    uint64_t order_ns = referee->tolerance.order_ns;
    uint64_t deadline_ns = referee->config->probe_deadline_ns;
    uint64_t successes = 0;
    uint64_t admitted = 0; /* probes that keep their place */
    for (size_t i = referee->first; i < half_open_last(referee); i++) {
        const struct referee_result *result = &referee->results[i];
        if (!referee_must_belong(referee, result->started_ns)) continue;
        uint64_t due_ns = result->started_ns + deadline_ns + referee->tolerance.timer_ns + order_ns;
        bool in_time = instant_add(result->finished_ns, order_ns) < referee->stay.to_ns;
        if (!in_time || result->verdict != VERDICT_EXCLUDED) admitted++;
        if (result->finished_ns > due_ns && due_ns < referee->stay.to_ns) {
            referee_find(referee, result->request,
                         "a probe of %.3f s never reported, and the breaker did not open again",
                         referee_seconds(result->started_ns));
        }
        if (!in_time) continue;
        if (result->verdict == VERDICT_FAILURE) {
            referee_find(referee, result->request,
                         "a probe failed at %.3f s and the breaker did not open again",
                         referee_seconds(result->finished_ns));
        }
        successes += result->verdict == VERDICT_SUCCESS;
        if (successes >= needed) {
            referee_find(referee, result->request,
                         "%u probes had succeeded by %.3f s and the breaker did not close", needed,
                         referee_seconds(result->finished_ns));
        }
    }
    if (admitted > needed) {
        referee_find(referee, UINT32_MAX,
                     "the breaker admitted %llu probes when half open since %.3f s; %u are allowed",
                     (unsigned long long)admitted, referee_seconds(referee->stay.from_ns), needed);
    }
    if (referee->stay.end != NULL) check_half_open_end(referee);
}

/* Whether the automaton has this edge at all. */
static bool is_edge(const struct breaker_transition *transition)
{
    enum breaker_state from = transition->from;
    enum breaker_state to = transition->to;
    switch (transition->rule) {
    case BREAKER_RULE_COUNT: return from == BREAKER_CLOSED && to == BREAKER_OPEN;
    case BREAKER_RULE_RATIO: return from == BREAKER_CLOSED && to == BREAKER_OPEN;
    case BREAKER_RULE_COOLDOWN_OVER: return from == BREAKER_OPEN && to == BREAKER_HALF_OPEN;
    case BREAKER_RULE_PROBE_FAILED: return from == BREAKER_HALF_OPEN && to == BREAKER_OPEN;
    case BREAKER_RULE_PROBE_SILENT: return from == BREAKER_HALF_OPEN && to == BREAKER_OPEN;
    case BREAKER_RULE_PROBES_PASSED: return from == BREAKER_HALF_OPEN && to == BREAKER_CLOSED;
    }
    return false;
}

static int compare_results(const void *a, const void *b)
{
    const struct referee_result *left = a;
    const struct referee_result *right = b;
    if (left->finished_ns != right->finished_ns) {
        return left->finished_ns < right->finished_ns ? -1 : 1;
    }
    return (left->request > right->request) - (left->request < right->request);
}

static void collect(struct referee *referee, const struct run *run)
{
    referee->results = mem_alloc(run->attempt_count, sizeof *referee->results);
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        enum verdict verdict = reference_outcome(attempt->outcome)->verdict;
        if (attempt->outcome == OUTCOME_HTTP_429 && referee->config->count_429) {
            verdict = VERDICT_FAILURE;
        }
        referee->results[referee->count++] = (struct referee_result){
            .started_ns = attempt->started_ns,
            .finished_ns = attempt->started_ns + attempt->latency_ns,
            .verdict = verdict,
            .request = attempt->request,
        };
        referee->longest_ns = u64_max(referee->longest_ns, attempt->latency_ns);
    }
    sort_items(referee->results, referee->count, sizeof *referee->results, compare_results);
}

static uint64_t run_end(const struct run *run)
{
    uint64_t end_ns = run->scenario->duration_ns;
    for (size_t i = 0; i < run->attempt_count; i++) {
        end_ns = u64_max(end_ns, run->attempts[i].started_ns);
    }
    return end_ns;
}

static void check_stay(struct referee *referee, const struct run *run)
{
    uint64_t order_ns = referee->tolerance.order_ns;
    referee->first = first_from(referee, instant_until(referee->stay.from_ns, order_ns));
    referee->last = referee->stay.end == NULL
                        ? referee->count
                        : first_from(referee, referee->stay.to_ns + order_ns + 1);
    switch (referee->stay.state) {
    case BREAKER_CLOSED: referee_check_closed(referee); break;
    case BREAKER_OPEN: check_open(referee, run_end(run)); break;
    case BREAKER_HALF_OPEN: check_half_open(referee); break;
    }
}

void reference_breaker_check(const struct run *run, struct reference_tolerance tolerance,
                             struct reference_finding *out)
{
    *out = (struct reference_finding){ .request = UINT32_MAX };
    struct referee referee = {
        .config = &run->config->engine.breaker,
        .tolerance = tolerance,
        .out = out,
        .stay = { .state = BREAKER_CLOSED },
    };
    collect(&referee, run);
    for (size_t i = 0; i <= run->transition_count && !out->wrong; i++) {
        const struct breaker_transition *end =
            i < run->transition_count ? &run->transitions[i] : NULL;
        referee.stay.end = end;
        referee.stay.to_ns = end == NULL ? INSTANT_NEVER : end->at;
        if (end != NULL && (end->from != referee.stay.state || !is_edge(end))) {
            referee_find(&referee, UINT32_MAX,
                         "at %.3f s the breaker went from %s to %s by %s, which it cannot when it "
                         "is %s",
                         referee_seconds(end->at), breaker_state_name(end->from),
                         breaker_state_name(end->to),
                         breaker_rule_name(end->rule), breaker_state_name(referee.stay.state));
            break;
        }
        check_stay(&referee, run);
        if (end == NULL) break;
        referee.stay = (struct referee_stay){ .state = end->to, .from_ns = end->at };
    }
    mem_free(referee.results);
}
