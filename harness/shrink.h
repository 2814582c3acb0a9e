#ifndef HARNESS_SHRINK_H
#define HARNESS_SHRINK_H
/* Makes a failing scenario smaller while the same check still fails in the simulator: fewer phases,
 * faults, settings, expectations, workloads; a shorter run, a lower rate, fewer keys; plain values
 * for drawn ones. Greedy, one change at a time, until no single one is left that keeps the failure
 * (after Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing input").
 *
 * A simulation that does not end in order (an assert of the policies) fails the check "crash". */

#include "base/buf.h"
#include "base/err.h"

struct shrink_options {
    const char *path;    /* of the scenario, for notes and to find configs/ */
    const char *configs; /* folder; NULL: beside it */
    const char *check;   /* the check that must keep failing; NULL: the first that fails */
    uint32_t runs_max;   /* simulations at most; 0: SHRINK_RUNS_MAX */
};

enum { SHRINK_RUNS_MAX = 3000, SHRINK_PATH_MAX = 1100 };

struct shrink_result {
    char check[96];       /* the check that fails */
    char sentence[512];   /* what it says of the smallest scenario */
    uint32_t runs;        /* simulations that it took */
    uint32_t requests[2]; /* before and after */
    uint32_t faults[2];
    char configs[SHRINK_PATH_MAX]; /* folder of the settings that it stands on */
};

/* `out` gets the text of the smallest scenario found. ERR_INVALID: nothing fails in it, or not that
 * check. */
MUST_USE enum err shrink(const char *text, size_t length, const struct shrink_options *options,
                         struct buf *out, struct shrink_result *result, struct err_note *note);

/* `tollgate shrink` */
int shrink_command(int argc, char **argv);

#endif
