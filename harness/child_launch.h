#ifndef HARNESS_CHILD_LAUNCH_H
#define HARNESS_CHILD_LAUNCH_H
/* Starts a program without holding up the loop: a start lasts until the new process has got a core
 * and has become the program, some 5 ms on a busy machine: the load generator would lag by them. */

#include <stdbool.h>
#include <sys/types.h>

#include "harness/aside.h"

struct child_launch {
    /* What is asked for: */
    char *const *arguments; /* argv, NULL-terminated; copied */
    int out;                /* its standard output; -1: as `log`; the caller's */
    int log;                /* its standard error; the caller's */
    bool session;           /* a session, and with it a process group, of its own */
    struct aside *aside;    /* where it happens; NULL: here and now; borrowed */
    void (*on_done)(struct child_launch *launch); /* on the loop */
    void *context;
    /* What became of it: */
    pid_t pid;              /* 0: it could not be started */
    int error;              /* then, its errno */
    /* Private: */
    struct aside_task task;
    char **kept;            /* owned: the arguments */
    char **environment;     /* owned; its texts are this program's */
};

/* The fields up to `context` must have been set. Its environment is ours without the TSFM_
 * variables. Both descriptors must stay open until on_done. */
void child_launch(struct child_launch *launch);

#endif
