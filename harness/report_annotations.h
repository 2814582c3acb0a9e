#ifndef HARNESS_REPORT_ANNOTATIONS_H
#define HARNESS_REPORT_ANNOTATIONS_H
/* What did not pass, at its line of the scenario, in the words of two CI systems; and what
 * kept a run from being played. Paths are those within the repository (repository_path.h), so that
 * a pull request shows each beside its line. */

#include "harness/suite.h"
#include "harness/troubles.h"

/* GitHub's workflow commands, one line each:
 *     ::error file=scenarios/a.yaml,line=31,col=9,title=latency.p95 (sim)::expected ...
 * Failed and invalid are errors, inconclusive and not observable warnings; an invalid run has one
 * line. */
void report_write_github(struct buf *out, const struct suite *suite);

/* GitLab's code quality report: a list of Code Climate issues, empty when all is well. */
void report_write_gitlab(struct buf *out, const struct suite *suite);

/* The same of what kept a run from being played: all of them errors. */
void report_troubles_github(struct buf *out, const struct troubles *troubles);
void report_troubles_gitlab(struct buf *out, const struct troubles *troubles);

#endif
