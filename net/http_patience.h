#ifndef NET_HTTP_PATIENCE_H
#define NET_HTTP_PATIENCE_H
/* How long a caller's connection may take for each part of an exchange. Pure: moments come in,
 * deadlines come out; http_connection.c watches them.
 *
 *     accept -> HEAD -> BODY -> WORK -> SEND -> IDLE -> HEAD ...
 *
 *   HEAD  from accept, or on a used connection from the request line, to the blank line: in all
 *   BODY  no progress for `body_ns`, and a total that grows with what came:
 *         body_ns + bytes / body_bytes_per_s_min
 *   WORK  ours: no limit here
 *   SEND  from the answer to its last byte in the kernel: in all
 *   IDLE  from the answer to the next request line: in all
 *
 * Only BODY counts progress: a client that sends a byte now and then gains nothing by it.
 * Example: body_ns = 10 s, 1000 bytes/s; a body that began at 0 with 5,000 bytes by second 4 ends
 * at min(4 + 10, 0 + 10 + 5) = second 14 unless more comes. */

#include <stdint.h>

#include "base/instant.h"

enum http_phase {
    HTTP_PHASE_HEAD,
    HTTP_PHASE_BODY,
    HTTP_PHASE_WORK,
    HTTP_PHASE_SEND,
    HTTP_PHASE_IDLE,
};

enum { HTTP_PHASE_COUNT = HTTP_PHASE_IDLE + 1 };

/* 0: no such limit. */
struct http_limits {
    uint64_t head_ns;
    uint64_t body_ns;
    uint64_t send_ns;
    uint64_t idle_ns;
    uint32_t body_bytes_per_s_min;
};

struct http_patience {
    enum http_phase phase;
    instant_ns since;    /* the phase's begin */
    instant_ns progress; /* of the body */
    uint64_t bytes;      /* of the body */
};

const char *http_phase_name(enum http_phase phase);
void http_patience_enter(struct http_patience *patience, enum http_phase phase, instant_ns now);
/* `bytes` more of the body have come. */
void http_patience_progress(struct http_patience *patience, uint64_t bytes, instant_ns now);
/* When it is over; INSTANT_NEVER: no limit. */
instant_ns http_patience_end(const struct http_patience *patience,
                             const struct http_limits *limits);

#endif
