#include <assert.h>

#include "base/units.h"
#include "harness/verdict_private.h"

/* How long the service must stay well until it counts as recovered. */
#define RECOVERED_NS (2 * NS_PER_S)

/* The end of the last phase with faults; false when there is none. */
static bool last_fault_end(const struct scenario *scenario, uint64_t *out_ns)
{
    bool found = false;
    *out_ns = 0;
    for (size_t i = 0; i < scenario->phase_count; i++) {
        if (scenario->phases[i].fault_count == 0) continue;
        *out_ns = u64_max(*out_ns, scenario->phases[i].to_ns);
        found = true;
    }
    return found;
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

/* Index of the first answer from `end_ns` on after which all is seen to be well for RECOVERED_NS;
 * schedule->count when there is none. `*tail`: the first of the good answers that the scenario ends
 * with, schedule->count when it ends with a bad one. */
static size_t first_well(const struct run *run, uint64_t end_ns, struct check *check, size_t *tail)
{
    size_t first = run->schedule->count;
    uint64_t next_bad_ns = run->scenario->duration_ns; /* nobody looks any longer */
    bool is_tail = true;
    *tail = first;
    for (size_t i = run->schedule->count; i > 0; i--) {
        const struct run_answer *answer = &run->answers[i - 1];
        if (answer->intended_ns < end_ns) break;
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
    uint64_t end_ns;
    char within[UNITS_TEXT_MAX];
    units_format_duration(expect->limit_ns, within);
    bool found = last_fault_end(run->scenario, &end_ns);
    assert(found); /* the scenario was refused otherwise */
    size_t tail;
    size_t first = first_well(run, end_ns, check, &tail);
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
              schedule_request_id(first, id), (unsigned long long)check->n);
}
