#ifndef HARNESS_LIST_COMMAND_H
#define HARNESS_LIST_COMMAND_H
/* `tollgate list`: the catalogue, each scenario with its tier, what it teaches, the faults that it
 * plays and what it expects. */

#include "harness/discover.h"

/* Prints to standard output; returns the exit code. */
int list_command(const struct discover_options *options);

#endif
