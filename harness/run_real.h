#ifndef HARNESS_RUN_REAL_H
#define HARNESS_RUN_REAL_H
/* The real world of `tollgate run`: all scenarios of a suite over sockets, side by side as
 * harness/run_admit.h says, each judged while the others play (harness/aside.h), and those that a
 * busy machine has spoilt played again (harness/run_again.h). */

#include "harness/progress.h"
#include "harness/run_command.h"
#include "harness/run_place.h"

/* At most so many side by side: what was asked for, or as many as suit this machine's cores. */
size_t run_real_jobs(const struct run_options *options);

/* Fills `real`, `replay` and `parity` of every scenario. A signal (INT, TERM, HUP) ends it early:
 * what was measured is kept. Fails when the worlds could not be compared. */
MUST_USE enum err run_real_play(struct suite *suite, const struct run_options *options,
                                const struct run_place *place, struct progress *progress,
                                struct err_note *note);

#endif
