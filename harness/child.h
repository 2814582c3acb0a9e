#ifndef HARNESS_CHILD_H
#define HARNESS_CHILD_H
/* One program as a child process: started, waited for until it prints its ready line ("... ready on
 * http://HOST:PORT"), stopped by pid. One of ours dies with this process whatever happens (it is
 * given `--parent PID`). */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"

enum { CHILD_URL_MAX = 96, CHILD_LINE_MAX = 512 };

struct child {
    uv_process_t process;
    uv_pipe_t out;
    const char *name;  /* "runtime", for sentences; borrowed */
    bool foreign;      /* not ours: a process group of its own, its output goes to the log as well,
                        * it is never ready, and how it ends when asked to is its own affair */
    char url[CHILD_URL_MAX];
    char line[CHILD_LINE_MAX]; /* of its standard output so far */
    size_t line_length;
    bool started;      /* the process exists or existed */
    bool exited;
    bool stopping;     /* we asked it to end */
    bool killed;       /* with SIGKILL */
    int open_handles;  /* of libuv, until both are closed */
    int64_t exit_status;
    int exit_signal;
    void (*on_ready)(void *context);
    void (*on_exit)(void *context); /* also when it was asked to */
    void *context;
};

/* Starts `arguments` (argv, NULL-terminated, argv[0] the program's path); its standard error goes
 * to the file `log_path`; its environment is ours without the TSFM_ variables. The callbacks and
 * name must have been set. */
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
/* "the runtime was killed by signal 9 (Killed)" / "the mock exited with status 2", into `out`. */
void child_describe_exit(const struct child *child, char *out, size_t out_bytes);

#endif
