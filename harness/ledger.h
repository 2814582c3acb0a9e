#ifndef HARNESS_LEDGER_H
#define HARNESS_LEDGER_H
/* The two observers of a real run besides the client: the mock's ledger and the runtime's trace,
 * both files of JSON lines. One that lost lines (a gap in the ledger's sequence, no end mark or
 * another number of lines than that says, a last line cut short) makes the run invalid: what is
 * judged must have been seen whole. */

#include "base/err.h"
#include "harness/run.h"

/* Fills run->deliveries. The fate of each line is what the mock decided; where draws alone
 * decide it, one that differs makes the run invalid, because then the faults were not those that
 * the scenario asks for. */
MUST_USE enum err ledger_read(struct run *run, const char *path, struct err_note *note);

/* Fills run->transitions, the start of each attempt and permits_out. `start` is the moment of
 * offset 0 on the clock that both programs share. */
MUST_USE enum err trace_read(struct run *run, const char *path, instant_ns start,
                             struct err_note *note);

#endif
