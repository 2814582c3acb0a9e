/* Invariants that have a model of their own: cooldown, path, pool, cache, budget, draws,
 * single flight, hold. Each passes
 * a good run, and fails one in which a single thing is not as the settings ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

#define HEAD                                                                                       \
    "version: 1\nname: second\nteaches: A second model.\nseed: 7\nduration: 20s\n"                 \
    "runtime:\n  env: prod\n  set:\n"
#define LOAD                                                                                       \
    "workload:\n  - arrival: { poisson: 40/s }\n    keys: { count: 30 }\n"                         \
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"                      \
    "upstream:\n  latency: 40ms\n  phases:\n"

static const char held[] =
    HEAD "    cache_ttl_s: 0.2\n    cache_stale_if_error_s: 1\n" LOAD
         "    - { name: busy, from: 5s, to: 12s,\n"
         "        faults: [ { status: 429, share: 10%, retry_after: 2s } ] }\n"
         "expect:\n  - order: guide\n";

static const char budgeted[] =
    HEAD "    cache_ttl_s: 0\n    retry_budget_ratio: 0.1\n    retry_budget_min_per_s: 1\n"
         "    breaker_count_ratio_floor: 0.95\n    breaker_failure_ratio: 0.95\n" LOAD
         "    - { name: flaky, from: 3s, to: 15s, faults: [ { status: 503, share: 50% } ] }\n"
         "expect:\n  - order: guide\n";

static const char crowded[] =
    HEAD "    cache_ttl_s: 0\n    cache_stale_if_error_s: 0\n    single_flight: false\n"
         "    max_connections: 2\n    max_keepalive_connections: 2\n    pool_queue_max: 3\n"
         "    pool_timeout_s: 0.1\n" LOAD
         "    - { name: slow, from: 3s, to: 15s, faults: [ { delay: 100ms } ] }\n"
         "expect:\n  - order: guide\n";

/* Simulates, and sees that the check passes and had something to judge. */
static void open_good(struct stage *stage, const char *yaml, const char *check)
{
    stage_open(stage, yaml, NULL);
    stage_simulate(stage);
    stage_judge(stage);
    stage_assert_passes(stage, check);
    assert_true(stage_check(stage, check)->n > 0);
}

static void expect_failure(struct stage *stage, const char *check, const char *text)
{
    stage_judge(stage);
    stage_assert_fails(stage, check, text);
}

static struct breaker_transition *first_opening(struct stage *stage)
{
    for (size_t i = 0; i < stage->run.transition_count; i++) {
        if (stage->run.transitions[i].to == BREAKER_OPEN) return &stage->run.transitions[i];
    }
    fail_msg("the breaker never opened");
    return NULL;
}

static void every_cooldown_is_its_draw(void **state)
{
    (void)state;
    struct stage stage;
    open_good(&stage, STAGE_SCENARIO(STAGE_EXPECT), "invariant.cooldown");
    struct breaker_transition *opening = first_opening(&stage);
    uint64_t length_ns = opening->cooldown_ns;
    opening->cooldown_ns = stage.config.engine.breaker.cooldown_ns; /* no jitter */
    expect_failure(&stage, "invariant.cooldown", "but the draw says");
    opening->cooldown_ns = stage.config.engine.breaker.cooldown_ns * 2;
    expect_failure(&stage, "invariant.cooldown", "outside");
    opening->cooldown_ns = length_ns;
    opening[1].at++;
    expect_failure(&stage, "invariant.cooldown", "its cooldown ended at");
    opening[1].at--;
    opening[1].volume = 1;
    expect_failure(&stage, "invariant.cooldown", "moved by cooldown_over with");
    stage_close(&stage);
}

/* The last word of that kind; none fails the test. */
static struct path_entry *find_word(struct stage *stage, enum path_step step)
{
    for (size_t i = stage->run.path_count; i > 0; i--) {
        if (stage->run.path[i - 1].step == step) return &stage->run.path[i - 1];
    }
    fail_msg("no such word in any path");
    return NULL;
}

static void paths_agree_with_the_breaker_and_the_attempts(void **state)
{
    (void)state;
    static const struct {
        enum path_step from, to;
        const char *text;
    } rows[] = {
        { PATH_BREAKER_CLOSED, PATH_BREAKER_PROBE, "but the breaker was closed" },
        { PATH_BREAKER_PROBE, PATH_BREAKER_CLOSED, "but the breaker was half_open" },
        { PATH_BREAKER_OPEN, PATH_BREAKER_PROBES_OUT, "but the breaker was open" },
        { PATH_BREAKER_CLOSED, PATH_POOL_WAIT, "the breaker let 0 attempts" },
    };
    struct stage stage;
    open_good(&stage, STAGE_SCENARIO(STAGE_EXPECT), "invariant.path");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct path_entry *word = find_word(&stage, rows[i].from);
        word->step = (uint8_t)rows[i].to;
        expect_failure(&stage, "invariant.path", rows[i].text);
        word->step = (uint8_t)rows[i].from;
    }
    find_word(&stage, PATH_ATTEMPT)->outcome = OUTCOME_READ_TIMEOUT;
    expect_failure(&stage, "invariant.path", "ended with read_timeout, its list says ok");
    stage_close(&stage);
}

