#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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
        { 0, 2, "largest distance from uniform 0.4" },     /* the base doubled */
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

static void without_retries_nothing_can_be_said(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "retry_count=0", "not observable: retry_count is 0" },
        { "retry_backoff_base_ms=0", "not observable: retry_backoff_base_ms is 0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_open(&stage, RETRIES(HALF, "10s"), rows[i][0]);
        stage_simulate(&stage);
        stage_judge(&stage);
        const struct check *check = stage_check(&stage, "backoff");
        assert_int_equal(CHECK_UNOBSERVABLE, check->status);
        assert_non_null(strstr(check->sentence, rows[i][1]));
        stage_close(&stage);
    }
}

/* Settings that keep the long waits of full jitter from being seen. */
static const struct hindrance {
    const char *name;
    const char *settings; /* over those that let everything through */
    const char *upstream;
} hindrances[] = {
    { "a deadline over two ceilings",
      "request_deadline_s: 0.5, retry_count: 3, connect_timeout_s: 0.1, write_timeout_s: 0.1",
      "latency: 5ms, phases: [ { name: all, from: 0s, to: 10s, faults: [ " HALF " ] } ]" },
    { "a deadline below the first ceiling",
      "request_deadline_s: 0.6, retry_count: 4, connect_timeout_s: 0.1, write_timeout_s: 0.1, "
      "retry_backoff_base_ms: 400, retry_backoff_cap_ms: 1600",
      "latency: { p50: 20ms, p90: 45ms, p95: 70ms, p99: 120ms, max: 180ms }, "
      "phases: [ { name: all, from: 0s, to: 10s, faults: [ " HALF " ] } ]" },
    { "a rate limit",
      "request_deadline_s: 0.9, retry_count: 4, retry_backoff_base_ms: 200",
      "latency: 20ms, phases: [ { name: all, from: 0s, to: 10s, "
      "faults: [ { rate_limit: { rate: 10/s, burst: 10 } } ] } ]" },
    { "a full pool",
      "request_deadline_s: 0.7, retry_count: 3, connect_timeout_s: 0.1, write_timeout_s: 0.1, "
      "max_connections: 2, max_keepalive_connections: 1, retry_backoff_base_ms: 200",
      "latency: 40ms, phases: [ { name: all, from: 0s, to: 10s, faults: [ " HALF " ] } ]" },
    { "a breaker that opens",
      "request_deadline_s: 1.5, retry_count: 3, breaker_failures_30s: 40, breaker_cooldown_s: 1",
      "latency: 20ms, phases: [ { name: all, from: 0s, to: 10s, faults: [ " HALF " ] } ]" },
    { "an upstream that load slows down",
      "request_deadline_s: 0.8, retry_count: 3, connect_timeout_s: 0.1, write_timeout_s: 0.1",
      "latency: 60ms, capacity: { workers: 2, queue: 4, on_full: 503 }" },
};

static void hinder(struct stage *stage, const struct hindrance *hindrance, unsigned seed)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml,
             "version: 1\nname: hindered\nteaches: Cut waits.\nseed: %u\nduration: 10s\n"
             "runtime: { env: prod, set: { breaker_failure_ratio: 0, breaker_half_open_probe: 1, "
             "cache_ttl_s: 0, cache_stale_if_error_s: 0, %s%s } }\n"
             "workload:\n  - arrival: { poisson: 40/s }\n    keys: { count: 4000 }\n"
             "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
             "upstream: { %s }\nexpect:\n  - backoff: full_jitter\n",
             seed, hindrance->settings,
             strstr(hindrance->settings, "failures_30s") != NULL ? ""
                                                                 : ", breaker_failures_30s: 1000",
             hindrance->upstream);
    stage_simulate_and_judge(stage, yaml);
}

/* What chance exceeds the distance with, by the sentence. */
static double chance_of(const struct check *check)
{
    static const char words[] = "which chance exceeds with ";
    const char *at = strstr(check->sentence, words);
    if (at == NULL) fail_msg("%s", check->sentence);
    return strtod(at + sizeof words - 1, NULL);
}

static unsigned size_seeds = 30; /* main's argument */

/* None fails, and no more are as far from uniform as chance is in 5 % and in 0.1 % than that; each
 * with a chance of blame of 1e-4. */
static void waits_that_are_cut_off_are_no_lack_of_jitter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hindrances / sizeof hindrances[0]; i++) {
        uint64_t far = 0;
        uint64_t farther = 0;
        uint64_t judged = 0;
        uint64_t waits = 0;
        for (unsigned seed = 1; seed <= size_seeds; seed++) {
            struct stage stage;
            hinder(&stage, &hindrances[i], seed);
            const struct check *check = stage_check(&stage, "backoff");
            waits += check->n;
            if (check->status != CHECK_INCONCLUSIVE) {
                stage_assert_passes(&stage, "backoff");
                judged++;
                far += chance_of(check) < 0.05;
                farther += chance_of(check) < 0.001;
            }
            stage_assert_passes(&stage, "invariant.backoff");
            stage_close(&stage);
        }
        print_message("%s: %.0f waits each, of %llu %llu below 5 %%, %llu below 0.1 %%\n",
                      hindrances[i].name, (double)waits / size_seeds, (unsigned long long)judged,
                      (unsigned long long)far, (unsigned long long)farther);
        assert_in_range(judged, size_seeds * 9 / 10, size_seeds);
        assert_true(gate_binomial_upper(farther, judged, 0.001) > 1e-4);
        assert_true(gate_binomial_upper(far, judged, 0.05) > 1e-4);
    }
}

/* The figures of docs/verdicts.md: waits of U[1/2, 1), seen by 30 of them at the latest, are at
 * least 1/2 away from uniform; full jitter is that far away once in millions. */
static void thirty_waits_tell_full_jitter_from_none(void **state)
{
    (void)state;
    assert_true(gate_uniform_chance(0.5, 30) < 1e-6);
    assert_true(gate_uniform_chance(0.25, 100) < 1e-5);
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

/* With an argument, so many seeds: docs/verdicts.md has the figures of 2,000. */
int main(int argc, char **argv)
{
    if (argc > 1) size_seeds = (unsigned)strtoul(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_jitter_passes_and_other_waits_fail),
        cmocka_unit_test(too_few_waits_are_inconclusive_and_say_how_many_are_missing),
        cmocka_unit_test(a_retry_after_overrules_the_backoff_so_nothing_can_be_said),
        cmocka_unit_test(without_retries_nothing_can_be_said),
        cmocka_unit_test(waits_that_are_cut_off_are_no_lack_of_jitter),
        cmocka_unit_test(thirty_waits_tell_full_jitter_from_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
