#ifndef RUNTIME_SUPERVISOR_H
#define RUNTIME_SUPERVISOR_H
/* --workers N: one process that serves nothing and looks after N that do, all on one port
 * (SO_REUSEPORT). It holds the port, forks the workers before it has a loop or a thread, and then
 * waits:
 *
 *     a worker is ready    when all are: on_ready
 *     a worker ends        it is counted and started again, as core/supervision.h says
 *     SIGTERM, SIGINT      each worker drains itself; the second one kills them
 *     SIGHUP               the settings are read again here, once for all; when they are good the
 *                          workers take them (runtime/reload.h)
 *
 * A worker dies with its supervisor, however that ends. It is in a process group of its own, so
 * that Ctrl-C reaches it in order, through the supervisor; SIGTERM drains it, then it is started
 * again.
 *
 * Worker n draws from its own seed, made of --seed, n and how often it was started. */

#include <signal.h>

#include "base/err.h"
#include "config/config.h"
#include "net/address.h"
#include "runtime/log.h"
#include "runtime/workers.h"

struct worker {
    struct workers *shared;
    uint32_t index;         /* 0 .. N-1 */
    uint32_t life;          /* 0: the first */
    struct address listen;  /* with its real port */
    uint64_t seed;
    int ready_fd;           /* see worker_is_ready() */
    sigset_t signals;       /* the mask to set once handlers are in place; until then they wait */
};

/* In a worker, once it serves and hears signals. */
void worker_is_ready(const struct worker *worker);

struct supervisor_setup {
    uint32_t count;
    struct address listen;
    const struct runtime_config *config;  /* borrowed, as all pointers here */
    const struct config_source *source;   /* to read again */
    struct log *log;
    int (*work)(void *context, const struct worker *worker); /* a worker's life: its exit code */
    void (*on_ready)(void *context, const struct address *listen); /* once */
    void *context;
};

/* Returns once per process: in a worker with what `work` returned, in the supervisor when all have
 * ended. The exit code of the program: 0 when all ended as asked, 128 + signal after the second
 * signal, else that of the worker that could not be kept running. A note is set when it has not
 * said anything itself: the port is taken, or a worker was given up. */
int supervisor_run(const struct supervisor_setup *setup, struct err_note *note);

#endif
