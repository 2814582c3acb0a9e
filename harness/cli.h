#ifndef HARNESS_CLI_H
#define HARNESS_CLI_H
/* The command line of `tollgate`: verbs, their options, exit codes.
 *
 * 0 pass; 1 an expectation failed; 2 bad usage, scenario or config; 3 inconclusive; 4 the run is
 * invalid; 5 nondeterminism or sim/real disagreement. */

enum { EXIT_OK = 0, EXIT_BAD_USAGE = 2, EXIT_INVALID_RUN = 4 };

/* The whole program; returns its exit code. */
int cli_main(int argc, char **argv);

#endif
