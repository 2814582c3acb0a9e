#ifndef HARNESS_HUNT_SEARCH_H
#define HARNESS_HUNT_SEARCH_H
/* A hunt: story after story until one of the bounds. Stories are simulated in a process of their
 * own, so that an assert of the policies that fails, or a loop without an end, is a find like a
 * broken invariant: "crash". */

#include <stdint.h>

enum { HUNT_PATH_MAX = 1024, HUNT_ENVIRONMENT_MAX = 64 };

struct hunt_options {
    uint64_t seed;
    uint32_t first;    /* number of the first story */
    uint32_t count;    /* stories; 0: by time */
    uint64_t minutes;
    uint32_t finds;    /* stops after so many */
    const char *check; /* looks for this check alone; NULL: for all */
    const char *out;   /* folder of what is found */
    char configs[HUNT_PATH_MAX]; /* folder */
    char environment[HUNT_ENVIRONMENT_MAX];
};

/* Prints what it finds and what it did; the exit code of `tollgate hunt`. */
int hunt_search(const struct hunt_options *options);

#endif
