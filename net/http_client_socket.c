#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_client_private.h"

static struct http_socket *socket_find(struct http_client *client, int fd)
{
    return (size_t)fd < client->by_fd_count ? client->by_fd[fd] : NULL;
}

static struct http_socket *socket_open(struct http_client *client, int fd)
{
    struct http_socket *s = mem_alloc(1, sizeof *s);
    *s = (struct http_socket){ .client = client, .fd = fd };
    if (uv_poll_init(client->config.loop, &s->poll, fd) != 0) {
        mem_free(s);
        return NULL;
    }
    s->poll.data = s;
    if ((size_t)fd >= client->by_fd_count) {
        size_t count = ((size_t)fd + 1) * 2;
        client->by_fd = mem_resize(client->by_fd, count, sizeof(struct http_socket *));
        for (size_t i = client->by_fd_count; i < count; i++)
            client->by_fd[i] = NULL;
        client->by_fd_count = count;
    }
    client->by_fd[fd] = s;
    LIST_INSERT_HEAD(&client->sockets, s, link);
    return s;
}

static void socket_on_uv_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void socket_set_idle(struct http_socket *s, bool idle)
{
    if (s->idle == idle) return;
    s->idle = idle;
    if (idle) {
        s->idle_since = clock_now();
        s->client->idle++;
    } else {
        s->client->idle--;
    }
}

/* Forgets the descriptor; whoever opened it closes it. */
static void socket_close(struct http_socket *s)
{
    socket_set_idle(s, false);
    if (s->call != NULL && s->call->socket == s) s->call->socket = NULL;
    s->call = NULL;
    s->closed = true;
    s->client->by_fd[s->fd] = NULL;
    LIST_REMOVE(s, link);
    uv_close((uv_handle_t *)&s->poll, socket_on_uv_closed);
}

static void socket_detach(struct http_socket *s)
{
    if (s->call != NULL && s->call->socket == s) s->call->socket = NULL;
    s->call = NULL;
}

void http_call_socket_release(struct http_call *call)
{
    struct http_socket *s = call->socket;
    if (s != NULL) {
        socket_detach(s);
        socket_set_idle(s, true);
    }
    if (call->connected) return;
    /* One that was still connecting and that libcurl chose to keep. */
    LIST_FOREACH(s, &call->client->sockets, link)
    {
        if (s->call == call) s->call = NULL;
    }
}

static void socket_on_poll(uv_poll_t *poll, int status, int events);

/* Nothing more will come in, and nothing is left unread. */
static bool socket_has_ended(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Each change costs two system calls, so there is none between the transfers of one connection. */
static void socket_watch(struct http_socket *s, int events)
{
    if (events == s->watched) return;
    s->watched = events;
    if (events == 0) {
        uv_poll_stop(&s->poll);
    } else {
        uv_poll_start(&s->poll, events, socket_on_poll);
    }
}

static void socket_on_poll(uv_poll_t *poll, int status, int events)
{
    struct http_socket *s = poll->data;
    struct http_client *client = s->client;
    if (status != 0) s->watched = 0; /* libuv has stopped the poll */
    if (s->wanted == 0) {
        /* An idle connection ended, or spoke unasked: PREREQ finds that out before its next use.
         * One that ended is ended from here too, lest it stays half closed until then. */
        socket_watch(s, 0);
        if (s->idle && socket_has_ended(s->fd)) (void)shutdown(s->fd, SHUT_WR);
        return;
    }
    struct http_call *call = s->call;
    bool in_use = call != NULL && call->socket == s;
    int action = 0; /* after an error libcurl looks for itself: its own flag for it means a failed
                     * send, and what was received before the reset would be lost */
    if (status == 0) {
        action |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
        action |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
        if (in_use && (events & UV_READABLE)) call->tell_progress = true;
    }
    int running;
    curl_multi_socket_action(client->multi, s->fd, action, &running);
    if (in_use && (events & UV_WRITABLE)) {
        curl_off_t uploaded = 0;
        curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
        if (uploaded > call->uploaded) call->tell_progress = true;
        call->uploaded = uploaded;
    }
    if (in_use && call->tell_progress) http_call_make_ready(call);
    /* libuv stops a poll that met an error, but there may be more to read before it. */
    if (status != 0 && !s->closed && s->wanted != 0) socket_watch(s, s->wanted);
    http_client_flush(client);
}

static int socket_on_curl(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    (void)assigned;
    struct http_client *client = context;
    struct http_socket *s = socket_find(client, fd);
    if (what == CURL_POLL_REMOVE) {
        if (s == NULL) return 0;
        s->wanted = 0;
        if (s->pipe) {
            socket_close(s);
        } else if (s->watched != UV_READABLE) {
            socket_watch(s, 0);
        }
        return 0;
    }
    if (s == NULL) {
        s = socket_open(client, fd);
        if (s == NULL) return -1;
        s->pipe = true;
    }
    s->wanted = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    socket_watch(s, s->wanted);
    /* It waits for the answer only, so the request is out. */
    struct http_call *call = s->call;
    if (what == CURL_POLL_IN && call != NULL && call->socket == s && !call->sent) {
        call->sent = true;
        call->tell_sent = true;
        http_call_make_ready(call);
    }
    return 0;
}

static curl_socket_t socket_on_open(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_call *call = context;
    if (call->connected) { /* libcurl is about to send the request a second time */
        http_call_refuse(call, HTTP_END_READ_ERROR,
                         "the reused connection ended before any answer");
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) return CURL_SOCKET_BAD;
    struct http_socket *s = socket_open(call->client, fd);
    if (s == NULL) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    s->call = call;
    return fd;
}

/* Nothing came in: neither bytes, which would be taken for the next answer, nor an end. */
static bool socket_is_silent(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool socket_is_usable(const struct http_socket *s)
{
    if (s == NULL || !socket_is_silent(s->fd)) return false;
    return !s->idle || clock_now() - s->idle_since <= s->client->config.keepalive_expiry_ns;
}

static int socket_on_close(void *context, curl_socket_t fd)
{
    struct http_client *client = context;
    struct http_socket *s = socket_find(client, fd);
    if (s != NULL) {
        /* Whoever noticed, libcurl or PREREQ. A living one is closed for its age or for room. */
        if (s->idle && !client->closing && !socket_is_silent(fd)) client->stale_sockets++;
        socket_close(s);
    }
    return close(fd);
}

static int socket_local_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t length = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0) return -1;
    return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                    : ntohs(((struct sockaddr_in *)&at)->sin_port);
}

