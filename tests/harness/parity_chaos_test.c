/* Level 1 of parity where the breaker's course hangs on milliseconds: the incident of
 * docs/scenarios.md, in less time. The real world is a simulation too, with other delays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "judge_fixture.h"

#define STORY                                                                                      \
    "version: 1\nname: bad-gateway\nduration: 48s\nruntime:\n  env: prod\n"                        \
    "  set: { cache_ttl_s: 6, cache_stale_if_error_s: 18, breaker_window_s: 3, "                   \
    "breaker_cooldown_s: 3 }\n"                                                                    \
    "workload: [ { arrival: { poisson: 200/s }, keys: { count: 100 } } ]\n"                        \
    "upstream:\n  latency: { p50: 60ms, p95: 140ms, max: 400ms }\n"                                \
    "  phases: [ { name: incident, from: 6s, to: 36s, faults: [ { status: 502, share: 40% } ] } ]" \
    "\nexpect: [ { order: guide } ]\n"

#define STALL_NS (60 * NS_PER_MS)

/* A real world with one setting more, and with chance of its own. */
static void compare(const char *setting, uint64_t seed, struct parity *out)
{
    struct stage stage;
    struct stage real;
    struct err_note note = { .err = ERR_OK };
    const struct sim_options options = { .arrival_jitter_ns = PARITY_MARGIN_NS,
                                         .reply_jitter_ns = PARITY_MARGIN_NS,
                                         .stall_ns = STALL_NS,
                                         .jitter_seed = seed };
    stage_open(&stage, STORY, NULL);
    stage_simulate(&stage);
    stage_open(&real, STORY, setting);
    run_deinit(&real.run);
    run_init(&real.run, WORLD_SIM, &stage.scenario, &stage.schedule, &real.config,
             stage.scenario.seed);
    assert_int_equal(ERR_OK, sim_run(&real.run, &options, NULL, &note));
    assert_int_equal(ERR_OK, parity_compare(&stage.run, &real.run, out, &note));
    stage_close(&real);
    stage_close(&stage);
}

/* In these the first look, without stalls, disagrees. */
static const uint64_t seeds[] = { 1001, 1002, 1004 };

static void a_chaotic_run_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        struct parity parity;
        struct buf text;
        compare(NULL, seeds[i], &parity);
        buf_init(&text, BUF_UNBOUNDED);
        parity_served_write(&parity, &text);
        if (!parity.holds) fail_msg("%s", buf_text(&text));
        assert_true(parity.chaotic);
        assert_non_null(strstr(buf_text(&text), "chaotic: the breaker's course and "));
        assert_true(parity.stall_ns > STALL_NS / 2); /* as the run's own records say */
        assert_true(parity.stall_ns <= STALL_NS);
        buf_deinit(&text);
    }
}

static void another_service_differs_in_a_chaotic_run_too(void **state)
{
    (void)state;
    static const char *const settings[] = { "breaker_cooldown_s=1.5", "cache_ttl_s=4.5",
                                            "cache_stale_if_error_s=0" };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct parity parity;
        compare(settings[i], seeds[0], &parity);
        assert_true(parity.chaotic);
        if (parity.holds) fail_msg("%s", settings[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chaotic_run_agrees),
        cmocka_unit_test(another_service_differs_in_a_chaotic_run_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
