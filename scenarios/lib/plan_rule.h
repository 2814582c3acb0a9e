#ifndef SCENARIO_PLAN_RULE_H
#define SCENARIO_PLAN_RULE_H
/* What one fault of a phase remembers, and whether it fires. Used by plan_state.c. */

#include "scenario/plan_burst.h"
#include "scenario/plan_models.h"
#include "scenario/plan_state.h"

__extension__ typedef unsigned __int128 plan_tokens;

struct plan_rule {
    struct plan_count count;
    uint64_t seen;              /* attempts that its other conditions let through */
    uint32_t due_ppm;           /* exact_share: what is owed, below a whole one */
    bool bucket_used;
    plan_tokens bucket;         /* rate_limit: what is in it */
    uint64_t bucket_ns;         /* as of */
    struct plan_burst burst;
    struct plan_models *models; /* owned; cold_start only */
};

/* An attempt that a fault may fire on. */
struct plan_trial {
    uint64_t seed;
    const struct fault *fault;
    const struct plan_query *query;
    uint64_t offset_ns; /* since the phase's start */
};

/* The conditions that say whether the fault has its say at all. */
bool plan_rule_is_eligible(struct plan_rule *rule, const struct plan_trial *trial);
/* Its draw, of an eligible attempt. */
bool plan_rule_draw_holds(const struct plan_trial *trial);
/* What counts, of an attempt that all else lets through. */
bool plan_rule_counter_holds(struct plan_rule *rule, const struct selection *select);
/* Takes a token; true when none is left. */
bool plan_rule_bucket_is_empty(struct plan_rule *rule, const struct plan_trial *trial);
void plan_rule_note(struct plan_rule *rule, const struct plan_trial *trial, bool fired);

#endif
