#ifndef HARNESS_SWEEP_PROGRESS_H
#define HARNESS_SWEEP_PROGRESS_H
/* How far a sweep is: on a terminal one line that is redrawn, with the time left; elsewhere a line
 * per stage. Work is counted in simulations; what the later stages will need is estimated before
 * the first, and known when each begins. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/instant.h"

enum sweep_stage {
    SWEEP_STAGE_ROUNDS,     /* Latin hypercube, then successive halving */
    SWEEP_STAGE_SIMPLIFY,   /* back to the current value where that costs nothing */
    SWEEP_STAGE_FRESH,      /* fresh seeds, held-out scenarios */
    SWEEP_STAGE_NEIGHBOURS, /* +-10 % and +-25 % around the best */
    SWEEP_STAGE_CLIFFS,     /* along each knob */
    SWEEP_STAGE_EFFECTS,    /* of each changed line */
    SWEEP_STAGES,
};

struct sweep_progress {
    FILE *out;
    bool terminal;
    bool quiet;
    instant_ns began;
    instant_ns drawn;           /* last time */
    uint64_t done;              /* simulations */
    size_t planned[SWEEP_STAGES]; /* still to be done in each */
    enum sweep_stage stage;
    char what[96];              /* "round 1 of 3, 1,025 configurations" */
};

void sweep_progress_init(struct sweep_progress *progress, FILE *out, bool quiet);
/* A part of a stage begins, with so many simulations. */
void sweep_progress_stage(struct sweep_progress *progress, enum sweep_stage stage, size_t tries,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Nothing is left to do in a stage. */
void sweep_progress_end(struct sweep_progress *progress, enum sweep_stage stage);
void sweep_progress_add(struct sweep_progress *progress, size_t tries);
void sweep_progress_draw(struct sweep_progress *progress);
/* Removes the redrawn line. */
void sweep_progress_clear(struct sweep_progress *progress);

#endif
