#ifndef TESTS_HARNESS_PRINTED_RUN_H
#define TESTS_HARNESS_PRINTED_RUN_H
/* `tollgate run` in the test's own process, and what it printed. */

#include "harness/run_command.h"

/* Its exit code. `*said` (NULL or mem_alloc'd) is freed and replaced by its output, the caller's to
 * free. The test must have a scratch folder (scratch.h); the file in it is "printed". */
int printed_run(const struct run_options *options, char **said);

#endif
