#ifndef HARNESS_PRIORITY_H
#define HARNESS_PRIORITY_H
/* A busy neighbour on the machine must not be taken for a slow service: the load generator, which
 * sleeps most of the time, asks to run as soon as it is due, and the programs it starts to go
 * before others. Whoever may not have that goes on without. */

#include <sys/types.h>

/* This process: real-time round robin, which its children do not inherit; else a lower niceness. */
void priority_raise_generator(void);
/* A program under test: a lower niceness. */
void priority_raise_program(pid_t pid);

#endif
