#ifndef HARNESS_FAULTS_COMMAND_H
#define HARNESS_FAULTS_COMMAND_H
/* `tollgate faults` prints docs/faults.md; `tollgate fates` what will happen to a scenario's
 * requests. `argv` begins behind the verb. Both return the exit code. */

int faults_command(int argc, char **argv);
int fates_command(int argc, char **argv);

#endif
