#include <assert.h>

#include "core/engine_internal.h"

/* What sized memory, or what a replay must find unchanged. */
static void check_unchanged(const struct engine *engine, const struct engine_config *config)
{
    const struct engine_config *old = engine->config;
    assert(config->seed == old->seed);
    assert(config->calls_max >= 1);
    assert(config->calls_max <= engine->calls_size);
    assert(config->l2_enabled == old->l2_enabled);
    assert(config->single_flight == old->single_flight);
    assert(config->cache.families == old->cache.families);
    assert(config->negative_entries_max == old->negative_entries_max);
}

void engine_reconfigure(struct engine *engine, const struct engine_config *config, instant_ns now)
{
    check_unchanged(engine, config);
    assert(now >= engine->now);
    engine->now = now;
    engine->settings = *config;
    engine->negative_config.ttl_ns = config->negative_ttl_ns;
    breaker_reconfigured(engine->breaker);
    cache_reconfigured(engine->cache);
}
