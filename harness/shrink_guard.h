#ifndef HARNESS_SHRINK_GUARD_H
#define HARNESS_SHRINK_GUARD_H
/* Keeps shrinking from another failure of the same name: a scenario in which nothing happens fails
 * "at least 10 answers with a 5xx" and "the breaker opens", too, and shows nothing. */

#include "harness/run.h"

/* Whether less load, fewer faults or less time alone make the check fail, so that they must stay:
 * it asks for so many, for a trigger to fire, or for more moves of the breaker than were seen. */
bool shrink_guard_freezes(const struct run *run, const char *check);

/* What must stay as it was while the scenario gets smaller: of a breaker's list of states, the
 * states that were seen; 0 for any other check. */
uint64_t shrink_guard_digest(const struct run *run, const char *check);

#endif
