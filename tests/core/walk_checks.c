#include "walk_checks.h"

#include "core/engine_trace.h"

static void hash_line(struct walk *walk)
{
    walk->trace_hash = draw(walk->trace_hash, 0, 0, hash_bytes(walk->line.data, walk->line.length));
    buf_clear(&walk->line);
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

/* An entry that another key of the same family filled. */
static void check_family_slot(const struct walk *walk, const struct walk_call *call,
                              const struct call_record *record)
{
    assert_true(walk->config.cache.families);
    assert_int_equal(record->served, SERVED_STALE);
    assert_int_equal(record->cache_tier, CACHE_TIER_L1);
    assert_true(record->cache_slot < WALK_SLOTS);
    const struct walk_slot *slot = &walk->slots[record->cache_slot];
    assert_true(slot->held);
    assert_int_not_equal(slot->key, call->key);
    assert_int_equal(slot->key % WALK_FAMILIES, call->key % WALK_FAMILIES);
}

static void check_slot(const struct walk *walk, const struct walk_call *call, uint32_t slot)
{
    assert_true(slot < WALK_SLOTS);
    assert_true(walk->slots[slot].held);
    assert_int_equal(walk->slots[slot].key, call->key);
}

static void check_served_body(const struct walk *walk, const struct walk_call *call,
                              const struct call_record *record)
{
    const struct cache_config *cache = &walk->config.cache;
    if (record->served != SERVED_CACHE && record->served != SERVED_STALE) {
        assert_int_equal(record->cache_state, CACHE_MISS);
        assert_int_equal(record->cache_tier, CACHE_TIER_NONE);
        assert_int_equal(record->age_ns, 0);
        if (record->served == SERVED_UPSTREAM && record->attempt_count == 0) {
            check_slot(walk, call, record->cache_slot);
            /* What another call fetched is no older than this one's wish for it. */
            assert_true(walk->slots[record->cache_slot].stored >= call->arrived);
        }
        return;
    }
    if (record->cache_tier == CACHE_TIER_L2) {
        assert_true(call->l2_held);
        assert_int_equal(walk->now - call->l2_made, record->age_ns);
    } else {
        if (record->stale_family) check_family_slot(walk, call, record);
        else check_slot(walk, call, record->cache_slot);
        assert_int_equal(walk->now - walk->slots[record->cache_slot].stored, record->age_ns);
    }
    if (record->served == SERVED_CACHE) {
        assert_int_equal(record->cache_state, CACHE_FRESH);
        assert_true(record->age_ns < cache->ttl_ns);
    } else {
        assert_int_equal(record->cache_state, CACHE_STALE);
        assert_true(record->stale_family || record->age_ns >= cache->ttl_ns);
        assert_true(record->age_ns < cache->ttl_ns + cache->stale_ns);
    }
}

static bool has_word(const struct walk *walk, uint32_t id, enum path_step step)
{
    const struct call_record *record = engine_record(walk->engine, id);
    for (uint32_t i = 0; i < record->path_count; i++) {
        if (record->path[i].step == step) return true;
    }
    return false;
}

static void check_first_attempt(struct walk *walk, uint32_t starting)
{
    walk->first_attempts++;
    if (has_word(walk, starting, PATH_FLIGHT_JOINED)) return;
    uint8_t key = walk->calls[starting].key;
    if (!has_word(walk, starting, PATH_POOL_WAIT)) {
        assert_true(walk->now >= walk->refused_until[key]);
    }
    if (!walk->config.single_flight || cache_is_off(&walk->config.cache)) return;
    /* Calls that never waited for another ask for one key one after the other. */
    for (uint32_t i = 0; i < WALK_CALLS; i++) {
        const struct walk_call *other = &walk->calls[i];
        if (i == starting || !other->running || other->key != key) continue;
        assert_true(has_word(walk, i, PATH_FLIGHT_JOINED));
    }
}

/* The walks last less than a millisecond: only first attempts fill the budget. */
static void check_retry_budget(struct walk *walk)
{
    const struct retry_budget_config *budget = &walk->config.retry_budget;
    walk->reach->retries++;
    walk->retries++;
    if (budget->ratio_permille == 0) return;
    assert_true(walk->retries * 1000 <= walk->first_attempts * budget->ratio_permille +
                                            budget->min_per_s * UINT64_C(1000));
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
        check_first_attempt(walk, action->call);
    } else {
        uint64_t ceiling_ns = backoff_ceiling_ns(&walk->config.backoff, action->attempt - 1);
        assert_true(backoff_ns < ceiling_ns || backoff_ns == call->retry_after_ns);
        assert_true(backoff_ns >= call->retry_after_ns);
        assert_true(walk->now >= call->ended + backoff_ns);
        assert_true(action->deadline - walk->now >= walk->config.min_attempt_budget_ns);
        check_retry_budget(walk);
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
    assert_false(call->l2);
    call->active = false;
    assert_int_equal(record->arrived, call->arrived);
    assert_int_equal(record->finished, walk->now);
    assert_true(record->finished <= record->deadline);
    assert_int_equal(record->attempt_count, call->attempts);
    assert_int_equal(record->served == SERVED_NOBODY, call->gone);
    walk_check_path(record);
    check_codes(record);
    check_served_body(walk, call, record);
    walk->reach->served[record->served]++;
    for (uint32_t i = 0; i < record->path_count; i++)
        walk->reach->path[record->path[i].step]++;
}

static void on_store(struct walk *walk, const struct engine_action *action,
                     const struct engine_input *input)
{
    const struct walk_call *call = &walk->calls[action->call];
    instant_ns made = walk->now;
    if (action->tier == CACHE_TIER_L2) {
        assert_true(call->l2_held);
        made = call->l2_made;
    } else {
        /* Nothing else but a validated upstream answer is ever stored. */
        assert_int_equal(input->kind, ENGINE_ATTEMPT_DONE);
        assert_int_equal(input->outcome, OUTCOME_OK);
        assert_int_equal(input->call, action->call);
    }
    assert_true(action->slot < WALK_SLOTS);
    walk->slots[action->slot] =
        (struct walk_slot){ .held = true, .key = call->key, .stored = made };
}

static void on_l2_action(struct walk *walk, const struct engine_action *action,
                         const struct engine_input *input)
{
    struct walk_call *call = &walk->calls[action->call];
    assert_true(walk->config.l2_enabled);
    assert_true(call->active);
    if (action->kind == ENGINE_L2_PUT) {
        assert_int_equal(input->kind, ENGINE_ATTEMPT_DONE);
        assert_int_equal(input->outcome, OUTCOME_OK);
        assert_int_equal(input->call, action->call);
        return;
    }
    bool get = action->kind == ENGINE_L2_GET;
    assert_int_equal(call->attempts, 0);
    assert_int_equal(call->l2, !get);
    if (get) assert_int_equal(input->kind, ENGINE_REQUEST);
    call->l2 = get;
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
    case ENGINE_L2_PUT: on_l2_action(walk, action, input); break;
    }
}

static void on_attempt_done(struct walk *walk, const struct engine_input *input)
{
    struct walk_call *call = &walk->calls[input->call];
    call->running = false;
    call->ended = walk->now;
    call->retry_after_ns = input->has_retry_after ? input->retry_after_ns : 0;
    walk->running--;
    /* With fewer entries than keys one refusal may drive another out. */
    if (input->http_status != 400 || walk->config.negative_entries_max <= WALK_KEYS) return;
    walk->refused_until[call->key] = walk->now + walk->config.negative_ttl_ns;
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
        on_attempt_done(walk, input);
    } else if (input->kind == ENGINE_CLIENT_GONE) {
        call->gone = true;
    } else if (input->kind == ENGINE_BASELINE_DONE) {
        call->baseline = false;
    } else if (input->kind == ENGINE_L2_DONE) {
        call->l2 = false;
        call->l2_held = input->l2_hit;
        call->l2_made = walk->now - input->age_ns;
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
    assert_true(stats.negative_entries <= walk->config.negative_entries_max);
    assert_true(stats.flight_waiting <= active);
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
