#include "runtime/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"

enum { PIECE_BYTES = 256 * 1024 };

struct trace_file {
    int fd;
    struct buf pending;
    uint64_t bytes; /* written so far */
    uint64_t bytes_max;
    bool full;
    bool failed;
};

static void write_head(struct trace_file *trace, const struct trace_file_config *config)
{
    struct json json;
    json_init(&json, &trace->pending);
    json_open(&json, '{');
    json_key(&json, "trace");
    json_u64(&json, 1);
    json_key(&json, "program");
    json_string(&json, config->program);
    json_key(&json, "seed");
    json_u64(&json, config->seed);
    json_key(&json, "start_ns");
    json_u64(&json, config->start);
    json_close(&json, '}');
    buf_putc(&trace->pending, '\n');
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
    *trace = (struct trace_file){ .fd = fd, .bytes_max = config->bytes_max };
    buf_init(&trace->pending, BUF_UNBOUNDED);
    write_head(trace, config);
    trace_file_flush(trace);
    *out = trace;
    return ERR_OK;
}

enum err trace_file_destroy(struct trace_file *trace)
{
    if (trace == NULL) return ERR_OK;
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
    if (trace->bytes + trace->pending.length >= trace->bytes_max) {
        buf_puts(&trace->pending, "{\"truncated\":true}\n");
        trace->full = true;
    }
    if (trace->full || trace->pending.length >= PIECE_BYTES) trace_file_flush(trace);
}

void trace_file_flush(struct trace_file *trace)
{
    size_t at = 0;
    while (!trace->failed && at < trace->pending.length) {
        ssize_t wrote = write(trace->fd, trace->pending.data + at, trace->pending.length - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) trace->failed = true;
        else at += (size_t)wrote;
    }
    trace->bytes += at;
    buf_clear(&trace->pending);
}