/* The connection that PREREQ speaks of: it does not say which descriptor it is, only its two ends.
 * NULL when it is none of ours. */
static struct http_socket *socket_match(struct http_call *call, const struct http_socket *ends)
{
    struct http_socket *s;
    LIST_FOREACH(s, &call->client->sockets, link)
    {
        if (s->known) {
            if (s->local_port == ends->local_port && s->remote_port == ends->remote_port &&
                strcmp(s->local_ip, ends->local_ip) == 0 &&
                strcmp(s->remote_ip, ends->remote_ip) == 0) {
                return s;
            }
        } else if (s->call == call && socket_local_port(s->fd) == ends->local_port) {
            return s;
        }
    }
    return NULL;
}

/* Called when a connection exists, before the request is sent on it. */
static int socket_on_prereq(void *context, char *remote_ip, char *local_ip, int remote_port,
                            int local_port)
{
    struct http_call *call = context;
    if (call->connected) {
        http_call_refuse(call, HTTP_END_READ_ERROR,
                         "the reused connection ended before any answer");
        return CURL_PREREQFUNC_ABORT;
    }
    struct http_socket ends = { .known = true,
                                .local_port = local_port,
                                .remote_port = remote_port };
    snprintf(ends.local_ip, sizeof ends.local_ip, "%s", local_ip);
    snprintf(ends.remote_ip, sizeof ends.remote_ip, "%s", remote_ip);
    struct http_socket *s = socket_match(call, &ends);
    call->reused = s == NULL || s->known;
    if (call->reused && !call->fresh && !socket_is_usable(s)) {
        call->stale = true;
        return CURL_PREREQFUNC_ABORT; /* which also closes the connection */
    }
    if (s != NULL) {
        socket_set_idle(s, false);
        if (s->call != call) socket_detach(s);
        s->call = call;
        s->known = true;
        s->local_port = local_port;
        s->remote_port = remote_port;
        memcpy(s->local_ip, ends.local_ip, sizeof s->local_ip);
        memcpy(s->remote_ip, ends.remote_ip, sizeof s->remote_ip);
    }
    call->socket = s;
    call->connected = true;
    call->tell_connected = true;
    http_call_make_ready(call);
    return CURL_PREREQFUNC_OK;
}

void http_client_socket_init(struct http_client *client)
{
    LIST_INIT(&client->sockets);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_on_curl);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
}

void http_client_socket_deinit(struct http_client *client)
{
    while (!LIST_EMPTY(&client->sockets))
        socket_close(LIST_FIRST(&client->sockets));
    mem_free(client->by_fd);
}

void http_call_socket_init(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, socket_on_open);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETFUNCTION, socket_on_close);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETDATA, call->client);
    curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, socket_on_prereq);
    curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
}
