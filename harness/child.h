#ifndef HARNESS_CHILD_H
#define HARNESS_CHILD_H
/* One program as a child process: started, waited for until it prints its ready line ("... ready on
 * http://HOST:PORT"), stopped by pid. One of ours dies with this process whatever happens (it is
 * given `--parent PID`).
 *
 * With an `aside` the loop is not held up by a start: the process exists a little later. One that
 * could not be started is told of as one that has exited. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "harness/child_launch.h"

enum { CHILD_URL_MAX = 96, CHILD_LINE_MAX = 512 };

struct child {
    uv_loop_t *loop;
    struct child_launch launch;
    pid_t pid;         /* 0: not yet, or it could not be started */
    int pid_fd;        /* readable when it has ended; with pid */
    int stop_signal;   /* what it was asked to end with before it existed; 0: nothing */
    uv_poll_t watch;   /* of pid_fd */
    uv_pipe_t out;
    int out_fd;        /* its end, until it exists */
    int log_fd;
    const char *name;  /* "runtime", for sentences; borrowed */
    bool foreign;      /* not ours: a process group of its own, its output goes to the log as well,
                        * it is never ready, and how it ends when asked to is its own affair */
    struct aside *aside; /* in which it is started; NULL: on the loop; borrowed */
    char url[CHILD_URL_MAX];
    char line[CHILD_LINE_MAX]; /* of its standard output so far */
    size_t line_length;
    bool started;      /* the process exists, existed, or is about to */
    bool exited;       /* or could not be started */
    int start_error;   /* then, its errno; else 0 */
    bool stopping;     /* we asked it to end */
    bool killed;       /* with SIGKILL */
    int open_handles;  /* of libuv, until both are closed */
    int64_t exit_status;
    int exit_signal;
    void (*on_ready)(void *context);
    void (*on_exit)(void *context); /* also when it was asked to */
    void *context;
};

/* Starts `arguments` (argv, NULL-terminated, argv[0] the program's path; copied); its standard
 * error goes to the file `log_path`; its environment is ours without the TSFM_ variables. The
 * callbacks and name must have been set. Fails when there can be no log or pipe; that the program
 * cannot be started comes as its exit. */
MUST_USE enum err child_start(struct child *child, uv_loop_t *loop, char *const *arguments,
                              const char *log_path, struct err_note *note);
/* Asks it to end (SIGTERM), or ends it (SIGKILL); nothing when it is not running. */
void child_stop(struct child *child, int signal);
/* Running: started and not exited. */
bool child_running(const struct child *child);
/* Started and all its handles closed: the memory may go. */
bool child_closed(const struct child *child);
/* Ended by a crash or with a status other than 0, though not by a signal that child_stop() sent. */
bool child_failed(const struct child *child);
/* "the runtime was killed by signal 9 (Killed)" / "the mock exited with status 2" / "the mock could
 * not be started (No such file or directory)", into `out`. */
void child_describe_exit(const struct child *child, char *out, size_t out_bytes);

#endif
