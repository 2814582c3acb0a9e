#include "base/mem.h"
#include "base/sort.h"
#include "harness/invariants.h"
#include "harness/reference.h"
#include "harness/sim.h"

enum { TOKEN = 1000, SECONDS = 10, BURST = 100 };

/* What moves the bucket: a first attempt earns, a retry that is allowed or refused spends. */
struct deed {
    uint64_t at_ns;
    uint32_t request;
    bool earns;
    bool refused;
};

struct deeds {
    struct deed *items; /* owned */
    size_t count;
    bool doubt; /* more than one retry may have been granted without a trace */
};

static int compare_deeds(const void *a, const void *b)
{
    const struct deed *left = a;
    const struct deed *right = b;
    if (left->at_ns != right->at_ns) return left->at_ns < right->at_ns ? -1 : 1;
    if (left->earns != right->earns) return left->earns ? 1 : -1; /* replies come before arrivals */
    /* In which order the replies of one moment were taken is not told: those that may ask again
     * first is one that explains the others' refusals, when any does. */
    if (left->refused != right->refused) return left->refused ? 1 : -1;
    return (left->request > right->request) - (left->request < right->request);
}

/* The word that follows attempt `number`'s; PATH_ATTEMPT when there is none. */
static enum path_step word_after(const struct run *run, const struct run_answer *answer,
                                 uint32_t number)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < answer->path_count; i++) {
        if (run->path[answer->path_at + i].step != PATH_ATTEMPT || seen++ != number) continue;
        if (i + 1 == answer->path_count) break;
        return (enum path_step)run->path[answer->path_at + i + 1].step;
    }
    return PATH_ATTEMPT;
}

/* Whether a retry was granted behind the last attempt, which then never began. */
static bool was_granted(const struct run *run, const struct run_answer *answer,
                        const struct run_attempt *last)
{
    uint64_t end_ns = last->started_ns + last->latency_ns;
    uint64_t done_ns = answer->hung_up ? answer->done_ns : answer->done_ns - SIM_TRANSPORT_NS;
    if (!reference_outcome(last->outcome)->retryable) return false;
    enum path_step next = word_after(run, answer, last->number);
    bool came_back = next == PATH_HOLD || next == PATH_BREAKER_PROBES_OUT ||
                     next == PATH_POOL_WAIT || next == PATH_POOL_FULL;
    /* Else it fell back at once, or left in its backoff, or was woken too late. */
    return came_back || done_ns > end_ns;
}

static void add_earning(struct deeds *deeds, const struct run_attempt *attempt)
{
    deeds->items[deeds->count++] = (struct deed){
        .at_ns = attempt->started_ns,
        .request = attempt->request,
        .earns = true,
    };
}

/* At the end of the attempt that would be repeated. */
static void add_retry(struct deeds *deeds, const struct run_attempt *attempt, bool refused)
{
    deeds->items[deeds->count++] = (struct deed){
        .at_ns = attempt->started_ns + attempt->latency_ns,
        .request = attempt->request,
        .refused = refused,
    };
}

static void collect(struct deeds *deeds, const struct run *run)
{
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        for (uint32_t a = 0; a < answer->attempt_count; a++) {
            const struct run_attempt *attempt = &run->attempts[answer->attempt_at + a];
            if (a == 0) add_earning(deeds, attempt);
            if (word_after(run, answer, a) == PATH_RETRY_BUDGET) {
                add_retry(deeds, attempt, true);
            } else if (a + 1u < answer->attempt_count || was_granted(run, answer, attempt)) {
                add_retry(deeds, attempt, false);
            } else if (word_after(run, answer, a) == PATH_BREAKER_OPEN || answer->hung_up) {
                deeds->doubt = true;
            }
        }
    }
    sort_items(deeds->items, deeds->count, sizeof *deeds->items, compare_deeds);
}

/* What is earned in the very moment of the deed, which may have come first: an attempt that its own
 * limit ends, unlike one that a reply ends, is over after those who arrive then. */
static uint64_t earned_at_once(const struct deeds *deeds, size_t index, uint64_t ratio_permille)
{
    uint64_t earned = 0;
    for (size_t i = index + 1; i < deeds->count; i++) {
        if (deeds->items[i].at_ns != deeds->items[index].at_ns) break;
        if (deeds->items[i].earns) earned += ratio_permille;
    }
    return earned;
}

/* In thousandths of a retry; time counts in whole milliseconds, from when it was last looked at. */
static void judge(struct invariant *invariant, const struct deeds *deeds)
{
    const struct retry_budget_config *config = &invariant->run->config->engine.retry_budget;
    uint64_t most = ((uint64_t)SECONDS * config->min_per_s + BURST) * TOKEN;
    uint64_t held = (uint64_t)config->min_per_s * TOKEN;
    uint64_t looked_ms = 0;
    for (size_t i = 0; i < deeds->count; i++) {
        const struct deed *deed = &deeds->items[i];
        if (deed->earns) {
            held = u64_min(held + config->ratio_permille, most);
            continue;
        }
        uint64_t now_ms = deed->at_ns / NS_PER_MS;
        held = u64_min(held + (now_ms - looked_ms) * config->min_per_s, most);
        looked_ms = now_ms;
        invariant->check->n++;
        if (deed->refused && held >= TOKEN && (deeds->doubt || held < 2 * TOKEN)) return;
        uint64_t earned = earned_at_once(deeds, i, config->ratio_permille);
        if (!deed->refused && held < TOKEN && held + earned >= TOKEN) return;
        if (deed->refused != (held < TOKEN)) {
            invariant_breach(invariant, deed->request,
                             "the first's retry was %s at %.6f s, when the budget held %llu.%03llu",
                             deed->refused ? "refused" : "granted", verdict_seconds(deed->at_ns),
                             (unsigned long long)(held / TOKEN),
                             (unsigned long long)(held % TOKEN));
            return; /* from here on the two buckets differ */
        }
        if (!deed->refused) held -= TOKEN;
    }
}

/* Without a budget nothing is refused for its sake. */
static void judge_without(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        invariant->check->n += answer->attempt_count;
        for (uint32_t w = 0; w < answer->path_count; w++) {
            if (run->path[answer->path_at + w].step != PATH_RETRY_BUDGET) continue;
            invariant_breach(invariant, i, "the first's retry was refused, but there is no budget");
        }
    }
}

void invariant_budget(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    if (run->config->engine.retry_budget.ratio_permille == 0) {
        judge_without(invariant);
        return;
    }
    if (run->world == WORLD_REAL) return; /* its order of events is not exact enough */
    struct deeds deeds = {
        .items = mem_alloc(run->attempt_count * 2 + 1, sizeof *deeds.items),
    };
    collect(&deeds, run);
    judge(invariant, &deeds);
    mem_free(deeds.items);
}
