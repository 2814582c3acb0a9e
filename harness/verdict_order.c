#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "harness/reference.h"
#include "harness/verdict_private.h"

/* The chain of guide 8 as an automaton over the words of a path:
 *
 *     input:baseline_only  baseline:*
 *     l1:fresh
 *     (l1:stale | l1:miss)  [second level]  [flight]  tries
 *         one of: attempt:ok, l1:filled, stale:hit, stale:l2, stale:family,
 *         stale:miss baseline:*
 *
 * where the second level is l2:stale, l2:miss, l2:timeout, or l2:fresh, which is the answer;
 * stale:l2 comes after l2:stale only, and stale:family only when the configuration has
 * stale_family_key. A flight is flight:joined and then flight:ok, the answer, or
 * flight:failed, or the call's own deadline, or own tries. A try is [pool:wait] (breaker:closed |
 * breaker:probe) attempt:*, only as long as the outcome before it may be retried, and a refusal
 * (hold, breaker:open, breaker:half_open, pool:full, pool:timeout, negative:hit before the first,
 * retry:budget after one) ends them. Waiting for the second level or a flight may use the deadline
 * up: then there is no try. */
enum place {
    PLACE_START,
    PLACE_BASELINE_DUE, /* input:baseline_only or stale:miss came: now the baseline */
    PLACE_LOOKED_UP,    /* L1 had nothing fresh; L2 may follow */
    PLACE_GATE,         /* an attempt may be asked for; L2 was asked */
    PLACE_FLIGHT,       /* waits for the attempts of another call */
    PLACE_POOL,         /* waits for a connection */
    PLACE_ADMITTED,     /* the breaker agreed: now the attempt */
    PLACE_FAILED,       /* an attempt failed and may be retried */
    PLACE_FALLBACK,     /* refused, or not to be retried: now the cache once more */
    PLACE_END,
    PLACE_BROKEN,
};

struct walk {
    const struct run *run;
    const struct run_answer *answer;
    enum place place;
    uint32_t attempts;     /* attempt words so far */
    bool stale_known;      /* l1:stale was seen */
    bool l2_stale;         /* l2:stale was seen */
    bool stale_missed;     /* stale:family or stale:miss was seen: nothing of the very request */
    enum served served;    /* what the last word says was served */
    const char *broken;    /* the rule; NULL: none */
};

static enum place broken(struct walk *walk, const char *rule)
{
    walk->broken = rule;
    return PLACE_BROKEN;
}

static enum place end(struct walk *walk, enum served served)
{
    walk->served = served;
    return PLACE_END;
}

/* The outcome in the list of attempts: the path's word only tells its class. */
static enum place on_attempt(struct walk *walk)
{
    if (walk->attempts >= walk->answer->attempt_count) {
        return broken(walk, "the path names more attempts than were made");
    }
    const struct run_attempt *attempt =
        &walk->run->attempts[walk->answer->attempt_at + walk->attempts++];
    if (attempt->outcome == OUTCOME_OK) return end(walk, SERVED_UPSTREAM);
    return reference_outcome(attempt->outcome)->retryable ? PLACE_FAILED : PLACE_FALLBACK;
}

/* A word of the gate before an attempt: refused, admitted, or waiting. */
static enum place on_gate(struct walk *walk, enum path_step step)
{
    switch (walk->place) {
    case PLACE_LOOKED_UP: break;
    case PLACE_GATE: break;
    case PLACE_FLIGHT: break;
    case PLACE_FAILED: break;
    case PLACE_POOL: break;
    case PLACE_FALLBACK:
        return broken(walk, walk->attempts == 0
                                ? "no attempt after a refusal"
                                : "no attempt after an outcome that may not be retried");
    case PLACE_START: return broken(walk, "the cache is asked before the upstream");
    case PLACE_BASELINE_DUE: return broken(walk, "no attempt when the baseline is due");
    case PLACE_ADMITTED: return broken(walk, "an attempt follows the breaker's permit");
    case PLACE_END:
    case PLACE_BROKEN: return broken(walk, "nothing follows the answer");
    }
    if (step == PATH_BREAKER_CLOSED || step == PATH_BREAKER_PROBE) return PLACE_ADMITTED;
    if (step == PATH_POOL_WAIT) return PLACE_POOL;
    return PLACE_FALLBACK;
}

