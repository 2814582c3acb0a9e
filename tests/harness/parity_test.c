#include "harness/parity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include "judge_fixture.h"

/* Another simulation of the same scenario and schedule. */
static void simulate(const struct stage *stage, const struct runtime_config *config,
                     struct sim_options options, struct run *out)
{
    struct err_note note = { .err = ERR_OK };
    run_init(out, WORLD_SIM, &stage->scenario, &stage->schedule, config, stage->scenario.seed);
    assert_int_equal(ERR_OK, sim_run(out, &options, NULL, &note));
}

static void compare(const struct stage *stage, const struct run *other, struct parity *out)
{
    struct err_note note = { .err = ERR_OK };
    assert_int_equal(ERR_OK, parity_compare(&stage->run, other, out, &note));
    assert_int_equal(stage->schedule.count, out->requests);
    assert_int_equal(out->requests, out->decided + out->marginal);
}

static void a_simulation_agrees_with_itself(void **state)
{
    (void)state;
    struct stage stage;
    struct parity parity;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    compare(&stage, &stage.run, &parity);
    assert_true(parity.holds);
    assert_int_equal(parity.decided, parity.agree);
    assert_int_equal(parity.marginal, parity.marginal_agree);
    assert_int_equal(0, parity.id_count);
    assert_true(parity.decided > parity.requests * 9 / 10); /* else it would say nothing */
    stage_close(&stage);
}

static void the_margin_is_what_the_run_was_late_by_when_that_is_more(void **state)
{
    (void)state;
    struct run_delivery deliveries[200] = { { .late_ns = 0 } };
    struct run real = { .lag_p99_ns = 300 * NS_PER_US, .deliveries = deliveries,
                        .delivery_count = 200 };
    assert_int_equal(parity_margin_ns(&real), PARITY_MARGIN_NS);
    deliveries[7].late_ns = 90 * NS_PER_MS; /* one in a hundred may be */
    deliveries[9].late_ns = 90 * NS_PER_MS;
    assert_int_equal(parity_margin_ns(&real), PARITY_MARGIN_NS);
    deliveries[11].late_ns = 7100 * NS_PER_US;
    assert_int_equal(parity_margin_ns(&real), 8 * NS_PER_MS);
    real.lag_p99_ns = 12 * NS_PER_MS;
    assert_int_equal(parity_margin_ns(&real), 12 * NS_PER_MS);
}

static void a_run_is_compared_with_the_margin_that_it_asks_for(void **state)
{
    (void)state;
    struct stage stage;
    struct run late;
    struct parity parity;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    struct sim_options options = { .arrival_jitter_ns = 40 * NS_PER_MS, .jitter_seed = 1000 };
    simulate(&stage, &stage.config, options, &late);
    compare(&stage, &late, &parity);
    uint32_t marginal = parity.marginal;
    late.lag_p99_ns = 40 * NS_PER_MS;
    compare(&stage, &late, &parity);
    assert_int_equal(parity.margin_ns, 40 * NS_PER_MS);
    assert_true(parity.holds);
    assert_true(parity.marginal > marginal);
    run_deinit(&late);
    stage_close(&stage);
}

static void a_world_that_is_late_within_the_margin_agrees(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    for (uint64_t seed = 1000; seed < 1010; seed++) { /* none of parity's own */
        struct run late;
        struct parity parity;
        struct sim_options options = { .arrival_jitter_ns = PARITY_MARGIN_NS,
                                       .reply_jitter_ns = PARITY_MARGIN_NS,
                                       .jitter_seed = seed };
        simulate(&stage, &stage.config, options, &late);
        compare(&stage, &late, &parity);
        assert_true(parity.served_holds);
        run_deinit(&late);
    }
    stage_close(&stage);
}

