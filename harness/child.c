#include "harness/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_on_out_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;
    child->open_handles--;
}

static void child_on_watch_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;
    close(child->pid_fd);
    child->open_handles--;
}

static void child_over(struct child *child)
{
    child->exited = true;
    if (!child->foreign) uv_close((uv_handle_t *)&child->out, child_on_out_closed);
    child->on_exit(child->context);
}

static void child_send(const struct child *child, int signal)
{
    kill(child->foreign ? -child->pid : child->pid, signal);
}

static void child_on_exit(uv_poll_t *watch, int poll_status, int events)
{
    (void)poll_status;
    (void)events;
    struct child *child = watch->data;
    int status = 0;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid) return;
    if (WIFSIGNALED(status)) child->exit_signal = WTERMSIG(status);
    else child->exit_status = WEXITSTATUS(status);
    if (child->foreign) child_send(child, SIGKILL); /* what it started and left behind */
    uv_close((uv_handle_t *)watch, child_on_watch_closed);
    child_over(child);
}

/* It exists, or it never will. */
static void child_on_launched(struct child_launch *launch)
{
    struct child *child = launch->context;
    close(child->log_fd);
    if (child->out_fd >= 0) close(child->out_fd);
    if (launch->pid == 0) {
        child->start_error = launch->error;
        child->open_handles--; /* there is nothing to watch */
        child_over(child);
        return;
    }
    child->pid = launch->pid;
    child->pid_fd = pidfd_open(child->pid, 0);
    assert(child->pid_fd >= 0); /* Linux 5.3 */
    int rc = uv_poll_init(child->loop, &child->watch, child->pid_fd);
    assert(rc == 0);
    child->watch.data = child;
    uv_poll_start(&child->watch, UV_READABLE, child_on_exit);
    if (child->stop_signal != 0) child_send(child, child->stop_signal);
}

static void child_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct child *child = handle->data;
    if (child->line_length == sizeof child->line - 1) child->line_length = 0;
    *out = uv_buf_init(child->line + child->line_length,
                       (unsigned)(sizeof child->line - 1 - child->line_length));
}

static void child_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void)buf;
    struct child *child = stream->data;
    if (got < 0) {
        uv_read_stop(stream);
        return;
    }
    child->line_length += (size_t)got;
    child->line[child->line_length] = '\0';
    static const char mark[] = " ready on ";
    char *end = strchr(child->line, '\n');
    char *ready = strstr(child->line, mark);
    if (child->url[0] != '\0' || end == NULL || ready == NULL) return;
    snprintf(child->url, sizeof child->url, "%.*s", (int)(end - ready - (int)strlen(mark)),
             ready + strlen(mark));
    child->on_ready(child->context);
}

/* Its standard output, read by us. */
static bool child_open_out(struct child *child, uv_loop_t *loop)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    int rc = uv_pipe_init(loop, &child->out, 0);
    assert(rc == 0);
    child->out.data = child;
    child->out_fd = ends[1];
    rc = uv_pipe_open(&child->out, ends[0]);
    assert(rc == 0);
    rc = uv_read_start((uv_stream_t *)&child->out, child_on_alloc, child_on_read);
    assert(rc == 0);
    return true;
}

enum err child_start(struct child *child, uv_loop_t *loop, char *const *arguments,
                     const char *log_path, struct err_note *note)
{
    child->log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (child->log_fd < 0) {
        return err_note_set(note, ERR_IO, log_path, 0, 0, "cannot write this log");
    }
    child->out_fd = -1;
    if (!child->foreign && !child_open_out(child, loop)) {
        close(child->log_fd);
        return err_note_set(note, ERR_IO, NULL, 0, 0, "no pipe to the %s: %s", child->name,
                            strerror(errno));
    }
    child->open_handles = child->foreign ? 1 : 2;
    child->started = true;
    child->loop = loop;
    child->launch = (struct child_launch){
        .arguments = arguments,
        .out = child->out_fd,
        .log = child->log_fd,
        .session = child->foreign,
        .aside = child->aside,
        .on_done = child_on_launched,
        .context = child,
    };
    child_launch(&child->launch);
    return ERR_OK;
}

bool child_running(const struct child *child)
{
    return child->started && !child->exited;
}

void child_stop(struct child *child, int signal)
{
    child->stopping = true;
    if (!child_running(child)) return;
    child->killed = child->killed || signal == SIGKILL;
    if (child->pid != 0) child_send(child, signal);
    else child->stop_signal = signal;
}

bool child_closed(const struct child *child)
{
    return child->open_handles == 0;
}

bool child_failed(const struct child *child)
{
    if (!child->exited || (child->foreign && child->stopping)) return false;
    if (child->start_error != 0) return true;
    if (child->exit_signal == 0) return child->exit_status != 0;
    /* SIGTERM ends a program that has not set up its handler yet. */
    bool ours = child->exit_signal == SIGTERM || (child->exit_signal == SIGKILL && child->killed);
    return !(child->stopping && ours);
}

void child_describe_exit(const struct child *child, char *out, size_t out_bytes)
{
    if (child->start_error != 0) {
        snprintf(out, out_bytes, "the %s could not be started (%s)", child->name,
                 strerror(child->start_error));
    } else if (child->exit_signal != 0) {
        snprintf(out, out_bytes, "the %s was killed by signal %d (%s)", child->name,
                 child->exit_signal, strsignal(child->exit_signal));
    } else {
        snprintf(out, out_bytes, "the %s exited with status %d", child->name,
                 (int)child->exit_status);
    }
}
