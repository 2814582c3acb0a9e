#include <assert.h>

#include "core/engine_internal.h"

void call_enter(struct engine *engine, uint32_t id, enum call_state state, instant_ns timer)
{
    struct call *call = &engine->calls[id];
    if (call->state == CALL_POOL) call->record.pool_wait_ns += engine->now - call->pool_since;
    if (state == CALL_POOL) call->pool_since = engine->now;
    call->state = state;
    timers_set(&engine->timers, id, timer);
}

void call_path(struct call *call, enum path_step step)
{
    struct call_record *record = &call->record;
    assert(record->path_count < PATH_WORDS_MAX);
    record->path[record->path_count++] = (struct path_entry){ .step = (uint8_t)step };
}

/* Field by field: attempts and path are long, and their counts say what of them is valid. */
static void record_init(struct call_record *record, uint64_t request_key, instant_ns arrived,
                        uint64_t deadline_ns)
{
    record->request_key = request_key;
    record->arrived = arrived;
    record->deadline = instant_add(arrived, deadline_ns);
    record->finished = 0;
    record->served = SERVED_NOBODY;
    record->code = CODE_NONE;
    record->cause = CODE_NONE;
    record->cache_state = CACHE_MISS;
    record->cache_tier = CACHE_TIER_NONE;
    record->cache_slot = CACHE_NO_SLOT;
    record->age_ns = 0;
    record->stale_family = false;
    record->pool_wait_ns = 0;
    record->breaker = BREAKER_CLOSED;
    record->attempt_count = 0;
    record->path_count = 0;
}

void call_answer(struct engine *engine, uint32_t id, enum served served, enum code code,
                 enum code cause)
{
    struct call *call = &engine->calls[id];
    call->record.finished = engine->now;
    call->record.served = served;
    call->record.code = code;
    call->record.cause = cause;
    call->record.breaker = breaker_state(engine->breaker);
    engine->calls_count--;
    call_enter(engine, id, CALL_FREE, INSTANT_NEVER);
    engine_add(engine, ENGINE_ANSWER, id);
}

void call_answer_cached(struct engine *engine, uint32_t id, struct cache_hit hit)
{
    struct call *call = &engine->calls[id];
    call->record.cache_state = hit.state;
    call->record.cache_tier = CACHE_TIER_L1;
    call->record.cache_slot = hit.slot;
    call->record.age_ns = hit.age_ns;
    if (hit.state == CACHE_FRESH) {
        call_answer(engine, id, SERVED_CACHE, CODE_NONE, CODE_NONE);
    } else {
        call_answer(engine, id, SERVED_STALE, CODE_CACHE_STALE_SERVED, call->cause);
    }
}

uint32_t call_store(struct engine *engine, uint32_t id, uint64_t bytes, instant_ns made)
{
    const struct call *call = &engine->calls[id];
    uint32_t slot = cache_store(engine->cache, &call->key, bytes, made);
    if (slot != CACHE_NO_SLOT && call->has_family) {
        cache_join_family(engine->cache, slot, &call->family);
    }
    return slot;
}

void call_answer_upstream(struct engine *engine, uint32_t id, uint64_t body_bytes)
{
    struct call *call = &engine->calls[id];
    uint32_t slot = call_store(engine, id, body_bytes, engine->now);
    call->record.cache_slot = slot;
    if (slot != CACHE_NO_SLOT) engine_add(engine, ENGINE_STORE, id)->slot = slot;
    if (engine->config->l2_enabled) engine_add(engine, ENGINE_L2_PUT, id)->slot = slot;
    flight_land(engine, id, FLIGHT_OK);
    call_answer(engine, id, SERVED_UPSTREAM, CODE_NONE, CODE_NONE);
}

static void call_run_baseline(struct engine *engine, uint32_t id)
{
    call_enter(engine, id, CALL_BASELINE, INSTANT_NEVER);
    engine_add(engine, ENGINE_RUN_BASELINE, id);
}

