#include "harness/canary.h"

#include <assert.h>

#include "core/breaker.h"
#include "harness/slo_timeline.h"

enum { WINDOW_S = 300, SUSTAINED_WINDOWS = 3, PPM = 1000000 };

/* In order of enum rollback_trigger; `share` over it breaks the rule. */
static const struct {
    const char *name;
    const char *rule;
    double share;
} rules[ROLLBACK_TRIGGERS] = {
    [ROLLBACK_P95] = { "p95", "p95 > 400 ms in two consecutive 5-minute windows", 0.05 },
    [ROLLBACK_ERRORS] = { "error_rate", "error rate > 2 % in a 5-minute window", 0.02 },
    [ROLLBACK_INVALID] = { "invalid_output", "an invalid output", 0 },
    [ROLLBACK_FALLBACKS] = { "fallback_rate", "fallback rate > 20 % for 15 minutes", 0.20 },
    [ROLLBACK_BREAKER] = { "breaker", "breaker open > 30 % of the time for 15 minutes", 0.30 },
};

const char *rollback_trigger_name(enum rollback_trigger trigger)
{
    assert((unsigned)trigger < ROLLBACK_TRIGGERS);
    return rules[trigger].name;
}

const char *rollback_trigger_rule(enum rollback_trigger trigger)
{
    assert((unsigned)trigger < ROLLBACK_TRIGGERS);
    return rules[trigger].rule;
}

bool canary_is_fallback(const struct run_answer *answer)
{
    if (!answer->answered) return false;
    if (answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
        answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY) {
        return false;
    }
    return answer->served == SERVED_STALE || answer->served == SERVED_BASELINE;
}

bool canary_is_error(const struct run_answer *answer)
{
    return !answer->answered || answer->http_status >= 500;
}

static enum slo_event judge_slow(const struct run *run, const struct run_answer *answer)
{
    (void)run;
    if (answer->hung_up && !run_outwaited(answer, ROLLBACK_P95_NS)) return SLO_EVENT_NONE;
    return run_latency_ns(answer) > ROLLBACK_P95_NS ? SLO_EVENT_BAD : SLO_EVENT_GOOD;
}

static enum slo_event judge_error(const struct run *run, const struct run_answer *answer)
{
    (void)run;
    if (answer->hung_up) return SLO_EVENT_NONE;
    return canary_is_error(answer) ? SLO_EVENT_BAD : SLO_EVENT_GOOD;
}

static enum slo_event judge_fallback(const struct run *run, const struct run_answer *answer)
{
    (void)run;
    if (answer->hung_up) return SLO_EVENT_NONE;
    return canary_is_fallback(answer) ? SLO_EVENT_BAD : SLO_EVENT_GOOD;
}

/* The first bad answer, for showing. */
static uint32_t first_bad(const struct run *run, slo_judge *judge)
{
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        if (judge(run, &run->answers[i]) == SLO_EVENT_BAD) return i;
    }
    return UINT32_MAX;
}

static void note_share(struct rollback *out, double share)
{
    out->worst = u64_max(out->worst, (uint64_t)(share * PPM));
}

/* `needed` windows in a row, end to end from the scenario's start, each above the limit. */
static void find_sustained(const struct run *run, slo_judge *judge, double limit, unsigned needed,
                           struct rollback *out)
{
    struct slo_timeline timeline;
    unsigned row = 0;
    slo_timeline_init(&timeline, run, judge);
    for (uint64_t t = WINDOW_S; t < timeline.seconds + WINDOW_S; t += WINDOW_S) {
        double share = slo_timeline_share(&timeline, t, WINDOW_S);
        note_share(out, share);
        row = share > limit ? row + 1 : 0;
        if (row < needed || out->fired) continue;
        out->fired = true;
        out->at_ns = t * NS_PER_S;
        out->request = first_bad(run, judge);
    }
    slo_timeline_deinit(&timeline);
}

/* A window that slides by seconds. */
static void find_any(const struct run *run, slo_judge *judge, double limit, struct rollback *out)
{
    struct slo_timeline timeline;
    slo_timeline_init(&timeline, run, judge);
    for (uint64_t t = 1; t <= timeline.seconds; t++) {
        double share = slo_timeline_share(&timeline, t, WINDOW_S);
        note_share(out, share);
        if (share <= limit || out->fired) continue;
        out->fired = true;
        out->at_ns = t * NS_PER_S;
        out->request = first_bad(run, judge);
    }
    slo_timeline_deinit(&timeline);
}

static void find_invalid(const struct run *run, struct rollback *out)
{
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered || answer->hung_up || answer->output_valid) continue;
        out->worst++;
        if (out->fired && answer->done_ns >= out->at_ns) continue;
        out->fired = true;
        out->at_ns = answer->done_ns;
        out->request = i;
    }
}

/* How long the breaker was OPEN between two moments. */
static uint64_t open_ns(const struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t sum_ns = 0;
    for (size_t i = 0; i < run->transition_count; i++) {
        const struct breaker_transition *opened = &run->transitions[i];
        if (opened->to != BREAKER_OPEN) continue;
        uint64_t end_ns = i + 1 < run->transition_count ? run->transitions[i + 1].at
                                                        : run->scenario->duration_ns;
        sum_ns += instant_until(u64_min(end_ns, to_ns), u64_max(opened->at, from_ns));
    }
    return sum_ns;
}

static void find_breaker(const struct run *run, double limit, struct rollback *out)
{
    const uint64_t window_ns = WINDOW_S * NS_PER_S;
    unsigned row = 0;
    out->observable = run->permits_known;
    for (uint64_t from_ns = 0; from_ns < run->scenario->duration_ns; from_ns += window_ns) {
        double share = (double)open_ns(run, from_ns, from_ns + window_ns) / (double)window_ns;
        note_share(out, share);
        row = share > limit ? row + 1 : 0;
        if (row < SUSTAINED_WINDOWS || out->fired) continue;
        out->fired = true;
        out->at_ns = from_ns + window_ns;
    }
}

void rollback_find(const struct run *run, struct rollback out[ROLLBACK_TRIGGERS])
{
    for (size_t i = 0; i < ROLLBACK_TRIGGERS; i++) {
        enum rollback_trigger trigger = (enum rollback_trigger)i;
        double limit = rules[i].share;
        out[i] = (struct rollback){ .observable = true, .request = UINT32_MAX };
        switch (trigger) {
        case ROLLBACK_P95: find_sustained(run, judge_slow, limit, 2, &out[i]); break;
        case ROLLBACK_ERRORS: find_any(run, judge_error, limit, &out[i]); break;
        case ROLLBACK_INVALID: find_invalid(run, &out[i]); break;
        case ROLLBACK_FALLBACKS:
            find_sustained(run, judge_fallback, limit, SUSTAINED_WINDOWS, &out[i]);
            break;
        case ROLLBACK_BREAKER: find_breaker(run, limit, &out[i]); break;
        case ROLLBACK_TRIGGERS: break;
        }
    }
}
