/* Random walks of the whole engine in virtual time, with a configuration so small that every edge
 * is met: few connections, few cache entries, a breaker that opens at a breath, deadlines of a
 * hundred nanoseconds. What must hold is in walk_checks.c. */

#include "walk_checks.h"

/* Fewer where a thousand defects meet the walks in turn (./dev mutate). */
#ifndef WALK_SEEDS
#define WALK_SEEDS 300
#endif
enum { SEEDS = WALK_SEEDS, STEPS = 3000 };

static struct walk_reach reach;

static void choose_config(struct walk *walk)
{
    struct rng *rng = &walk->rng;
    walk->config = (struct engine_config){
        .seed = rng_next(rng),
        .calls_max = WALK_CALLS,
        .connect_timeout_ns = 1 + rng_below(rng, 60),
        .read_timeout_ns = 1 + rng_below(rng, 120),
        .write_timeout_ns = 1 + rng_below(rng, 60),
        .pool_timeout_ns = 1 + rng_below(rng, 60),
        .request_deadline_ns = 1 + rng_below(rng, 300),
        .retry_count = (uint32_t)rng_below(rng, 4),
        .backoff = { .base_ns = rng_below(rng, 20), .cap_ns = 20 + rng_below(rng, 60) },
        .min_attempt_budget_ns = rng_below(rng, 30),
        .retry_after_hold_cap_ns = rng_below(rng, 200),
        .pool = { .connections_max = 1 + (uint32_t)rng_below(rng, 5),
                  .queue_max = (uint32_t)rng_below(rng, 5) },
        .breaker = {
            .failures_to_open = 1 + (uint32_t)rng_below(rng, 8),
            .window_ns = 1 + rng_below(rng, 400),
            .min_volume = 1 + (uint32_t)rng_below(rng, 6),
            .count_ratio_floor_permille = (uint32_t)rng_below(rng, 2) * 300,
            .failure_ratio_permille = (uint32_t)rng_below(rng, 2) * 500,
            .cooldown_ns = rng_below(rng, 150),
            .cooldown_jitter_permille = (uint32_t)rng_below(rng, 2) * 200,
            .half_open_probes = 1 + (uint32_t)rng_below(rng, 3),
            .probe_deadline_ns = 1 + rng_below(rng, 200),
            .count_429 = rng_below(rng, 2) == 0,
        },
        .cache = { .ttl_ns = rng_below(rng, 100),
                   .stale_ns = rng_below(rng, 200),
                   .entries_max = (uint32_t)rng_below(rng, WALK_SLOTS + 1),
                   .bytes_max = 100 + rng_below(rng, 200),
                   .families = rng_below(rng, 2) == 0 },
        .l2_enabled = rng_below(rng, 2) == 0,
        .l2_timeout_ns = 1 + rng_below(rng, 60),
        .single_flight = rng_below(rng, 2) == 0,
        .negative_ttl_ns = rng_below(rng, 2) * rng_below(rng, 60),
        .negative_entries_max = (uint32_t)rng_below(rng, 2 * WALK_KEYS),
        .retry_budget = { .ratio_permille = (uint32_t)(rng_below(rng, 2) * rng_below(rng, 300)),
                          .min_per_s = (uint32_t)rng_below(rng, 5) },
    };
}

/* Good and bad weather take turns, so that the breaker both opens and closes. */
static enum outcome choose_outcome(struct walk *walk, int step)
{
    uint64_t good = step / 100 % 2 == 0 ? 9 : 3;
    if (rng_below(&walk->rng, 10) < good) return OUTCOME_OK;
    return (enum outcome)(1 + rng_below(&walk->rng, OUTCOME_ABANDONED - 1));
}

static struct engine_input attempt_input(struct walk *walk, uint32_t call, int step)
{
    struct engine_input input = { .call = call, .attempt = walk->calls[call].attempts - 1 };
    switch (rng_below(&walk->rng, 6)) {
    case 0: input.kind = ENGINE_ATTEMPT_CONNECTED; break;
    case 1: input.kind = ENGINE_ATTEMPT_PROGRESS; break;
    case 2: input.kind = ENGINE_ATTEMPT_SENT; break;
    default:
        input.kind = ENGINE_ATTEMPT_DONE;
        input.outcome = choose_outcome(walk, step);
        input.body_bytes = rng_below(&walk->rng, 150);
        if (input.outcome == OUTCOME_HTTP_4XX) {
            input.http_status = rng_below(&walk->rng, 2) == 0 ? 400 : 404;
        }
        input.has_retry_after = input.outcome != OUTCOME_OK && rng_below(&walk->rng, 4) == 0;
        input.retry_after_ns = rng_below(&walk->rng, 300);
    }
    return input;
}

static struct engine_input l2_input(struct walk *walk, uint32_t call)
{
    return (struct engine_input){ .kind = ENGINE_L2_DONE,
                                  .call = call,
                                  .l2_hit = rng_below(&walk->rng, 3) > 0,
                                  .age_ns = rng_below(&walk->rng, 300),
                                  .body_bytes = rng_below(&walk->rng, 150) };
}

