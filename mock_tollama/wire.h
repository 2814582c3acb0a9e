#ifndef MOCK_WIRE_H
#define MOCK_WIRE_H
/* A connection's socket while the mock writes on it itself: exact bytes, in pieces, and the news
 * when there is room again or the client went away. The socket is borrowed; what is waited on is a
 * duplicate of it, because the server's own watch belongs to the same descriptor. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "mock/spool.h"

struct wire_watch;

struct wire {
    int fd;    /* borrowed; -1: not taken */
    bool more; /* other bytes follow at once: the kernel keeps a packet open for them */
    uv_loop_t *loop;
    struct wire_watch *watch;                    /* owned; NULL: nothing is waited for */
    void (*on_event)(void *context, int events); /* UV_WRITABLE, UV_DISCONNECT */
    void *context;
};

void wire_init(struct wire *wire, uv_loop_t *loop, void (*on_event)(void *context, int events),
               void *context);
void wire_take(struct wire *wire, int fd);

enum wire_result { WIRE_DONE, WIRE_FULL, WIRE_GONE };

/* Sends the spool's bytes from *sent up to `target` and moves *sent. WIRE_FULL: wait for
 * UV_WRITABLE and call again. WIRE_GONE: the client reset the connection. */
enum wire_result wire_send(struct wire *wire, const struct spool *spool, uint64_t target,
                           uint64_t *sent);
/* FIN for the client; what it sends is not read. */
void wire_finish(struct wire *wire);
/* Lets the kernel find out by itself (in a minute or so) that a client which says nothing and is
 * not read is not there any more: its FIN may be stuck behind bytes that nobody takes. Its window
 * does not grow any more either. */
void wire_stall(struct wire *wire);

/* Replaces what is waited for (UV_WRITABLE, UV_DISCONNECT; 0: nothing more). False when the process
 * has no descriptor left for it. */
bool wire_wait(struct wire *wire, int events);

enum wire_unsent { WIRE_ACKNOWLEDGED, WIRE_TRANSMITTED, WIRE_HELD };

/* Where the bytes sent so far are. A reset discards what this side still holds (WIRE_HELD);
 * WIRE_TRANSMITTED bytes are on their way, before the reset, and lost only with their packets. */
enum wire_unsent wire_unsent(const struct wire *wire);

/* Stops waiting; must come before the server closes the socket, else the duplicate keeps it open.
 */
void wire_release(struct wire *wire);

#endif
