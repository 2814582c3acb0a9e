#ifndef HARNESS_PROGRESS_PRIVATE_H
#define HARNESS_PROGRESS_PRIVATE_H
/* Used by progress*.c. */

#include "harness/progress.h"

/* Around a verdict, on a terminal; "" elsewhere. */
const char *progress_colour(const struct progress *progress, enum check_status status);
const char *progress_plain(const struct progress *progress);
/* Of an interrupted run much has not been. */
bool progress_was_begun(const struct suite_world *world);
/* Of the scenarios' names, as they stand below one another beside `rest` more columns:
 * progress->name_width, but less on a terminal that is too narrow for that. */
int progress_name_width(const struct progress *progress, size_t rest);
/* Padded to `width`, or cut to it. */
void progress_put_name(const struct progress *progress, const char *name, int width);
void progress_print_table(const struct progress *progress);

#endif
