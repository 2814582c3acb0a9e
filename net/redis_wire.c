#include <assert.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/redis_private.h"

/* What may wait in hiredis' buffer besides one value. */
enum { WIRE_SLACK_BYTES = 64 << 10, PORT_TEXT_MAX = 8 };

/* Polling. */

struct redis_poll {
    uv_poll_t handle;
    redisAsyncContext *link; /* NULL: hiredis has let go of it */
    int events;
};

static struct redis *owner_of(const redisAsyncContext *link)
{
    return link->data;
}

/* hiredis buffers an answer until it is whole, however long it is. */
static void bound_buffer(redisAsyncContext *link)
{
    struct redis *redis = owner_of(link);
    const redisReader *reader = link->c.reader;
    if (redis->link != link) return;
    if (reader->len - reader->pos > redis->config.value_bytes_max + WIRE_SLACK_BYTES) {
        redis_link_drop(redis, "the server sends more than was asked for");
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct redis_poll *poll = handle->data;
    /* An error of the socket (a refused connection is one): hiredis finds out which. */
    if (status < 0) events = UV_READABLE | UV_WRITABLE;
    if (poll->link != NULL && (events & UV_WRITABLE) != 0) redisAsyncHandleWrite(poll->link);
    if (poll->link != NULL && (events & UV_READABLE) != 0) redisAsyncHandleRead(poll->link);
    if (poll->link != NULL) bound_buffer(poll->link);
    /* libuv has stopped to poll it. */
    if (poll->link != NULL && status < 0) {
        redis_link_drop(owner_of(poll->link), "the socket failed");
    }
}

static void poll_for(struct redis_poll *poll, int events)
{
    if (poll->link == NULL || events == poll->events) return;
    poll->events = events;
    if (events == 0) {
        uv_poll_stop(&poll->handle);
    } else {
        uv_poll_start(&poll->handle, events, on_poll);
    }
}

static void add_read(void *context)
{
    struct redis_poll *poll = context;
    poll_for(poll, poll->events | UV_READABLE);
}

static void del_read(void *context)
{
    struct redis_poll *poll = context;
    poll_for(poll, poll->events & ~UV_READABLE);
}

static void add_write(void *context)
{
    struct redis_poll *poll = context;
    poll_for(poll, poll->events | UV_WRITABLE);
}

static void del_write(void *context)
{
    struct redis_poll *poll = context;
    poll_for(poll, poll->events & ~UV_WRITABLE);
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void cleanup(void *context)
{
    struct redis_poll *poll = context;
    if (poll->link == NULL) return; /* newer versions of hiredis do it twice */
    poll->link = NULL;
    uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
}

static bool attach(struct redis *redis, redisAsyncContext *link)
{
    struct redis_poll *poll = mem_alloc(1, sizeof *poll);
    if (uv_poll_init(redis->config.loop, &poll->handle, link->c.fd) != 0) {
        mem_free(poll);
        return false;
    }
    poll->handle.data = poll;
    poll->link = link;
    link->ev.data = poll;
    link->ev.addRead = add_read;
    link->ev.delRead = del_read;
    link->ev.addWrite = add_write;
    link->ev.delWrite = del_write;
    link->ev.cleanup = cleanup;
    return true;
}

/* The guard of the parser: building nothing is an error that ends the link. */

static bool is_awaited(const redisReadTask *task, size_t bytes)
{
    const struct redis *redis = task->privdata;
    return redis->count + redis->greetings > 0 && bytes <= redis->config.value_bytes_max + 1;
}

static void *guard_string(const redisReadTask *task, char *bytes, size_t length)
{
    const struct redis *redis = task->privdata;
    return is_awaited(task, length) ? redis->builders->createString(task, bytes, length) : NULL;
}

static void *guard_integer(const redisReadTask *task, long long value)
{
    const struct redis *redis = task->privdata;
    return is_awaited(task, 0) ? redis->builders->createInteger(task, value) : NULL;
}

static void *guard_nil(const redisReadTask *task)
{
    const struct redis *redis = task->privdata;
    return is_awaited(task, 0) ? redis->builders->createNil(task) : NULL;
}

/* No command of ours is answered with one of these. */
#if HIREDIS_MAJOR >= 1
static void *guard_array(const redisReadTask *task, size_t count)
{
    (void)task;
    (void)count;
    return NULL;
}

static void *guard_double(const redisReadTask *task, double value, char *text, size_t length)
{
    (void)task;
    (void)value;
    (void)text;
    (void)length;
    return NULL;
}

static void *guard_bool(const redisReadTask *task, int value)
{
    (void)task;
    (void)value;
    return NULL;
}
#else
static void *guard_array(const redisReadTask *task, int count)
{
    (void)task;
    (void)count;
    return NULL;
}
#endif

static void guard(struct redis *redis, redisReader *reader)
{
    redis->builders = reader->fn;
    redis->guard = *reader->fn;
    redis->guard.createString = guard_string;
    redis->guard.createInteger = guard_integer;
    redis->guard.createNil = guard_nil;
    redis->guard.createArray = guard_array;
#if HIREDIS_MAJOR >= 1
    redis->guard.createDouble = guard_double;
    redis->guard.createBool = guard_bool;
#endif
    reader->fn = &redis->guard;
    reader->privdata = redis;
}

/* The link. hiredis frees it after each of these two, so that nothing may be dropped in them. */

static void on_connect(const redisAsyncContext *link, int status)
{
    struct redis *redis = owner_of(link);
    if (redis->link != link) return;
    if (status != REDIS_OK) {
        redis_link_broke(redis, link->c.errstr[0] != '\0' ? link->c.errstr : "cannot connect");
        return;
    }
    int on = 1;
    (void)setsockopt(link->c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void on_disconnect(const redisAsyncContext *link, int status)
{
    (void)status;
    struct redis *redis = owner_of(link);
    if (redis->link == link) redis_link_broke(redis, link->errstr);
}

redisAsyncContext *redis_wire_connect(struct redis *redis, const char *host)
{
    redisAsyncContext *link = redisAsyncConnect(host, redis->config.port);
    if (link == NULL) return NULL;
    link->data = redis;
    if (link->err != 0 || !attach(redis, link)) {
        redisAsyncFree(link);
        return NULL;
    }
    (void)fcntl(link->c.fd, F_SETFD, FD_CLOEXEC);
    guard(redis, link->c.reader);
    redisAsyncSetConnectCallback(link, on_connect);
    redisAsyncSetDisconnectCallback(link, on_disconnect);
    return link;
}

/* Names. */

struct redis_lookup {
    uv_getaddrinfo_t request;
    struct redis *redis; /* borrowed; NULL: nobody waits */
};

/* The next address with each failure: one of several may be dead. */
static const struct addrinfo *choose(const struct addrinfo *first, uint32_t failures)
{
    uint32_t count = 0;
    for (const struct addrinfo *at = first; at != NULL; at = at->ai_next) count++;
    const struct addrinfo *chosen = first;
    for (uint32_t i = count == 0 ? 0 : failures % count; i > 0; i--) chosen = chosen->ai_next;
    return chosen;
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct redis_lookup *lookup = request->data;
    struct redis *redis = lookup->redis;
    mem_free(lookup);
    if (redis != NULL) {
        char host[NI_MAXHOST];
        const struct addrinfo *at = choose(found, redis->patience.failures);
        bool known = status == 0 && at != NULL &&
                     getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, NULL, 0,
                                 NI_NUMERICHOST) == 0;
        redis->lookup = NULL;
        redis_link_resolved(redis, known ? host : NULL);
    }
    uv_freeaddrinfo(found);
}

void redis_lookup(struct redis *redis)
{
    if (redis->lookup != NULL) return;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct redis_lookup *lookup = mem_alloc(1, sizeof *lookup);
    lookup->redis = redis;
    lookup->request.data = lookup;
    int rc = uv_getaddrinfo(redis->config.loop, &lookup->request, on_lookup, redis->host, NULL,
                            &hints);
    if (rc == 0) {
        redis->lookup = lookup;
    } else {
        mem_free(lookup);
        redis_link_resolved(redis, NULL);
    }
}

void redis_lookup_abandon(struct redis *redis)
{
    if (redis->lookup == NULL) return;
    redis->lookup->redis = NULL;
    (void)uv_cancel((uv_req_t *)&redis->lookup->request);
    redis->lookup = NULL;
}