/* A word of the cache after the tries. */
static enum place on_fallback(struct walk *walk, enum path_step step)
{
    bool early = walk->place == PLACE_GATE || walk->place == PLACE_LOOKED_UP;
    bool may = early || walk->place == PLACE_FAILED || walk->place == PLACE_FALLBACK ||
               walk->place == PLACE_FLIGHT;
    if (!may) return broken(walk, "the stale entry is asked for once, after the upstream");
    if (step == PATH_L1_FILLED && walk->place != PLACE_LOOKED_UP) return end(walk, SERVED_CACHE);
    bool waited = walk->place == PLACE_GATE || walk->place == PLACE_FLIGHT;
    bool too_late = waited && walk->answer->cause == CODE_RUNTIME_TIMEOUT;
    if ((early || walk->place == PLACE_FLIGHT) && !too_late) {
        return broken(walk, "the upstream is tried or refused before a stale entry is served");
    }
    if (step == PATH_STALE_HIT) return end(walk, SERVED_STALE);
    if (step == PATH_STALE_L2) {
        return walk->l2_stale ? end(walk, SERVED_STALE)
                              : broken(walk, "stale:l2 comes after l2:stale only");
    }
    walk->stale_missed = true;
    if (step == PATH_STALE_FAMILY) {
        return walk->run->config->engine.cache.families
                   ? end(walk, SERVED_STALE)
                   : broken(walk, "stale:family comes with stale_family_key only");
    }
    return PLACE_BASELINE_DUE;
}

/* The second level's answer. */
static enum place on_l2(struct walk *walk, enum path_step step)
{
    if (walk->place != PLACE_LOOKED_UP) return broken(walk, "L2 is asked once, right after L1");
    if (step == PATH_L2_FRESH) return end(walk, SERVED_CACHE);
    walk->l2_stale = step == PATH_L2_STALE;
    return PLACE_GATE;
}

/* What keeps a call from attempts of its own. */
static enum place on_instead(struct walk *walk, enum path_step step)
{
    bool early = walk->place == PLACE_GATE || walk->place == PLACE_LOOKED_UP;
    if (step == PATH_RETRY_BUDGET) {
        return walk->place == PLACE_FAILED ? PLACE_FALLBACK
                                           : broken(walk, "the budget is one of retries");
    }
    if (step == PATH_FLIGHT_JOINED || step == PATH_NEGATIVE_HIT) {
        if (!early) return broken(walk, "attempts of another call count before own ones");
        return step == PATH_FLIGHT_JOINED ? PLACE_FLIGHT : PLACE_FALLBACK;
    }
    if (walk->place != PLACE_FLIGHT) return broken(walk, "a flight ends for those who joined it");
    return step == PATH_FLIGHT_OK ? end(walk, SERVED_UPSTREAM) : PLACE_FALLBACK;
}

static enum place on_baseline(struct walk *walk, enum path_step step)
{
    if (walk->place != PLACE_BASELINE_DUE) {
        return broken(walk, "the baseline comes only after stale:miss");
    }
    return end(walk, step == PATH_BASELINE_OK ? SERVED_BASELINE : SERVED_ERROR);
}

static enum place on_word(struct walk *walk, enum path_step step)
{
    if (walk->place == PLACE_END) return broken(walk, "nothing follows the answer");
    switch (step) {
    case PATH_INPUT_BASELINE_ONLY:
        return walk->place == PLACE_START ? PLACE_BASELINE_DUE
                                          : broken(walk, "input:baseline_only stands first");
    case PATH_L1_FRESH:
        return walk->place == PLACE_START ? end(walk, SERVED_CACHE)
                                          : broken(walk, "the cache is looked up first, and once");
    case PATH_L1_STALE:
    case PATH_L1_MISS:
        walk->stale_known = step == PATH_L1_STALE;
        return walk->place == PLACE_START ? PLACE_LOOKED_UP
                                          : broken(walk, "the cache is looked up first, and once");
    case PATH_HOLD:
    case PATH_BREAKER_CLOSED:
    case PATH_BREAKER_OPEN:
    case PATH_BREAKER_PROBE:
    case PATH_BREAKER_PROBES_OUT:
    case PATH_POOL_WAIT:
    case PATH_POOL_FULL:
    case PATH_POOL_TIMEOUT: return on_gate(walk, step);
    case PATH_ATTEMPT:
        return walk->place == PLACE_ADMITTED ? on_attempt(walk)
                                             : broken(walk, "no attempt without a permit");
    case PATH_L2_FRESH:
    case PATH_L2_STALE:
    case PATH_L2_MISS:
    case PATH_L2_TIMEOUT: return on_l2(walk, step);
    case PATH_NEGATIVE_HIT:
    case PATH_FLIGHT_JOINED:
    case PATH_FLIGHT_OK:
    case PATH_FLIGHT_FAILED:
    case PATH_RETRY_BUDGET: return on_instead(walk, step);
    case PATH_L1_FILLED:
    case PATH_STALE_HIT:
    case PATH_STALE_L2:
    case PATH_STALE_FAMILY:
    case PATH_STALE_MISS: return on_fallback(walk, step);
    case PATH_BASELINE_OK:
    case PATH_BASELINE_FAILED: return on_baseline(walk, step);
    }
    return broken(walk, "every word is one of the chain's");
}

/* Refused before the chain began: overloaded, or not a valid request. */
static bool is_refusal(const struct run_answer *answer)
{
    return answer->served == SERVED_ERROR && answer->attempt_count == 0 &&
           (answer->code == CODE_RUNTIME_OVERLOADED || answer->code == CODE_INPUT_INVALID);
}

