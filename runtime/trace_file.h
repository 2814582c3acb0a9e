#ifndef RUNTIME_TRACE_FILE_H
#define RUNTIME_TRACE_FILE_H
/* Where the engine's inputs and actions are written, one JSON line each (core/engine_trace.h). The
 * first line says what the engine is made of (config/trace_head.h).
 *
 * Lines gather in memory and go to the file in large pieces: when there is a piece full, when
 * trace_file_flush() is called, at the end, and when the program dies of a signal that it can
 * still hear. A trace that was closed in order ends with {"end":true,"lines":N}, the lines between
 * the first and this one; one that reached its bound, over which it never grows, with
 * {"truncated":true}. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "config/config.h"

struct trace_file_config {
    const char *path;
    const char *program;
    const char *version;
    instant_ns start;
    const struct runtime_config *config; /* of the engine that is traced; its trace_bytes_max bounds
                                          * the whole file, before the last line */
};

struct trace_file;

/* Creates or empties the file. */
MUST_USE enum err trace_file_create(const struct trace_file_config *config,
                                    struct trace_file **out, struct err_note *note);
/* From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write what is pending before they end the
 * program as they would have. One trace of a program at most; until trace_file_destroy(). */
void trace_file_flush_on_crash(struct trace_file *trace);
/* Flushes; accepts NULL. ERR_IO when some of the trace could not be written. */
enum err trace_file_destroy(struct trace_file *trace);

/* The buffer to append one whole line to, followed by trace_file_end(); NULL when no more is taken
 * (or `trace` is NULL). */
struct buf *trace_file_begin(struct trace_file *trace);
void trace_file_end(struct trace_file *trace);
void trace_file_flush(struct trace_file *trace);

#endif
