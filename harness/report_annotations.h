#ifndef HARNESS_REPORT_ANNOTATIONS_H
#define HARNESS_REPORT_ANNOTATIONS_H
/* What did not pass, at its line of the scenario, in the words of two CI systems. A path is written
 * as it was given on the command line: run in the repository's root, and the pull request shows the
 * annotation beside the line. */

#include "harness/suite.h"

/* GitHub's workflow commands, one line each:
 *     ::error file=scenarios/a.yaml,line=31,col=9,title=latency.p95 (sim)::expected ...
 * Failed and invalid are errors, inconclusive and not observable warnings; an invalid run has one
 * line. */
void report_write_github(struct buf *out, const struct suite *suite);

/* GitLab's code quality report: a list of Code Climate issues, empty when all is well. */
void report_write_gitlab(struct buf *out, const struct suite *suite);

#endif
