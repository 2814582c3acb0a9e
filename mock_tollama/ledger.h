#ifndef MOCK_LEDGER_H
#define MOCK_LEDGER_H
/* What the mock did, one JSON line per forecast attempt, written when the attempt ends:
 *
 *   seq          0, 1, ... in the order of their ends
 *   id, attempt  whose draws these are
 *   at_ns        when the request was read (or its part, where a fault stops in it), since the
 *                scenario's start; negative: before it
 *   path         of the request
 *   phase        in force, or null
 *   rules        the faults that fired, "" when none did
 *   fired        the same as bits: bit i is the phase's fault number i
 *   drawn_ppm    what each of them drew, in their order; it fired because that is below its share
 *   status       of the answer as planned, also when a cut came before its head
 *   answer       what is wrong with a 200's body; "good"
 *   malformed    what is wrong with its framing; "well_formed"
 *   asked_ns     planned delay from at_ns to the first step
 *   wait_ns      how much of it was waiting for a worker or a model
 *   late_ns      how much later than planned that step was made; late_max_ns: of all steps
 *   first_ns     from at_ns to when the first byte went out, null when none did
 *   last_ns      the same of the last
 *   head_bytes   of the response's head, handed to the kernel; null: not known, of an answer that
 *                its client left after it had asked for "100 Continue"
 *   body_bytes   of the response's body, without what frames it
 *   other_bytes  garbage, interim heads, a stray answer
 *   upstream     only with --upstream: how the real server's part ended (complete, connect_error,
 *                timeout ...: mock_tollama/record.h), "not_asked" where the scenario answered; and
 *                upstream_ns, how long it took
 *   end          complete, reset, close, stalled (as planned), client_gone (it left before the
 *                plan's end), stopped (the mock ended first), upstream_cut (the real server's
 *                answer ended in mid-body, and so did ours: by RST for its RST, else by FIN)
 *
 * Lines are buffered: flushed when LEDGER_FLUSH_BYTES are waiting, by ledger_flush(), at the end. A
 * killed mock leaves whole lines up to its last flush. So that a reader can tell such a file from a
 * whole one, the last line may be an end mark, which a mock writes when it ends in order (with
 * --ledger-end): {"end":true,"lines":12}, the lines before it, lost ones included. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "mock/ledger_ring.h"
#include "scenario/plan_state.h"

enum { LEDGER_FLUSH_BYTES = 64 * 1024, LEDGER_HELD_BYTES = 256 * 1024 };

#define LEDGER_NONE UINT64_MAX

#define LEDGER_END_LIST(X)                                                                         \
    X(LEDGER_COMPLETE, "complete")                                                                 \
    X(LEDGER_RESET, "reset")                                                                       \
    X(LEDGER_CLOSE, "close")                                                                       \
    X(LEDGER_STALLED, "stalled")                                                                   \
    X(LEDGER_CLIENT_GONE, "client_gone")                                                           \
    X(LEDGER_STOPPED, "stopped")                                                                   \
    X(LEDGER_UPSTREAM_CUT, "upstream_cut")

enum ledger_end {
#define LEDGER_ENUM(name, text) name,
    LEDGER_END_LIST(LEDGER_ENUM)
#undef LEDGER_ENUM
        LEDGER_END_COUNT
};

struct ledger_entry {
    const char *id; /* borrowed, as all pointers here */
    unsigned attempt;
    int64_t at_ns;
    const char *path;
    const struct reply_plan *plan;
    unsigned status;
    enum answer_fault answer;
    uint64_t asked_ns;
    uint64_t late_ns, late_max_ns;
    uint64_t first_ns, last_ns; /* LEDGER_NONE: nothing was sent */
    uint64_t head_bytes;        /* LEDGER_NONE: not known */
    uint64_t body_bytes;
    uint64_t other_bytes;
    const char *upstream; /* NULL: there is none */
    uint64_t upstream_ns;
    enum ledger_end end;
};

struct ledger {
    int fd; /* -1: lines are only counted */
    struct buf lines;
    bool marked; /* the end mark is the file's last line */
    bool torn; /* they begin with the rest of a line that the file has the beginning of */
    struct ledger_ring ring; /* lines for the control API; ledger_keep_lines() */
    void (*on_line)(void *context); /* a line waits to be flushed; may be NULL */
    void *context;
    uint64_t seq;
    uint64_t seq_zero; /* `seq` at the last reset */
    uint64_t ends[LEDGER_END_COUNT];
    uint64_t faulted;    /* attempts on which at least one rule fired */
    uint64_t lines_lost; /* could not be written */
    /* By fault "at: connect": times that began (refuse, syn_drop), connections that met it. */
    uint64_t connects[CONNECT_STALL + 1];
};

/* Adds one line with its newline. */
void ledger_line_write(struct buf *out, const struct ledger_entry *entry, uint64_t seq);
/* Empties or creates the file; `path` may be NULL. */
MUST_USE enum err ledger_open(struct ledger *ledger, const char *path, struct err_note *note);
/* Whether an attempt becomes a line, or only counts. */
bool ledger_writes(const struct ledger *ledger);
void ledger_add(struct ledger *ledger, const struct ledger_entry *entry);
void ledger_count_connect(struct ledger *ledger, enum plan_connect how);
/* What a pipe does not take now stays in `lines`, up to LEDGER_HELD_BYTES; the rest is lost. */
void ledger_flush(struct ledger *ledger);
/* From now on the last lines are kept in memory, too. */
void ledger_keep_lines(struct ledger *ledger);
/* Counts begin anew, kept lines are dropped; the file and `seq` go on. */
void ledger_reset(struct ledger *ledger);
void ledger_close(struct ledger *ledger);
/* {"attempts":..,"faulted":..,"ends":{"complete":..,...},"connects":{"refuse":..,...},
 *  "lines_lost":..} into an open object. */
void ledger_write_stats(struct buf *out, const struct ledger *ledger, int64_t start_ns,
                        unsigned open);

const char *ledger_end_name(enum ledger_end end);

#endif
