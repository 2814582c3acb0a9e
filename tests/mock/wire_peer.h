#ifndef MOCK_WIRE_PEER_H
#define MOCK_WIRE_PEER_H
/* A client made of one plain socket, which sees what is on the wire: each byte with the moment at
 * which it came, and how the kernel says that the connection ended. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "client.h"

enum { WIRE_MOMENTS_MAX = 8192 };

struct wire_moment {
    size_t bytes;   /* so many had come */
    uint64_t at_ns; /* when they were read */
};

struct wire_peer {
    int fd;
    uint64_t sent_ns; /* before the first byte of the request */
    struct buf bytes;
    struct wire_moment *moments; /* owned: WIRE_MOMENTS_MAX */
    size_t moment_count;
    enum end end;      /* END_SILENT: open */
    uint64_t ended_ns; /* when that was seen, since the request was sent */
    int tcp_state;     /* TCP_CLOSE after RST, TCP_CLOSE_WAIT after FIN, else TCP_ESTABLISHED */
};

/* Connects; the handshake may be completed or not. */
void wire_open(struct wire_peer *peer, const struct mock_process *mock);
void wire_close(struct wire_peer *peer);
/* An ordinary answer on the same connection first, then everything is forgotten. */
void wire_use_once(struct wire_peer *peer);
/* A forecast request; its body is padded by blanks to `body_bytes` unless that is 0. */
void wire_request(struct buf *out, const char *id, size_t body_bytes);
void wire_send(struct wire_peer *peer, const char *bytes, size_t length);
/* Reads until `until` bytes have come, the connection ends, or nothing comes for `silence_ms`. */
void wire_read(struct wire_peer *peer, size_t until, int silence_ms);
/* Reads the head alone, with its blank line; returns its length. */
size_t wire_read_head(struct wire_peer *peer);
/* As the kernel says. */
int wire_tcp_state(int fd);
/* Nothing has come and nothing has ended. */
void wire_expect_quiet(struct wire_peer *peer);
/* Another request is answered on this connection, right behind what has been read. */
void wire_expect_usable(struct wire_peer *peer);

#endif
