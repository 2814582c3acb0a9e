#include <assert.h>

#include "core/engine_internal.h"

/* Those who wait are served from the cache: without it they would wait in vain. */
static bool flights_are_on(const struct engine *engine)
{
    return engine->config->single_flight && !cache_is_off(&engine->config->cache);
}

bool flight_join(struct engine *engine, uint32_t id)
{
    if (!flights_are_on(engine)) return false;
    struct call *call = &engine->calls[id];
    uint32_t flight = flights_find(&engine->flights, &call->key);
    if (flight == FLIGHT_NONE) return false;
    call_path(call, PATH_FLIGHT_JOINED);
    flights_join(&engine->flights, flight, id);
    call->flight = flight;
    call_enter(engine, id, CALL_FLIGHT, call->record.deadline);
    return true;
}

void flight_lead(struct engine *engine, uint32_t id)
{
    if (!flights_are_on(engine)) return;
    struct call *call = &engine->calls[id];
    call->flight = flights_start(&engine->flights, &call->key);
}

void flight_land(struct engine *engine, uint32_t id, enum flight_end end)
{
    struct call *call = &engine->calls[id];
    if (call->flight == FLIGHT_NONE) return;
    flights_land(&engine->flights, call->flight,
                 (struct flight_result){ .end = end, .cause = call->cause, .at = engine->now });
    call->flight = FLIGHT_NONE;
}

void flight_pass_on(struct engine *engine, uint32_t flight)
{
    uint32_t id = flights_promote(&engine->flights, flight);
    if (id != FLIGHT_NONE) attempt_ask(engine, id);
}

/* The answer of the flight lies in the cache, unless it was too large for that, or others have
 * driven it out. */
static bool answer_landed(struct engine *engine, uint32_t id, instant_ns landed)
{
    struct call *call = &engine->calls[id];
    struct cache_hit hit = cache_find(engine->cache, &call->key, engine->now);
    if (hit.state == CACHE_MISS || hit.age_ns > engine->now - landed) return false;
    call_path(call, PATH_FLIGHT_OK);
    call->record.cache_slot = hit.slot;
    call_answer(engine, id, SERVED_UPSTREAM, CODE_NONE, CODE_NONE);
    return true;
}

bool flight_settle(struct engine *engine)
{
    struct flight_result result;
    uint32_t id = flights_pop(&engine->flights, &result);
    if (id == FLIGHT_NONE) return false;
    struct call *call = &engine->calls[id];
    assert(call->state == CALL_FLIGHT);
    call->flight = FLIGHT_NONE;
    switch (result.end) {
    case FLIGHT_OK:
        if (answer_landed(engine, id, result.at)) break;
        attempt_ask(engine, id); /* alone: those who waited with it shall not wait in turn */
        break;
    case FLIGHT_FAILED:
        call_path(call, PATH_FLIGHT_FAILED);
        call->cause = result.cause;
        call_fall_back(engine, id);
        break;
    }
    return true;
}

void flight_leave(struct engine *engine, uint32_t id)
{
    struct call *call = &engine->calls[id];
    flights_leave(&engine->flights, call->flight, id);
    call->flight = FLIGHT_NONE;
}

void flight_on_deadline(struct engine *engine, uint32_t id)
{
    flight_leave(engine, id);
    engine->calls[id].cause = CODE_RUNTIME_TIMEOUT;
    call_fall_back(engine, id);
}
