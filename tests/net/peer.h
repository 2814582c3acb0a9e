#ifndef TESTS_NET_PEER_H
#define TESTS_NET_PEER_H
/* A client made of one plain socket: it sees exactly what is on the wire, also how it ends. */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { PEER_BYTES_MAX = 1 << 16 };

struct peer {
    uv_loop_t *loop;
    int fd;
    char in[PEER_BYTES_MAX]; /* NUL-terminated */
    size_t in_length;
    bool ended; /* by a FIN, or by `error` */
    int error;  /* ECONNRESET */
    unsigned answers_wanted;
};

/* False when the connection was refused. */
bool peer_open(struct peer *peer, uv_loop_t *loop, uint16_t port);
void peer_close(struct peer *peer);
void peer_reset(struct peer *peer);
/* Runs the loop while the socket is full. */
void peer_send_bytes(struct peer *peer, const char *bytes, size_t length);
void peer_send(struct peer *peer, const char *text);
/* Reads what is there; counts the complete answers with a Content-Length. */
unsigned peer_answers(struct peer *peer);
/* Until `count` answers are there, then nothing else is in `in`. */
void peer_wait_answers(struct peer *peer, unsigned count);
void peer_wait_end(struct peer *peer);
/* Forgets what was read. */
void peer_clear(struct peer *peer);

#endif
