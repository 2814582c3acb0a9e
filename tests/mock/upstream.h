#ifndef MOCK_UPSTREAM_H
#define MOCK_UPSTREAM_H
/* A server behind the mock's --upstream, made of plain sockets: each byte of its answer leaves when
 * a test says so, and the test sees when its caller has gone. */

#include <stdint.h>

#include "base/buf.h"
#include "client.h"

struct upstream {
    int listener;
    uint16_t port;
    int fd; /* of the call at hand; -1: none */
    struct mock_process mock;
};

/* With the mock in front of it; `fault` may be NULL; `more` are two more arguments or NULL. */
void upstream_start(struct upstream *upstream, const char *fault, const char *const more[2]);
void upstream_stop(struct upstream *upstream);
/* Takes the next call and reads its request, which goes to `request` unless that is NULL. */
void upstream_take(struct upstream *upstream, struct buf *request);
void upstream_send(struct upstream *upstream, const char *text);
/* A head of status 200, with a Content-Length, or with chunks when that is 0. */
void upstream_send_head(struct upstream *upstream, unsigned length);
/* FIN, or RST. */
void upstream_close(struct upstream *upstream);
void upstream_reset(struct upstream *upstream);
/* Fails unless the caller ends the call. */
void upstream_expect_left(struct upstream *upstream);

#endif
