#ifndef HARNESS_GATE_H
#define HARNESS_GATE_H
/* The latency gate: k of n answers were slower than the limit; does the service hold "at most a
 * share p are slower" (p = 0.05 for p95)? Exact binomial test at 1 % on each side, so that a good
 * service fails by chance in one run of a hundred at most (Clopper and Pearson 1934).
 *
 *     PASS iff B(k; n, p) <= 0.01,  FAIL iff 1 - B(k-1; n, p) <= 0.01,  else INCONCLUSIVE.
 *
 * For p = 0.05: (89,0) inconclusive, (90,0) pass, (129,1) inconclusive, (130,1) pass; n = 200: pass
 * k <= 3, fail k >= 19; n = 1000: pass k <= 34, fail k >= 68. n = 0 never passes. */

#include <stdint.h>

enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_INCONCLUSIVE };

enum gate_verdict gate_judge(uint64_t n, uint64_t k, double p);

/* B(k; n, p) = P(X <= k), X binomial; summed in log space, exact to about 1e-12. */
double gate_binomial_cdf(uint64_t k, uint64_t n, double p);

/* P(X >= k), exact also where it is tiny. */
double gate_binomial_upper(uint64_t k, uint64_t n, double p);

/* The interval of a quantile that holds for any distribution, with at least 95 % confidence:
 * between the answers of these ranks (1 is the fastest of n). low 0 or high n + 1: no bound on
 * that side. */
struct gate_ranks {
    uint64_t low, high;
};
struct gate_ranks gate_quantile_ranks(uint64_t n, double quantile);

/* The chance that n uniform values lie at least this far from the uniform distribution
 * (Kolmogorov-Smirnov, with Stephens' correction; good to 1 % from n = 8 on). */
double gate_uniform_chance(double distance, uint64_t n);

/* What the gate's verdicts are worth: the chance of each when the true share of slow answers is
 * `share`, over all runs of n answers. */
struct gate_odds {
    double pass, fail, inconclusive;
};
struct gate_odds gate_odds(uint64_t n, double p, double share);

/* How many more requests, at the share of slow ones seen so far, until the gate could pass; 0 when
 * it never would (the share is not under p, or more than 1e9 requests would be needed). */
uint64_t gate_more_needed(uint64_t n, uint64_t k, double p);

#endif
