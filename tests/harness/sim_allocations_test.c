/* The simulator asks for no memory per event: what it needs it takes at its start, and its lists
 * grow by doubling. Every malloc(), calloc() and realloc() of the program goes through the counter
 * (the linker's --wrap). */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/sim.h"
#include "judge_fixture.h"

enum { GROWING_LISTS = 4 /* attempts, path, deliveries, transitions */ };

static size_t counted;
static bool counting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    counted += counting;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    counted += counting;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    counted += counting;
    return __real_realloc(old, size);
}

/* A third of the requests meet 503s and resets, so that each event of a simulation occurs. */
#define TROUBLE(seconds)                                                                           \
    "version: 1\nname: long\nseed: 7\nduration: " seconds "\n"                                     \
    "runtime: { env: prod, set: { cache_ttl_s: 2, cache_stale_if_error_s: 4,\n"                    \
    "  breaker_cooldown_s: 4 } }\n"                                                                \
    "workload:\n  - arrival: { poisson: 100/s }\n    keys: { count: 300 }\n"                       \
    "    request: { y_len: 40, horizon_steps: 3, liquidity_bucket: high }\n"                       \
    "upstream:\n  latency: { p50: 40ms, p90: 60ms, p99: 100ms, max: 200ms }\n  phases:\n"          \
    "    - { name: brown, from: 1s, to: " seconds ",\n"                                            \
    "        faults: [ { status: 503, share: 5% }, { at: response_head, do: reset, share: 5% } ] " \
    "}\n"                                                                                          \
    "expect:\n  - order: guide\n"

/* How often a simulation asked; *events: how many requests, attempts and words of a path it had. */
static size_t allocations_of(const char *yaml, size_t *events)
{
    struct stage stage;
    struct err_note note = { .err = ERR_OK };
    const struct sim_options options = { .jitter_seed = 0 };
    stage_open(&stage, yaml, NULL);
    struct sim_requests *requests = sim_requests_create(&stage.run, &note);
    assert_non_null(requests);
    counted = 0;
    counting = true;
    sim_play(&stage.run, requests, &options, NULL);
    counting = false;
    *events = stage.schedule.count + stage.run.attempt_count + stage.run.path_count;
    sim_requests_destroy(requests);
    stage_close(&stage);
    return counted;
}

static void the_counter_counts(void **state)
{
    (void)state;
    counted = 0;
    counting = true;
    struct stage stage;
    stage_open(&stage, TROUBLE("2s"), NULL);
    counting = false;
    assert_true(counted > 10);
    stage_close(&stage);
}

static void twice_the_requests_ask_for_memory_no_more_often(void **state)
{
    (void)state;
    size_t few_events, many_events;
    size_t few = allocations_of(TROUBLE("60s"), &few_events);
    size_t many = allocations_of(TROUBLE("120s"), &many_events);
    assert_true(few_events > 20000);
    assert_true(many_events > few_events * 19 / 10);
    if (many > few + GROWING_LISTS) {
        fail_msg("%zu times for %zu events, %zu times for %zu", few, few_events, many, many_events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(twice_the_requests_ask_for_memory_no_more_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
