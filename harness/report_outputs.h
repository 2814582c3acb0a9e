#ifndef HARNESS_REPORT_OUTPUTS_H
#define HARNESS_REPORT_OUTPUTS_H
/* Reports that a command line asks for by name, beside those in the run's folder. `tollgate run`
 * and `tollgate report` take the same options:
 *
 *     --html FILE --junit FILE --summary FILE --openmetrics FILE    "-": standard output
 *     --rules FOLDER           rules.yml and rules_test.yml, for promtool
 *     --annotations WHERE      github (on standard output), gitlab=FILE (code quality), none;
 *                              left out: github when GITHUB_ACTIONS is set
 *     --baseline RESULT        an earlier result: the summary shows the change since then
 *     --require-coverage PCT   see coverage.h */

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "harness/suite.h"
#include "harness/troubles.h"

struct report_outputs {
    const char *html, *junit, *summary, *openmetrics, *rules; /* borrowed; NULL: not asked for */
    const char *annotations;
    const char *baseline;
    const char *require_coverage;
};

/* The lines of --help. */
extern const char report_outputs_help[];

/* Where the value of option `word` goes; NULL when it is none of these. */
const char **report_outputs_slot(struct report_outputs *outputs, const char *word);

/* Reads the baseline, and looks at the values: before a run, not after it. `baseline` is released
 * with suite_deinit() in any case. */
MUST_USE enum err report_outputs_open(const struct report_outputs *outputs, struct arena *arena,
                                      struct suite *baseline, struct err_note *note);

/* Before a run: what earlier ones left at these places is removed (its readers would take it for
 * this run's), and whether a file can be written there is tried, which is better known before the
 * play than after it. */
MUST_USE enum err report_outputs_clear(const struct report_outputs *outputs, struct err_note *note);

/* Whether any file was asked for. */
bool report_outputs_any(const struct report_outputs *outputs);
/* Whether one goes to standard output: what is meant for people must go elsewhere then. */
bool report_outputs_on_stdout(const struct report_outputs *outputs);

/* Writes what was asked for. `suite->baseline` points to the baseline, if there is one. */
MUST_USE enum err report_outputs_write(const struct report_outputs *outputs,
                                       const struct suite *suite, struct err_note *note);

/* What kept the run from being played, in those of them that a CI system reads. */
MUST_USE enum err report_outputs_troubles(const struct report_outputs *outputs,
                                          const struct troubles *troubles, struct err_note *note);

/* Whether the coverage that was asked for is reached; when not, says so and makes exit code 0 a 1.
 */
int report_outputs_gate(const struct report_outputs *outputs, const struct suite *suite, int code,
                        FILE *errors);

#endif
