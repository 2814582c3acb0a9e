#ifndef HARNESS_SHRINK_GUARD_H
#define HARNESS_SHRINK_GUARD_H
/* Keeps shrinking from another failure of the same name: a scenario in which nothing happens fails
 * "at least 10 answers with a 5xx" and "the breaker opens", too, and shows nothing. */

#include "harness/suite.h"

/* Whether less load, fewer faults or less time alone make the check fail, so that they must stay:
 * it asks for so many (unless it passes without the faults: then that is asked for instead), for a
 * trigger to fire, or for more moves of the breaker than were seen. */
bool shrink_guard_freezes(const struct run *run, const char *check, bool calm_passes);

/* What must stay as it was while the scenario gets smaller: of a breaker's list of states, the
 * states that were seen; 0 for any other check. */
uint64_t shrink_guard_digest(const struct run *run, const char *check);

/* Whether the same scenario passes the check when nothing goes wrong in it: then a failure is the
 * faults', however small the scenario has become. False when it cannot be simulated. */
bool shrink_guard_calm_passes(const struct suite_scenario *item, const char *check);

/* How long the scenario goes on behind its last fault, as far as a recovery needs it: at most 2 s
 * more than it may take. 0 for any other check. */
uint64_t shrink_guard_tail_ns(const struct scenario *scenario, const char *check);

#endif
