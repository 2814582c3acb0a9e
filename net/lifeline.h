#ifndef NET_LIFELINE_H
#define NET_LIFELINE_H
/* A child that must not outlive the program that started it: `--parent PID` on its command line
 * asks the kernel to kill it when that program ends, however it ends (PR_SET_PDEATHSIG). */

#include <sys/types.h>

/* Call first thing in main. Ends this program at once when `parent` is already gone. */
void lifeline_hold(pid_t parent);

#endif
