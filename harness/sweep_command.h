#ifndef HARNESS_SWEEP_COMMAND_H
#define HARNESS_SWEEP_COMMAND_H
/* `tollgate sweep` and `tollgate sweep merge`: the command line of a sweep.
 *
 * Exit codes: 0 a pick was found (and confirmed, unless --no-confirm); 1 no configuration passes,
 * or the pick fails over sockets; 2 bad usage, sweep file, scenario or configuration; 4 runs over
 * sockets were invalid, or the sweep was stopped; 5 the control passed where the simulation had it
 * fail. */

int sweep_command(int argc, char **argv);

#endif
