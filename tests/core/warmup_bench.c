#include "warmup_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void bench_begin(struct bench *bench, uint32_t profiles)
{
    *bench = (struct bench){
        .config = {
            .enabled = true,
            .seed = 1,
            .profiles = profiles,
            .health_timeout_ns = 5 * NS_PER_S,
            .forecast_timeout_ns = 120 * NS_PER_S,
            .retry = { .base_ns = 250 * NS_PER_MS, .cap_ns = 10 * NS_PER_S },
            .keepwarm_ns = 180 * NS_PER_S,
            .keepwarm_jitter_permille = 200,
        },
        .now = START,
    };
    warmup_init(&bench->warmup, &bench->config, bench->now);
}

static void step(struct bench *bench, struct warmup_input input)
{
    bench->actions = warmup_step(&bench->warmup, input, bench->now);
}

void bench_event(struct bench *bench, enum warmup_event kind)
{
    step(bench, (struct warmup_input){ .event = kind });
}

void bench_done(struct bench *bench, enum warmup_result result)
{
    step(bench, (struct warmup_input){ .event = WARMUP_DONE, .result = result });
}

void bench_traffic(struct bench *bench, uint32_t profile)
{
    step(bench, (struct warmup_input){ .event = WARMUP_TRAFFIC_OK, .profile = profile });
}

void bench_wake(struct bench *bench)
{
    instant_ns due = warmup_wakeup(&bench->warmup);
    assert_true(due != INSTANT_NEVER);
    if (due > bench->now) bench->now = due;
    bench_event(bench, WARMUP_TIMER);
}

void bench_assert_action(const struct bench *bench, uint32_t index, enum warmup_action_kind kind)
{
    assert_true(index < bench->actions.count);
    assert_int_equal(bench->actions.items[index].kind, kind);
}

void bench_assert_only(const struct bench *bench, enum warmup_action_kind kind)
{
    assert_int_equal(bench->actions.count, 1);
    bench_assert_action(bench, 0, kind);
}

void bench_warm_up(struct bench *bench)
{
    bench_wake(bench);
    bench_done(bench, WARMUP_OK);
    for (uint32_t i = 0; i < bench->config.profiles; i++) bench_done(bench, WARMUP_OK);
    assert_true(bench->warmup.ready);
    assert_int_equal(bench->warmup.state, WARMUP_WAITING);
}
