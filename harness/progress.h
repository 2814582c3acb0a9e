#ifndef HARNESS_PROGRESS_H
#define HARNESS_PROGRESS_H
/* What a person sees while a run goes on. On a terminal: one line per finished scenario, and below
 * them, redrawn in place, what is playing and the time left. Elsewhere: a plain line when a world
 * starts and when it ends. */

#include <stdbool.h>
#include <stdio.h>

#include "harness/run_again.h"
#include "harness/suite.h"

enum progress_state {
    PROGRESS_WAITING,
    PROGRESS_STARTING,
    PROGRESS_PLAYING,
    PROGRESS_JUDGING,
    PROGRESS_DONE,
};

struct progress {
    FILE *out;
    bool terminal;
    bool colour;
    bool quiet;
    int name_width; /* of the longest name */
    /* May be set after progress_init(): */
    bool verbose;                /* every check at the end, and all of the coverage */
    bool sim_only;               /* a scenario is over when it is simulated */
    uint32_t jobs;               /* real scenarios side by side; 1 */
    const struct suite *suite;   /* borrowed */
    enum progress_state *states; /* owned; of the real world, by scenario */
    uint64_t *elapsed_ns;        /* owned */
    size_t lines_drawn;
};

void progress_init(struct progress *progress, FILE *out, bool quiet, const struct suite *suite);
void progress_deinit(struct progress *progress);
/* Tells of a change in the real world of scenario `index`. */
void progress_set(struct progress *progress, size_t index, enum progress_state state,
                  uint64_t elapsed_ns);
/* The machine has spoilt its run, by that reason: scenario `index` will be played again. */
void progress_again(struct progress *progress, size_t index, const char *reason,
                    enum run_company company);
/* A simulated world has been judged. */
void progress_simulated(struct progress *progress, size_t index);
/* Redraws (terminal only). */
void progress_draw(struct progress *progress);
/* The final table, failing checks with their place, parity, speed and the verdict sentence. */
void progress_summary(struct progress *progress, const char *report_folder);

#endif
