#ifndef HARNESS_REPORT_FIGURES_H
#define HARNESS_REPORT_FIGURES_H
/* What the reports count in one run, and the checks of both worlds side by side. */

#include <stddef.h>
#include <stdint.h>

#include "harness/suite.h"

struct figures {
    uint64_t n;       /* requests that were owed an answer */
    uint64_t hung_up; /* the others: their clients left first */
    uint64_t answered;
    uint64_t served[SERVED_COUNT]; /* of the answered ones */
    uint64_t codes[CODE_COUNT];    /* of the answered ones */
    uint64_t causes[CODE_COUNT];
    uint64_t outcomes[OUTCOME_COUNT]; /* of attempts */
    /* Nearest rank over all requests; INSTANT_NEVER where the rank falls on one without an answer;
     * 0 when n is 0. */
    uint64_t p50_ns, p95_ns, p99_ns, max_ns;
    /* Order statistics that enclose the true 95th percentile with 95 % confidence, whatever the
     * distribution: low is 0 and high INSTANT_NEVER when n is too small to bound that side. */
    uint64_t p95_low_ns, p95_high_ns;
};

void figures_make(struct figures *out, const struct run *run);

/* Ranks l < u (1-based) with P(X_(l) <= q <= X_(u)) >= 95 % for the quantile q = `share` of n
 * draws: B(l-1; n, q) <= 0.025 and B(u-1; n, q) >= 0.975. l is 0, u is n+1 when there is no such
 * rank. Example: n = 200, q = 0.95 -> 184 and 197. */
void figures_interval(uint64_t n, double share, uint64_t *low, uint64_t *high);

/* Virtual seconds per second of the whole suite; 0 when nothing was simulated (or not measured). */
uint64_t figures_sim_speed(const struct suite *suite);

/* One check as both worlds judged it; NULL: not judged there. */
struct check_pair {
    const struct check *sim;
    const struct check *real;
};

/* The checks of both worlds by name: first what did not pass (invalid, failed, inconclusive), then
 * what did, each in the order of the file. Returns how many; the caller frees *out (mem_free). */
size_t check_pairs_make(struct check_pair **out, const struct suite_scenario *item);
/* The one that exists, sim's first. */
const struct check *check_pair_any(const struct check_pair *pair);
/* INVALID > FAIL > INCONCLUSIVE > PASS */
enum check_status check_pair_status(const struct check_pair *pair);

/* When the service was degraded: it answered stale, from the baseline (other than by its input's
 * rules), with an error or not at all. */
struct recovery {
    uint64_t faults_end_ns; /* end of the last phase with faults; 0: there is none */
    uint64_t degraded;      /* requests */
    uint64_t recovered_ns;  /* intended time of the first request after the last degraded one;
                             * INSTANT_NEVER: none came; meaningless without degraded requests */
};

void recovery_make(struct recovery *out, const struct run *run);

#endif
