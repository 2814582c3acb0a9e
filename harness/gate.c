#include "harness/gate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* The chance of a wrong verdict, on each side. */
static const double gate_alpha = 0.01;

/* More requests than this are not worth naming. */
static const uint64_t gate_n_max = UINT64_C(1000000000);

static const double half_log_two_pi = 0.918938533204672741780329736406;
static const double two_pi = 6.283185307179586476925286766559;

/* ln(n!) less Stirling's formula (Loader 2000, "Fast and Accurate Computation of Binomial
 * Probabilities"): summing lgamma() instead would lose eight digits at a million requests. */
static double stirling_error(double n)
{
    if (n < 16) {
        int sign; /* of no interest: the argument is positive; lgamma() would write a global */
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - half_log_two_pi;
    }
    double square = n * n;
    return (1.0 / 12 -
            (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) /
                square) /
           n;
}

/* x ln(x/mean) + mean - x without cancellation when x is near the mean. */
static double deviance(double x, double mean)
{
    if (fabs(x - mean) >= 0.1 * (x + mean)) return x * log(x / mean) + mean - x;
    double v = (x - mean) / (x + mean);
    double sum = (x - mean) * v;
    double term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        double next = sum + term / (2 * j + 1);
        if (next == sum) break;
        sum = next;
    }
    return sum;
}

/* P(X = k) */
static double binomial_point(uint64_t k, uint64_t n, double p)
{
    double count = (double)n;
    if (k == 0) return exp(count * log1p(-p));
    if (k == n) return exp(count * log(p));
    double x = (double)k;
    double rest = count - x;
    double log_ratio = stirling_error(count) - stirling_error(x) - stirling_error(rest) -
                       deviance(x, count * p) - deviance(rest, count * (1 - p));
    return exp(log_ratio) * sqrt(count / (two_pi * x * rest));
}

/* P(X <= k) for k below the mean: the terms fall from k downwards. */
static double sum_down(uint64_t k, uint64_t n, double p)
{
    double term = binomial_point(k, n, p);
    double sum = term;
    for (uint64_t i = k; i > 0 && term > sum * 1e-18; i--) {
        term *= (double)i / (double)(n - i + 1) * ((1 - p) / p);
        sum += term;
    }
    return sum;
}

/* P(X >= k) for k above the mean: the terms fall from k upwards. */
static double sum_up(uint64_t k, uint64_t n, double p)
{
    double term = binomial_point(k, n, p);
    double sum = term;
    for (uint64_t i = k; i < n && term > sum * 1e-18; i++) {
        term *= (double)(n - i) / (double)(i + 1) * (p / (1 - p));
        sum += term;
    }
    return sum;
}

double gate_binomial_cdf(uint64_t k, uint64_t n, double p)
{
    assert(p > 0);
    assert(p < 1);
    if (k >= n) return 1;
    if ((double)k < (double)n * p) return fmin(1, sum_down(k, n, p));
    return fmax(0, 1 - sum_up(k + 1, n, p));
}

/* P(X >= k), exact also where it is tiny. */
static double upper_tail(uint64_t k, uint64_t n, double p)
{
    if (k == 0) return 1;
    if ((double)(k - 1) < (double)n * p) return 1 - gate_binomial_cdf(k - 1, n, p);
    return fmin(1, sum_up(k, n, p));
}

enum gate_verdict gate_judge(uint64_t n, uint64_t k, double p)
{
    assert(k <= n);
    if (n == 0) return GATE_INCONCLUSIVE;
    if (gate_binomial_cdf(k, n, p) <= gate_alpha) return GATE_PASS;
    if (upper_tail(k, n, p) <= gate_alpha) return GATE_FAIL;
    return GATE_INCONCLUSIVE;
}

/* Whether `total` requests with the share k/n of slow ones would pass. */
static bool would_pass(uint64_t total, uint64_t n, uint64_t k, double p)
{
    uint64_t slow = n == 0 ? 0 : total * k / n; /* both at most 1e9 */
    return gate_judge(total, slow, p) == GATE_PASS;
}

uint64_t gate_more_needed(uint64_t n, uint64_t k, double p)
{
    if (n > gate_n_max || (n > 0 && (double)k >= (double)n * p)) return 0;
    uint64_t low = n; /* does not pass */
    uint64_t high = n < 16 ? 16 : n;
    if (n > 0 && would_pass(n, n, k, p)) return 0;
    while (!would_pass(high, n, k, p)) {
        low = high;
        high *= 2;
        if (high > gate_n_max) return 0;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (would_pass(middle, n, k, p)) high = middle;
        else low = middle;
    }
    return high - n;
}
