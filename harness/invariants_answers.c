#include <assert.h>
#include <string.h>

#include "harness/births.h"
#include "harness/invariants.h"
#include "harness/reference.h"

/* Time between filling an entry and the answer that shows it filled, as the client sees both. */
static uint64_t birth_slack_ns(const struct run *run)
{
    return verdict_slack_ns(run) + NS_PER_MS; /* age_s is written in milliseconds */
}

static const char *name_of(enum code code)
{
    return code == CODE_NONE ? "none" : code_name(code);
}

void invariant_one_answer(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->hung_up) continue;
        invariant->check->n++;
        if (!answer->answered || answer->answers == 0) {
            invariant_breach(invariant, i, "the first was never answered");
        } else if (answer->answers > 1) {
            invariant_breach(invariant, i, "the first had %u answers", answer->answers);
        }
    }
}

/* From when it was sent: a late generator is not the service's fault. */
void invariant_deadline(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    uint64_t deadline_ns = run->config->engine.request_deadline_ns;
    uint64_t longest_ns = deadline_ns + verdict_slack_ns(run);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered) continue;
        invariant->check->n++;
        uint64_t took_ns = instant_until(answer->done_ns, answer->sent_ns);
        if (took_ns <= longest_ns) continue;
        invariant_breach(invariant, i, "the first took %.1f ms, the deadline is %.1f ms",
                         verdict_ms(took_ns), verdict_ms(deadline_ns));
    }
}

void invariant_freshness(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    const struct cache_config *cache = &run->config->engine.cache;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        bool fresh = answer->answered && answer->served == SERVED_CACHE;
        bool stale = answer->answered && answer->served == SERVED_STALE;
        if (!fresh && !stale) continue;
        invariant->check->n++;
        uint64_t oldest_ns = fresh ? cache->ttl_ns : instant_add(cache->ttl_ns, cache->stale_ns);
        if (answer->age_ns <= oldest_ns) continue;
        invariant_breach(invariant, i, "the first was served %s at an age of %.3f s, %.3f s is the "
                                       "limit",
                         fresh ? "fresh" : "stale", verdict_seconds(answer->age_ns),
                         verdict_seconds(oldest_ns));
    }
}

/* A cause is what kept the plain forecast away: never another name of the fallback itself, unless
 * the configuration asked for nothing else. */
static bool is_cause(const struct run *run, enum code code)
{
    if (run->config->forecast.baseline_only && code == CODE_BASELINE_FALLBACK) return true;
    return code != CODE_NONE && code != CODE_CACHE_STALE_SERVED && code != CODE_BASELINE_FALLBACK;
}

/* Whether code, cause, cache state and status are what this kind of answer has. */
static bool fits_served(const struct run *run, const struct run_answer *answer)
{
    bool plain = answer->code == CODE_NONE && answer->cause == CODE_NONE;
    bool good = answer->http_status == 200;
    switch (answer->served) {
    case SERVED_NOBODY: return true;
    case SERVED_CACHE: return good && plain && answer->cache_state == CACHE_FRESH;
    case SERVED_UPSTREAM: return good && plain && answer->cache_state == CACHE_MISS;
    case SERVED_STALE:
        return good && answer->code == CODE_CACHE_STALE_SERVED && is_cause(run, answer->cause) &&
               answer->cache_state == CACHE_STALE;
    case SERVED_BASELINE:
        return good && answer->code == CODE_BASELINE_FALLBACK && is_cause(run, answer->cause) &&
               answer->cache_state == CACHE_MISS;
    case SERVED_ERROR: return answer->http_status >= 400 && is_cause(run, answer->code);
    }
    assert(false && "no such kind");
    return false;
}

/* After attempts, a fallback's cause is the class of the last of them. */
static enum code expected_cause(const struct run *run, const struct run_answer *answer)
{
    bool fell_back = answer->served == SERVED_STALE || answer->served == SERVED_BASELINE ||
                     answer->served == SERVED_ERROR;
    if (!fell_back || answer->attempt_count == 0) return answer->cause;
    uint32_t last = answer->attempt_at + answer->attempt_count - 1;
    return reference_outcome(run->attempts[last].outcome)->code;
}

void invariant_codes(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered) continue;
        invariant->check->n++;
        enum code cause = expected_cause(run, answer);
        if (!fits_served(run, answer)) {
            invariant_breach(invariant, i,
                             "the first was served as %s with status %u, code %s and cause %s",
                             served_name(answer->served), answer->http_status,
                             name_of(answer->code), name_of(answer->cause));
        } else if (!invariant_shares_cause(run, i)) {
            invariant_breach(invariant, i,
                             "the first has cause %s, but the call that it waited for has another",
                             name_of(answer->cause));
        } else if (cause != answer->cause) {
            invariant_breach(invariant, i, "the first has cause %s, but its last attempt ended "
                                           "with %s",
                             name_of(answer->cause), name_of(cause));
        }
    }
}

void invariant_output(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!answer->answered || answer->http_status != 200) continue;
        invariant->check->n++;
        if (answer->output_valid) continue;
        invariant_breach(invariant, i, "the first, served as %s, holds no valid forecast",
                         served_name(answer->served));
    }
}

static const struct run_attempt *last_attempt(const struct run *run,
                                              const struct run_answer *answer)
{
    return &run->attempts[answer->attempt_at + answer->attempt_count - 1];
}

/* The upstream's, by an attempt of its own. A client that hung up just before has left it to
 * others.
 */
static bool is_fetched(const struct run *run, const struct run_answer *answer)
{
    if (answer->attempt_count == 0) return false;
    if (answer->hung_up) return last_attempt(run, answer)->outcome == OUTCOME_OK;
    return answer->served == SERVED_UPSTREAM;
}

