#ifndef HARNESS_LOAD_LINK_H
#define HARNESS_LOAD_LINK_H
/* One connection of the load generator; for load_links.c alone, which owns epoll and the timers.
 *
 *     CLOSED -> CONNECTING -> SENDING -> WAITING -> IDLE -> SENDING ...
 *        ^----------- cut off, given up, hung up, not to be used again */

#include "base/buf.h"
#include "harness/http_reply.h"
#include "harness/load_links.h"

enum link_state { LINK_CLOSED, LINK_IDLE, LINK_CONNECTING, LINK_SENDING, LINK_WAITING };

enum { LINK_HEAD_BYTES_MAX = LOAD_HOST_MAX + LOAD_PATH_MAX + 512 };

struct load_link {
    uint32_t number;
    int epoll; /* where its socket is watched */
    int fd;    /* -1: CLOSED */
    enum link_state state;
    bool wants_out; /* epoll watches it for writing, too */
    bool reused;    /* it has served a request before this one */
    bool resent;
    bool told_sent; /* on_sent was called for this request */
    struct link_request request;
    char head[LINK_HEAD_BYTES_MAX];
    size_t head_length;
    size_t sent;        /* of head and body */
    uint64_t pieces;    /* of a slow upload, that were let out */
    instant_ns sent_at; /* WAITING */
    struct buf in;      /* owned: what came of the answer */
    struct http_reply reply;
};

/* What a step came to. */
enum link_step {
    LINK_STEP_ON,       /* nothing is decided yet */
    LINK_STEP_SENT,     /* the last byte left just now */
    LINK_STEP_ANSWERED, /* reply and in hold the answer */
    LINK_STEP_LOST,     /* it is of no use any more */
};

void link_init(struct load_link *link, uint32_t number, int epoll);
void link_deinit(struct load_link *link);
/* Begins its request: on the connection it has, or on a new one. False when no socket could be
 * made, with errno. */
bool link_begin(struct load_link *link, const struct load_address *address);
/* Its socket can be written. */
enum link_step link_write(struct load_link *link, instant_ns now);
/* Its socket can be read, in any state. */
enum link_step link_read(struct load_link *link);
/* True when it may serve another request. */
bool link_is_reusable(const struct load_link *link);
/* True when its request may go out once more; link_begin() then does that. */
bool link_may_resend(const struct load_link *link);
void link_close(struct load_link *link);
/* When something must be done if nothing happens on its socket. */
instant_ns link_deadline(const struct load_link *link);

#endif
