#include "walk_checks.h"

/* The path is a word of the chain's grammar; what it was served follows from its last words. */

struct words {
    const struct call_record *record;
    uint32_t at;
    uint32_t attempts;
};

static int next_word(struct words *words)
{
    return words->at < words->record->path_count ? words->record->path[words->at++].step : -1;
}

static void check_baseline_word(struct words *words)
{
    enum served served = words->record->served;
    int word = next_word(words);
    assert_true(word == PATH_BASELINE_OK || word == PATH_BASELINE_FAILED);
    if (served == SERVED_NOBODY) return;
    assert_int_equal(served, word == PATH_BASELINE_OK ? SERVED_BASELINE : SERVED_ERROR);
}

static bool is_fallback_word(int word)
{
    return word == PATH_L1_FILLED || word == PATH_STALE_HIT || word == PATH_STALE_L2 ||
           word == PATH_STALE_FAMILY || word == PATH_STALE_MISS;
}

static void check_fallback_words(struct words *words)
{
    const struct call_record *record = words->record;
    int word = next_word(words);
    assert_int_equal(record->stale_family, word == PATH_STALE_FAMILY);
    if (word == PATH_L1_FILLED) {
        assert_int_equal(record->served, SERVED_CACHE);
        assert_int_equal(record->cache_tier, CACHE_TIER_L1);
    } else if (word == PATH_STALE_HIT || word == PATH_STALE_L2 || word == PATH_STALE_FAMILY) {
        assert_int_equal(record->served, SERVED_STALE);
        assert_int_equal(record->cache_tier == CACHE_TIER_L2, word == PATH_STALE_L2);
    } else {
        assert_int_equal(word, PATH_STALE_MISS);
        check_baseline_word(words);
    }
}

/* From an attempt's word on; true when the gate follows (a retry). */
static bool check_attempt_word(struct words *words)
{
    const struct call_record *record = words->record;
    assert_int_equal(next_word(words), PATH_ATTEMPT);
    enum outcome outcome = (enum outcome)record->path[words->at - 1].outcome;
    assert_true(words->attempts < record->attempt_count);
    assert_int_equal(record->attempts[words->attempts++].outcome, outcome);
    if (outcome == OUTCOME_OK || outcome == OUTCOME_ABANDONED) {
        assert_int_equal(record->served, outcome == OUTCOME_OK ? SERVED_UPSTREAM : SERVED_NOBODY);
        return false;
    }
    if (words->at == record->path_count) {
        assert_int_equal(record->served, SERVED_NOBODY); /* left during the backoff */
        return false;
    }
    int word = record->path[words->at].step;
    if (is_fallback_word(word)) {
        check_fallback_words(words);
        return false;
    }
    assert_true(classify(outcome)->retryable);
    if (word != PATH_RETRY_BUDGET) return true;
    words->at++;
    check_fallback_words(words);
    return false;
}

/* One passage of the gate; true when another follows. */
static bool check_gate_words(struct words *words)
{
    int word = next_word(words);
    if (word == PATH_POOL_WAIT) {
        word = next_word(words);
        if (word == -1) {
            assert_int_equal(words->record->served, SERVED_NOBODY);
            return false;
        }
        assert_int_not_equal(word, PATH_POOL_FULL);
    } else {
        assert_int_not_equal(word, PATH_POOL_TIMEOUT);
    }
    if (word == PATH_BREAKER_CLOSED || word == PATH_BREAKER_PROBE) return check_attempt_word(words);
    assert_true(word == PATH_HOLD || word == PATH_BREAKER_OPEN || word == PATH_BREAKER_PROBES_OUT ||
                word == PATH_POOL_FULL || word == PATH_POOL_TIMEOUT);
    check_fallback_words(words);
    return false;
}

static void check_tries(struct words *words)
{
    while (check_gate_words(words))
        continue;
}

/* Waiting has used the deadline up, or another call has filled L1 meanwhile. */
static void check_fallback_without_try(struct words *words)
{
    enum served served = words->record->served;
    if (served != SERVED_CACHE && served != SERVED_NOBODY) {
        assert_int_equal(words->record->cause, CODE_RUNTIME_TIMEOUT);
    }
    check_fallback_words(words);
}

static void check_flight_words(struct words *words)
{
    const struct call_record *record = words->record;
    if (words->at == record->path_count) {
        assert_int_equal(record->served, SERVED_NOBODY); /* left while it waited */
        return;
    }
    int word = record->path[words->at].step;
    if (word == PATH_FLIGHT_OK) {
        words->at++;
        assert_int_equal(record->served, SERVED_UPSTREAM);
    } else if (word == PATH_FLIGHT_FAILED) {
        words->at++;
        check_fallback_words(words);
    } else if (is_fallback_word(word)) {
        check_fallback_without_try(words);
    } else {
        check_tries(words);
    }
}

/* What follows the look into L1, which had nothing fresh. */
static void check_further_words(struct words *words)
{
    const struct call_record *record = words->record;
    int word = words->at < record->path_count ? record->path[words->at].step : -1;
    bool asked_l2 = word == PATH_L2_STALE || word == PATH_L2_MISS || word == PATH_L2_TIMEOUT;
    if (word == -1) {
        assert_int_equal(record->served, SERVED_NOBODY); /* left while L2 was asked */
        return;
    }
    if (word == PATH_L2_FRESH) {
        words->at++;
        assert_int_equal(record->served, SERVED_CACHE);
        assert_int_equal(record->cache_tier, CACHE_TIER_L2);
        return;
    }
    if (asked_l2) words->at++;
    word = words->at < record->path_count ? record->path[words->at].step : -1;
    if (word == PATH_FLIGHT_JOINED) {
        words->at++;
        check_flight_words(words);
    } else if (word == PATH_NEGATIVE_HIT) {
        words->at++;
        if (record->served != SERVED_CACHE && record->served != SERVED_NOBODY) {
            assert_int_equal(record->cause, CODE_INPUT_INVALID);
        }
        check_fallback_words(words);
    } else if (is_fallback_word(word)) {
        assert_true(asked_l2);
        check_fallback_without_try(words);
    } else {
        check_tries(words);
    }
}

void walk_check_path(const struct call_record *record)
{
    struct words words = { .record = record };
    int word = next_word(&words);
    if (word == PATH_INPUT_BASELINE_ONLY) {
        check_baseline_word(&words);
    } else if (word == PATH_L1_FRESH) {
        assert_int_equal(record->served, SERVED_CACHE);
        assert_int_equal(record->cache_tier, CACHE_TIER_L1);
    } else {
        assert_true(word == PATH_L1_MISS || word == PATH_L1_STALE);
        check_further_words(&words);
    }
    assert_int_equal(words.at, record->path_count);
    assert_int_equal(words.attempts, record->attempt_count);
}
