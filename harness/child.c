#include "harness/child.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static void child_on_close(uv_handle_t *handle)
{
    struct child *child = handle->data;
    child->open_handles--;
}

static void child_on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data;
    child->exited = true;
    child->exit_status = status;
    child->exit_signal = signal;
    uv_close((uv_handle_t *)process, child_on_close);
    if (child->foreign) kill(-process->pid, SIGKILL); /* what it started and left behind */
    else uv_close((uv_handle_t *)&child->out, child_on_close);
    child->on_exit(child->context);
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

/* This program's environment without the runtime's own variables: the run is judged by the files
 * and settings that the report names, and nothing else may change what the runtime does. */
static char **child_environment(void)
{
    static const char prefix[] = "TSFM_";
    size_t count = 0;
    while (environ[count] != NULL) count++;
    char **kept = mem_alloc(count + 1, sizeof *kept);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], prefix, sizeof prefix - 1) != 0) kept[at++] = environ[i];
    }
    return kept;
}

enum err child_start(struct child *child, uv_loop_t *loop, char *const *arguments,
                     const char *log_path, struct err_note *note)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (log < 0) return err_note_set(note, ERR_IO, log_path, 0, 0, "cannot write this log");
    child->process.data = child;
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_IGNORE },
        { .flags = UV_INHERIT_FD, .data.fd = log },
        { .flags = UV_INHERIT_FD, .data.fd = log },
    };
    if (!child->foreign) {
        int made = uv_pipe_init(loop, &child->out, 0);
        assert(made == 0);
        child->out.data = child;
        stdio[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
        stdio[1].data.stream = (uv_stream_t *)&child->out;
    }
    uv_process_options_t options = {
        .file = arguments[0],
        .args = (char **)arguments,
        .env = child_environment(),
        .stdio = stdio,
        .stdio_count = 3,
        .exit_cb = child_on_exit,
        .flags = child->foreign ? UV_PROCESS_DETACHED : 0,
    };
    child->open_handles = child->foreign ? 1 : 2;
    int rc = uv_spawn(loop, &child->process, &options);
    close(log);
    mem_free(options.env);
    if (rc != 0) {
        uv_close((uv_handle_t *)&child->process, child_on_close);
        if (!child->foreign) uv_close((uv_handle_t *)&child->out, child_on_close);
        return err_note_set(note, ERR_IO, NULL, 0, 0, "cannot start %s: %s", arguments[0],
                            uv_strerror(rc));
    }
    child->started = true;
    if (child->foreign) return ERR_OK;
    rc = uv_read_start((uv_stream_t *)&child->out, child_on_alloc, child_on_read);
    assert(rc == 0);
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
    if (child->foreign) kill(-child->process.pid, signal);
    else uv_process_kill(&child->process, signal);
}

bool child_closed(const struct child *child)
{
    return child->open_handles == 0;
}

bool child_failed(const struct child *child)
{
    if (!child->exited || (child->foreign && child->stopping)) return false;
    if (child->exit_signal == 0) return child->exit_status != 0;
    /* SIGTERM ends a program that has not set up its handler yet. */
    bool ours = child->exit_signal == SIGTERM || (child->exit_signal == SIGKILL && child->killed);
    return !(child->stopping && ours);
}

void child_describe_exit(const struct child *child, char *out, size_t out_bytes)
{
    if (child->exit_signal != 0) {
        snprintf(out, out_bytes, "the %s was killed by signal %d (%s)", child->name,
                 child->exit_signal, strsignal(child->exit_signal));
    } else {
        snprintf(out, out_bytes, "the %s exited with status %d", child->name,
                 (int)child->exit_status);
    }
}
