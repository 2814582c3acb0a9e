#include "harness/shrink_guard.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "harness/story.h"
#include "harness/verdict_breaker.h"

/* What it takes to see that answers are fresh again (verdict_recovers.c). */
#define SEEN_NS (2 * NS_PER_S)

static bool asks_for_many(const struct expect *expect)
{
    bool at_least = expect->op == COMPARE_GE || expect->op == COMPARE_GT;
    return at_least || (expect->op == COMPARE_EQ && expect->value > 0);
}

bool shrink_guard_freezes(const struct run *run, const char *check, bool calm_passes)
{
    const struct expect *expect = scenario_expect(run->scenario, check);
    if (expect == NULL) return false;
    switch (expect->kind) {
    case EXPECT_SERVED:
    case EXPECT_CODES:
    case EXPECT_AMPLIFICATION:
    case EXPECT_ATTEMPTS: return asks_for_many(expect) && !calm_passes;
    case EXPECT_ROLLBACK: return expect->rollback_expected;
    case EXPECT_BREAKER: return breaker_span_of(run, expect).count + 1 < expect->state_count;
    case EXPECT_LATENCY:
    case EXPECT_ORDER:
    case EXPECT_RECOVERS:
    case EXPECT_BACKOFF:
    case EXPECT_FRESHNESS:
    case EXPECT_AVAILABILITY:
    case EXPECT_CYCLE:
    case EXPECT_CANARY: return false;
    }
    return false;
}

uint64_t shrink_guard_digest(const struct run *run, const char *check)
{
    const struct expect *expect = scenario_expect(run->scenario, check);
    uint64_t digest = 0;
    if (expect == NULL || expect->kind != EXPECT_BREAKER) return digest;
    const struct breaker_span span = breaker_span_of(run, expect);
    if (expect->window != WINDOW_ALL) digest = draw(digest, span.begins, 0, 2);
    for (size_t i = 0; i < span.count; i++)
        digest = draw(digest, run->transitions[span.first + i].to, i, 1);
    return digest;
}

static bool passes(const struct suite_scenario *item, const char *name)
{
    struct err_note note = { .err = ERR_OK };
    struct run run;
    struct verdicts verdicts;
    bool found = false;
    if (story_simulate(item, &run, &verdicts, &note) != ERR_OK) return false;
    for (size_t i = 0; i < verdicts.count; i++) {
        const struct check *check = &verdicts.checks[i];
        if (strcmp(check->name, name) == 0) found = check->status == CHECK_PASS;
    }
    verdict_deinit(&verdicts);
    run_deinit(&run);
    return found;
}

bool shrink_guard_calm_passes(const struct suite_scenario *item, const char *check)
{
    struct suite_scenario calm = *item;
    struct phase *phases = mem_alloc(calm.scenario.phase_count, sizeof *phases);
    for (size_t i = 0; i < calm.scenario.phase_count; i++) {
        phases[i] = calm.scenario.phases[i];
        phases[i].faults = NULL;
        phases[i].fault_count = 0;
    }
    calm.scenario.phases = phases;
    calm.scenario.redis.calm = true;
    bool passed = passes(&calm, check);
    mem_free(phases);
    return passed;
}

uint64_t shrink_guard_tail_ns(const struct scenario *scenario, const char *check)
{
    const struct expect *expect = scenario_expect(scenario, check);
    uint64_t last_ns = 0;
    if (expect == NULL || expect->kind != EXPECT_RECOVERS) return 0;
    for (size_t i = 0; i < scenario->phase_count; i++) {
        if (scenario->phases[i].fault_count > 0) last_ns = scenario->phases[i].to_ns;
    }
    if (last_ns > scenario->duration_ns) last_ns = scenario->duration_ns;
    uint64_t tail_ns = scenario->duration_ns - last_ns;
    uint64_t needed_ns = expect->limit_ns + SEEN_NS;
    return tail_ns < needed_ns ? tail_ns : needed_ns;
}
