#include "scenario/plan_rule.h"

#include <string.h>

#include "base/instant.h"
#include "base/rng.h"

enum { PPM_ALL = 1000000 };

/* A token in the bucket's units: millionths (as rates are given) times nanoseconds per second. */
static const plan_tokens TOKEN = (plan_tokens)1000000 * 1000000000;

static bool is_asked(const char *wanted, const char *name)
{
    return wanted == NULL || selection_name_matches(wanted, name);
}

bool plan_rule_is_eligible(struct plan_rule *rule, const struct plan_trial *trial)
{
    const struct selection *select = &trial->fault->select;
    const struct plan_query *query = trial->query;
    if (trial->offset_ns < select->after_ns || trial->offset_ns >= select->until_ns) return false;
    if (query->attempt < select->attempt_min || query->attempt > select->attempt_max) return false;
    if (!is_asked(select->model, query->model)) return false;
    if (!is_asked(select->market, query->market)) return false;
    if (select->path != NULL && (query->path == NULL || strcmp(select->path, query->path) != 0)) {
        return false;
    }
    return !select->burst ||
           plan_burst_is_bad(&rule->burst, trial->seed, trial->fault, trial->offset_ns);
}

bool plan_rule_draw_holds(const struct plan_trial *trial)
{
    const struct selection *select = &trial->fault->select;
    if (select->counter == COUNT_EXACT_SHARE) return true;
    uint32_t share_ppm = selection_share_ppm(select, trial->offset_ns);
    if (share_ppm == PPM_ALL) return true;
    uint64_t uniform =
        draw(trial->seed, trial->fault->stream, trial->query->request_key, trial->query->attempt);
    return draw_hits(uniform, share_ppm);
}

bool plan_rule_counter_holds(struct plan_rule *rule, const struct selection *select)
{
    uint64_t number = ++rule->seen;
    switch (select->counter) {
    case COUNT_NONE: return true;
    case COUNT_FIRST: return number <= select->count;
    case COUNT_NTH: return number == select->count;
    case COUNT_EVERY: return number % select->count == 0;
    case COUNT_EXACT_SHARE: break;
    }
    rule->due_ppm += select->share_ppm;
    if (rule->due_ppm < PPM_ALL) return false;
    rule->due_ppm -= PPM_ALL;
    return true;
}

bool plan_rule_bucket_is_empty(struct plan_rule *rule, const struct plan_trial *trial)
{
    const struct fault *fault = trial->fault;
    uint64_t now_ns = trial->offset_ns;
    plan_tokens most = fault->burst * TOKEN;
    if (!rule->bucket_used)
        rule->bucket = most;
    else
        rule->bucket +=
            (plan_tokens)fault->rate_micro_per_s * instant_until(now_ns, rule->bucket_ns);
    if (rule->bucket > most) rule->bucket = most;
    rule->bucket_ns = u64_max(rule->bucket_ns, now_ns);
    rule->bucket_used = true;
    if (rule->bucket < TOKEN) return true;
    rule->bucket -= TOKEN;
    return false;
}

void plan_rule_note(struct plan_rule *rule, const struct plan_trial *trial, bool fired)
{
    rule->count.eligible++;
    rule->count.share_ppm_sum += selection_share_ppm(&trial->fault->select, trial->offset_ns);
    if (fired) rule->count.fired++;
}
