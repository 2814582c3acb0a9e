#ifndef RUNTIME_TRACE_FILE_H
#define RUNTIME_TRACE_FILE_H
/* Where the engine's inputs and actions are written, one JSON line each (core/engine_trace.h). The
 * first line says whose they are:
 *
 *     {"trace":1,"program":"tollgate-runtime","seed":42,"start_ns":1203004}
 *
 * Lines gather in memory and go to the file in large pieces: when there is a piece full, when
 * trace_file_flush() is called, at the end. A trace never grows over its bound: then its last line
 * is {"truncated":true}. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"

#define TRACE_FILE_BYTES_MAX (UINT64_C(1) << 30)

struct trace_file_config {
    const char *path;
    const char *program;
    uint64_t seed;
    instant_ns start;
    uint64_t bytes_max; /* over the whole file, before the last line */
};

struct trace_file;

/* Creates or empties the file. */
MUST_USE enum err trace_file_create(const struct trace_file_config *config,
                                    struct trace_file **out, struct err_note *note);
/* Flushes; accepts NULL. ERR_IO when some of the trace could not be written. */
enum err trace_file_destroy(struct trace_file *trace);

/* The buffer to append whole lines to, followed by trace_file_end(); NULL when no more is taken (or
 * `trace` is NULL). */
struct buf *trace_file_begin(struct trace_file *trace);
void trace_file_end(struct trace_file *trace);
void trace_file_flush(struct trace_file *trace);

#endif
