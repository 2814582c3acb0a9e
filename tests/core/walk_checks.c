#include "walk_checks.h"

#include "core/engine_trace.h"

static void hash_line(struct walk *walk)
{
    walk->trace_hash = draw(walk->trace_hash, 0, 0, hash_bytes(walk->line.data, walk->line.length));
    buf_clear(&walk->line);
}

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

static void check_fallback_words(struct words *words)
{
    int word = next_word(words);
    if (word == PATH_L1_FILLED) {
        assert_int_equal(words->record->served, SERVED_CACHE);
    } else if (word == PATH_STALE_HIT) {
        assert_int_equal(words->record->served, SERVED_STALE);
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
    if (word == PATH_L1_FILLED || word == PATH_STALE_HIT || word == PATH_STALE_MISS) {
        check_fallback_words(words);
        return false;
    }
    assert_true(classify(outcome)->retryable);
    return true;
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

static void check_path(const struct call_record *record)
{
    struct words words = { .record = record };
    int word = next_word(&words);
    if (word == PATH_INPUT_BASELINE_ONLY) {
        check_baseline_word(&words);
    } else if (word == PATH_L1_FRESH) {
        assert_int_equal(record->served, SERVED_CACHE);
    } else {
        assert_true(word == PATH_L1_MISS || word == PATH_L1_STALE);
        while (check_gate_words(&words))
            continue;
    }
    assert_int_equal(words.at, record->path_count);
    assert_int_equal(words.attempts, record->attempt_count);
}

static void check_codes(const struct call_record *record)
{
    switch (record->served) {
    case SERVED_NOBODY:
    case SERVED_CACHE:
    case SERVED_UPSTREAM:
        assert_int_equal(record->code, CODE_NONE);
        assert_int_equal(record->cause, CODE_NONE);
        return;
    case SERVED_STALE: assert_int_equal(record->code, CODE_CACHE_STALE_SERVED); break;
    case SERVED_BASELINE: assert_int_equal(record->code, CODE_BASELINE_FALLBACK); break;
    case SERVED_ERROR: assert_int_equal(record->code, record->cause); break;
    }
    assert_true(record->cause != CODE_NONE);
    assert_true(record->cause < CODE_CACHE_STALE_SERVED);
    if (record->attempt_count > 0) {
        enum outcome outcome = record->attempts[record->attempt_count - 1].outcome;
        assert_int_equal(record->cause, classify(outcome)->code);
    }
}

static void check_served_body(const struct walk *walk, const struct walk_call *call,
                              const struct call_record *record)
{
    const struct cache_config *cache = &walk->config.cache;
    if (record->served != SERVED_CACHE && record->served != SERVED_STALE) {
        assert_int_equal(record->cache_state, CACHE_MISS);
        assert_int_equal(record->age_ns, 0);
        return;
    }
    assert_true(record->cache_slot < WALK_SLOTS);
    const struct walk_slot *slot = &walk->slots[record->cache_slot];
    assert_true(slot->held);
    assert_int_equal(slot->key, call->key);
    assert_int_equal(walk->now - slot->stored, record->age_ns);
    if (record->served == SERVED_CACHE) {
        assert_int_equal(record->cache_state, CACHE_FRESH);
        assert_true(record->age_ns < cache->ttl_ns);
    } else {
        assert_int_equal(record->cache_state, CACHE_STALE);
        assert_true(record->age_ns >= cache->ttl_ns);
        assert_true(record->age_ns < cache->ttl_ns + cache->stale_ns);
    }
}

static void on_start(struct walk *walk, const struct engine_action *action)
{
    struct walk_call *call = &walk->calls[action->call];
    const struct call_record *record = engine_record(walk->engine, action->call);
    assert_true(call->active);
    assert_false(call->running);
    assert_int_equal(action->attempt, call->attempts);
    assert_true(action->attempt <= walk->config.retry_count);
    assert_true(walk->breaker != BREAKER_OPEN);
    assert_true(walk->now >= walk->held_until);
    assert_true(walk->now < action->deadline);
    assert_int_equal(action->deadline, call->arrived + walk->config.request_deadline_ns);

    uint64_t backoff_ns = record->attempts[action->attempt].backoff_ns;
    if (action->attempt == 0) {
        assert_int_equal(backoff_ns, 0);
    } else {
        uint64_t ceiling_ns = backoff_ceiling_ns(&walk->config.backoff, action->attempt - 1);
        assert_true(backoff_ns < ceiling_ns || backoff_ns == call->retry_after_ns);
        assert_true(backoff_ns >= call->retry_after_ns);
        assert_true(walk->now >= call->ended + backoff_ns);
        assert_true(action->deadline - walk->now >= walk->config.min_attempt_budget_ns);
        walk->reach->retries++;
    }
    call->running = true;
    call->attempts++;
    walk->running++;
}

static void on_answer(struct walk *walk, const struct engine_action *action)
{
    struct walk_call *call = &walk->calls[action->call];
    const struct call_record *record = engine_record(walk->engine, action->call);
    assert_true(call->active); /* the one answer */
    assert_false(call->running);
    call->active = false;
    assert_int_equal(record->arrived, call->arrived);
    assert_int_equal(record->finished, walk->now);
    assert_true(record->finished <= record->deadline);
    assert_int_equal(record->attempt_count, call->attempts);
    assert_int_equal(record->served == SERVED_NOBODY, call->gone);
    check_path(record);
    check_codes(record);
    check_served_body(walk, call, record);
    walk->reach->served[record->served]++;
    for (uint32_t i = 0; i < record->path_count; i++)
        walk->reach->path[record->path[i].step]++;
}

static void on_store(struct walk *walk, const struct engine_action *action,
                     const struct engine_input *input)
{
    /* Nothing but a validated upstream answer is ever stored. */
    assert_int_equal(input->kind, ENGINE_ATTEMPT_DONE);
    assert_int_equal(input->outcome, OUTCOME_OK);
    assert_int_equal(input->call, action->call);
    assert_true(action->slot < WALK_SLOTS);
    walk->slots[action->slot] = (struct walk_slot){
        .held = true,
        .key = walk->calls[action->call].key,
        .stored = walk->now,
    };
}

static void on_action(struct walk *walk, const struct engine_action *action,
                      const struct engine_input *input)
{
    struct walk_call *call = &walk->calls[action->call];
    walk->reach->action[action->kind]++;
    switch (action->kind) {
    case ENGINE_START_ATTEMPT: on_start(walk, action); break;
    case ENGINE_CANCEL_ATTEMPT:
        assert_true(call->running);
        assert_int_equal(action->attempt + 1, call->attempts);
        call->running = false;
        call->ended = walk->now;
        call->retry_after_ns = 0;
        walk->running--;
        break;
    case ENGINE_RUN_BASELINE:
        assert_true(call->active);
        assert_false(call->baseline);
        call->baseline = true;
        break;
    case ENGINE_STORE: on_store(walk, action, input); break;
    case ENGINE_DROP:
        assert_true(walk->slots[action->slot].held);
        walk->slots[action->slot].held = false;
        break;
    case ENGINE_ANSWER: on_answer(walk, action); break;
    case ENGINE_BREAKER:
        assert_int_equal(action->transition.from, walk->breaker);
        assert_int_equal(action->transition.generation, walk->generation + 1);
        assert_int_equal(action->transition.at, walk->now);
        walk->breaker = action->transition.to;
        walk->generation++;
        walk->reach->rule[action->transition.rule]++;
        break;
    case ENGINE_L2_GET:
    case ENGINE_L2_CANCEL:
    case ENGINE_L2_PUT: fail_msg("there is no second level"); break;
    }
}

static void on_input(struct walk *walk, const struct engine_input *input)
{
    struct walk_call *call = &walk->calls[input->call];
    if (input->kind == ENGINE_REQUEST) {
        *call = (struct walk_call){
            .active = true,
            .key = input->cache_key.bytes[0],
            .arrived = walk->now,
        };
    } else if (input->kind == ENGINE_ATTEMPT_DONE) {
        call->running = false;
        call->ended = walk->now;
        call->retry_after_ns = input->has_retry_after ? input->retry_after_ns : 0;
        walk->running--;
    } else if (input->kind == ENGINE_CLIENT_GONE) {
        call->gone = true;
    } else if (input->kind == ENGINE_BASELINE_DONE) {
        call->baseline = false;
    }
}

static void check_stats(struct walk *walk)
{
    struct engine_stats stats = engine_stats(walk->engine);
    uint32_t active = 0;
    for (uint32_t i = 0; i < WALK_CALLS; i++)
        active += walk->calls[i].active;
    assert_int_equal(stats.calls, active);
    assert_int_equal(stats.attempts, walk->running);
    assert_int_equal(stats.permits_out, walk->running);
    assert_true(stats.attempts <= walk->config.pool.connections_max);
    assert_true(stats.pool_waiting <= walk->config.pool.queue_max);
    assert_true(stats.cache_entries <= walk->config.cache.entries_max);
    assert_true(stats.cache_bytes <= walk->config.cache.bytes_max);
    assert_int_equal(stats.breaker, walk->breaker);
    assert_true(stats.held_until == 0 || stats.held_until > walk->now);
    walk->held_until = stats.held_until;
}

static void step_once(struct walk *walk, const struct engine_input *input)
{
    engine_trace_input(&walk->line, input, walk->now);
    hash_line(walk);
    on_input(walk, input);
    const struct engine_actions *actions = engine_step(walk->engine, input, walk->now);
    assert_true(actions->count <= ENGINE_ACTIONS_MAX);
    for (uint32_t i = 0; i < actions->count; i++) {
        engine_trace_action(&walk->line, walk->engine, &actions->items[i], walk->now);
        hash_line(walk);
        on_action(walk, &actions->items[i], input);
    }
    check_stats(walk);
}

void walk_step(struct walk *walk, const struct engine_input *input)
{
    step_once(walk, input);
    for (uint32_t i = 0; i < WALK_CALLS; i++) {
        if (!walk->calls[i].baseline) continue;
        struct engine_input answer = { .kind = ENGINE_BASELINE_DONE, .call = i };
        if (rng_below(&walk->rng, 20) == 0) {
            step_once(walk, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = i });
        }
        answer.baseline_ok = rng_below(&walk->rng, 8) != 0;
        step_once(walk, &answer);
    }
}
