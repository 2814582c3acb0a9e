#include "harness/shrink_guard.h"

#include "base/rng.h"

static bool asks_for_many(const struct expect *expect)
{
    bool at_least = expect->op == COMPARE_GE || expect->op == COMPARE_GT;
    return at_least || (expect->op == COMPARE_EQ && expect->value > 0);
}

bool shrink_guard_freezes(const struct run *run, const char *check)
{
    const struct expect *expect = scenario_expect(run->scenario, check);
    if (expect == NULL) return false;
    switch (expect->kind) {
    case EXPECT_SERVED:
    case EXPECT_CODES:
    case EXPECT_AMPLIFICATION:
    case EXPECT_ATTEMPTS: return asks_for_many(expect);
    case EXPECT_ROLLBACK: return expect->rollback_expected;
    case EXPECT_BREAKER: return run->transition_count + 1 < expect->state_count;
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
    for (size_t i = 0; i < run->transition_count; i++)
        digest = draw(digest, run->transitions[i].to, i, 1);
    return digest;
}
