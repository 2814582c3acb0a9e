#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop_run.h"

bool peer_open(struct peer *peer, uv_loop_t *loop, uint16_t port)
{
    *peer = (struct peer){ .loop = loop };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* The kernel completes the connection alone, so that a blocking connect() cannot hang. */
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->fd >= 0);
    if (connect(peer->fd, (struct sockaddr *)&at, sizeof at) == 0) return true;
    close(peer->fd);
    peer->fd = -1;
    return false;
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0) close(peer->fd);
    peer->fd = -1;
}

void peer_reset(struct peer *peer)
{
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    assert_int_equal(connect(peer->fd, &nobody, sizeof nobody), 0);
    peer_close(peer);
}

void peer_send_bytes(struct peer *peer, const char *bytes, size_t length)
{
    for (int turn = 0; length > 0 && turn < LOOP_RUN_TURNS_MAX; turn++) {
        ssize_t sent = send(peer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
            continue;
        }
        assert_true(errno == EAGAIN);
        uv_run(peer->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(length, 0);
}

void peer_send(struct peer *peer, const char *text)
{
    peer_send_bytes(peer, text, strlen(text));
}

static void peer_read(struct peer *peer)
{
    while (!peer->ended && peer->in_length < PEER_BYTES_MAX - 1) {
        ssize_t got = recv(peer->fd, peer->in + peer->in_length,
                           PEER_BYTES_MAX - 1 - peer->in_length, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            peer->ended = true;
            peer->error = got < 0 ? errno : 0;
            return;
        }
        peer->in_length += (size_t)got;
        peer->in[peer->in_length] = '\0';
    }
}

unsigned peer_answers(struct peer *peer)
{
    peer_read(peer);
    unsigned answers = 0;
    const char *at = peer->in;
    for (;;) {
        const char *end = strstr(at, "\r\n\r\n");
        if (end == NULL) return answers;
        const char *field = strcasestr(at, "\r\nContent-Length:");
        size_t body = field != NULL && field < end ? strtoul(field + 17, NULL, 10) : 0;
        if ((size_t)(end + 4 - peer->in) + body > peer->in_length) return answers;
        if (strncmp(at, "HTTP/1.1 1", 10) != 0) answers++;
        at = end + 4 + body;
    }
}

static bool peer_is_answered(void *context)
{
    struct peer *peer = context;
    return peer_answers(peer) >= peer->answers_wanted;
}

void peer_wait_answers(struct peer *peer, unsigned count)
{
    peer->answers_wanted = count;
    assert_true(loop_run_until(peer->loop, peer_is_answered, peer));
    assert_int_equal(peer_answers(peer), count);
}

static bool peer_is_ended(void *context)
{
    struct peer *peer = context;
    peer_read(peer);
    return peer->ended;
}

void peer_wait_end(struct peer *peer)
{
    assert_true(loop_run_until(peer->loop, peer_is_ended, peer));
}

void peer_clear(struct peer *peer)
{
    peer->in_length = 0;
    peer->in[0] = '\0';
}
