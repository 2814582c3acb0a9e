#ifndef CONFIG_TRACE_HEAD_H
#define CONFIG_TRACE_HEAD_H
/* The first line of a trace (core/engine_trace.h writes the others): everything that an engine is
 * made of, so that the trace alone is enough to replay it.
 *
 *     {"trace":2,"program":"tollgate-runtime","version":"0.1.0","start_ns":1203004,
 *      "l2":false,"config":{"connect_timeout_s":"0.25",...,"seed":"42",...}}
 *
 * `config` holds the value of every option as it would be written in a file, so it is exact. Texts
 * are left out, because they may be secrets; all that the engine learns from one is `l2`, whether
 * there is a second level. */

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/json.h"
#include "config/config.h"

enum { TRACE_VERSION = 2, TRACE_NAME_MAX = 64 };

struct trace_head {
    char program[TRACE_NAME_MAX]; /* a longer name is cut */
    char version[TRACE_NAME_MAX];
    instant_ns start;
    struct runtime_config config; /* read: checked like a file */
};

/* The line and its newline. */
void trace_head_write(struct buf *out, const char *program, const char *version, instant_ns start,
                      const struct runtime_config *config);
/* The line without its newline. Fails with a note at line 1 of `path` when it is no trace, of
 * another format, or lacks an option that this program knows. */
MUST_USE enum err trace_head_read(const char *path, const char *line, size_t length,
                                  struct trace_head *out, struct err_note *note);

/* "key=value" each: settings that take the place of the recorded ones. */
struct trace_changes {
    const char *const *sets; /* borrowed */
    size_t count;
};
/* The same with changes (NULL: none). */
MUST_USE enum err trace_head_read_changed(const char *path, const char *line, size_t length,
                                          const struct trace_changes *changes,
                                          struct trace_head *out, struct err_note *note);

/* The line of an input that is not the engine's own: from `now` on it has other settings
 * (engine_reconfigure).
 *
 *     {"t":1203004,"in":"reload","l2":false,"config":{...}} */
void trace_reload_write(struct buf *out, instant_ns now, const struct runtime_config *config);
/* The configuration of such a line, with `changes` (may be NULL) over it; the note names no place.
 */
MUST_USE enum err trace_reload_read(const char *line, size_t length,
                                    const struct trace_changes *changes,
                                    struct runtime_config *out, struct err_note *note);

#endif