static struct run_answer *first_refused(struct stage *stage)
{
    for (size_t i = 0; i < stage->schedule.count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        if (answer->attempt_count > 0) continue;
        for (uint32_t word = 0; word < answer->path_count; word++) {
            if (stage->run.path[answer->path_at + word].step == PATH_BREAKER_OPEN) return answer;
        }
    }
    fail_msg("the breaker refused nobody");
    return NULL;
}

static void over_sockets_a_refusal_falls_between_sending_and_answer(void **state)
{
    (void)state;
    struct stage stage;
    open_good(&stage, STAGE_SCENARIO(STAGE_EXPECT), "invariant.path");
    stage.run.world = WORLD_REAL;
    const struct breaker_transition *opening = first_opening(&stage);
    struct run_answer *refused = first_refused(&stage);
    refused->sent_ns = opening->at - 4 * NS_PER_MS; /* and read when the breaker had opened */
    refused->done_ns = opening->at + NS_PER_MS;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.path");
    refused->done_ns = opening->at - 2 * NS_PER_MS;
    expect_failure(&stage, "invariant.path", "by breaker:open, but the breaker was closed");
    stage_close(&stage);
}

static void places_and_queue_are_what_the_settings_allow(void **state)
{
    (void)state;
    struct stage stage;
    struct pool_config *pool = &stage.config.engine.pool;
    open_good(&stage, crowded, "invariant.pool");
    pool->connections_max = 1;
    expect_failure(&stage, "invariant.pool", "ran at once; 1 may");
    pool->connections_max = 3;
    expect_failure(&stage, "invariant.pool", "but not all 3 were taken");
    pool->connections_max = 2;
    pool->queue_max = 2;
    expect_failure(&stage, "invariant.pool", "at most 2 may wait");
    pool->queue_max = 4;
    expect_failure(&stage, "invariant.pool", "found the queue full");
    pool->queue_max = 3;
    stage.config.engine.pool_timeout_ns++;
    expect_failure(&stage, "invariant.pool", "gave up; its patience is");
    stage_close(&stage);
}

/* The attempt that began when a place was given back. */
static struct run_attempt *successor(struct stage *stage)
{
    for (size_t i = 0; i < stage->run.attempt_count; i++) {
        struct run_attempt *attempt = &stage->run.attempts[i];
        for (size_t k = 0; k < stage->run.attempt_count; k++) {
            const struct run_attempt *other = &stage->run.attempts[k];
            if (other->started_ns + other->latency_ns == attempt->started_ns) return attempt;
        }
    }
    fail_msg("nobody waited for a place");
    return NULL;
}

static void over_sockets_attempts_overlap_no_more_than_there_are_places(void **state)
{
    (void)state;
    struct stage stage;
    struct pool_config *pool = &stage.config.engine.pool;
    open_good(&stage, crowded, "invariant.pool");
    stage.run.world = WORLD_REAL;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.pool");
    assert_int_equal(stage.run.attempt_count, stage_check(&stage, "invariant.pool")->n);
    pool->connections_max = 1;
    expect_failure(&stage, "invariant.pool", "2 ran at once; 1 may");
    pool->connections_max = 2;
    struct run_attempt *hasty = successor(&stage);
    hasty->started_ns -= NS_PER_MS / 2;
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.pool");
    hasty->started_ns -= NS_PER_MS;
    expect_failure(&stage, "invariant.pool", "3 ran at once; 2 may");
    stage_close(&stage);
}

static void a_second_cache_finds_the_same(void **state)
{
    (void)state;
    struct stage stage;
    struct cache_config *cache = &stage.config.engine.cache;
    open_good(&stage, STAGE_SCENARIO(STAGE_EXPECT), "invariant.cache");
    cache->ttl_ns -= NS_PER_S;
    expect_failure(&stage, "invariant.cache", "the cache held \"stale_if_error\"");
    cache->ttl_ns += NS_PER_S;
    cache->entries_max = 5;
    expect_failure(&stage, "invariant.cache", "the cache held \"miss\"");
    cache->entries_max = 0;
    expect_failure(&stage, "invariant.cache", "the cache held \"miss\"");
    stage_close(&stage);
}

