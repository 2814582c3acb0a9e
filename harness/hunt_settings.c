#include <string.h>

#include "harness/hunt_dice.h"

enum { VALUES_MAX = 7, THEME_KEYS_MAX = 8 };

/* A setting and the values that a story may give it, the interesting ones: edges, off, tight. */
struct knob {
    const char *key;
    const char *values[VALUES_MAX];
};

/* What a service needs to be well again hangs on these: most stories keep them short, so that they
 * end with a service that had its time to recover. */
static const struct knob healing[] = {
    { "cache_ttl_s", { "0", "0.5", "1", "3" } },
    { "breaker_cooldown_s", { "0.05", "0.5", "1", "2" } },
    { "retry_after_hold_cap_s", { "0", "1", "3" } },
    { "negative_cache_ttl_s", { "0", "1", "4" } },
};

static const struct knob knobs[] = {
    { "cache_stale_if_error_s", { "0", "1", "5", "30" } },
    { "cache_entries_max", { "0", "1", "2", "7", "50000" } },
    { "cache_bytes_max", { "0", "400", "4000", "134217728" } },
    { "breaker_failures_30s", { "1", "3", "8", "12" } },
    { "breaker_min_volume", { "1", "5", "20" } },
    { "breaker_window_s", { "8", "12", "30" } },
    { "breaker_failure_ratio", { "0", "0.3", "0.9" } },
    { "breaker_count_ratio_floor", { "0", "0.5", "1" } },
    { "breaker_cooldown_jitter", { "0", "0.2", "1" } },
    { "breaker_half_open_probe", { "1", "2", "5" } },
    { "breaker_count_429", { "true", "false" } },
    { "retry_count", { "0", "1", "2", "6", "10" } },
    { "retry_backoff_base_ms", { "0", "10", "100" } },
    { "retry_backoff_cap_ms", { "100", "200", "800" } },
    { "min_attempt_budget_ms", { "0", "50", "300" } },
    { "retry_budget_ratio", { "0", "0.1", "0.5" } },
    { "retry_budget_min_per_s", { "0", "2" } },
    { "connect_timeout_s", { "0.05", "0.25" } },
    { "write_timeout_s", { "0.05", "0.25" } },
    { "read_timeout_s", { "0.15", "0.4", "1.2" } },
    { "request_deadline_s", { "1", "1.8" } },
    { "pool_timeout_s", { "0.02", "0.15" } },
    { "max_connections", { "1", "4", "256" } },
    { "pool_queue_max", { "0", "3", "1024" } },
    { "max_inflight", { "6", "4096" } },
    { "single_flight", { "true", "false" } },
    { "negative_cache_entries_max", { "0", "3" } },
    { "stale_family_key", { "true", "false" } },
    { "l2_timeout_ms", { "1", "50", "500" } },
    { "redis_connect_timeout_ms", { "20", "500" } },
    { "redis_inflight_max", { "1", "256" } },
    { "baseline", { "ewma", "kalman", "rolling_quantile" } },
    { "baseline_only", { "true", "false", "false", "false" } },
    { "baseline_only_liquidity_bucket", { "low", "high" } },
    { "min_history_points", { "2", "32", "65" } },
    { "response_bytes_max", { "256", "1000", "8388608" } },
    { "upstream_api", { "v1", "timeseries" } },
};

/* Settings of which none does much alone. */
struct theme {
    struct knob keys[THEME_KEYS_MAX];
};

static const struct theme themes[] = {
    /* A breaker that opens and closes while attempts from before are still under way. */
    { { { "breaker_failures_30s", { "1", "2" } },
        { "breaker_min_volume", { "1" } },
        { "breaker_cooldown_s", { "0.05", "0.1", "0.2" } },
        { "breaker_half_open_probe", { "1", "2" } },
        { "read_timeout_s", { "1.2", "0.8" } },
        { "cache_ttl_s", { "0", "0.5" } } } },
    /* A breaker that remembers what was before it closed. */
    { { { "breaker_failures_30s", { "3", "6" } },
        { "breaker_min_volume", { "1", "5" } },
        { "breaker_cooldown_s", { "0.2", "0.5" } },
        { "breaker_half_open_probe", { "1" } },
        { "breaker_failure_ratio", { "0", "0.9" } },
        { "retry_count", { "0" } },
        { "cache_ttl_s", { "0" } } } },
    /* Everybody waits for the only place. */
    { { { "max_connections", { "1", "2" } },
        { "pool_queue_max", { "1", "3", "8" } },
        { "pool_timeout_s", { "0.15", "0.6" } },
        { "cache_ttl_s", { "0", "0.5" } } } },
    /* Long waits and many of them. */
    { { { "request_deadline_s", { "5" } },
        { "retry_count", { "6", "10" } },
        { "retry_backoff_base_ms", { "100", "400" } },
        { "retry_backoff_cap_ms", { "800", "2000" } },
        { "breaker_failures_30s", { "500" } },
        { "breaker_failure_ratio", { "0" } } } },
    /* More retries than are allowed for. */
    { { { "retry_budget_ratio", { "0.1", "0.5" } },
        { "retry_budget_min_per_s", { "0", "2" } },
        { "retry_count", { "2", "6" } },
        { "retry_backoff_base_ms", { "10", "100" } },
        { "breaker_failures_30s", { "500" } },
        { "breaker_failure_ratio", { "0" } },
        { "cache_ttl_s", { "0", "0.5" } } } },
    /* A small cache with much in it. */
    { { { "cache_entries_max", { "2", "5" } },
        { "cache_ttl_s", { "1", "3" } },
        { "cache_stale_if_error_s", { "2", "30" } },
        { "single_flight", { "true", "false" } } } },
};

/* The keys that were written: each may stand in the map once. */
struct written {
    const char *keys[64];
    size_t count;
};

static void write_one(struct buf *out, struct dice *dice, struct written *written,
                      const struct knob *knob)
{
    size_t count = 0;
    for (size_t i = 0; i < written->count; i++) {
        if (strcmp(written->keys[i], knob->key) == 0) return;
    }
    while (count < VALUES_MAX && knob->values[count] != NULL)
        count++;
    buf_printf(out, "    %s: %s\n", knob->key, dice_pick(dice, knob->values, count));
    written->keys[written->count++] = knob->key;
}

void hunt_write_settings(struct buf *out, struct dice *dice)
{
    struct written written = { .count = 0 };
    uint32_t weight = 3 + dice_roll(dice, 40);
    buf_puts(out, "  set:\n    keepalive_expiry_s: 4\n    max_keepalive_connections: 1\n");
    if (dice_chance(dice, 40)) {
        const struct theme *theme = &themes[dice_roll(dice, sizeof themes / sizeof themes[0])];
        for (size_t i = 0; i < THEME_KEYS_MAX && theme->keys[i].key != NULL; i++)
            write_one(out, dice, &written, &theme->keys[i]);
    }
    if (dice_chance(dice, 90)) {
        for (size_t i = 0; i < sizeof healing / sizeof healing[0]; i++)
            write_one(out, dice, &written, &healing[i]);
    }
    for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
        if (dice_chance(dice, weight)) write_one(out, dice, &written, &knobs[i]);
    }
}
