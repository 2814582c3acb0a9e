/* Random walks of an engine with everything switched on (second level, single flight, negative
 * cache, retry budget): whatever it did, its trace alone makes a fresh engine do again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "config/trace_head.h"
#include "core/engine_trace.h"
#include "harness/replay.h"
#include "harness/replay_input.h"
#include "harness/whatif.h"

enum { CALLS = 12, STEPS = 20000, WALKS = 12, KEYS = 9, FAMILIES = 3 };

struct walk {
    struct rng rng;
    struct runtime_config config;
    struct engine *engine;
    struct replay_call calls[CALLS];
    instant_ns now;
    uint64_t requests;
    struct buf trace;
    uint64_t lines;
};

static void walk_open(struct walk *walk, uint64_t seed)
{
    static const char *const sets[] = {
        "max_inflight=12", "max_connections=3", "max_keepalive_connections=3", "pool_queue_max=2",
        "cache_entries_max=4", "cache_ttl_s=1", "cache_stale_if_error_s=2",
        "negative_cache_entries_max=2", "retry_budget_ratio=0.1", "retry_budget_min_per_s=0",
        "breaker_min_volume=4", "breaker_failures_30s=4", "breaker_cooldown_s=1",
        "breaker_half_open_probe=2", "stale_family_key=true",
    };
    struct err_note note = { .err = ERR_OK };
    const struct config_source source = { .sets = sets,
                                          .set_count = sizeof sets / sizeof sets[0] };
    *walk = (struct walk){ .now = 1000 };
    if (config_load(&walk->config, &source, &note) != ERR_OK) fail_msg("%s", note.sentence);
    walk->config.engine.seed = seed;
    walk->config.engine.l2_enabled = seed % 2 == 0;
    rng_init(&walk->rng, seed, "replay-walk");
    buf_init(&walk->trace, BUF_UNBOUNDED);
    walk->engine = engine_create(&walk->config.engine);
    trace_head_write(&walk->trace, "walk", "1", walk->now, &walk->config);
}

static void walk_close(struct walk *walk)
{
    engine_destroy(walk->engine);
    buf_deinit(&walk->trace);
}

static void walk_step(struct walk *walk, const struct engine_input *input)
{
    if (input->kind != ENGINE_TIMER) replay_call_on_input(&walk->calls[input->call], input);
    engine_trace_input(&walk->trace, input, walk->now);
    const struct engine_actions *actions = engine_step(walk->engine, input, walk->now);
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct engine_action *action = &actions->items[i];
        engine_trace_action(&walk->trace, walk->engine, action, walk->now);
        if (action->kind == ENGINE_DROP || action->kind == ENGINE_BREAKER) continue;
        replay_call_on_action(&walk->calls[action->call], action);
    }
    walk->lines += 1 + actions->count;
}

/* Some other input for a call at random; false when that one does not fit now. */
static bool walk_input(struct walk *walk, struct engine_input *input)
{
    static const enum engine_input_kind kinds[] = {
        ENGINE_REQUEST,       ENGINE_REQUEST,          ENGINE_CLIENT_GONE,
        ENGINE_ATTEMPT_DONE,  ENGINE_ATTEMPT_DONE,     ENGINE_ATTEMPT_CONNECTED,
        ENGINE_ATTEMPT_SENT,  ENGINE_ATTEMPT_PROGRESS, ENGINE_BASELINE_DONE,
        ENGINE_BASELINE_DONE, ENGINE_L2_DONE,
    };
    struct rng *rng = &walk->rng;
    *input = (struct engine_input){
        .kind = kinds[rng_below(rng, sizeof kinds / sizeof kinds[0])],
        .call = (uint32_t)rng_below(rng, CALLS),
        .request_key = walk->requests + 1,
        .outcome = (enum outcome)rng_below(rng, OUTCOME_COUNT),
        .baseline_ok = rng_below(rng, 4) > 0,
        .l2_hit = rng_below(rng, 2) == 0,
        .age_ns = rng_below(rng, 4 * NS_PER_S),
        .body_bytes = rng_below(rng, 5000),
        .http_status = (uint16_t)rng_below(rng, 600),
        .has_retry_after = rng_below(rng, 4) == 0,
        .retry_after_ns = rng_below(rng, 3 * NS_PER_S),
    };
    input->cache_key.bytes[5] = (uint8_t)rng_below(rng, KEYS);
    input->has_family = true;
    input->family_key.bytes[31] = input->cache_key.bytes[5] % FAMILIES;
    if (rng_below(rng, 12) == 0) input->baseline_only = CODE_INPUT_INSUFFICIENT_HISTORY;
    input->attempt = walk->calls[input->call].attempt;
    if (rng_below(rng, 2) == 0) input->outcome = OUTCOME_OK;
    if (rng_below(rng, 10) == 0) input->outcome = OUTCOME_HTTP_4XX;
    if (input->kind == ENGINE_CLIENT_GONE && rng_below(rng, 10) > 0) return false;
    if (replay_input_misfit(&walk->calls[input->call], input) != NULL) return false;
    if (input->kind == ENGINE_REQUEST) walk->requests++;
    return true;
}

