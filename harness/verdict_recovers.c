#include <stdio.h>

#include "base/units.h"
#include "harness/verdict_private.h"

/* How long the service must stay well until it counts as recovered. */
#define RECOVERED_NS (2 * NS_PER_S)

enum { EXPECTED_MAX = UNITS_TEXT_MAX + 80 };

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
    return (answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM) &&
           answer->cause == CODE_NONE;
}

/* Where RECOVERED_NS of fresh answers begin: indices, schedule->count when there is none. */
struct beginning {
    size_t seen;       /* another fresh answer shows that they lasted */
    size_t possible;   /* no bad one shows that they did not: the seen one, or one before it */
    uint64_t until_ns; /* when the last fresh answer known to belong to the possible one was due */
    uint64_t told;     /* answers that say something about the upstream */
    uint32_t bad;      /* the first of those that are not fresh; UINT32_MAX: none */
};

static struct beginning find_beginning(const struct run *run, const struct expect *expect,
                                       struct span span, struct check *check)
{
    const size_t none = run->schedule->count;
    struct beginning found = { .seen = none, .possible = none, .bad = UINT32_MAX };
    uint64_t next_bad_ns = INSTANT_NEVER;
    uint64_t last_good_ns = 0; /* before that bad one; 0: not met yet */
    for (size_t i = none; i > 0; i--) {
        const struct run_answer *answer = &run->answers[i - 1];
        const uint64_t at_ns = answer->intended_ns;
        if (at_ns < span.from_ns) break;
        if (at_ns >= span.to_ns || !verdict_asks(run, expect, i - 1)) continue;
        check->n++;
        if (goes_to_baseline(answer)) continue; /* says nothing about the upstream */
        found.told++;
        if (!is_well(answer)) {
            next_bad_ns = at_ns;
            last_good_ns = 0;
            found.bad = (uint32_t)(i - 1);
            continue;
        }
        last_good_ns = u64_max(last_good_ns, at_ns);
        if (last_good_ns >= at_ns + RECOVERED_NS) found.seen = i - 1;
        if (next_bad_ns < at_ns + RECOVERED_NS) continue;
        found.possible = i - 1;
        found.until_ns = last_good_ns;
    }
    return found;
}

static void say_unseen(const struct run *run, const struct beginning *found, struct span span,
                       const char *expected, struct check *check)
{
    const uint64_t from_ns = run->answers[found->possible].intended_ns;
    check->status = CHECK_INCONCLUSIVE;
    if (from_ns + RECOVERED_NS >= span.to_ns) {
        const char *what = span.to_ns < run->scenario->duration_ns ? "next fault begins"
                                                                   : "scenario ends";
        check_say(check,
                  "%s; answers are fresh from %.3f s on, but the %s before that has lasted 2 s: "
                  "let it go on",
                  expected, verdict_seconds(from_ns), what);
        return;
    }
    check_say(check,
              "%s; answers are fresh from %.3f s on, but after %.3f s none was asked for until "
              "that would have lasted 2 s: let requests go on",
              expected, verdict_seconds(from_ns), verdict_seconds(found->until_ns));
}

static bool is_in_time(const struct run *run, const struct expect *expect, struct span span,
                       size_t first)
{
    return first < run->schedule->count &&
           instant_until(run->answers[first].done_ns, span.from_ns) <= expect->limit_ns;
}

void verdict_recovers(const struct run *run, const struct expect *expect, struct check *check)
{
    char within[UNITS_TEXT_MAX], expected[EXPECTED_MAX], id[REQUEST_ID_MAX];
    const struct span span = span_of(run->scenario, expect);
    const struct beginning found = find_beginning(run, expect, span, check);
    snprintf(expected, sizeof expected, "expected recovery within %s of the last fault at %.1f s",
             units_format_duration(expect->limit_ns, within), verdict_seconds(span.from_ns));
    if (found.told == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "%s; no request %s after it", expected,
                  check->n == 0 ? "was sent" : "that needs the upstream was sent");
        return;
    }
    const bool holds = is_in_time(run, expect, span, found.seen);
    if (!holds && is_in_time(run, expect, span, found.possible)) {
        say_unseen(run, &found, span, expected, check);
        return;
    }
    if (found.seen == run->schedule->count) {
        check_note(check, found.bad);
        check_fail(check, "%s; of %llu answers none began 2 s of fresh ones", expected,
                   (unsigned long long)check->n);
        return;
    }
    if (!holds) {
        check->status = CHECK_FAIL;
        check_note(check, (uint32_t)found.seen);
    }
    check_say(check, "%s; it took %.3f s: from %s on, answers were fresh for 2 s (%llu answers "
                     "judged)",
              expected,
              verdict_seconds(instant_until(run->answers[found.seen].done_ns, span.from_ns)),
              run_request_id(run, (uint32_t)found.seen, id), (unsigned long long)check->n);
}
