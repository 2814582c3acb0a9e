#ifndef HARNESS_RUN_ADMIT_H
#define HARNESS_RUN_ADMIT_H
/* How many real scenarios are played side by side.
 *
 * A scenario waits most of its time, so two cores can play two dozen at once while nobody else
 * needs them. On a busy machine the load generator notices: its requests leave late, or the
 * programs wait for a CPU. Then none is begun until that is over, and the number that plays falls
 * to what the machine can bear, at worst to one. The same holds while programs start, which takes
 * more of a core than playing.
 *
 * Scenarios that a busy machine has spoilt are played again when all others have begun: first a few
 * at a time, and those that are spoilt again one by one, when nothing else plays. */

#include <stdbool.h>
#include <stddef.h>

#include "harness/load.h"

enum {
    RUN_JOBS_PER_CORE = 18,
    RUN_JOBS_MAX = 64,    /* of the default */
    RUN_STARTING_MAX = 4, /* at once */
    RUN_AGAIN_MAX = 4,    /* at once */
};

/* Where a run stands. */
struct run_floor {
    size_t jobs;     /* at most at once */
    size_t playing;  /* all that have begun and are not over */
    size_t starting; /* of these: their programs are not ready yet */
    size_t fresh;    /* not yet played */
    size_t again;    /* to be played once more */
    size_t alone;    /* to be played once more, with nothing beside */
    bool late;       /* run_is_late(), lately */
};

enum run_next { RUN_NEXT_NONE, RUN_NEXT_FRESH, RUN_NEXT_AGAIN, RUN_NEXT_ALONE };

/* What may begin now. */
enum run_next run_admit(const struct run_floor *floor);

/* For a machine with so many cores. */
size_t run_jobs_default(size_t cores);

/* Whether the machine is too busy: between the two counts a program got no CPU for long, or more
 * than one in a hundred of what was sent left late. */
bool run_is_late(struct load_pulse before, struct load_pulse now);

#endif