static void walk_go(struct walk *walk)
{
    static const struct engine_input timer = { .kind = ENGINE_TIMER };
    for (int i = 0; i < STEPS; i++) {
        struct engine_input input;
        if (walk_input(walk, &input)) walk_step(walk, &input);
        if (rng_below(&walk->rng, 3) > 0) continue;
        instant_ns next = instant_add(walk->now, rng_below(&walk->rng, 80 * NS_PER_MS));
        while (engine_wakeup(walk->engine) <= next) {
            walk->now = u64_max(walk->now, engine_wakeup(walk->engine));
            walk_step(walk, &timer);
        }
        walk->now = next;
    }
    buf_printf(&walk->trace, "{\"end\":true,\"lines\":%llu}\n", (unsigned long long)walk->lines);
}

static void whatever_an_engine_did_its_trace_does_again(void **state)
{
    (void)state;
    struct buf all;
    buf_init(&all, BUF_UNBOUNDED);
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        static struct walk walk;
        struct replay replay;
        struct err_note note = { .err = ERR_OK };
        walk_open(&walk, seed);
        walk_go(&walk);
        if (replay_text("walk", walk.trace.data, walk.trace.length, &replay, &note) != ERR_OK) {
            fail_msg("seed %d, line %d: %s", (int)seed, note.line, note.sentence);
        }
        if (!replay.identical) {
            fail_msg("seed %d, line %d: %s\n%s\n%s", (int)seed, replay.line, replay.sentence,
                     replay.expected, replay.got);
        }
        assert_int_equal(replay.inputs + replay.actions, walk.lines);
        assert_int_equal(replay.end, REPLAY_WHOLE);
        replay_deinit(&replay);
        buf_put(&all, walk.trace.data, walk.trace.length);
        walk_close(&walk);
    }
    /* The walks went where they were to go. */
    static const char *const seen[] = { "\"do\":\"l2_put\"",  "\"do\":\"l2_cancel\"",
                                        "\"flight:joined\"",  "\"negative:hit\"",
                                        "\"retry:budget\"",   "\"breaker:probe\"",
                                        "\"stale:hit\"",      "\"pool:timeout\"",
                                        "\"l2:fresh\"",       "\"served\":\"error\"",
                                        "\"do\":\"drop\"",    "\"in\":\"client_gone\"" };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        if (strstr(all.data, seen[i]) == NULL) fail_msg("no walk met %s", seen[i]);
    }
    buf_deinit(&all);
}

static void count_answers(uint64_t seed, const char *set, const struct walk *walk)
{
    struct err_note note = { .err = ERR_OK };
    const struct trace_changes changes = { .sets = &set, .count = 1 };
    struct recording recording;
    struct whatif whatif;
    if (recording_read("walk", walk->trace.data, walk->trace.length, &changes, &recording,
                       &note) != ERR_OK) {
        fail_msg("seed %d, %s: %s", (int)seed, set, note.sentence);
    }
    assert_int_equal(recording.request_count, walk->requests);
    whatif_play(&recording, &whatif);
    if (whatif.figures.answers != recording.figures.answers) {
        fail_msg("seed %d, %s: %d answers of %d", (int)seed, set, (int)whatif.figures.answers,
                 (int)recording.figures.answers);
    }
    whatif_deinit(&whatif);
    recording_deinit(&recording);
}

static void whatever_an_engine_did_another_one_answers_each_of_its_requests(void **state)
{
    (void)state;
    static const char *const sets[] = { "retry_count=0",         "retry_count=5",
                                        "read_timeout_s=0.05",   "read_timeout_s=1.7",
                                        "request_deadline_s=60", "cache_stale_if_error_s=0",
                                        "single_flight=false",   "max_inflight=3" };
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        static struct walk walk;
        walk_open(&walk, seed);
        walk_go(&walk);
        count_answers(seed, sets[seed % (sizeof sets / sizeof sets[0])], &walk);
        walk_close(&walk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_an_engine_did_its_trace_does_again),
        cmocka_unit_test(whatever_an_engine_did_another_one_answers_each_of_its_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
