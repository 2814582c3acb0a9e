#ifndef SCENARIO_PLAN_BURST_H
#define SCENARIO_PLAN_BURST_H
/* Bad and good times that follow each other (Gilbert and Elliott's channel, in time): exponentially
 * distributed lengths, each a keyed draw, so that they are the same whoever asks and when. The
 * state at the window's beginning is drawn, too, by the shares of the two. */

#include "scenario/fault.h"

/* The time that was asked about last; zeroed: none yet. */
struct plan_burst {
    uint64_t number; /* of the times since the window's beginning */
    uint64_t from_ns, to_ns; /* from <= t < to, since the phase's start; to 0: not begun */
    bool bad;
};

/* Whether a moment, counted from the phase's start and inside the fault's window, is a bad one. */
bool plan_burst_is_bad(struct plan_burst *burst, uint64_t seed, const struct fault *fault,
                       uint64_t offset_ns);

#endif
