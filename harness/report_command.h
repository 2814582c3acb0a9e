#ifndef HARNESS_REPORT_COMMAND_H
#define HARNESS_REPORT_COMMAND_H

/* `tollgate report RESULT [options]`: rebuilds reports from a result.json; the exit code is 0, or 2
 * for bad usage or no result, or 1 when --require-coverage asks for more. */
int report_command(int argc, char **argv);

#endif
