/* What counts, waits and comes in bursts is the same in both worlds: each request is served as the
 * simulation says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/audit.h"
#include "scratch.h"
#include "worlds_fixture.h"

enum { TRIES = 2 };

static const char yaml[] =
    "version: 1\nname: selections\nseed: 5\nduration: 9s\n"
    "runtime: { env: prod, set: { cache_ttl_s: 1, breaker_failure_ratio: 0, breaker_min_volume: "
    "100000, warmup_enabled: false } }\n"
    "workload:\n  - arrival: { poisson: 50/s }\n    keys: { count: 500, zipf: 0.5 }\n"
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
    "upstream:\n  latency: { lognormal: { median: 40ms, p99: 200ms } }\n"
    "  capacity: { workers: 6, queue: 10, on_full: 503 }\n  phases:\n"
    "    - { name: gate, from: 500ms, to: 2500ms, faults: [ { rate_limit: { rate: 20/s, burst: 10, "
    "retry_after: 1s } } ] }\n"
    "    - { name: cold, from: 2500ms, to: 4s, faults: [ { cold_start: 300ms }, { status: 500, "
    "every: 9 } ] }\n"
    "    - { name: bursts, from: 4s, to: 6s, faults: [ { status: 503, burst: { bad: 300ms, good: "
    "700ms }, share: 80% }, { delay: { uniform: [5ms, 50ms] }, exact_share: 30% } ] }\n"
    "    - { name: ramp, from: 6s, to: 8s, faults: [ { at: response_body@40%, do: reset, ramp: { "
    "from: 0%, to: 60% } }, { at: response_body@0%, do: dribble, piece: 200B, every: 10ms, share: "
    "30% }, { malformed: chunk_cut, attempt: \">= 1\", share: 20% }, { status: 502, market: w0, "
    "first: 3 } ] }\n"
    "expect:\n  - order: guide\n";

/* False: the worlds differ, and the machine was too busy to tell why. */
static bool agree(struct worlds *worlds)
{
    struct parity parity;
    struct err_note note = { .err = ERR_OK };
    struct worlds *const items[] = { worlds };
    worlds_play(items, 1);
    audit_run(&worlds->real);
    bool lagged = worlds->real.lagged;
    if (worlds->real.invalid && !lagged) fail_msg("%s", worlds->real.invalid_reason);
    assert_int_equal(parity_compare(&worlds->stage.run, &worlds->real, &parity, &note), ERR_OK);
    if (!parity.holds && !lagged) {
        fail_msg("%u of %u decided requests agree, %u of %u marginal ones", parity.agree,
                 parity.decided, parity.marginal_agree, parity.marginal);
    }
    assert_true(parity.decided > parity.requests / 2);
    return parity.holds;
}

/* Each fault fired in the simulation, else nothing was compared. */
static void assert_all_fired(const struct run *run)
{
    for (size_t p = 0; p < run->scenario->phase_count; p++) {
        for (size_t f = 0; f < run->scenario->phases[p].fault_count; f++) {
            struct audit_fault met = audit_fault(run, p, f);
            if (met.hit == 0) fail_msg("%s", run->scenario->phases[p].faults[f].text);
        }
    }
    uint64_t waited = 0;
    for (size_t i = 0; i < run->delivery_count; i++)
        waited += run->deliveries[i].wait_ns > 0;
    assert_true(waited > 10);
}

static void requests_are_served_as_the_simulation_says(void **state)
{
    (void)state;
    static struct worlds worlds;
    char folder[FOLDER_BYTES];
    folder_make(folder);
    worlds_open(&worlds, folder, "selections", yaml);
    assert_all_fired(&worlds.stage.run);
    bool same = false;
    for (int tries = 0; !same && tries < TRIES; tries++)
        same = agree(&worlds);
    worlds_close(&worlds);
    folder_remove(folder);
    if (!same) skip(); /* each try lagged */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_served_as_the_simulation_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
