#ifndef RUNTIME_SUPERVISOR_PRIVATE_H
#define RUNTIME_SUPERVISOR_PRIVATE_H
/* What the parts of the supervisor share; nobody else includes this.
 *
 *     supervisor.c         the port, signals, reloads, waiting
 *     supervisor_places.c  one worker after the other in each place: start, ready, end */

#include <signal.h>
#include <sys/types.h>

#include "core/supervision.h"
#include "runtime/supervisor.h"

enum { SUPERVISOR_CANNOT_RUN = 4, SUPERVISOR_NO_WORKER = -1 };

struct place {
    struct supervised life;
    pid_t pid;
    uint32_t lives; /* begun */
};

struct supervisor {
    const struct supervisor_setup *setup;
    struct supervision_config policy;
    struct workers *shared;
    struct runtime_config running; /* of all workers, as reloads have made it */
    struct runtime_config loaded;
    struct address listen;
    struct place places[WORKERS_MAX];
    struct err_note *note;
    sigset_t signals_before;
    int held_fd;
    int signal_fd;
    int ready_fds[2];
    bool was_ready;
    bool stopping;
    int exit_code;
};

/* Starts who is due: SUPERVISOR_NO_WORKER in the supervisor; in a new worker its exit code. */
int supervisor_start_due(struct supervisor *supervisor);
void supervisor_on_ready(struct supervisor *supervisor, uint32_t index);
/* Asks which processes have ended. */
void supervisor_reap(struct supervisor *supervisor);
void supervisor_signal_all(const struct supervisor *supervisor, int number);
/* Lets all drain; the first exit code stays. */
void supervisor_stop_all(struct supervisor *supervisor, int exit_code);

#endif