static struct engine_input request_input(struct walk *walk, uint32_t call)
{
    struct engine_input input = { .kind = ENGINE_REQUEST,
                                  .call = call,
                                  .request_key = rng_next(&walk->rng) };
    input.cache_key.bytes[0] = (uint8_t)rng_below(&walk->rng, WALK_KEYS);
    input.has_family = walk->config.cache.families;
    input.family_key.bytes[9] = input.cache_key.bytes[0] % WALK_FAMILIES;
    if (rng_below(&walk->rng, 15) == 0) {
        input.baseline_only = CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY;
    }
    return input;
}

static struct engine_input choose_input(struct walk *walk, int step)
{
    uint32_t call = (uint32_t)rng_below(&walk->rng, WALK_CALLS);
    if (rng_below(&walk->rng, 8) == 0) return (struct engine_input){ .kind = ENGINE_TIMER };
    if (!walk->calls[call].active) return request_input(walk, call);
    if (rng_below(&walk->rng, 25) == 0) {
        return (struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = call };
    }
    if (walk->calls[call].l2) return l2_input(walk, call);
    if (walk->calls[call].running) return attempt_input(walk, call, step);
    return (struct engine_input){ .kind = ENGINE_TIMER };
}

/* All that is due at this moment; then the next wake-up lies ahead. */
static void drain(struct walk *walk)
{
    const struct engine_input timer = { .kind = ENGINE_TIMER };
    for (int i = 0; i < 100 && engine_wakeup(walk->engine) <= walk->now; i++) {
        walk_step(walk, &timer);
    }
    assert_true(engine_wakeup(walk->engine) > walk->now);
}

/* No place leaked: as many calls as there are connections start at once. */
static void check_all_places_are_free(struct walk *walk)
{
    if (walk->breaker != BREAKER_CLOSED || walk->held_until > 0) return;
    for (uint32_t i = 0; i < walk->config.pool.connections_max; i++) {
        struct engine_input input = { .kind = ENGINE_REQUEST,
                                      .call = i,
                                      .cache_key = { .bytes = { (uint8_t)(WALK_KEYS + i) } } };
        walk_step(walk, &input);
        if (walk->calls[i].l2) {
            walk_step(walk, &(struct engine_input){ .kind = ENGINE_L2_DONE, .call = i });
        }
        assert_true(walk->calls[i].running);
    }
    assert_int_equal(walk->running, walk->config.pool.connections_max);
}

static void finish_all_calls(struct walk *walk)
{
    for (uint32_t i = 0; i < WALK_CALLS; i++) {
        if (!walk->calls[i].active) continue;
        walk_step(walk, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = i });
    }
    drain(walk);
    struct engine_stats stats = engine_stats(walk->engine);
    assert_int_equal(stats.calls, 0);
    assert_int_equal(stats.attempts, 0);
    assert_int_equal(stats.permits_out, 0);
    assert_int_equal(stats.pool_waiting, 0);
    assert_int_equal(stats.flight_waiting, 0);
    reach.late_results += (uint32_t)stats.late_results;
    uint32_t held = 0;
    for (uint32_t i = 0; i < WALK_SLOTS; i++)
        held += walk->slots[i].held;
    assert_int_equal(stats.cache_entries, held); /* every body is reachable or was dropped */
}

static uint64_t walk_run(uint64_t seed)
{
    struct walk walk = { .now = seed, .reach = &reach };
    buf_init(&walk.line, BUF_UNBOUNDED);
    rng_init(&walk.rng, seed, "walk");
    choose_config(&walk);
    walk.engine = engine_create(&walk.config);
    for (int step = 0; step < STEPS; step++) {
        struct engine_input input = choose_input(&walk, step);
        walk_step(&walk, &input);
        if (rng_below(&walk.rng, 3) == 0) continue; /* more at the same moment, before timers */
        drain(&walk);
        instant_ns next = engine_wakeup(walk.engine);
        uint64_t most_ns = u64_min(next - walk.now, 40);
        walk.now += rng_below(&walk.rng, 4) == 0 ? most_ns : rng_below(&walk.rng, most_ns + 1) / 4;
    }
    finish_all_calls(&walk);
    check_all_places_are_free(&walk);
    engine_destroy(walk.engine);
    buf_deinit(&walk.line);
    return walk.trace_hash;
}

static void every_invariant_holds_on_random_walks(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        walk_run(seed);
}

static void the_walks_reached_every_word_rule_and_action(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reach.path / sizeof reach.path[0]; i++) {
        if (reach.path[i] < 20) fail_msg("path word %zu was met %u times", i, reach.path[i]);
    }
    for (size_t i = 0; i < sizeof reach.rule / sizeof reach.rule[0]; i++) {
        if (reach.rule[i] < 20) fail_msg("breaker rule %zu fired %u times", i, reach.rule[i]);
    }
    for (size_t i = 0; i < SERVED_COUNT; i++)
        assert_true(reach.served[i] > 20);
    for (size_t i = 0; i <= ENGINE_L2_PUT; i++)
        assert_true(reach.action[i] > 20);
    assert_true(reach.retries > 100);
    assert_true(reach.late_results > 20);
}

static void the_same_inputs_give_the_same_trace(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t hash = walk_run(seed);
        assert_true(walk_run(seed) == hash);
        assert_true(walk_run(seed + SEEDS) != hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_invariant_holds_on_random_walks),
        cmocka_unit_test(the_walks_reached_every_word_rule_and_action),
        cmocka_unit_test(the_same_inputs_give_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
