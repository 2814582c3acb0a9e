#include "runtime/trace_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/trace_head.h"

enum { PIECE_BYTES = 256 * 1024 };

struct trace_file {
    int fd;
    struct buf pending;
    size_t flushed; /* of pending, while it is being written */
    uint64_t bytes; /* written so far */
    uint64_t lines; /* behind the first */
    uint64_t bytes_max;
    bool full;
    bool failed;
};

/* The trace that a fatal signal writes out. The handler reads it between any two instructions of
 * the program: a buffer that is just being moved makes write() fail, no more; a line that is just
 * being appended ends in the middle, which readers of a trace expect of its last line. */
static struct trace_file *volatile crash_trace;

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
enum { CRASH_SIGNALS = sizeof crash_signals / sizeof crash_signals[0] };
static struct sigaction crash_before[CRASH_SIGNALS];

static void restore_signals(void)
{
    for (size_t i = 0; i < CRASH_SIGNALS; i++) {
        (void)sigaction(crash_signals[i], &crash_before[i], NULL);
    }
}

static void on_crash(int number)
{
    const struct trace_file *trace = crash_trace;
    crash_trace = NULL;
    if (trace != NULL && trace->pending.data != NULL) {
        ssize_t wrote = write(trace->fd, trace->pending.data + trace->flushed,
                              trace->pending.length - trace->flushed);
        (void)wrote; /* there is nobody left to tell */
    }
    restore_signals();
    (void)raise(number); /* taken when this handler returns */
}

enum err trace_file_create(const struct trace_file_config *config, struct trace_file **out,
                           struct err_note *note)
{
    int fd = open(config->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_note_set(note, ERR_IO, config->path, 0, 0, "cannot write the trace: %s",
                            strerror(errno));
    }
    struct trace_file *trace = mem_alloc(1, sizeof *trace);
    *trace = (struct trace_file){ .fd = fd, .bytes_max = config->config->server.trace_bytes_max };
    buf_init(&trace->pending, BUF_UNBOUNDED);
    trace_head_write(&trace->pending, config->program, config->version, config->start,
                     config->config);
    trace_file_flush(trace);
    *out = trace;
    return ERR_OK;
}

void trace_file_flush_on_crash(struct trace_file *trace)
{
    assert(crash_trace == NULL);
    crash_trace = trace;
    struct sigaction action = { .sa_handler = on_crash };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CRASH_SIGNALS; i++) {
        (void)sigaction(crash_signals[i], &action, &crash_before[i]);
    }
}

enum err trace_file_destroy(struct trace_file *trace)
{
    if (trace == NULL) return ERR_OK;
    if (crash_trace == trace) {
        crash_trace = NULL;
        restore_signals();
    }
    if (!trace->full) {
        buf_printf(&trace->pending, "{\"end\":true,\"lines\":%" PRIu64 "}\n", trace->lines);
    }
    trace_file_flush(trace);
    if (close(trace->fd) != 0) trace->failed = true;
    enum err rc = trace->failed ? ERR_IO : ERR_OK;
    buf_deinit(&trace->pending);
    mem_free(trace);
    return rc;
}

struct buf *trace_file_begin(struct trace_file *trace)
{
    return trace == NULL || trace->full || trace->failed ? NULL : &trace->pending;
}

void trace_file_end(struct trace_file *trace)
{
    trace->lines++;
    if (trace->bytes + trace->pending.length >= trace->bytes_max) {
        buf_puts(&trace->pending, "{\"truncated\":true}\n");
        trace->full = true;
    }
    if (trace->full || trace->pending.length >= PIECE_BYTES) trace_file_flush(trace);
}

void trace_file_flush(struct trace_file *trace)
{
    while (!trace->failed && trace->flushed < trace->pending.length) {
        ssize_t wrote = write(trace->fd, trace->pending.data + trace->flushed,
                              trace->pending.length - trace->flushed);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) trace->failed = true;
        else trace->flushed += (size_t)wrote;
    }
    trace->bytes += trace->flushed;
    buf_clear(&trace->pending);
    trace->flushed = 0;
}