/* NULL when the path is one of the chain's, else the rule that it breaks. */
static const char *broken_rule(struct walk *walk)
{
    const struct run_answer *answer = walk->answer;
    if (answer->path_count == 0) {
        return is_refusal(answer) ? NULL : "an answer says by which path it came";
    }
    for (uint32_t i = 0; i < answer->path_count && walk->broken == NULL; i++) {
        struct path_entry entry = walk->run->path[answer->path_at + i];
        walk->place = on_word(walk, (enum path_step)entry.step);
    }
    if (walk->broken != NULL) return walk->broken;
    if (walk->place != PLACE_END) return "a path ends with what was served";
    if (walk->attempts != answer->attempt_count) return "the path names every attempt";
    if (walk->served != answer->served) return "the answer is what the path's last word says";
    return NULL;
}

/* When the entry of each distinct request was filled last, as far as the answers tell. */
struct fills {
    size_t base[SCENARIO_WORKLOADS_MAX];
    size_t count;
    uint64_t *filled_ns; /* owned; INSTANT_NEVER: not yet */
};

static void fills_init(struct fills *fills, const struct scenario *scenario)
{
    *fills = (struct fills){ .count = 0 };
    for (size_t i = 0; i < scenario->workload_count; i++) {
        fills->base[i] = fills->count;
        fills->count += scenario->workloads[i].key_count;
    }
    fills->filled_ns = mem_alloc(fills->count, sizeof *fills->filled_ns);
    for (size_t i = 0; i < fills->count; i++) fills->filled_ns[i] = INSTANT_NEVER;
}

static uint64_t *fills_at(struct fills *fills, const struct arrival *arrival)
{
    return &fills->filled_ns[fills->base[arrival->workload] + arrival->key];
}

/* Whether one answer may drive another out. A body is no larger than this in the workloads that
 * scenarios have. */
static bool may_evict(const struct fills *fills, const struct cache_config *cache)
{
    enum { BODY_BYTES_MAX = 16 * 1024 };
    return fills->count > cache->entries_max || fills->count * BODY_BYTES_MAX > cache->bytes_max;
}

/* stale:miss or stale:family although l1:stale was seen, and the entry cannot have become too old
 * (or been driven out of a small cache) meanwhile. `filled_ns` is when an answer that filled it was
 * complete, so that the entry itself is older by at most the slack; one filled after this answer
 * says nothing. */
static bool skipped_stale(const struct walk *walk, const struct fills *fills, uint64_t filled_ns)
{
    const struct cache_config *cache = &walk->run->config->engine.cache;
    uint64_t slack_ns = verdict_slack_ns(walk->run);
    if (!walk->stale_known || !walk->stale_missed) return false;
    if (filled_ns > walk->answer->done_ns || may_evict(fills, cache)) return false;
    uint64_t age_ns = instant_until(walk->answer->done_ns, filled_ns) + slack_ns;
    return age_ns < instant_add(cache->ttl_ns, cache->stale_ns);
}

void verdict_order(const struct run *run, const struct expect *expect, struct check *check)
{
    if (run->foreign && run->path_count == 0) {
        verdict_unobservable(check, "the guide's order", "the service's answers bear no path");
        return;
    }
    struct fills fills;
    fills_init(&fills, run->scenario);
    uint64_t wrong = 0;
    const char *first_rule = NULL;
    char first_id[REQUEST_ID_MAX];
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered) continue; /* another invariant's affair */
        struct walk walk = { .run = run, .answer = answer };
        const char *rule = broken_rule(&walk);
        uint64_t *filled_ns = fills_at(&fills, &run->schedule->items[i]);
        if (rule == NULL && skipped_stale(&walk, &fills, *filled_ns)) {
            rule = walk.served == SERVED_STALE
                       ? "a request's own stale entry is served before its family's"
                       : "a stale entry that is still alive is served before the baseline";
        }
        if (answer->served == SERVED_UPSTREAM) *filled_ns = answer->done_ns;
        if (!verdict_asks(run, expect, i)) continue;
        check->n++;
        if (rule == NULL) continue;
        if (wrong++ == 0) {
            first_rule = rule;
            run_request_id(run, (uint32_t)i, first_id);
        }
        check_note(check, (uint32_t)i);
    }
    mem_free(fills.filled_ns);
    char ids[VERDICT_IDS_TEXT_MAX];
    if (check->n == 0) {
        check->status = CHECK_INCONCLUSIVE;
        check_say(check, "expected the guide's order; there was no answer to judge");
        return;
    }
    if (wrong == 0) {
        check_say(check, "expected the guide's order; all of %llu paths keep it",
                  (unsigned long long)check->n);
        return;
    }
    check_fail(check, "expected the guide's order; %llu of %llu paths break it%s: in %s the broken "
                      "rule is: %s",
               (unsigned long long)wrong, (unsigned long long)check->n,
               check_ids_text(run, check, wrong, ids), first_id, first_rule);
}
