#include "harness/recovery.h"

#include "base/instant.h"
#include "base/units.h"

static uint64_t longest_cooldown_ns(const struct breaker_config *config)
{
    return config->cooldown_ns / 1000 * (1000 + config->cooldown_jitter_permille) +
           config->cooldown_ns % 1000 * (1000 + config->cooldown_jitter_permille) / 1000 + 1;
}

uint64_t recovery_gates_ns(const struct engine_config *config)
{
    uint64_t refused_ns = config->negative_entries_max == 0 ? 0 : config->negative_ttl_ns;
    uint64_t held_ns = u64_max(config->retry_after_hold_cap_ns, refused_ns);
    return u64_max(longest_cooldown_ns(&config->breaker), held_ns);
}

uint64_t recovery_whole_ns(const struct engine_config *config)
{
    bool caches = config->cache.entries_max > 0;
    return 2 * config->request_deadline_ns + recovery_gates_ns(config) +
           (caches ? config->cache.ttl_ns : 0);
}

bool recovery_is_shown(const struct run *run)
{
    uint64_t last_ns = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->outcome == OUTCOME_OK || attempt->outcome == OUTCOME_ABANDONED) continue;
        last_ns = u64_max(last_ns, attempt->started_ns + attempt->latency_ns);
        last_ns = u64_max(last_ns, run->answers[attempt->request].done_ns);
    }
    uint64_t open_ns = last_ns + recovery_gates_ns(&run->config->engine);
    for (size_t i = run->schedule->count; i > 0 && last_ns > 0; i--) {
        if (run->answers[i - 1].sent_ns > open_ns) return true;
    }
    return false;
}
