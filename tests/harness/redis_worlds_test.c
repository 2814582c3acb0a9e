/* What a scenario says of Redis happens in both worlds: to a real redis-server, and simulated. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/priority.h"
#include "scratch.h"
#include "worlds_fixture.h"

enum { TRIES = 3 };

/* The first level is off, so every request asks Redis. */
static const char yaml[] =
    "version: 1\nname: redis\nseed: 5\nduration: 7s\n"
    "runtime: { env: prod, set: { cache_entries_max: 0, l2_timeout_ms: 20, "
    "redis_connect_timeout_ms: 200 } }\n"
    "workload:\n  - arrival: { constant: 100/s }\n    keys: { count: 10 }\n"
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
    "upstream:\n  latency: 5ms\n"
    "redis:\n  phases:\n    - { name: gone, from: 1s, to: 2s, do: down }\n"
    "    - { name: stuck, from: 3s, to: 4s, do: hang }\n"
    "    - { name: wiped, at: 6s, do: flush }\n"
    "expect:\n  - order: guide\n";

/* How many requests that were sent from `from_ms` until `to_ms` have the word in their path. */
static size_t count(const struct run *run, enum path_step step, uint64_t from_ms, uint64_t to_ms)
{
    size_t found = 0;
    for (size_t i = 0; i < run->schedule->count; i++) {
        const struct run_answer *answer = &run->answers[i];
        if (answer->sent_ns < from_ms * NS_PER_MS || answer->sent_ns >= to_ms * NS_PER_MS) continue;
        for (uint32_t w = 0; w < answer->path_count; w++)
            found += run->path[answer->path_at + w].step == step;
    }
    return found;
}

/* The edges have some room, for a machine that has others to serve too. */
static void assert_story(const struct run *run)
{
    assert_true(count(run, PATH_L2_FRESH, 300, 950) >= 60);
    /* Down: refused at once, so that nobody waits. */
    assert_int_equal(count(run, PATH_L2_FRESH, 1050, 2000), 0);
    assert_int_equal(count(run, PATH_L2_TIMEOUT, 1050, 2000), 0);
    assert_true(count(run, PATH_L2_MISS, 1050, 2000) >= 90);
    /* Connected again after one of the waits, it has forgotten all. */
    assert_true(count(run, PATH_L2_MISS, 2000, 2900) >= 10);
    assert_true(count(run, PATH_L2_FRESH, 2700, 2950) >= 20);
    /* Hanging: waited for until the connection is given up, 0.2 s later. */
    assert_true(count(run, PATH_L2_TIMEOUT, 3020, 3150) >= 10);
    assert_int_equal(count(run, PATH_L2_TIMEOUT, 3300, 7000), 0);
    assert_int_equal(count(run, PATH_L2_FRESH, 3050, 4000), 0);
    /* Its entries have outlived that; they do not outlive a flush. */
    assert_true(count(run, PATH_L2_FRESH, 5000, 5950) >= 80);
    assert_true(count(run, PATH_L2_MISS, 5000, 5950) == 0);
    assert_true(count(run, PATH_L2_MISS, 5950, 6300) >= 9);
    assert_true(count(run, PATH_L2_FRESH, 6300, 7000) >= 50);
}

/* Within a few requests; ten keys are missed when all is lost. */
static void assert_same_words(const struct run *sim, const struct run *real)
{
    static const uint64_t edges_ms[] = { 0, 1000, 2000, 3000, 4000, 6000, 7000 };
    static const enum path_step words[] = { PATH_L2_FRESH, PATH_L2_MISS, PATH_L2_TIMEOUT };
    for (size_t i = 0; i + 1 < sizeof edges_ms / sizeof edges_ms[0]; i++) {
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            size_t simulated = count(sim, words[w], edges_ms[i], edges_ms[i + 1]);
            size_t met = count(real, words[w], edges_ms[i], edges_ms[i + 1]);
            if (met <= simulated + 6 && simulated <= met + 6) continue;
            fail_msg("from %u ms on: %zu simulated, %zu over sockets, of word %zu",
                     (unsigned)edges_ms[i], simulated, met, w);
        }
    }
}

static void a_scenarios_redis_is_the_same_in_both_worlds(void **state)
{
    (void)state;
    struct worlds worlds;
    struct worlds *const items[] = { &worlds };
    struct parity parity;
    struct err_note note = { .err = ERR_OK };
    worlds_open(&worlds, scratch_path("."), "redis", yaml);
    assert_story(&worlds.stage.run);
    priority_raise_generator();
    for (int i = 0; i < TRIES; i++) {
        worlds_play(items, 1);
        if (worlds.real.invalid && !worlds.real.lagged) fail_msg("%s", worlds.real.invalid_reason);
        if (!worlds.real.lagged) break;
    }
    /* A machine that is always too busy to send in time tells nothing. */
    if (!worlds.real.lagged) {
        assert_in_range(worlds.real.lookup_p99_ns, 1000, 20 * NS_PER_MS);
        assert_story(&worlds.real);
        assert_same_words(&worlds.stage.run, &worlds.real);
        assert_int_equal(parity_compare(&worlds.stage.run, &worlds.real, &parity, &note), ERR_OK);
        assert_true(parity.served_holds);
    }
    assert_true(worlds.play.redis.server.pid > 0);
    assert_int_equal(kill(worlds.play.redis.server.pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    worlds_close(&worlds);
}

static void without_a_redis_server_the_run_is_invalid_and_names_the_package(void **state)
{
    (void)state;
    struct worlds worlds;
    struct worlds *const items[] = { &worlds };
    const char *path = getenv("PATH");
    worlds_open(&worlds, scratch_path("."), "none", yaml);
    assert_non_null(path);
    path = strdup(path);
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    worlds_play(items, 1);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free((char *)(uintptr_t)path);
    assert_true(worlds.real.invalid);
    assert_non_null(strstr(worlds.real.invalid_reason, "apt-get install redis-server"));
    worlds_close(&worlds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenarios_redis_is_the_same_in_both_worlds),
        cmocka_unit_test(without_a_redis_server_the_run_is_invalid_and_names_the_package),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
