#ifndef HARNESS_RUN_DIGEST_H
#define HARNESS_RUN_DIGEST_H
/* One number for everything that happened in a simulated run: each answer, attempt, word of a path
 * and transition of the breaker, with its time. The same scenario, settings and seed give the same
 * number with every compiler and at every optimisation; any change of a policy that shows anywhere
 * in the run gives another. What it says is only "the same" or "not the same". */

#include <stdint.h>

#include "harness/run.h"

uint64_t run_digest(const struct run *run);

#endif
