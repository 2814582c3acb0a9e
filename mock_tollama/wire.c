#include "mock/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    WIRE_KEEPALIVE_IDLE_S = 30,
    WIRE_KEEPALIVE_EVERY_S = 10,
    WIRE_KEEPALIVE_COUNT = 3,
    WIRE_STALLED_BYTES = 4096,
};

/* Outlives the wire until libuv has let go of it. */
struct wire_watch {
    uv_poll_t poll;
    int fd; /* owned: a duplicate */
    struct wire *wire;
};

void wire_init(struct wire *wire, uv_loop_t *loop, void (*on_event)(void *context, int events),
               void *context)
{
    *wire = (struct wire){ .fd = -1, .loop = loop, .on_event = on_event, .context = context };
}

void wire_take(struct wire *wire, int fd)
{
    int on = 1;
    wire->fd = fd;
    /* Each piece leaves when the plan says so, not when the one before it is acknowledged. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

enum wire_result wire_send(struct wire *wire, const struct spool *spool, uint64_t target,
                           uint64_t *sent)
{
    struct iovec parts[SPOOL_GATHER_MAX];
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (wire->more ? MSG_MORE : 0);
    while (*sent < target) {
        struct msghdr message = {
            .msg_iov = parts,
            .msg_iovlen = (size_t)spool_gather(spool, *sent, target, parts),
        };
        ssize_t n = sendmsg(wire->fd, &message, flags);
        if (n > 0) {
            *sent += (uint64_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)) {
            return WIRE_FULL;
        } else {
            return WIRE_GONE;
        }
    }
    return WIRE_DONE;
}

void wire_finish(struct wire *wire)
{
    (void)shutdown(wire->fd, SHUT_WR);
}

void wire_stall(struct wire *wire)
{
    int on = 1;
    int idle_s = WIRE_KEEPALIVE_IDLE_S;
    int every_s = WIRE_KEEPALIVE_EVERY_S;
    int count = WIRE_KEEPALIVE_COUNT;
    int bytes = WIRE_STALLED_BYTES;
    (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
    (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    (void)setsockopt(wire->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static void wire_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void wire_on_poll(uv_poll_t *poll, int status, int events)
{
    struct wire_watch *watch = poll->data;
    struct wire *wire = watch->wire;
    wire->on_event(wire->context, status < 0 ? UV_DISCONNECT : events);
}

void wire_release(struct wire *wire)
{
    struct wire_watch *watch = wire->watch;
    if (watch == NULL) return;
    wire->watch = NULL;
    uv_close((uv_handle_t *)&watch->poll, wire_on_closed);
    close(watch->fd);
}

static bool watch_open(struct wire *wire)
{
    int fd = fcntl(wire->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return false;
    struct wire_watch *watch = mem_alloc(1, sizeof(*watch));
    *watch = (struct wire_watch){ .fd = fd, .wire = wire };
    int rc = uv_poll_init(wire->loop, &watch->poll, fd);
    assert(rc == 0);
    watch->poll.data = watch;
    wire->watch = watch;
    return true;
}

bool wire_wait(struct wire *wire, int events)
{
    if (events == 0) {
        if (wire->watch != NULL) uv_poll_stop(&wire->watch->poll);
        return true;
    }
    if (wire->watch == NULL && !watch_open(wire)) return false;
    int rc = uv_poll_start(&wire->watch->poll, events, wire_on_poll);
    assert(rc == 0);
    return true;
}

enum wire_unsent wire_unsent(const struct wire *wire)
{
    int unacknowledged = 0;
    int held = 0;
    if (ioctl(wire->fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged == 0) {
        return WIRE_ACKNOWLEDGED;
    }
    if (ioctl(wire->fd, SIOCOUTQNSD, &held) != 0 || held > 0) return WIRE_HELD;
    return WIRE_TRANSMITTED;
}
