#include "base/units.h"
#include "harness/verdict_private.h"

/* How long the service must stay well until it counts as recovered. */
#define RECOVERED_NS (2 * NS_PER_S)

/* What is looked at: from the end of the fault until the next one begins, or the scenario ends. */
struct span {
    uint64_t from_ns, to_ns;
};

static struct span span_of(const struct scenario *scenario, const struct expect *expect)
{
    struct span span = { .to_ns = scenario->duration_ns };
    if (expect->window == WINDOW_AFTER) {
        span.from_ns = scenario_window_at(scenario, expect->phase).to_ns;
    } else {
        for (size_t i = 0; i < scenario->phase_count; i++) {
            if (scenario->phases[i].fault_count == 0) continue;
            span.from_ns = u64_max(span.from_ns, scenario->phases[i].to_ns);
        }
    }
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        if (phase->fault_count == 0 || phase->from_ns < span.from_ns) continue;
        span.to_ns = u64_min(span.to_ns, phase->from_ns);
    }
    return span;
}

static bool goes_to_baseline(const struct run_answer *answer)
{
    return answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
           answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
}

static bool is_well(const struct run_answer *answer)
{
    if (!answer->answered) return false;
    if (goes_to_baseline(answer)) return true; /* says nothing about the upstream */
    return (answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM) &&
           answer->cause == CODE_NONE;
}

/* Index of the first answer of the span after which all is seen to be well for RECOVERED_NS;
 * schedule->count when there is none. `*tail`: the first of the good answers that the span ends
 * with, schedule->count when it ends with a bad one. */
static size_t first_well(const struct run *run, const struct expect *expect, struct span span,
                         struct check *check, size_t *tail)
{
    size_t first = run->schedule->count;
    uint64_t next_bad_ns = span.to_ns; /* nobody looks any longer */
    bool is_tail = true;
    *tail = first;
    for (size_t i = run->schedule->count; i > 0; i--) {
        const struct run_answer *answer = &run->answers[i - 1];
        if (answer->intended_ns < span.from_ns) break;
        if (answer->intended_ns >= span.to_ns || !verdict_asks(run, expect, i - 1)) continue;
        check->n++;
        if (!is_well(answer)) {
            next_bad_ns = answer->intended_ns;
            is_tail = false;
            check->ids[0] = (uint32_t)(i - 1);
            continue;
        }
        if (goes_to_baseline(answer)) continue;
        if (is_tail) *tail = i - 1;
        if (next_bad_ns >= instant_add(answer->intended_ns, RECOVERED_NS)) first = i - 1;
    }
    return first;
}

void verdict_recovers(const struct run *run, const struct expect *expect, struct check *check)
{
    char within[UNITS_TEXT_MAX];
    units_format_duration(expect->limit_ns, within);
    struct span span = span_of(run->scenario, expect);
    uint64_t end_ns = span.from_ns;
    size_t tail;
    size_t first = first_well(run, expect, span, check, &tail);
    if (check->n == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected recovery within %s of the last fault at %.1f s; no request was "
                         "sent after it",
                  within, verdict_seconds(end_ns));
        return;
    }
    bool too_short = first == run->schedule->count && tail < first &&
                     instant_until(run->answers[tail].done_ns, end_ns) <= expect->limit_ns;
    if (too_short) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check,
                  "expected recovery within %s of the last fault at %.1f s; answers are fresh from "
                  "%.3f s on, but the scenario ends before that has lasted 2 s: let it go on",
                  within, verdict_seconds(end_ns),
                  verdict_seconds(run->answers[tail].intended_ns));
        return;
    }
    if (first == run->schedule->count) {
        check->id_count = 1;
        check_fail(check,
                   "expected recovery within %s of the last fault at %.1f s; of %llu answers none "
                   "began 2 s of fresh ones",
                   within, verdict_seconds(end_ns), (unsigned long long)check->n);
        return;
    }
    uint64_t took_ns = instant_until(run->answers[first].done_ns, end_ns);
    char id[REQUEST_ID_MAX];
    if (took_ns > expect->limit_ns) {
        check->status = CHECK_FAIL;
        check->ids[0] = (uint32_t)first;
        check->id_count = 1;
    }
    check_say(check,
              "expected recovery within %s of the last fault at %.1f s; it took %.3f s: from %s "
              "on, answers were fresh for 2 s (%llu answers judged)",
              within, verdict_seconds(end_ns), verdict_seconds(took_ns),
              run_request_id(run, (uint32_t)first, id), (unsigned long long)check->n);
}
