#include "core/breaker_window.h"

#include <string.h>

#include "base/mem.h"

void breaker_window_init(struct breaker_window *window, const struct breaker_config *config)
{
    *window = (struct breaker_window){
        .config = config,
        /* Rounded up, so that together they are no shorter than the window. */
        .bucket_ns = (config->window_ns - 1) / BREAKER_BUCKETS + 1,
        .failures = mem_alloc(config->failures_to_open, sizeof(instant_ns)),
    };
}

void breaker_window_deinit(struct breaker_window *window)
{
    mem_free(window->failures);
    window->failures = NULL;
}

void breaker_window_clear(struct breaker_window *window)
{
    window->failures_count = 0;
    window->failures_next = 0;
    memset(window->buckets, 0, sizeof window->buckets);
}

static struct window_sums *current_bucket(struct breaker_window *window, instant_ns now)
{
    uint64_t number = now / window->bucket_ns + 1;
    struct window_bucket *bucket = &window->buckets[number % BREAKER_BUCKETS];
    if (bucket->number != number) *bucket = (struct window_bucket){ .number = number };
    return &bucket->sums;
}

void breaker_window_on_success(struct breaker_window *window, instant_ns now)
{
    current_bucket(window, now)->volume++;
}

void breaker_window_on_failure(struct breaker_window *window, instant_ns now)
{
    struct window_sums *sums = current_bucket(window, now);
    sums->volume++;
    sums->failures++;

    uint32_t size = window->config->failures_to_open;
    window->failures[window->failures_next] = now;
    if (++window->failures_next == size) window->failures_next = 0;
    if (window->failures_count < size) window->failures_count++;
}

static struct window_sums sum_buckets(const struct breaker_window *window, instant_ns now)
{
    struct window_sums sums = { .volume = 0 };
    uint64_t newest = now / window->bucket_ns + 1;
    for (uint32_t i = 0; i < BREAKER_BUCKETS; i++) {
        const struct window_bucket *bucket = &window->buckets[i];
        if (bucket->number + BREAKER_BUCKETS <= newest) continue;
        sums.volume += bucket->sums.volume;
        sums.failures += bucket->sums.failures;
    }
    return sums;
}

/* Whether the last failures_to_open failures all lie within the window. */
static bool ring_is_within_window(const struct breaker_window *window, instant_ns now)
{
    if (window->failures_count < window->config->failures_to_open) return false;
    return now - window->failures[window->failures_next] < window->config->window_ns;
}

static bool ratio_reaches(struct window_sums sums, uint32_t permille)
{
    return (uint64_t)sums.failures * 1000 >= (uint64_t)sums.volume * permille;
}

bool breaker_window_judge(const struct breaker_window *window, instant_ns now,
                          enum breaker_rule *rule, struct window_sums *sums)
{
    const struct breaker_config *config = window->config;
    struct window_sums found = sum_buckets(window, now);

    if (ring_is_within_window(window, now)) {
        /* The exact moments may reach further back than the buckets: what they know is the least
         * that the window holds. */
        *sums = found;
        if (sums->failures < config->failures_to_open) {
            sums->volume += config->failures_to_open - sums->failures;
            sums->failures = config->failures_to_open;
        }
        *rule = BREAKER_RULE_COUNT;
        if (sums->volume >= config->min_volume &&
            ratio_reaches(*sums, config->count_ratio_floor_permille)) {
            return true;
        }
    }
    *sums = found;
    *rule = BREAKER_RULE_RATIO;
    return config->failure_ratio_permille > 0 && found.volume >= config->min_volume &&
           ratio_reaches(found, config->failure_ratio_permille);
}
