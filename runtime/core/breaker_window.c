#include "core/breaker_window.h"

#include <string.h>

#include "base/mem.h"

/* Rounded up, so that all of them together are no shorter than the window. */
static uint64_t bucket_length_ns(const struct breaker_config *config)
{
    return (config->window_ns - 1) / BREAKER_BUCKETS + 1;
}

void breaker_window_init(struct breaker_window *window, const struct breaker_config *config)
{
    *window = (struct breaker_window){
        .config = config,
        .bucket_ns = bucket_length_ns(config),
        .failures = mem_alloc(BREAKER_FAILURES_MAX, sizeof(instant_ns)),
        .failures_size = config->failures_to_open,
    };
}

static void resize_ring(struct breaker_window *window, uint32_t size)
{
    instant_ns newest_first[BREAKER_FAILURES_MAX];
    uint32_t kept = window->failures_count < size ? window->failures_count : size;
    uint32_t at = window->failures_next;
    for (uint32_t i = 0; i < kept; i++) {
        at = (at == 0 ? window->failures_size : at) - 1;
        newest_first[i] = window->failures[at];
    }
    for (uint32_t i = 0; i < kept; i++) window->failures[i] = newest_first[kept - 1 - i];
    window->failures_size = size;
    window->failures_count = kept;
    window->failures_next = kept == size ? 0 : kept;
}

static void resize_buckets(struct breaker_window *window, uint64_t bucket_ns)
{
    struct window_bucket old[BREAKER_BUCKETS];
    memcpy(old, window->buckets, sizeof old);
    memset(window->buckets, 0, sizeof window->buckets);
    for (uint32_t i = 0; i < BREAKER_BUCKETS; i++) {
        if (old[i].number == 0) continue;
        uint64_t number = (old[i].number - 1) * window->bucket_ns / bucket_ns + 1;
        struct window_bucket *bucket = &window->buckets[number % BREAKER_BUCKETS];
        if (bucket->number > number) continue; /* it is too old for the new window */
        if (bucket->number < number) *bucket = (struct window_bucket){ .number = number };
        bucket->sums.volume += old[i].sums.volume;
        bucket->sums.failures += old[i].sums.failures;
    }
    window->bucket_ns = bucket_ns;
}

void breaker_window_reconfigured(struct breaker_window *window)
{
    const struct breaker_config *config = window->config;
    if (window->failures_size != config->failures_to_open) {
        resize_ring(window, config->failures_to_open);
    }
    uint64_t bucket_ns = bucket_length_ns(config);
    if (window->bucket_ns != bucket_ns) resize_buckets(window, bucket_ns);
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

    uint32_t size = window->failures_size;
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
