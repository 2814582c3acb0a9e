#ifndef HARNESS_JOIN_H
#define HARNESS_JOIN_H
/* Puts the three observers of a real run together: the client's answers (in `run` already), the
 * mock's ledger and the runtime's trace, both in `folder`. */

#include "harness/run.h"

/* `start` is the moment of offset 0. What cannot be read, and a load generator that lagged (p99 of
 * sent - intended over 5 ms), make the run invalid. */
void join_run(struct run *run, const char *folder, instant_ns start);

#endif
