#include <stdio.h>
#include <string.h>

#include "harness/report_figures.h"
#include "harness/sweep_world.h"

enum { PPM = 1000000 };

static uint32_t share_ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint32_t)u64_min(part * PPM / whole, UINT32_MAX);
}

/* Its rule sends such a request to the baseline whatever the upstream does. */
static bool is_outside_the_chain(const struct run_answer *answer)
{
    return answer->cause == CODE_INPUT_INSUFFICIENT_HISTORY ||
           answer->cause == CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
}

static uint64_t recovery_ns(const struct run *run, const struct recovery *recovery)
{
    if (recovery->degraded == 0) return 0;
    uint64_t until = recovery->recovered_ns;
    if (until == INSTANT_NEVER) until = run->scenario->duration_ns; /* at least until then */
    return instant_until(until, recovery->faults_end_ns);
}

void sweep_measure_run(const struct run *run, uint64_t slow_over_ns, struct sweep_measure *out)
{
    *out = (struct sweep_measure){ .state = SWEEP_FEASIBLE };
    uint64_t owed = 0;
    uint64_t asked = 0;
    uint64_t fresh = 0;
    uint64_t slow = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->hung_up) continue;
        owed++;
        if (run_latency_ns(answer) > slow_over_ns) slow++;
        if (is_outside_the_chain(answer)) continue;
        asked++;
        bool forecast = answer->served == SERVED_CACHE || answer->served == SERVED_UPSTREAM;
        if (answer->answered && forecast) fresh++;
    }
    out->fresh_ppm = asked == 0 ? PPM : share_ppm(fresh, asked);
    out->slow_ppm = share_ppm(slow, owed);
    out->calls_ppm = share_ppm(run->attempt_count, run->schedule->count);
    struct recovery recovery;
    recovery_make(&recovery, run);
    out->has_recovery = recovery.faults_end_ns > 0;
    if (out->has_recovery) out->recovery_ns = recovery_ns(run, &recovery);
}

/* Whether it says that something is to be seen (stale answers, codes, a path of the breaker) and
 * not how well the service does. */
static bool is_witness(const struct expect *expect)
{
    bool at_least = expect->op == COMPARE_GE || expect->op == COMPARE_GT;
    switch (expect->kind) {
    case EXPECT_SERVED: return at_least && expect->served != EXPECT_SERVED_FRESH;
    case EXPECT_CODES: return at_least;
    case EXPECT_BREAKER: return true;
    case EXPECT_ROLLBACK: return expect->rollback_expected;
    case EXPECT_LATENCY:
    case EXPECT_ORDER:
    case EXPECT_AMPLIFICATION:
    case EXPECT_RECOVERS:
    case EXPECT_ATTEMPTS:
    case EXPECT_BACKOFF:
    case EXPECT_FRESHNESS:
    case EXPECT_AVAILABILITY:
    case EXPECT_CYCLE:
    case EXPECT_CANARY: return false;
    }
    return false;
}

/* Whether enough attempts met a fault, or enough retries waited, to tell anything: no setting is
 * worse for it. */
static bool is_about_the_scenario(const struct check *check, const struct expect *expect)
{
    static const char faults[] = "faults.";
    if (strncmp(check->name, faults, sizeof faults - 1) == 0) return true;
    return expect != NULL && expect->kind == EXPECT_BACKOFF &&
           check->status == CHECK_INCONCLUSIVE;
}

static bool is_tolerated(const struct check *check, const struct expect *expect,
                         const struct sweep_names *tolerated)
{
    for (size_t i = 0; i < tolerated->count; i++) {
        const char *text = tolerated->items[i].text;
        if (strncmp(check->name, text, strlen(text)) == 0) return true;
        if (strcmp(text, SWEEP_WITNESSES) == 0 && expect != NULL && is_witness(expect)) return true;
    }
    return false;
}

void sweep_measure_judge(const struct verdicts *verdicts, const struct scenario *scenario,
                         const struct sweep_names *tolerated, struct sweep_measure *out)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct check *check = &verdicts->checks[i];
        if (check->status == CHECK_PASS || check->status == CHECK_UNOBSERVABLE) continue;
        const struct expect *expect = scenario_expect(scenario, check->name);
        if (is_about_the_scenario(check, expect)) continue;
        if (is_tolerated(check, expect, tolerated)) continue;
        if (out->failed++ > 0) continue;
        out->state = SWEEP_INFEASIBLE;
        snprintf(out->check, sizeof out->check, "%s", check->name);
    }
}
