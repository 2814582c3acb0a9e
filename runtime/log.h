#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H
/* JSON lines for people and their log shippers, one write(2) each:
 *
 *     {"ts":"2026-01-31T12:00:00.123Z","level":"info","event":"breaker","from":"closed",...}
 *
 * Use:
 *     struct log_line line;
 *     if (log_begin(log, &line, LOG_LEVEL_INFO, "start")) {
 *         json_key(&line.json, "seed"); json_u64(&line.json, seed);
 *         log_end(log, &line);
 *     }
 *
 * What a bad day can cause by the thousand goes through log_begin_limited(): at most
 * LOG_LIMITED_PER_SECOND lines a second; the next line that is written says how many were left
 * out ("suppressed").
 *
 * Nothing here waits: while nobody reads the pipe, lines are left out and counted likewise. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "config/config.h"

enum { LOG_LIMITED_PER_SECOND = 20, LOG_NO_WORKER = -1 };

struct log {
    int fd;                /* borrowed */
    int worker;            /* in each line; LOG_NO_WORKER: not */
    enum log_level level;  /* less important lines are not written */
    uint64_t second;       /* wall clock second of the count */
    uint32_t in_second;    /* limited lines written in it */
    uint64_t suppressed;   /* not yet told */
    bool torn;             /* the latest line ends in its middle */
};

struct log_line {
    struct buf text;
    struct json json; /* inside the line's object */
    uint64_t told;    /* of `suppressed`, in this line */
};

void log_init(struct log *log, int fd, enum log_level level);
/* False when the line is not to be written: then there is nothing to end. */
bool log_begin(struct log *log, struct log_line *line, enum log_level level, const char *event);
bool log_begin_limited(struct log *log, struct log_line *line, enum log_level level,
                       const char *event);
void log_end(struct log *log, struct log_line *line);

/* One member more, for the kinds that are common. Texts may be a caller's: whatever they hold, the
 * line stays one line and moves no terminal ('?' for what would). */
void log_text(struct log_line *line, const char *key, const char *value); /* NULL: null */
void log_u64(struct log_line *line, const char *key, uint64_t value);
void log_ms(struct log_line *line, const char *key, uint64_t ns);

#endif
