#ifndef HARNESS_SWEEP_RANK_H
#define HARNESS_SWEEP_RANK_H
/* How good a point is, over a list of blocks, and which of several are better.
 *
 * Feasible comes first: all blocks, the worst of them decides. Of the feasible those that no other
 * beats in every objective (the Pareto front) come before those of the next front, and so on.
 * Within a front the loss decides, which is the sum of
 *
 *     fresh     1 point per percentage point of answers that are not fresh
 *     slow      1 point per percentage point of answers later than slow_over
 *     calls     1 point per 0.1 upstream call per request
 *     recovery  1 point per second
 *
 * each times its weight in the sweep file. Shares and calls are means over the blocks, recovery
 * over those with faults. Example, all weights 1: 97 % fresh, 1 % slow, 0.42 calls and 3.1 s are
 * 3 + 1 + 4.2 + 3.1 = 11.3 points. */

#include "harness/sweep_store.h"

struct sweep_score {
    size_t blocks;             /* tried, or known to be impossible */
    size_t infeasible;         /* of these */
    size_t impossible;         /* of these: not simulated */
    double value[SWEEP_OBJECTIVES]; /* shares, calls per request, seconds; over what was
                                     * simulated */
    double loss;               /* points; meaningless when nothing was simulated */
    uint32_t worst_block;      /* the first that is not feasible */
    char worst_check[96];      /* its check, "" when all are feasible */
};

/* Points that a loss of one unit costs, before the weight. */
double sweep_points(const struct sweep_spec *spec, enum sweep_objective objective, double value);

void sweep_score_make(const struct sweep_store *store, uint64_t point, const uint32_t *blocks,
                      size_t count, struct sweep_score *out);
bool sweep_score_feasible(const struct sweep_score *score);

/* Whether `a` is at least as good in every objective with a weight, and better in one. */
bool sweep_dominates(const struct sweep_spec *spec, const struct sweep_score *a,
                     const struct sweep_score *b);

struct sweep_ranked {
    size_t index;              /* the caller's */
    struct sweep_score score;
    uint32_t front;            /* 1: nothing is better in everything; 0: not feasible */
};

/* Sorts from best to worst, and sets the fronts. Infeasible ones come last, those that fail in the
 * fewest blocks first. Equals stay in the order of their index. */
void sweep_rank(const struct sweep_spec *spec, struct sweep_ranked *items, size_t count);

#endif
