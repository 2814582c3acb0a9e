#include "core/engine.h"

#include <assert.h>

#include "base/mem.h"
#include "core/engine_internal.h"

/* Bodies freed per step; the breaker may need an action of its own in the same step. */
enum { DROPS_MAX = 4 };

/* The most that one step causes: the breaker moves with time; an attempt is cancelled, which moves
 * the breaker again; a body is stored; the call is answered. */
_Static_assert(ENGINE_ACTIONS_MAX >= 5, "a step must fit");
_Static_assert(ENGINE_ACTIONS_MAX >= DROPS_MAX + 1, "a step must fit");

static void check_config(const struct engine_config *config)
{
    assert(config->calls_max > 0);
    assert(config->connect_timeout_ns > 0);
    assert(config->read_timeout_ns > 0);
    assert(config->write_timeout_ns > 0);
    assert(config->pool_timeout_ns > 0);
    assert(config->request_deadline_ns > 0);
    assert(config->retry_count < ATTEMPTS_MAX);
    assert(!config->l2_enabled || config->l2_timeout_ns > 0);
}

struct engine *engine_create(const struct engine_config *config)
{
    check_config(config);
    struct engine *engine = mem_alloc(1, sizeof *engine);
    engine->settings = *config;
    engine->config = config = &engine->settings; /* all parts see what engine_reconfigure() sets */
    engine->calls_size = config->calls_max;
    engine->calls = mem_alloc(config->calls_max, sizeof *engine->calls);
    timers_init(&engine->timers, config->calls_max);
    pool_init(&engine->pool, &config->pool, config->calls_max);
    engine->breaker = breaker_create(&config->breaker, config->seed);
    engine->cache = cache_create(&config->cache);
    engine->negative_config = (struct cache_config){
        .ttl_ns = config->negative_ttl_ns,
        .entries_max = config->negative_entries_max,
    };
    engine->negative = cache_create(&engine->negative_config);
    if (config->single_flight) flights_init(&engine->flights, config->calls_max);
    retry_budget_init(&engine->budget, &config->retry_budget);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    if (engine == NULL) return;
    flights_deinit(&engine->flights);
    cache_destroy(engine->negative);
    cache_destroy(engine->cache);
    breaker_destroy(engine->breaker);
    pool_deinit(&engine->pool);
    timers_deinit(&engine->timers);
    mem_free(engine->calls);
    mem_free(engine);
}

struct engine_action *engine_add(struct engine *engine, enum engine_action_kind kind, uint32_t call)
{
    assert(engine->actions.count < ENGINE_ACTIONS_MAX);
    struct engine_action *action = &engine->actions.items[engine->actions.count++];
    /* Not the whole struct: `transition` is large, and belongs to ENGINE_BREAKER alone. */
    action->kind = kind;
    action->call = call;
    action->attempt = 0;
    action->slot = CACHE_NO_SLOT;
    action->outcome = OUTCOME_OK;
    action->tier = CACHE_TIER_NONE;
    action->deadline = 0;
    return action;
}

struct engine_action *engine_add_breaker(struct engine *engine,
                                         const struct breaker_transition *transition)
{
    struct engine_action *action = engine_add(engine, ENGINE_BREAKER, 0);
    action->transition = *transition;
    return action;
}

static void advance_breaker(struct engine *engine)
{
    struct breaker_transition transition;
    if (!breaker_advance(engine->breaker, engine->now, &transition)) return;
    engine_add_breaker(engine, &transition);
    /* Half open without a probe, or open for at least a nanosecond: no second move is due. */
    assert(engine->now < breaker_wakeup(engine->breaker));
}

static void drop_some(struct engine *engine)
{
    for (uint32_t i = 0; i < DROPS_MAX; i++) {
        uint32_t slot = cache_pop_dropped(engine->cache);
        if (slot == CACHE_NO_SLOT) return;
        engine_add(engine, ENGINE_DROP, 0)->slot = slot;
    }
}

/* One thing per step: a call's timer, or else a place in the pool, or else a call whose flight has
 * landed, or else a few bodies. */
static void on_timer(struct engine *engine)
{
    uint32_t id = timers_pop(&engine->timers, engine->now);
    if (id != TIMERS_NONE) {
        call_on_timer(engine, id);
        return;
    }
    id = pool_grant(&engine->pool);
    if (id != POOL_NOBODY) {
        attempt_on_grant(engine, id);
        return;
    }
    if (flight_settle(engine)) return;
    drop_some(engine);
}

const struct engine_actions *engine_step(struct engine *engine, const struct engine_input *input,
                                         instant_ns now)
{
    assert(now >= engine->now);
    assert(now < INSTANT_NEVER);
    engine->now = now;
    engine->actions.count = 0;
    advance_breaker(engine);

    assert(input->kind == ENGINE_TIMER || input->call < engine->calls_size);
    switch (input->kind) {
    case ENGINE_TIMER: on_timer(engine); break;
    case ENGINE_REQUEST: call_on_request(engine, input); break;
    case ENGINE_CLIENT_GONE: call_on_client_gone(engine, input->call); break;
    case ENGINE_ATTEMPT_CONNECTED:
    case ENGINE_ATTEMPT_PROGRESS:
    case ENGINE_ATTEMPT_SENT: attempt_on_progress(engine, input); break;
    case ENGINE_ATTEMPT_DONE: attempt_on_done(engine, input); break;
    case ENGINE_BASELINE_DONE:
        call_on_baseline_done(engine, input->call, input->baseline_ok);
        break;
    case ENGINE_L2_DONE: lookup_on_done(engine, input); break;
    }
    return &engine->actions;
}

instant_ns engine_wakeup(const struct engine *engine)
{
    if (pool_can_grant(&engine->pool) || flights_has_landed(&engine->flights) ||
        cache_has_dropped(engine->cache)) {
        return engine->now;
    }
    return instant_min(timers_next(&engine->timers), breaker_wakeup(engine->breaker));
}

const struct call_record *engine_record(const struct engine *engine, uint32_t call)
{
    assert(call < engine->calls_size);
    return &engine->calls[call].record;
}

struct engine_stats engine_stats(const struct engine *engine)
{
    return (struct engine_stats){
        .calls = engine->calls_count,
        .attempts = engine->attempts_count,
        .pool_waiting = engine->pool.waiting,
        .permits_out = breaker_permits_out(engine->breaker),
        .cache_entries = cache_entries(engine->cache),
        .cache_bytes = cache_bytes(engine->cache),
        .flight_waiting = engine->flights.waiting,
        .negative_entries = cache_entries(engine->negative),
        .late_results = breaker_late_results(engine->breaker),
        .breaker = breaker_state(engine->breaker),
        .held_until = engine->held_until > engine->now ? engine->held_until : 0,
    };
}
