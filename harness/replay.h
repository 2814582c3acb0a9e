#ifndef HARNESS_REPLAY_H
#define HARNESS_REPLAY_H
/* Parity level 0: a trace (runtime/trace_file.h) is fed through a fresh engine made of the trace's
 * first line; every action line must come out again, byte for byte.
 *
 *     {"t":5,"in":"request","call":3,...}          stepped
 *     {"t":5,"do":"start_attempt","call":3,...}    compared with the engine's first action, ...
 *
 * Identical says: what the core decided depends on nothing but its inputs, and the trace holds all
 * of them. Anything else is a divergence, at the first line that is not what the engine does:
 * another action, one too many, one too few, or an input for something that the replayed engine is
 * not doing (the end of an attempt that it never began).
 *
 * A line that is no line of a trace makes the trace unreadable: a note names it. A last line cut
 * short, and actions missing behind the last line of a trace without an end mark (of a killed
 * program, or truncated at its bound), are no divergence: `end` says so. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/trace_head.h"

enum { REPLAY_BEFORE_MAX = 8, REPLAY_SENTENCE_MAX = 160 };

#define REPLAY_BYTES_MAX ((size_t)1 << 33)

enum replay_end {
    REPLAY_WHOLE,     /* closed in order */
    REPLAY_TRUNCATED, /* reached its bound */
    REPLAY_CUT,       /* no mark at its end */
};

struct replay {
    char program[TRACE_NAME_MAX]; /* that wrote it */
    char version[TRACE_NAME_MAX];
    uint64_t inputs;  /* fed, up to the divergence */
    uint64_t actions; /* found equal */
    enum replay_end end;
    bool identical;
    /* When it is not: */
    int line;         /* 1-based, of the first divergence */
    char sentence[REPLAY_SENTENCE_MAX];
    char *expected;   /* owned: the trace's line; NULL: it ends there */
    char *got;        /* owned: the replayed engine's; NULL: it does nothing (more) there */
    char *before[REPLAY_BEFORE_MAX]; /* owned: the latest inputs, the oldest first */
    int before_line[REPLAY_BEFORE_MAX];
    uint32_t before_count;
};

/* `path` only names the trace in notes. `out` is to be released in any case. */
MUST_USE enum err replay_text(const char *path, const char *text, size_t length,
                              struct replay *out, struct err_note *note);
/* The same with other settings than the recorded ones: identical when they decide nothing. */
MUST_USE enum err replay_text_changed(const char *path, const char *text, size_t length,
                                      const struct trace_changes *changes, struct replay *out,
                                      struct err_note *note);
MUST_USE enum err replay_file(const char *path, struct replay *out, struct err_note *note);
/* The same for who has nowhere to put a note: a trace that cannot be read counts as diverged. */
void replay_checked(const char *path, struct replay *out);
void replay_deinit(struct replay *replay);

/* "identical, 1234 inputs", "INCOMPLETE: identical, 12 inputs, but ...", "DIVERGED at line 17: ..."
 */
void replay_sentence_write(const struct replay *replay, struct buf *out);

/* `tollgate replay TRACE [--set key=value ...]`: prints; 0 identical, 5 diverged, 3 identical but
 * not whole, 2 unreadable or bad usage. With --set: whatif.h. */
int replay_command(int argc, char **argv);

#endif
