#ifndef HARNESS_PROGRESS_PRIVATE_H
#define HARNESS_PROGRESS_PRIVATE_H
/* Used by progress*.c. */

#include "harness/progress.h"

/* Around a verdict, on a terminal; "" elsewhere. */
const char *progress_colour(const struct progress *progress, enum check_status status);
const char *progress_plain(const struct progress *progress);
/* Of an interrupted run much has not been. */
bool progress_was_begun(const struct suite_world *world);
/* Whether a line of so many columns stays one line: always so but on a terminal. */
bool progress_fits(const struct progress *progress, size_t columns);
/* Of the scenarios' names, as they stand below one another beside `rest` more columns. */
int progress_name_width(const struct progress *progress, size_t rest);
/* Padded to `width`, or cut to it. */
void progress_put_name(const struct progress *progress, const char *name, int width);
void progress_print_table(const struct progress *progress);

#endif
