#include "harness/load_link.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    LINK_READ_BYTES = 64 * 1024,
    LINK_ANSWER_BYTES_MAX = 8 * 1024 * 1024,
    /* A slow upload goes out in so many pieces, the first at once, the last at its end. */
    LINK_PIECES = 10,
};

void link_init(struct load_link *link, uint32_t number, int epoll)
{
    *link = (struct load_link){ .number = number, .epoll = epoll, .fd = -1 };
    buf_init(&link->in, LINK_ANSWER_BYTES_MAX);
}

void link_deinit(struct load_link *link)
{
    link_close(link);
    buf_deinit(&link->in);
}

void link_close(struct load_link *link)
{
    if (link->fd >= 0) close(link->fd); /* which takes it out of epoll */
    link->fd = -1;
    link->state = LINK_CLOSED;
    link->reused = false;
}

static void watch(struct load_link *link, bool out)
{
    if (link->wants_out == out) return;
    struct epoll_event event = { .events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0),
                                 .data.ptr = link };
    int rc = epoll_ctl(link->epoll, EPOLL_CTL_MOD, link->fd, &event);
    assert(rc == 0);
    link->wants_out = out;
}

static bool open_socket(struct load_link *link, const struct load_address *address)
{
    int on = 1;
    link->fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) return false;
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link->state = LINK_CONNECTING;
    link->wants_out = true;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = link };
    bool watched = epoll_ctl(link->epoll, EPOLL_CTL_ADD, link->fd, &event) == 0;
    /* A refusal at once is seen as one that comes later: the socket becomes readable. */
    bool begun =
        connect(link->fd, (const struct sockaddr *)&address->socket, address->socket_length) == 0 ||
        errno == EINPROGRESS || errno == ECONNREFUSED;
    if (watched && begun) return true;
    link_close(link);
    return false;
}

bool link_begin(struct load_link *link, const struct load_address *address)
{
    link->sent = 0;
    link->sent_at = 0;
    link->pieces = 0;
    link->reply = (struct http_reply){ .scanned = 0 };
    buf_clear(&link->in);
    if (link->state != LINK_IDLE) return open_socket(link, address);
    link->state = LINK_SENDING;
    return true;
}

static size_t total_bytes(const struct load_link *link)
{
    return link->head_length + link->request.length;
}

/* Which piece of a slow upload is due: 0 .. LINK_PIECES - 1. */
static uint64_t piece_due(const struct load_link *link, instant_ns now)
{
    uint64_t over_ns = link->request.over_ns;
    uint64_t passed_ns = instant_until(now, link->request.due);
    if (passed_ns >= over_ns) return LINK_PIECES - 1;
    return passed_ns * (LINK_PIECES - 1) / over_ns;
}

static size_t allowed_bytes(struct load_link *link, instant_ns now)
{
    size_t total = total_bytes(link);
    if (link->request.over_ns == 0) return total;
    link->pieces = piece_due(link, now) + 1;
    return total * link->pieces / LINK_PIECES;
}

/* Sends what lies between sent and `allowed`. */
static ssize_t send_some(struct load_link *link, size_t allowed)
{
    struct iovec parts[2];
    size_t count = 0;
    size_t head_end = allowed < link->head_length ? allowed : link->head_length;
    size_t body_at = link->sent > link->head_length ? link->sent - link->head_length : 0;
    if (link->sent < head_end) {
        parts[count++] = (struct iovec){ link->head + link->sent, head_end - link->sent };
    }
    if (allowed > link->head_length + body_at) {
        parts[count++] = (struct iovec){ (char *)link->request.body + body_at,
                                         allowed - link->head_length - body_at };
    }
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    return sendmsg(link->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum link_step link_write(struct load_link *link, instant_ns now)
{
    if (link->state == LINK_CONNECTING) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) return LINK_STEP_LOST;
        link->state = LINK_SENDING;
    }
    if (link->state != LINK_SENDING) return LINK_STEP_ON; /* an event of the socket before */
    size_t allowed = allowed_bytes(link, now);
    while (link->sent < allowed) {
        ssize_t sent = send_some(link, allowed);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return LINK_STEP_LOST;
        if (sent < 0) {
            watch(link, true);
            return LINK_STEP_ON;
        }
        link->sent += (size_t)sent;
    }
    watch(link, false);
    if (link->sent < total_bytes(link)) return LINK_STEP_ON;
    link->state = LINK_WAITING;
    link->sent_at = now;
    return LINK_STEP_SENT;
}

enum link_step link_read(struct load_link *link)
{
    char *room = buf_room(&link->in, LINK_READ_BYTES);
    if (room == NULL) return LINK_STEP_LOST; /* longer than any answer */
    ssize_t got = recv(link->fd, room, LINK_READ_BYTES, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return LINK_STEP_ON;
    if (got > 0) buf_added(&link->in, (size_t)got);
    if (link->state == LINK_IDLE || got < 0) return LINK_STEP_LOST;
    enum http_reply_state state =
        got == 0 ? http_reply_end(&link->reply, link->in.length)
                 : http_reply_read(&link->reply, link->in.data, link->in.length);
    if (got == 0) link->reply.close = true;
    switch (state) {
    case REPLY_MORE: return LINK_STEP_ON;
    case REPLY_COMPLETE: return LINK_STEP_ANSWERED;
    case REPLY_BROKEN: return LINK_STEP_LOST;
    }
    return LINK_STEP_LOST;
}

bool link_is_reusable(const struct load_link *link)
{
    return link->state == LINK_WAITING && !link->reply.close && link->reply.used == link->in.length;
}

bool link_may_resend(const struct load_link *link)
{
    bool under_way = link->state == LINK_SENDING || link->state == LINK_WAITING;
    return under_way && link->reused && !link->resent && link->in.length == 0;
}

instant_ns link_deadline(const struct load_link *link)
{
    const struct link_request *request = &link->request;
    instant_ns patience =
        instant_add(instant_add(request->due, request->over_ns), request->give_up_ns);
    switch (link->state) {
    case LINK_CLOSED:
    case LINK_IDLE: return INSTANT_NEVER;
    case LINK_CONNECTING: return patience;
    case LINK_SENDING: {
        if (request->over_ns == 0 || link->wants_out) return patience;
        uint64_t after_ns = (link->pieces * request->over_ns + LINK_PIECES - 2) / (LINK_PIECES - 1);
        return instant_add(request->due, after_ns);
    }
    case LINK_WAITING:
        return instant_add(link->sent_at, request->hang_up_ns < request->give_up_ns
                                              ? request->hang_up_ns
                                              : request->give_up_ns);
    }
    return INSTANT_NEVER;
}
