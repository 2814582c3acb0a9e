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

double gate_binomial_upper(uint64_t k, uint64_t n, double p)
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
    if (gate_binomial_upper(k, n, p) <= gate_alpha) return GATE_FAIL;
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

struct gate_ranks gate_quantile_ranks(uint64_t n, double quantile)
{
    static const double tail = 0.025;
    /* Below the quantile lie X answers, X binomial: the l-th is below it when X >= l, the h-th is
     * above when X <= h - 1. */
    uint64_t low = (uint64_t)((double)n * quantile);
    uint64_t high = low + 1;
    while (low > 0 && gate_binomial_cdf(low - 1, n, quantile) > tail) low--;
    while (high <= n && gate_binomial_upper(high, n, quantile) > tail) high++;
    return (struct gate_ranks){ low, high };
}

struct gate_odds gate_odds(uint64_t n, double p, double share)
{
    /* Verdicts go from PASS over INCONCLUSIVE to FAIL as k grows: find both borders. */
    uint64_t fail = 0; /* the first k that fails; n + 1: none */
    uint64_t pass = 0; /* how many k pass, from 0 */
    for (uint64_t low = 0, high = n + 1; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        if (gate_judge(n, middle, p) == GATE_PASS) pass = low = middle + 1;
        else high = middle;
    }
    for (uint64_t low = 0, high = n + 1; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        if (gate_judge(n, middle, p) == GATE_FAIL) high = middle;
        else low = middle + 1;
        fail = high;
    }
    struct gate_odds odds = {
        .pass = pass == 0 ? 0 : gate_binomial_cdf(pass - 1, n, share),
        .fail = fail > n ? 0 : gate_binomial_upper(fail, n, share),
    };
    odds.inconclusive = 1 - odds.pass - odds.fail;
    return odds;
}

double gate_uniform_chance(double distance, uint64_t n)
{
    double root = sqrt((double)n);
    double lambda = (root + 0.12 + 0.11 / root) * distance; /* Stephens 1970 */
    double sum = 0;
    if (lambda < 0.2) return 1; /* the series converges too slowly, to 1 */
    for (int j = 1; j <= 100; j++) {
        double term = exp(-2.0 * j * j * lambda * lambda);
        sum += j % 2 == 1 ? term : -term;
        if (term < 1e-18) break;
    }
    return fmin(1, fmax(0, 2 * sum));
}
