#ifndef HARNESS_CHECK_COMMAND_H
#define HARNESS_CHECK_COMMAND_H
/* `tollgate check`: validates scenarios without running them, and warns of expectations that say
 * nothing; with --vacuity it simulates each with and without its faults. */

#include "harness/discover.h"

struct check_options {
    struct discover_options discover;
    bool vacuity;
};

/* Prints to standard output; returns the exit code: 0, 1 when --vacuity found something, 2. */
int check_command(const struct check_options *options);

#endif
