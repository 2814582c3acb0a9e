#ifndef MOCK_LEDGER_H
#define MOCK_LEDGER_H
/* What the mock did, one JSON line per forecast attempt, written when the attempt ends:
 *
 *   seq          0, 1, ... in the order of their ends
 *   id, attempt  whose draws these are
 *   at_ns        when the request was read, since the scenario's start; negative: before it
 *   path         of the request
 *   phase        in force, or null
 *   fired        reply_plan.fired: bit i is the phase's i-th fault, bit 31 a full queue
 *   wait_ns      of asked_ns: waiting for a worker or a cold model
 *   rules        the faults that fired, "" when none did
 *   status       of the answer as planned, also when a cut came before its head
 *   answer       what is wrong with a 200's body; "good"
 *   asked_ns     planned delay from reading the request to the first step
 *   late_ns      how much later than planned that step was made
 *   body_bytes   of the response body, handed to the kernel
 *   end          complete, reset, close, stalled (as planned), client_gone (it left before the
 * plan's end), stopped (the mock ended first)
 *
 * Lines are buffered: flushed when LEDGER_FLUSH_BYTES are waiting, by ledger_flush(), at the end. A
 * killed mock leaves whole lines up to its last flush. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "scenario/plan.h"

enum { LEDGER_FLUSH_BYTES = 64 * 1024 };

#define LEDGER_END_LIST(X)                                                                         \
    X(LEDGER_COMPLETE, "complete")                                                                 \
    X(LEDGER_RESET, "reset")                                                                       \
    X(LEDGER_CLOSE, "close")                                                                       \
    X(LEDGER_STALLED, "stalled")                                                                   \
    X(LEDGER_CLIENT_GONE, "client_gone")                                                           \
    X(LEDGER_STOPPED, "stopped")

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
    uint64_t late_ns;
    size_t body_bytes;
    enum ledger_end end;
};

struct ledger {
    int fd; /* -1: lines are only counted */
    struct buf lines;
    void (*on_line)(void *context); /* a line waits to be flushed; may be NULL */
    void *context;
    uint64_t seq;
    uint64_t ends[LEDGER_END_COUNT];
    uint64_t faulted;    /* attempts on which at least one rule fired */
    uint64_t lines_lost; /* could not be written */
};

/* Empties or creates the file; `path` may be NULL. */
MUST_USE enum err ledger_open(struct ledger *ledger, const char *path, struct err_note *note);
void ledger_add(struct ledger *ledger, const struct ledger_entry *entry);
void ledger_flush(struct ledger *ledger);
void ledger_close(struct ledger *ledger);
/* {"attempts":..,"faulted":..,"ends":{"complete":..,...},"lines_lost":..} into an open object. */
void ledger_write_stats(struct buf *out, const struct ledger *ledger, int64_t start_ns,
                        unsigned open);

const char *ledger_end_name(enum ledger_end end);

#endif
