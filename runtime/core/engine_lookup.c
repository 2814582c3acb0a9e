#include <assert.h>

#include "core/engine_internal.h"

/* The second level is off or had nothing fresh, nobody asks for the same: the upstream, unless it
 * has said lately that this request will never do. */
static void ask_upstream(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    if (cache_find(engine->negative, &call->key, engine->now).state == CACHE_FRESH) {
        call_path(call, PATH_NEGATIVE_HIT);
        call->cause = CODE_INPUT_INVALID;
        call_fall_back(engine, id);
        return;
    }
    flight_lead(engine, id);
    attempt_ask(engine, id);
}

void lookup_begin(struct engine *engine, uint32_t id)
{
    if (flight_join(engine, id)) return;
    const struct engine_config *config = engine->config;
    if (!config->l2_enabled) {
        ask_upstream(engine, id);
        return;
    }
    instant_ns patience_end = instant_add(engine->now, config->l2_timeout_ns);
    call_enter(engine, id, CALL_L2,
               instant_min(patience_end, engine->calls[id].record.deadline));
    engine_add(engine, ENGINE_L2_GET, id);
}

/* Nothing fresh there. Time has passed meanwhile: others may ask, or have asked, for the same. */
static void go_on(struct engine *engine, uint32_t id, enum path_step step)
{
    struct call *call = &engine->calls[id];
    call_path(call, step);
    struct cache_hit hit = cache_find(engine->cache, &call->key, engine->now);
    if (hit.state == CACHE_FRESH) {
        call_path(call, PATH_L1_FILLED);
        call_answer_cached(engine, id, hit);
        return;
    }
    if (flight_join(engine, id)) return;
    ask_upstream(engine, id);
}

/* Answers with the body that the driver holds, and keeps it in L1, as old as it is, unless there is
 * a younger one. */
static void answer_from_l2(struct engine *engine, uint32_t id, uint64_t age_ns, uint64_t bytes)
{
    struct call *call = &engine->calls[id];
    struct call_record *record = &call->record;
    struct cache_hit hit = cache_find(engine->cache, &call->key, engine->now);
    if (hit.state == CACHE_MISS || hit.age_ns > age_ns) {
        hit.slot = call_store(engine, id, bytes, engine->now - age_ns);
        record->cache_slot = hit.slot;
        if (hit.slot != CACHE_NO_SLOT) {
            struct engine_action *action = engine_add(engine, ENGINE_STORE, id);
            action->slot = hit.slot;
            action->tier = CACHE_TIER_L2;
        }
    }
    record->cache_tier = CACHE_TIER_L2;
    record->age_ns = age_ns;
    record->cache_state = cache_state_at(&engine->config->cache, age_ns);
    if (record->cache_state == CACHE_FRESH) {
        call_answer(engine, id, SERVED_CACHE, CODE_NONE, CODE_NONE);
    } else {
        call_answer(engine, id, SERVED_STALE, CODE_CACHE_STALE_SERVED, call->cause);
    }
}

void lookup_on_done(struct engine *engine, const struct engine_input *input)
{
    uint32_t id = input->call;
    struct call *call = &engine->calls[id];
    assert(call->state == CALL_L2);
    enum cache_state state = CACHE_MISS;
    if (input->l2_hit) state = cache_state_at(&engine->config->cache, input->age_ns);
    switch (state) {
    case CACHE_FRESH:
        call_path(call, PATH_L2_FRESH);
        answer_from_l2(engine, id, input->age_ns, input->body_bytes);
        return;
    case CACHE_STALE:
        call->l2_stale = true;
        call->l2_made = engine->now - input->age_ns;
        call->l2_bytes = input->body_bytes;
        go_on(engine, id, PATH_L2_STALE);
        return;
    case CACHE_MISS: go_on(engine, id, PATH_L2_MISS); return;
    }
}

void lookup_cancel(struct engine *engine, uint32_t id)
{
    engine_add(engine, ENGINE_L2_CANCEL, id);
}

void lookup_on_timeout(struct engine *engine, uint32_t id)
{
    lookup_cancel(engine, id);
    go_on(engine, id, PATH_L2_TIMEOUT);
}

bool lookup_answer_stale(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    if (!call->l2_stale) return false;
    uint64_t age_ns = engine->now - call->l2_made;
    if (cache_state_at(&engine->config->cache, age_ns) != CACHE_STALE) return false;
    call_path(call, PATH_STALE_L2);
    answer_from_l2(engine, id, age_ns, call->l2_bytes);
    return true;
}

void lookup_on_refusal(struct engine *engine, uint32_t id, uint16_t http_status)
{
    if (!classify_is_final(http_status)) return;
    cache_store(engine->negative, &engine->calls[id].key, 0, engine->now);
}
