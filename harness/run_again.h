#ifndef HARNESS_RUN_AGAIN_H
#define HARNESS_RUN_AGAIN_H
/* In which order real scenarios are played, and which are played again, alone.
 *
 * A busy machine spoils a run in two ways: the load generator lags, which makes the run invalid; or
 * a stall of some 60 ms goes through a cache fill and changes how later requests are served, which
 * looks like a disagreement with the simulation. Both pass when nothing else plays. So only what
 * comes back counts. */

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

/* Whether to play it again; counts. */
bool run_again_lagged(struct run_tries *tries, const struct run *run);
bool run_again_disagrees(struct run_tries *tries, const struct parity *parity);

/* Indices of the scenarios, the longest first and equally long ones as they stand: so that no long
 * one is left to play alone at the end. Owned by the caller. */
size_t *run_order(const struct suite *suite);

#endif
