#ifndef HARNESS_REPORT_TROUBLES_H
#define HARNESS_REPORT_TROUBLES_H
/* Reports of a run that was never played, so that a CI system shows why instead of nothing, or of
 * what an earlier run left behind. As annotations: report_annotations.h. */

#include "base/buf.h"
#include "harness/troubles.h"

/* One test case with an error for each. */
void report_troubles_junit(struct buf *out, const struct troubles *troubles);
/* "## tollgate ⛔ Nothing was played: 2 errors in the files." and a line for each. */
void report_troubles_summary(struct buf *out, const struct troubles *troubles);

/* Both into `folder`, as junit.xml and summary.md. */
MUST_USE enum err report_troubles_write(const char *folder, const struct troubles *troubles,
                                        struct err_note *note);

#endif
