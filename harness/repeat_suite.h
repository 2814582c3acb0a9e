#ifndef HARNESS_REPEAT_SUITE_H
#define HARNESS_REPEAT_SUITE_H
/* Repeats within a suite: every scenario becomes N neighbours with seeds of their own, which are
 * played like any others, and then one again. */

#include "base/arena.h"
#include "harness/suite.h"

/* Puts runs - 1 copies behind every scenario, named "<name>-run2" and so on, with their schedules.
 * Nothing when `runs` is 1. */
void repeat_expand(struct suite *suite, struct arena *arena, uint32_t runs);

/* After all were played and judged: what remains of each is its first run, with the verdicts over
 * all of them and suite_world.repeats. */
void repeat_fold(struct suite *suite, uint32_t runs);

#endif
