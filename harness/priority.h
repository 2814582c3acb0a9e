#ifndef HARNESS_PRIORITY_H
#define HARNESS_PRIORITY_H
/* A busy neighbour on the machine must not be taken for a slow service: the load generator, which
 * sleeps most of the time, asks to run as soon as it is due, and the programs it starts to go
 * before others. Whoever may not have that goes on without. */

#include <stdbool.h>
#include <sys/types.h>

/* The calling thread: real-time round robin, which neither programs nor threads that it starts
 * inherit; else a lower niceness. */
void priority_raise_generator(void);
/* The calling thread, which helps the generator: like any other, or patient, that is, nicer. */
void priority_settle_thread(bool patient);
/* A program under test: a lower niceness. */
void priority_raise_program(pid_t pid);

#endif
