#ifndef HARNESS_PROGRESS_PRIVATE_H
#define HARNESS_PROGRESS_PRIVATE_H
/* Used by progress*.c. */

#include "harness/progress.h"

/* Around a verdict, on a terminal; "" elsewhere. */
const char *progress_colour(const struct progress *progress, enum check_status status);
const char *progress_plain(const struct progress *progress);

#endif
