#ifndef HARNESS_TROUBLES_H
#define HARNESS_TROUBLES_H
/* What keeps a run from being played: files that do not parse, settings that do not fit, a folder
 * without a scenario. Each is printed where it is found, and kept for the reports that a CI system
 * reads instead of the terminal (report_troubles.h). */

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct troubles {
    struct err_note *notes; /* owned; in the order in which they were found */
    size_t count;
};

/* Prints the note, and keeps a copy when `troubles` is not NULL. */
void troubles_tell(struct troubles *troubles, FILE *errors, const struct err_note *note);
void troubles_deinit(struct troubles *troubles);

#endif
