#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "harness/gate.h"
#include "harness/reference.h"
#include "judge_fixture.h"

/* Many retries, which neither the deadline nor the breaker hinders. */
#define RETRIES(fault, seconds)                                                                    \
    "version: 1\nname: retries\nteaches: Retries.\nseed: 11\nduration: " seconds "\n"              \
    "runtime:\n  env: prod\n  set:\n    breaker_failures_30s: 1000\n"                             \
    "    breaker_failure_ratio: 0\n    cache_ttl_s: 0\n    cache_stale_if_error_s: 0\n"           \
    "    request_deadline_s: 5\n"                                                                 \
    "workload:\n  - arrival: { constant: 40/s }\n    keys: { count: 4000 }\n"                      \
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"                      \
    "upstream:\n  latency: 5ms\n  phases:\n"                                                       \
    "    - { name: all, from: 0s, to: " seconds ", faults: [ " fault " ] }\n"                      \
    "expect:\n  - backoff: full_jitter\n"

#define HALF "{ status: 503, share: 50% }"

/* Each wait becomes `from` + U * (to - from) of its ceiling, U being what it was. */
static void bend(struct stage *stage, double from, double to)
{
    const struct backoff_config *config = &stage->config.engine.backoff;
    for (size_t i = 0; i < stage->run.attempt_count; i++) {
        struct run_attempt *attempt = &stage->run.attempts[i];
        if (attempt->number == 0) continue;
        double ceiling = (double)reference_backoff_ceiling_ns(config, attempt->number - 1);
        double part = (double)attempt->backoff_ns / ceiling;
        attempt->backoff_ns = (uint64_t)(ceiling * (from + part * (to - from)));
    }
}

static void full_jitter_passes_and_other_waits_fail(void **state)
{
    (void)state;
    static const struct {
        double from, to;
        const char *failure;
    } rows[] = {
        { 0, 1, NULL },
        { 0.5, 1, "the mean wait was 0.7" },     /* "equal jitter" */
        { 0.999, 0.999, "the mean wait was 0.999" }, /* exponential, without jitter */
        { 0, 0, "the mean wait was 0.000" },     /* at once */
        { 0, 0.7, "largest distance from uniform 0." },
        { 0.4, 0.6, "largest distance from uniform 0.4" }, /* jitter around the middle */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_simulate_and_judge(&stage, RETRIES(HALF, "10s"));
        bend(&stage, rows[i].from, rows[i].to);
        stage_judge(&stage);
        assert_in_range(stage_check(&stage, "backoff")->n, 100, 400);
        if (rows[i].failure == NULL) stage_assert_passes(&stage, "backoff");
        else stage_assert_fails(&stage, "backoff", rows[i].failure);
        stage_close(&stage);
    }
}

static void too_few_waits_are_inconclusive_and_say_how_many_are_missing(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage, RETRIES(HALF, "1s"));
    const struct check *check = stage_check(&stage, "backoff");
    assert_int_equal(CHECK_INCONCLUSIVE, check->status);
    assert_in_range(check->n, 1, 29);
    assert_non_null(strstr(check->sentence, "too few to be sure; "));
    stage_close(&stage);
}

static void a_retry_after_overrules_the_backoff_so_nothing_can_be_said(void **state)
{
    (void)state;
    struct stage stage;
    stage_simulate_and_judge(&stage,
                             RETRIES("{ status: 503, retry_after: 1s, share: 50% }", "10s"));
    const struct check *check = stage_check(&stage, "backoff");
    assert_int_equal(CHECK_UNOBSERVABLE, check->status);
    assert_non_null(strstr(check->sentence, "the upstream sent Retry-After"));
    stage_close(&stage);
}

/* The figures of docs/verdicts.md: waits of U[1/2, 1), seen by 30 of them at the latest, are at
 * least 1/2 away from uniform; full jitter is that far away once in millions. */
static void thirty_waits_tell_full_jitter_from_none(void **state)
{
    (void)state;
    assert_true(gate_uniform_chance(0.5, 30) < 1e-6);
    assert_true(gate_uniform_chance(0.5, 30) < 0.001);
    assert_true(gate_uniform_chance(0.25, 100) < 0.001);
    double usual = gate_uniform_chance(0.1, 30); /* 2 (0.5320 - 0.0801 + 0.0034) */
    assert_true(usual > 0.909 && usual < 0.912);
    /* Published critical values of Kolmogorov's D: 5 % and 1 % at n = 100. */
    double five = gate_uniform_chance(0.1340, 100);
    double one = gate_uniform_chance(0.1608, 100);
    assert_true(five > 0.045 && five < 0.055);
    assert_true(one > 0.009 && one < 0.011);
    assert_true(gate_uniform_chance(0, 50) == 1);
    assert_true(gate_uniform_chance(1, 50) < 1e-30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_jitter_passes_and_other_waits_fail),
        cmocka_unit_test(too_few_waits_are_inconclusive_and_say_how_many_are_missing),
        cmocka_unit_test(a_retry_after_overrules_the_backoff_so_nothing_can_be_said),
        cmocka_unit_test(thirty_waits_tell_full_jitter_from_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
