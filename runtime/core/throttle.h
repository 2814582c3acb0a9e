#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H
/* One warning per interval about what happens by the thousand, with the number of times it stands
 * for (guide 4: "emit single throttled warning").
 *
 * Example (interval 10 s, started at 0 s): counted at 1 s, 4 s and 9 s: silent; at 12 s: a warning
 * that says 4; at 13 s: silent until 22 s. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

struct throttle {
    instant_ns since; /* of the latest warning, or of the start */
    uint64_t count;   /* not yet told */
};

/* Something else has just told of it: the first warning comes an interval later. */
void throttle_start(struct throttle *throttle, instant_ns now);
/* It happened `times` times (> 0). How many times a warning is to tell of now; 0: none yet. */
uint64_t throttle_count(struct throttle *throttle, uint64_t interval_ns, uint64_t times,
                        instant_ns now);
/* It is over: what was not told. */
uint64_t throttle_take(struct throttle *throttle);

#endif
