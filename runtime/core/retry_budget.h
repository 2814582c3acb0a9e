#ifndef CORE_RETRY_BUDGET_H
#define CORE_RETRY_BUDGET_H
/* How many retries the upstream may be asked for, over all calls: a bucket of tokens that first
 * attempts and time fill and retries empty, so that retries cannot multiply the load of an upstream
 * that fails for everybody. Integers only: one retry is 1000 thousandths.
 *
 * Each first attempt earns ratio_permille thousandths, each second min_per_s retries. The bucket
 * starts with min_per_s retries, and holds at most RETRY_BUDGET_SECONDS of min_per_s and
 * RETRY_BUDGET_BURST retries more.
 *
 * Example, ratio 0.2 and min_per_s 0: ten first attempts earn two retries; the third is refused. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

enum { RETRY_BUDGET_SECONDS = 10, RETRY_BUDGET_BURST = 100, RETRY_BUDGET_PER_S_MAX = 1000000 };

struct retry_budget_config {
    uint32_t ratio_permille; /* 0: no budget, every retry is granted; at most 1000 */
    uint32_t min_per_s;      /* at most RETRY_BUDGET_PER_S_MAX */
};

struct retry_budget {
    const struct retry_budget_config *config; /* borrowed */
    uint64_t tokens;                          /* thousandths of a retry */
    instant_ns filled;                        /* until when time has filled it */
};

void retry_budget_init(struct retry_budget *budget, const struct retry_budget_config *config);
/* A call starts its first attempt. */
void retry_budget_earn(struct retry_budget *budget);
/* Takes one retry; false when the bucket does not hold one. `now` never goes back. */
bool retry_budget_spend(struct retry_budget *budget, instant_ns now);

#endif
