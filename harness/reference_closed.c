#include "harness/reference_private.h"

struct tally {
    uint64_t failures;
    uint64_t successes;
};

/* A window that slides over the results: what of it counts for certain, and what may count. */
struct span {
    uint64_t length_ns; /* a result of at least this age is out */
    size_t tail;        /* the oldest result inside */
    struct tally certain;
    struct tally possible;
};

static uint64_t shortest_window_ns(const struct referee *referee)
{
    uint64_t bucket_ns = (referee->config->window_ns - 1) / BREAKER_BUCKETS + 1;
    return instant_until(referee->config->window_ns - bucket_ns, referee->tolerance.order_ns);
}

static uint64_t longest_window_ns(const struct referee *referee)
{
    return referee->config->window_ns + BREAKER_BUCKETS + referee->tolerance.order_ns;
}

static void span_count(struct span *span, const struct referee *referee, size_t at, uint64_t sign)
{
    const struct referee_result *result = &referee->results[at];
    uint64_t failed = result->verdict == VERDICT_FAILURE ? sign : 0;
    uint64_t succeeded = result->verdict == VERDICT_SUCCESS ? sign : 0;
    if (referee_must_belong(referee, result->started_ns)) {
        span->certain.failures += failed;
        span->certain.successes += succeeded;
    }
    if (referee_may_belong(referee, result->started_ns)) {
        span->possible.failures += failed;
        span->possible.successes += succeeded;
    }
}

/* Takes result `at` in, and out what is too old at `now_ns`. */
static void span_move(struct span *span, const struct referee *referee, size_t at, uint64_t now_ns)
{
    span_count(span, referee, at, 1);
    while (span->tail < at &&
           instant_until(now_ns, referee->results[span->tail].finished_ns) >= span->length_ns) {
        span_count(span, referee, span->tail++, (uint64_t)-1);
    }
}

static bool share_reaches(uint64_t failures, uint64_t successes, uint32_t permille)
{
    return failures * 1000 >= (failures + successes) * permille;
}

static unsigned long long whole(uint64_t count)
{
    return (unsigned long long)count;
}

/* Whether an attempt failed just when the breaker opened. */
static bool has_trigger(const struct referee *referee)
{
    for (size_t i = referee->first; i < referee->last; i++) {
        const struct referee_result *result = &referee->results[i];
        if (result->verdict == VERDICT_FAILURE && referee_may_end(referee, result->finished_ns) &&
            referee_may_belong(referee, result->started_ns)) {
            return true;
        }
    }
    return false;
}

/* The most failures and the fewest successes that the window may have held when it opened. */
static void check_opening(struct referee *referee)
{
    const struct breaker_config *config = referee->config;
    const struct breaker_transition *end = referee->stay.end;
    if (!has_trigger(referee)) {
        referee_find(referee, UINT32_MAX,
                     "the breaker opened at %.3f s, but no attempt failed then",
                     referee_seconds(end->at));
        return;
    }
    struct tally most = { .failures = 0 };
    uint64_t fewest_successes = 0;
    uint64_t order_ns = referee->tolerance.order_ns;
    for (size_t i = referee->first; i < referee->last; i++) {
        const struct referee_result *result = &referee->results[i];
        uint64_t age_ns = instant_until(end->at, result->finished_ns);
        if (age_ns > longest_window_ns(referee)) continue;
        if (!referee_may_belong(referee, result->started_ns)) continue;
        most.failures += result->verdict == VERDICT_FAILURE;
        most.successes += result->verdict == VERDICT_SUCCESS;
        fewest_successes += result->verdict == VERDICT_SUCCESS && age_ns > order_ns &&
                            age_ns < shortest_window_ns(referee) &&
                            referee_must_belong(referee, result->started_ns);
    }
    bool is_count = end->rule == BREAKER_RULE_COUNT;
    uint32_t permille =
        is_count ? config->count_ratio_floor_permille : config->failure_ratio_permille;
    bool enough = is_count ? most.failures >= config->failures_to_open : permille > 0;
    if (enough && most.failures + most.successes >= config->min_volume &&
        share_reaches(most.failures, fewest_successes, permille)) {
        return;
    }
    referee_find(referee, UINT32_MAX,
                 "the breaker opened at %.3f s by the %s rule, but its window held at most %llu "
                 "failures of %llu attempts (opens at %u failures or %u permille, from %u attempts "
                 "on)",
                 referee_seconds(end->at), breaker_rule_name(end->rule), whole(most.failures),
                 whole(most.failures + most.successes), config->failures_to_open,
                 config->failure_ratio_permille, config->min_volume);
}

/* Successes noted just after result `at` that may have come before it. */
static uint64_t close_successes(const struct referee *referee, size_t at)
{
    uint64_t until_ns = referee->results[at].finished_ns + referee->tolerance.order_ns;
    uint64_t count = 0;
    for (size_t i = at + 1; i < referee->last; i++) {
        if (referee->results[i].finished_ns > until_ns) break;
        count += referee->results[i].verdict == VERDICT_SUCCESS;
    }
    return count;
}

static void find_not_opened(struct referee *referee, const struct referee_result *failure,
                            const char *rule, struct tally seen)
{
    const struct breaker_config *config = referee->config;
    referee_find(referee, failure->request,
                 "the breaker did not open at %.3f s, where the %s rule was true: %llu failures of "
                 "%llu attempts in its window (opens at %u failures or %u permille, from %u "
                 "attempts on)",
                 referee_seconds(failure->finished_ns), rule, whole(seen.failures),
                 whole(seen.failures + seen.successes), config->failures_to_open,
                 config->failure_ratio_permille, config->min_volume);
}

/* No rule was true for certain at a failure before the end of the stay. */
static void check_not_opening(struct referee *referee)
{
    const struct breaker_config *config = referee->config;
    uint64_t order_ns = referee->tolerance.order_ns;
    struct span shortest = { shortest_window_ns(referee), referee->first, { 0, 0 }, { 0, 0 } };
    struct span longest = { longest_window_ns(referee) + 1, referee->first, { 0, 0 }, { 0, 0 } };
    struct span exact = { instant_until(config->window_ns, order_ns), referee->first,
                          { 0, 0 }, { 0, 0 } };
    for (size_t i = referee->first; i < referee->last && !referee->out->wrong; i++) {
        const struct referee_result *result = &referee->results[i];
        uint64_t at_ns = result->finished_ns;
        if (instant_add(at_ns, order_ns) >= referee->stay.to_ns) break;
        span_move(&shortest, referee, i, at_ns);
        span_move(&longest, referee, i, at_ns);
        span_move(&exact, referee, i, at_ns);
        if (result->verdict != VERDICT_FAILURE) continue;
        if (!referee_must_belong(referee, result->started_ns)) continue;

        uint64_t most_successes = longest.possible.successes + close_successes(referee, i);
        struct tally seen = shortest.certain;
        if (config->failure_ratio_permille > 0 &&
            seen.failures + seen.successes >= config->min_volume &&
            share_reaches(seen.failures, most_successes, config->failure_ratio_permille)) {
            find_not_opened(referee, result, "ratio", seen);
        }
        if (exact.certain.failures < config->failures_to_open) continue;
        seen.failures = u64_max(seen.failures, config->failures_to_open);
        if (seen.failures + seen.successes >= config->min_volume &&
            share_reaches(seen.failures, most_successes, config->count_ratio_floor_permille)) {
            find_not_opened(referee, result, "count", seen);
        }
    }
}

void referee_check_closed(struct referee *referee)
{
    check_not_opening(referee);
    if (referee->stay.end != NULL) check_opening(referee);
}
