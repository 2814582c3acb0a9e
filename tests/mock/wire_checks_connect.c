/* What a connection meets while a fault of the listener is in force, and what becomes of those that
 * were there before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire_checks.h"

/* Connects; 0, or the error with which that failed within `wait_ms`, or EINPROGRESS. */
static int try_connect(const struct wire_rig *rig, int *fd, int wait_ms)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(rig->mock.port) };
    int error = 0;
    socklen_t length = sizeof error;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(*fd >= 0);
    if (connect(*fd, (struct sockaddr *)&at, sizeof at) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    struct pollfd writable = { .fd = *fd, .events = POLLOUT };
    if (poll(&writable, 1, wait_ms) == 0) return EINPROGRESS;
    assert_int_equal(getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
}

/* An idle connection from before gets a FIN when the fault begins. */
static int connect_before(const struct wire_rig *rig, const struct wire_check *check)
{
    struct wire_peer peer;
    wire_rig_clear(rig);
    wire_open(&peer, &rig->mock);
    wire_use_once(&peer);
    wire_rig_set(rig, check->yaml);
    wire_read(&peer, SIZE_MAX, CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, 0);
    wire_expect_end(&peer, END_FIN);
    int fd = peer.fd;
    peer.fd = -1;
    wire_close(&peer);
    return fd;
}

static void refuse(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    int fd;
    (void)reused;
    close(connect_before(rig, check));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(try_connect(rig, &fd, CLIENT_PATIENCE_MS), ECONNREFUSED);
        close(fd);
    }
}

static void syn_drop(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    int fds[3];
    (void)reused;
    close(connect_before(rig, check));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(try_connect(rig, &fds[i], i == 0 ? CLIENT_SILENCE_MS : 0), EINPROGRESS);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wire_tcp_state(fds[i]), TCP_SYN_SENT);
        close(fds[i]);
    }
}

/* Accepted: the kernel says that the connection is there. */
static void taken(struct wire_rig *rig, const struct wire_check *check, bool reused)
{
    struct wire_peer peer;
    struct buf request;
    struct answer stats;
    (void)reused;
    close(connect_before(rig, check));
    wire_open(&peer, &rig->mock);
    wire_read(&peer, SIZE_MAX, check->end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
    assert_int_equal(peer.bytes.length, 0);
    wire_expect_end(&peer, check->end);
    if (check->end != END_RESET) { /* and a request changes nothing */
        wire_request(&request, "r000001~0", 0);
        wire_send(&peer, request.data, request.length);
        buf_deinit(&request);
        client_control(&rig->mock,
                       &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                       &stats); /* time enough for a reset to arrive */
        answer_free(&stats);
        wire_read(&peer, SIZE_MAX,
                  check->end == END_SILENT ? CLIENT_SILENCE_MS : CLIENT_PATIENCE_MS);
        assert_int_equal(peer.bytes.length, 0);
        assert_int_equal(peer.end, check->end);
        /* Not reset either, by a socket that is not there any more. */
        assert_int_equal(peer.tcp_state, check->end == END_FIN ? TCP_CLOSE_WAIT : TCP_ESTABLISHED);
    }
    wire_close(&peer);
}

const struct wire_check wire_connect_checks[] = {
    { .yaml = "{ at: connect, do: refuse }", .run = refuse, .new_only = true },
    { .yaml = "{ at: connect, do: syn_drop }", .run = syn_drop, .new_only = true },
    { .yaml = "{ at: connect, do: reset }", .run = taken, .end = END_RESET, .new_only = true },
    { .yaml = "{ at: connect, do: close }", .run = taken, .end = END_FIN, .new_only = true },
    { .yaml = "{ at: connect, do: stall }", .run = taken, .end = END_SILENT, .new_only = true },
    { .yaml = NULL },
};