/* Entries live 300 ms, requests come at random: many meet an entry within 5 ms of its end. */
static void a_fate_that_hangs_on_milliseconds_is_marginal(void **state)
{
    (void)state;
    struct stage stage;
    struct parity parity;
    stage_open(&stage,
               "version: 1\nname: brink\nteaches: Fates on the brink.\nseed: 7\nduration: 30s\n"
               "runtime: { env: prod, set: { cache_ttl_s: 0.3 } }\n"
               "workload:\n  - arrival: { poisson: 100/s }\n    keys: { count: 5 }\n"
               "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
               "upstream:\n  latency: 40ms\nexpect:\n  - order: guide\n",
               NULL);
    stage_simulate(&stage);
    compare(&stage, &stage.run, &parity);
    assert_true(parity.marginal > parity.requests / 100);
    assert_int_equal(parity.marginal, parity.marginal_agree);
    assert_true(parity.holds);
    stage_close(&stage);
}

/* One key, asked for every 100 ms, its entry alive for 300 ms: from the fourth request on all hang
 * on milliseconds. That excuses either fate, but not one that no simulation knows. */
static void a_fate_of_no_simulation_differs_even_where_fates_are_marginal(void **state)
{
    (void)state;
    struct stage stage;
    struct run other;
    struct parity parity;
    struct sim_options options = { .jitter_seed = 0 };
    stage_open(&stage, STAGE_BRINK, NULL);
    stage_simulate(&stage);
    simulate(&stage, &stage.config, options, &other);
    compare(&stage, &other, &parity);
    assert_true(parity.holds);
    assert_true(parity.decided * 1000 <= parity.requests * PARITY_DISAGREE_PERMILLE_MAX);
    for (size_t i = 0; i < stage.schedule.count; i++) other.answers[i].served = SERVED_ERROR;
    compare(&stage, &other, &parity);
    assert_false(parity.holds);
    assert_int_equal(PARITY_IDS_MAX, parity.id_count);
    run_deinit(&other);
    stage_close(&stage);
}

static void a_world_without_a_breaker_differs(void **state)
{
    (void)state;
    struct stage stage;
    struct run other;
    struct parity parity;
    struct sim_options options = { .arrival_jitter_ns = 0, .reply_jitter_ns = 0 };
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    struct runtime_config config = stage.config;
    config.engine.breaker.failures_to_open = BREAKER_FAILURES_MAX;
    config.engine.breaker.failure_ratio_permille = 0;
    simulate(&stage, &config, options, &other);
    assert_int_equal(0, other.transition_count);
    compare(&stage, &other, &parity);
    assert_false(parity.holds);
    assert_true(parity.agree < parity.decided);
    assert_int_equal(PARITY_IDS_MAX, parity.id_count);
    for (uint32_t i = 0; i < parity.id_count; i++) {
        uint32_t id = parity.ids[i];
        assert_int_not_equal(stage.run.answers[id].served, other.answers[id].served);
    }
    run_deinit(&other);
    stage_close(&stage);
}

/* 20 permille of 1,200 requests are 24. */
static void a_few_differences_are_forgiven(void **state)
{
    (void)state;
    struct stage stage;
    struct run other;
    struct parity parity;
    struct sim_options options = { .arrival_jitter_ns = 0, .reply_jitter_ns = 0 };
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(&stage);
    simulate(&stage, &stage.config, options, &other);
    for (uint32_t i = 0; i < 24; i++) other.answers[i].answered = false; /* decided: all is well */
    compare(&stage, &other, &parity);
    assert_int_equal(24, parity.decided - parity.agree);
    assert_true(parity.holds);
    other.answers[24].served = SERVED_ERROR;
    compare(&stage, &other, &parity);
    assert_int_equal(25, parity.decided - parity.agree);
    assert_false(parity.holds);
    run_deinit(&other);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_simulation_agrees_with_itself),
        cmocka_unit_test(the_margin_is_what_the_run_was_late_by_when_that_is_more),
        cmocka_unit_test(a_run_is_compared_with_the_margin_that_it_asks_for),
        cmocka_unit_test(a_world_that_is_late_within_the_margin_agrees),
        cmocka_unit_test(a_fate_that_hangs_on_milliseconds_is_marginal),
        cmocka_unit_test(a_fate_of_no_simulation_differs_even_where_fates_are_marginal),
        cmocka_unit_test(a_world_without_a_breaker_differs),
        cmocka_unit_test(a_few_differences_are_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
