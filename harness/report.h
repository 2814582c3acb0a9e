#ifndef HARNESS_REPORT_H
#define HARNESS_REPORT_H
/* Files made from a suite, each written to a temporary name and renamed.
 *
 * result.json: schema_version (result_read.h reads it back); integers (ns, ppm), deterministic
 * order. Everything that may differ between two runs of the same simulation stands in the member
 * "run_time" of the top level, nowhere else: when it started, how long it took, speed, folder.
 * junit.xml: one testcase per check and world, by Surefire's schema (which has one testsuite per
 * file, so the class name tells them apart: tollgate.<scenario>.<world>); INCONCLUSIVE and INVALID
 * are `error`; what cannot be observed is `skipped` where that leaves the verdict as it is: an
 * invariant, and all that a service other than ours does not show, unless --strict asks for it.
 * summary.md: a verdict sentence and a table, for a CI step summary.
 * index.html: one self-contained file: verdict sentence, table, one timeline per scenario. */

#include "base/buf.h"
#include "base/err.h"
#include "harness/suite.h"

void report_write_json(struct buf *out, const struct suite *suite);
void report_write_junit(struct buf *out, const struct suite *suite);
void report_write_summary(struct buf *out, const struct suite *suite);
void report_write_html(struct buf *out, const struct suite *suite);

/* All four into `folder` (made when missing). */
MUST_USE enum err report_write_all(const char *folder, const struct suite *suite,
                                   struct err_note *note);

/* Before a run: makes the folder, takes away what an earlier run left there, and tries whether a
 * new report can be written. */
MUST_USE enum err report_clear(const char *folder, struct err_note *note);

/* All but result.json, which is what they are made from. */
MUST_USE enum err report_write_rebuilt(const char *folder, const struct suite *suite,
                                       struct err_note *note);

#endif
