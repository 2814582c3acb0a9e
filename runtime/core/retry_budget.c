#include "core/retry_budget.h"

#include <assert.h>

enum { RETRY = 1000 };

static uint64_t capacity(const struct retry_budget_config *config)
{
    return (RETRY_BUDGET_BURST + (uint64_t)RETRY_BUDGET_SECONDS * config->min_per_s) * RETRY;
}

static void add(struct retry_budget *budget, uint64_t tokens)
{
    budget->tokens = u64_min(budget->tokens + tokens, capacity(budget->config));
}

void retry_budget_init(struct retry_budget *budget, const struct retry_budget_config *config)
{
    assert(config->ratio_permille <= RETRY);
    assert(config->min_per_s <= RETRY_BUDGET_PER_S_MAX);
    *budget = (struct retry_budget){
        .config = config,
        .tokens = (uint64_t)config->min_per_s * RETRY,
    };
}

void retry_budget_earn(struct retry_budget *budget)
{
    if (budget->config->ratio_permille > 0) add(budget, budget->config->ratio_permille);
}

/* Time counts in whole milliseconds: min_per_s thousandths each; rounding loses nothing. */
static void fill(struct retry_budget *budget, instant_ns now)
{
    assert(now >= budget->filled);
    uint64_t passed_ms = (now - budget->filled) / NS_PER_MS;
    budget->filled += passed_ms * NS_PER_MS;
    uint64_t useful_ms = u64_min(passed_ms, capacity(budget->config)); /* then it is full */
    add(budget, useful_ms * budget->config->min_per_s);
}

bool retry_budget_spend(struct retry_budget *budget, instant_ns now)
{
    if (budget->config->ratio_permille == 0) return true;
    fill(budget, now);
    if (budget->tokens < RETRY) return false;
    budget->tokens -= RETRY;
    return true;
}