static void a_second_budget_grants_the_same(void **state)
{
    (void)state;
    struct stage stage;
    struct retry_budget_config *budget = &stage.config.engine.retry_budget;
    open_good(&stage, budgeted, "invariant.budget");
    budget->ratio_permille *= 5;
    expect_failure(&stage, "invariant.budget", "retry was refused at");
    budget->ratio_permille = 50;
    expect_failure(&stage, "invariant.budget", "retry was granted at");
    budget->ratio_permille = 0;
    expect_failure(&stage, "invariant.budget", "but there is no budget");
    stage_close(&stage);
}

static void a_hold_keeps_all_away_until_it_is_over(void **state)
{
    (void)state;
    struct stage stage;
    uint64_t *cap_ns = &stage.config.engine.retry_after_hold_cap_ns;
    open_good(&stage, held, "invariant.hold");
    uint64_t whole_ns = *cap_ns;
    *cap_ns = NS_PER_S;
    expect_failure(&stage, "invariant.hold", "nothing was asked for that lasted so long");
    *cap_ns = 0;
    expect_failure(&stage, "invariant.hold", "nothing was asked for that lasted so long");
    *cap_ns = whole_ns;
    struct run_attempt *hasty = NULL; /* began after the first hold: now it begins within it */
    uint64_t told_ns = 0;
    for (size_t i = 0; i < stage.run.attempt_count && hasty == NULL; i++) {
        struct run_attempt *attempt = &stage.run.attempts[i];
        uint64_t end_ns = attempt->started_ns + attempt->latency_ns;
        if (told_ns > 0 && attempt->started_ns > told_ns) hasty = attempt;
        if (told_ns == 0 && attempt->outcome == OUTCOME_HTTP_429) told_ns = end_ns;
    }
    assert_non_null(hasty);
    hasty->started_ns = told_ns + 1;
    expect_failure(&stage, "invariant.hold", "although Retry-After held all until");
    stage_close(&stage);
}

static void every_wait_is_its_draw_and_every_limit_its_own(void **state)
{
    (void)state;
    struct stage stage;
    open_good(&stage, budgeted, "invariant.draws");
    struct run_attempt *retry = NULL;
    for (size_t i = 0; i < stage.run.attempt_count; i++) {
        if (stage.run.attempts[i].number > 0) retry = &stage.run.attempts[i];
    }
    assert_non_null(retry);
    retry->backoff_ns++;
    expect_failure(&stage, "invariant.draws", "but the draw says");
    retry->backoff_ns--;
    enum outcome outcome = retry->outcome;
    retry->outcome = OUTCOME_READ_TIMEOUT;
    expect_failure(&stage, "invariant.draws", "ended by read_timeout after");
    retry->outcome = outcome;
    stage_answer(&stage, SERVED_UPSTREAM, 1)->age_ns = 1;
    expect_failure(&stage, "invariant.draws", "has an age, but is not of the cache");
    stage_close(&stage);
}

static void one_asks_for_those_who_want_the_same(void **state)
{
    (void)state;
    struct stage stage;
    open_good(&stage, held, "invariant.single_flight");
    stage.config.engine.single_flight = false;
    expect_failure(&stage, "invariant.single_flight", "though nobody is to");
    stage_close(&stage);
    open_good(&stage, crowded, "invariant.single_flight");
    stage.config.engine.single_flight = true;
    stage.config.engine.cache.ttl_ns = NS_PER_S;
    expect_failure(&stage, "invariant.single_flight", "for what another was asking for");
    stage_close(&stage);
}

static void an_opening_tells_what_its_window_held(void **state)
{
    (void)state;
    struct stage stage;
    open_good(&stage, STAGE_SCENARIO(STAGE_EXPECT), "invariant.cooldown");
    first_opening(&stage)->volume++;
    expect_failure(&stage, "invariant.cooldown", "its window held");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cooldown_is_its_draw),
        cmocka_unit_test(paths_agree_with_the_breaker_and_the_attempts),
        cmocka_unit_test(over_sockets_a_refusal_falls_between_sending_and_answer),
        cmocka_unit_test(places_and_queue_are_what_the_settings_allow),
        cmocka_unit_test(over_sockets_attempts_overlap_no_more_than_there_are_places),
        cmocka_unit_test(a_second_cache_finds_the_same),
        cmocka_unit_test(a_second_budget_grants_the_same),
        cmocka_unit_test(every_wait_is_its_draw_and_every_limit_its_own),
        cmocka_unit_test(one_asks_for_those_who_want_the_same),
        cmocka_unit_test(an_opening_tells_what_its_window_held),
        cmocka_unit_test(a_hold_keeps_all_away_until_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
