#ifndef HARNESS_PARITY_INTERVALS_H
#define HARNESS_PARITY_INTERVALS_H
/* Parity, level 2: are the figures of a whole run over sockets those of its simulation? The p95 and
 * the share of each kind of answer must lie in intervals that simulations alone decide: from the
 * smallest to the largest in all those of level 1, which are late within the margin, and wider by
 *
 *     5 % of the simulated p95 or 3 ms, whichever is more
 *     2 percentage points of all requests
 *
 * on either side. No chance of a sample is in it, because both worlds meet the same luck. Time
 * counts from when a request was sent, not from when it was due: how late the load generator was is
 * no difference of the worlds.
 *
 * A p95 may stand on an edge between kinds of answers: where 95 % come out of the cache at once,
 * one answer in a hundred more or less from the upstream moves it from 0.2 ms to 60 ms, and each
 * late one out of the cache is at that rank. Where the largest p97 of the simulations is at least
 * PARITY_EDGE_TIMES the smallest p93, all from that p93 to that p97 is allowed, as long as the p90
 * over sockets is no larger than the p95 might be without this; on which side it falls is for the
 * shares to judge.
 *
 * Example: a simulated p95 of 121 ms, 121 to 137 ms in all simulations, allows 115 to 143 ms. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "harness/verdict.h"

/* How much wider than what the margin explains. */
enum {
    PARITY_P95_PERCENT = 5,
    PARITY_P95_NS = 3 * 1000 * 1000,
    PARITY_SHARE_PPM = 20 * 1000,
    PARITY_EDGE_TIMES = 10,
};

/* A figure in both worlds, and what the simulations allow. */
struct parity_interval {
    uint64_t sim;
    uint64_t real;
    uint64_t low, high;
};

/* Of all simulations. */
struct parity_edge {
    uint64_t p93_least_ns;
    uint64_t p97_most_ns;
};

struct parity_intervals {
    bool hold;                     /* every figure lies in its interval */
    struct parity_interval p95_ns; /* 0: nothing was answered */
    struct parity_interval shares_ppm[SERVED_COUNT]; /* of all requests that were sent */
    struct parity_edge edge;
};

/* From the simulation as it is; then each disturbed one. */
void parity_intervals_begin(struct parity_intervals *intervals, const struct run *sim);
void parity_intervals_add(struct parity_intervals *intervals, const struct run *sim);
/* Adds the tolerances, and judges. */
void parity_intervals_end(struct parity_intervals *intervals, const struct run *real);

bool parity_interval_holds(const struct parity_interval *interval);
/* "p95 and shares as simulated", or what differs: "p95 142.1 ms over sockets, 121.1 ms simulated
 * (95.0 ms to 169.0 ms allowed); stale 9.1 %, ...". */
void parity_intervals_write(const struct parity_intervals *intervals, struct buf *out);
/* The same as a check named "parity.intervals". */
struct check parity_intervals_check(const struct parity_intervals *intervals);

#endif