/* When the upstream's answer was known. */
static uint64_t known_ns(const struct run *run, const struct run_answer *answer)
{
    if (!answer->hung_up) return answer->done_ns;
    const struct run_attempt *last = last_attempt(run, answer);
    return last->started_ns + last->latency_ns;
}

/* Served from what another request fetched: an entry of an earlier time, or the answer that it
 * waited for just now. */
static bool is_shared(const struct run_answer *answer)
{
    if (!answer->answered) return false;
    if (answer->served == SERVED_UPSTREAM) return answer->attempt_count == 0;
    return answer->served == SERVED_CACHE || answer->served == SERVED_STALE;
}

/* Longer than from when a request was intended until its call was known to have ended. */
static uint64_t longest_call_ns(const struct run *run)
{
    return run->config->engine.request_deadline_ns + 2 * NS_PER_S + birth_slack_ns(run);
}

/* An entry of this age was born at done - age: there must have been an answer of the upstream to
 * the distinct request `key` of the same workload. */
static bool was_born_of(const struct births *births, const struct run *run, uint32_t index,
                        uint32_t key)
{
    const struct run_answer *answer = &run->answers[index];
    const uint64_t slack_ns = birth_slack_ns(run);
    const uint64_t birth_ns = instant_until(answer->done_ns, answer->age_ns);
    const struct births_span span =
        births_between(births, run, run->schedule->items[index].workload, key,
                       instant_until(birth_ns, longest_call_ns(run)), answer->done_ns + slack_ns);
    for (size_t i = 0; i < span.count; i++) {
        uint64_t filled_ns = known_ns(run, &run->answers[span.answers[i]]);
        if (birth_ns <= filled_ns + slack_ns && filled_ns <= birth_ns + slack_ns) return true;
    }
    return false;
}

static bool same_text(const char *left, const char *right)
{
    if (left == NULL || right == NULL) return left == right;
    return strcmp(left, right) == 0;
}

static bool is_of_family(const struct run *run, const struct run_answer *answer)
{
    for (uint32_t i = 0; i < answer->path_count; i++) {
        if (run->path[answer->path_at + i].step == PATH_STALE_FAMILY) return true;
    }
    return false;
}

/* The request's own entry; or, when the path says so, one of its family: the same market, model and
 * horizon, another history. */
static bool was_born(const struct births *births, const struct run *run, uint32_t index)
{
    const struct arrival *arrival = &run->schedule->items[index];
    if (!is_of_family(run, &run->answers[index])) {
        return was_born_of(births, run, index, arrival->key);
    }
    const struct workload *workload = &run->scenario->workloads[arrival->workload];
    const struct request_shape *own = workload_shape(workload, arrival->key);
    uint32_t markets = workload_market_count(workload);
    for (uint32_t i = 0; i < workload->shape_count; i++) {
        const struct request_shape *shape = &workload->shapes[i];
        if (shape->horizon_steps != own->horizon_steps) continue;
        if (!same_text(shape->model, own->model)) continue;
        if (!same_text(shape->market, own->market)) continue;
        if (was_born_of(births, run, index, i * markets + arrival->key % markets)) return true;
    }
    return false;
}

void invariant_baseline_never_cached(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    struct births births;
    births_init(&births, run, is_fetched);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (!is_shared(answer)) continue;
        invariant->check->n++;
        if (was_born(&births, run, i)) continue;
        invariant_breach(invariant, i,
                         "the first came from an entry of %.3f s of age, but the upstream answered "
                         "that request at no such time",
                         verdict_seconds(answer->age_ns));
    }
    births_deinit(&births);
}

/* The upstream's last word was that this very request is wrong. */
static bool is_refused_for_good(const struct run *run, const struct run_answer *answer)
{
    if (answer->attempt_count == 0) return false;
    unsigned status = last_attempt(run, answer)->http_status;
    return status == 400 || status == 413 || status == 422;
}

static bool says_negative(const struct run *run, const struct run_answer *answer)
{
    for (uint32_t i = 0; answer->answered && i < answer->path_count; i++) {
        if (run->path[answer->path_at + i].step == PATH_NEGATIVE_HIT) return true;
    }
    return false;
}

/* Whether the same request was refused no longer ago than that is remembered. */
static bool was_refused(const struct births *refusals, const struct run *run, uint32_t index)
{
    const struct arrival *arrival = &run->schedule->items[index];
    uint64_t slack_ns = verdict_slack_ns(run);
    uint64_t done_ns = run->answers[index].done_ns;
    uint64_t kept_ns = run->config->engine.negative_ttl_ns + slack_ns;
    const struct births_span span =
        births_between(refusals, run, arrival->workload, arrival->key,
                       instant_until(done_ns, kept_ns + longest_call_ns(run)), done_ns + slack_ns);
    for (size_t i = 0; i < span.count; i++) {
        uint64_t refused_ns = known_ns(run, &run->answers[span.answers[i]]);
        if (refused_ns <= done_ns + slack_ns && done_ns < refused_ns + kept_ns) return true;
    }
    return false;
}

void invariant_negative(struct invariant *invariant)
{
    const struct run *run = invariant->run;
    struct births refusals;
    births_init(&refusals, run, is_refused_for_good);
    for (uint32_t i = 0; i < run->schedule->count; i++) {
        if (!says_negative(run, &run->answers[i])) continue;
        invariant->check->n++;
        if (was_refused(&refusals, run, i)) continue;
        invariant_breach(invariant, i, "the first was not sent to the upstream, which refused no "
                                       "such request in the %.3f s before",
                         verdict_seconds(run->config->engine.negative_ttl_ns));
    }
    births_deinit(&refusals);
}
