#ifndef HARNESS_RUN_AGAIN_H
#define HARNESS_RUN_AGAIN_H
/* In which order real scenarios are played, and which are played again.
 *
 * A busy machine spoils a run in two ways: the load generator lags, or one of the programs gets no
 * CPU for long (harness/stalls.h), which makes the run invalid; or a stall of some 60 ms goes
 * through a cache fill and changes how later requests are served, which looks like a disagreement
 * with the simulation. Both pass when little or nothing else plays. So
 * only what comes back counts. What became of the first run is told when it is played again, and
 * stays in the result (earlier.h). */

#include <stdbool.h>
#include <stddef.h>

#include "harness/suite.h"

/* Of each of the two. */
enum { RUN_REPLAYS_MAX = 2, RUN_PLAYS_MAX = 2 * RUN_REPLAYS_MAX + 1 };

/* What has spoilt a scenario's runs so far. */
struct run_tries {
    unsigned lags;
    unsigned disagreements; /* all of the latest runs that could be compared */
};

/* Beside what else it is played the next time. */
enum run_company {
    RUN_WITH_FEW,
    RUN_ALONE, /* the last time */
};

/* Whether to play it again; counts. */
bool run_again_lagged(struct run_tries *tries, const struct run *run);
/* A valid run that failed has said what there is to say: it is final, whatever the simulation did,
 * else a service that fails now and then would be played until it passes. */
bool run_again_disagrees(struct run_tries *tries, enum check_status status,
                         const struct parity *parity);

/* What differs: "simulation and sockets disagree on 12 of 120 requests", or in which figures. */
void run_again_disagreement(const struct parity *parity, struct buf *out);

/* For the next run of what has been counted last. */
enum run_company run_again_company(const struct run_tries *tries);

/* Indices of the scenarios, the longest first and equally long ones as they stand: so that no long
 * one is left to play alone at the end. Owned by the caller. */
size_t *run_order(const struct suite *suite);

#endif
