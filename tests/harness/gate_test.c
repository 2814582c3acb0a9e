#include "harness/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static void gate_gives_the_published_verdicts(void **state)
{
    (void)state;
    assert_int_equal(GATE_INCONCLUSIVE, gate_judge(89, 0, 0.05));
    assert_int_equal(GATE_PASS, gate_judge(90, 0, 0.05));
    assert_int_equal(GATE_INCONCLUSIVE, gate_judge(129, 1, 0.05));
    assert_int_equal(GATE_PASS, gate_judge(130, 1, 0.05));
    for (uint64_t k = 0; k <= 200; k++) {
        enum gate_verdict wanted = k <= 3 ? GATE_PASS : k >= 19 ? GATE_FAIL : GATE_INCONCLUSIVE;
        assert_int_equal(wanted, gate_judge(200, k, 0.05));
    }
    for (uint64_t k = 0; k <= 1000; k++) {
        enum gate_verdict wanted = k <= 34 ? GATE_PASS : k >= 68 ? GATE_FAIL : GATE_INCONCLUSIVE;
        assert_int_equal(wanted, gate_judge(1000, k, 0.05));
    }
}

static void gate_never_passes_without_requests(void **state)
{
    (void)state;
    assert_int_equal(GATE_INCONCLUSIVE, gate_judge(0, 0, 0.05));
    assert_int_equal(GATE_INCONCLUSIVE, gate_judge(0, 0, 0.5));
}

static void gate_fails_when_every_answer_is_slow(void **state)
{
    (void)state;
    assert_int_equal(GATE_FAIL, gate_judge(2, 2, 0.05));
    assert_int_equal(GATE_INCONCLUSIVE, gate_judge(1, 1, 0.05));
    assert_int_equal(GATE_FAIL, gate_judge(5000000, 5000000, 0.05));
}

/* B(k; n, p) by weights relative to the mode's, which needs no logarithm of a factorial. */
static double cdf_by_weights(uint64_t k, uint64_t n, double p)
{
    long double odds = (long double)p / (1 - (long double)p);
    uint64_t mode = (uint64_t)((double)n * p);
    long double low = 0, all = 0, weight = 1;
    for (uint64_t i = mode;; i--) {
        all += weight;
        if (i <= k) low += weight;
        if (i == 0 || weight < 1e-30L) break;
        weight *= (long double)i / (long double)(n - i + 1) / odds;
    }
    weight = 1;
    for (uint64_t i = mode; i < n && weight > 1e-30L; i++) {
        weight *= (long double)(n - i) / (long double)(i + 1) * odds;
        all += weight;
        if (i + 1 <= k) low += weight;
    }
    return (double)(low / all);
}

static void cdf_is_exact_for_few_and_for_millions(void **state)
{
    (void)state;
    static const struct {
        uint64_t k, n;
        double p;
    } rows[] = {
        { 0, 1, 0.05 },        { 0, 90, 0.05 },        { 3, 200, 0.05 },   { 18, 200, 0.05 },
        { 500, 1000, 0.5 },    { 499, 1000, 0.5 },     { 10, 15, 0.7 },    { 16, 17, 0.9 },
        { 49000, 1000000, 0.05 }, { 51000, 1000000, 0.05 }, { 9700, 1000000, 0.01 },
        { 4900, 5000000, 0.001 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double wanted = cdf_by_weights(rows[i].k, rows[i].n, rows[i].p);
        double seen = gate_binomial_cdf(rows[i].k, rows[i].n, rows[i].p);
        assert_true(fabs(seen - wanted) <= 1e-12 * fmax(1, wanted));
    }
    assert_true(gate_binomial_cdf(7, 7, 0.5) == 1);
    assert_true(fabs(gate_binomial_cdf(0, 90, 0.05) - pow(0.95, 90)) < 1e-15);
}

static void gate_says_how_many_more_are_needed(void **state)
{
    (void)state;
    assert_int_equal(90, gate_more_needed(0, 0, 0.05));
    assert_int_equal(1, gate_more_needed(89, 0, 0.05));
    assert_int_equal(1, gate_more_needed(129, 1, 0.05));
    assert_int_equal(0, gate_more_needed(90, 0, 0.05));    /* passes already */
    assert_int_equal(0, gate_more_needed(100, 5, 0.05));   /* never would */
    assert_int_equal(0, gate_more_needed(100, 60, 0.05));
    uint64_t more = gate_more_needed(1000, 40, 0.05);
    assert_true(more > 0);
    uint64_t total = 1000 + more;
    assert_int_equal(GATE_PASS, gate_judge(total, total * 40 / 1000, 0.05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_gives_the_published_verdicts),
        cmocka_unit_test(gate_never_passes_without_requests),
        cmocka_unit_test(gate_fails_when_every_answer_is_slow),
        cmocka_unit_test(cdf_is_exact_for_few_and_for_millions),
        cmocka_unit_test(gate_says_how_many_more_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
