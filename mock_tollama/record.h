#ifndef MOCK_RECORD_H
#define MOCK_RECORD_H
/* What a real upstream did, one JSON line per call that was forwarded to it, written when the call
 * ends and in one piece, so that a reader never sees half a line:
 *
 *   version        1
 *   seq            0, 1, ... in the order of their ends
 *   wall_ms        when the first line's clock stood at 0: milliseconds since 1970
 *   start_ns       when the call began, on that clock
 *   first_byte_ns  when the answer began, null when it did not
 *   end_ns         when it was whole, or known to fail
 *   method, path   of the request
 *   model          it asked for; null when the request was not understood
 *   request_hash   64 bits of the request's body, in hexadecimal: equal bodies are equal here
 *   request_bytes, response_bytes   of the bodies
 *   status         null without a whole head
 *   end            complete, timeout, client_gone (the client left first), or how it failed:
 *                  connect_error, write_error, read_error, protocol_error, decoding_error,
 * too_large, cut (a fault ended the answer before the upstream did), stopped
 *   request, response   the bodies, only when they are asked for; what is not UTF-8 is replaced.
 *                  Of a response, the first 8 MiB */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"

struct record {
    int fd; /* -1: nothing is recorded */
    bool bodies;
    instant_ns zero;
    uint64_t zero_wall_ms;
    uint64_t seq;
    uint64_t lines_lost;
    struct buf line; /* empty between calls, or what a pipe did not take of one */
    bool torn;       /* the latter: the next line is lost unless the rest leaves before it */
};

struct record_call {
    instant_ns start, first_byte, end; /* INSTANT_NEVER: not */
    const char *method, *path;         /* borrowed, as all pointers here */
    const char *request, *response;    /* the latter NULL: none */
    size_t request_bytes;
    uint64_t response_bytes;
    size_t response_kept; /* of them in `response` */
    unsigned status; /* 0: none */
    const char *ended;
};

/* Empties or creates the file; `path` NULL: nothing is recorded. */
MUST_USE enum err record_open(struct record *record, const char *path, struct err_note *note);
void record_add(struct record *record, const struct record_call *call);
void record_close(struct record *record);

#endif
