#ifndef HARNESS_WHATIF_H
#define HARNESS_WHATIF_H
/* What would have happened with other settings: a recording's requests, at their times, through a
 * fresh engine.
 *
 *     the engine starts attempt k of a request
 *       recorded: it meets what was recorded, at the same distances from its start
 *       not recorded, or kept for longer than it was: a model answers
 *
 * The model is the recording itself: an attempt that began in the same second (or the nearest one
 * that has any) is drawn, and what became of it is the answer; a keyed draw, so that two settings
 * meet the same luck. What the other settings would have changed in the upstream (less load, more
 * load) is not in it.
 *
 * The order of events is the simulator's (sim.h). A timer of the engine is in time here, where a
 * real loop is late by some microseconds. */

#include "harness/recording.h"

struct whatif {
    struct recorded_figures figures; /* of the requests whose answer is in the recording */
    uint64_t from_recording; /* attempts that met what was recorded, to their end */
    uint64_t from_model;     /* attempts that the model answered */
    instant_ns model_from;   /* the first of these; INSTANT_NEVER: there is none */
};

/* To be released. */
void whatif_play(const struct recording *recording, struct whatif *out);
void whatif_deinit(struct whatif *whatif);

/* `tollgate replay TRACE --set ...`: prints the comparison. `text` is the trace. 0; 2 unreadable or
 * refused settings; 3 the trace is not whole; 5 it does not replay as it was recorded. */
int whatif_command(const char *path, const char *text, size_t length,
                   const struct trace_changes *changes);

#endif