void call_on_request(struct engine *engine, const struct engine_input *input)
{
    uint32_t id = input->call;
    struct call *call = &engine->calls[id];
    assert(call->state == CALL_FREE);
    call->client_gone = false;
    call->baseline_only = input->baseline_only;
    call->cause = input->baseline_only;
    call->backoff_ns = 0;
    call->flight = FLIGHT_NONE;
    call->l2_stale = false;
    call->key = input->cache_key;
    call->has_family = engine->config->cache.families && input->has_family;
    if (call->has_family) call->family = input->family_key;
    record_init(&call->record, input->request_key, engine->now,
                engine->config->request_deadline_ns);
    engine->calls_count++;

    if (call->baseline_only != CODE_NONE) {
        call_path(call, PATH_INPUT_BASELINE_ONLY);
        call_run_baseline(engine, id);
        return;
    }
    struct cache_hit hit = cache_find(engine->cache, &call->key, engine->now);
    switch (hit.state) {
    case CACHE_FRESH:
        call_path(call, PATH_L1_FRESH);
        call_answer_cached(engine, id, hit);
        return;
    case CACHE_STALE: call_path(call, PATH_L1_STALE); break;
    case CACHE_MISS: call_path(call, PATH_L1_MISS); break;
    }
    lookup_begin(engine, id);
}

static bool call_answer_family(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    if (!call->has_family) return false;
    struct cache_hit hit = cache_find_family(engine->cache, &call->family, engine->now);
    if (hit.state == CACHE_MISS) return false;
    call_path(call, PATH_STALE_FAMILY);
    call->record.stale_family = true;
    call_answer_cached(engine, id, hit);
    return true;
}

void call_fall_back(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    flight_land(engine, id, FLIGHT_FAILED);
    struct cache_hit hit = cache_find(engine->cache, &call->key, engine->now);
    switch (hit.state) {
    case CACHE_FRESH: /* another call filled it meanwhile */
        call_path(call, PATH_L1_FILLED);
        call_answer_cached(engine, id, hit);
        return;
    case CACHE_STALE:
        call_path(call, PATH_STALE_HIT);
        call_answer_cached(engine, id, hit);
        return;
    case CACHE_MISS:
        if (lookup_answer_stale(engine, id)) return;
        if (call_answer_family(engine, id)) return;
        call_path(call, PATH_STALE_MISS);
        call_run_baseline(engine, id);
        return;
    }
}

void call_on_baseline_done(struct engine *engine, uint32_t id, bool ok)
{
    struct call *call = &engine->calls[id];
    assert(call->state == CALL_BASELINE);
    call_path(call, ok ? PATH_BASELINE_OK : PATH_BASELINE_FAILED);
    if (call->client_gone) {
        call_answer(engine, id, SERVED_NOBODY, CODE_NONE, CODE_NONE);
    } else if (ok) {
        call_answer(engine, id, SERVED_BASELINE, CODE_BASELINE_FALLBACK, call->cause);
    } else {
        call_answer(engine, id, SERVED_ERROR, call->cause, call->cause);
    }
}

void call_on_client_gone(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    switch (call->state) {
    case CALL_FREE: assert(false && "no such call"); return;
    case CALL_L2: lookup_cancel(engine, id); break;
    case CALL_FLIGHT: flight_leave(engine, id); break;
    case CALL_POOL: pool_leave(&engine->pool, id); break;
    case CALL_CONNECT:
    case CALL_WRITE:
    case CALL_READ: attempt_abandon(engine, id); break;
    case CALL_BACKOFF: break;
    case CALL_BASELINE: /* its result is on the way: the id stays taken until then */
        call->client_gone = true;
        return;
    }
    uint32_t led = call->flight;
    call_answer(engine, id, SERVED_NOBODY, CODE_NONE, CODE_NONE);
    if (led != FLIGHT_NONE) flight_pass_on(engine, led);
}

void call_on_timer(struct engine *engine, uint32_t id)
{
    switch (engine->calls[id].state) {
    case CALL_L2: lookup_on_timeout(engine, id); return;
    case CALL_FLIGHT: flight_on_deadline(engine, id); return;
    case CALL_POOL: attempt_on_pool_timeout(engine, id); return;
    case CALL_CONNECT:
    case CALL_WRITE:
    case CALL_READ: attempt_on_limit(engine, id); return;
    case CALL_BACKOFF: attempt_ask(engine, id); return;
    case CALL_FREE:
    case CALL_BASELINE: break;
    }
    assert(false && "a timer in a state without one");
}
