#include "harness/invariants.h"

/* So many requests back the one whose call was shared is looked for. */
enum { LEADER_DISTANCE_MAX = 4096 };

static bool has_step(const struct run *run, const struct run_answer *answer, enum path_step step)
{
    for (uint32_t i = 0; i < answer->path_count; i++) {
        if (run->path[answer->path_at + i].step == step) return true;
    }
    return false;
}

/* Whether `leader` may be the one that `waiter` waited for: the same request, asked before, and
 * answered at the same moment. */
static bool may_lead(const struct run *run, uint32_t leader, uint32_t waiter)
{
    const struct arrival *asked = &run->schedule->items[leader];
    const struct arrival *waits = &run->schedule->items[waiter];
    const struct run_answer *answer = &run->answers[leader];
    uint64_t done_ns = run->answers[waiter].done_ns;
    uint64_t slack_ns = verdict_slack_ns(run);
    return asked->workload == waits->workload && asked->key == waits->key && answer->answered &&
           answer->done_ns <= done_ns + slack_ns && done_ns <= answer->done_ns + slack_ns &&
           !has_step(run, answer, PATH_FLIGHT_JOINED);
}

bool invariant_shares_cause(const struct run *run, uint32_t waiter)
{
    const struct run_answer *answer = &run->answers[waiter];
    bool any = false;
    if (answer->attempt_count > 0 || !has_step(run, answer, PATH_FLIGHT_FAILED)) return true;
    for (uint32_t i = 1; i <= waiter && i <= LEADER_DISTANCE_MAX; i++) {
        if (!may_lead(run, waiter - i, waiter)) continue;
        if (run->answers[waiter - i].cause == answer->cause) return true;
        any = true;
    }
    return !any; /* nobody is known to have led: a client that hung up, perhaps */
}
