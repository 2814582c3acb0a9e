#ifndef CORE_BREAKER_WINDOW_H
#define CORE_BREAKER_WINDOW_H
/* What the closed breaker remembers: how many attempts and failures the last `window_ns` saw, and
 * the exact moments of the last `failures_to_open` failures.
 *
 * Sums come from BREAKER_BUCKETS buckets, which forget by whole buckets: they cover at least the
 * window less one bucket, and never more than the window (to within BREAKER_BUCKETS ns).
 * Example, window 30 s: at 30.4 s the bucket of 0 s .. 1 s is gone, and a result of 0.5 s with it;
 * a failure of 0.5 s is still known to the ring. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/breaker.h"

struct window_sums {
    uint32_t volume;
    uint32_t failures;
};

struct window_bucket {
    uint64_t number; /* the bucket's absolute number + 1; 0: never used */
    struct window_sums sums;
};

struct breaker_window {
    const struct breaker_config *config; /* borrowed */
    uint64_t bucket_ns;
    struct window_bucket buckets[BREAKER_BUCKETS];
    instant_ns *failures; /* owned: a ring of failures_size moments */
    uint32_t failures_size; /* failures_to_open, at most BREAKER_FAILURES_MAX */
    uint32_t failures_count;
    uint32_t failures_next; /* where the next one goes; the oldest when the ring is full */
};

void breaker_window_init(struct breaker_window *window, const struct breaker_config *config);
/* `config` has changed: the newest failures stay in the ring, sums move to the buckets that hold
 * the beginning of the old ones. */
void breaker_window_reconfigured(struct breaker_window *window);
void breaker_window_deinit(struct breaker_window *window);
void breaker_window_clear(struct breaker_window *window);

void breaker_window_on_success(struct breaker_window *window, instant_ns now);
void breaker_window_on_failure(struct breaker_window *window, instant_ns now);

/* To be asked after a failure at `now`: whether a rule fires. If so fills which, and the figures it
 * fired on. The count rule goes first. */
bool breaker_window_judge(const struct breaker_window *window, instant_ns now,
                          enum breaker_rule *rule, struct window_sums *sums);

#endif
