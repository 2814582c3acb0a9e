#ifndef TESTS_CORE_WARMUP_BENCH_H
#define TESTS_CORE_WARMUP_BENCH_H
/* A warmup in virtual time. */

#include "core/warmup.h"

#define START (100 * NS_PER_S)

/* Virtual time, and what the latest step asked for. */
struct bench {
    struct warmup_config config;
    struct warmup warmup;
    struct warmup_actions actions;
    instant_ns now;
};

/* That many profiles; timeouts 5 s and 120 s, backoff 250 ms to 10 s, keepwarm 180 s +- 20 %. */
void bench_begin(struct bench *bench, uint32_t profiles);
void bench_event(struct bench *bench, enum warmup_event kind);
void bench_done(struct bench *bench, enum warmup_result result);
void bench_traffic(struct bench *bench, uint32_t profile);
/* On to the next wake-up. */
void bench_wake(struct bench *bench);
void bench_assert_action(const struct bench *bench, uint32_t index, enum warmup_action_kind kind);
void bench_assert_only(const struct bench *bench, enum warmup_action_kind kind);
/* Health, then each profile, all well. */
void bench_warm_up(struct bench *bench);

#endif
