#ifndef NET_REDIS_PRIVATE_H
#define NET_REDIS_PRIVATE_H
/* What the client's three parts share:
 *
 *     redis.c        commands, in the order in which they were sent, and their answers
 *     redis_link.c   connects and gives up when redis_patience.h says so
 *     redis_wire.c   hiredis on libuv: polling, the guard of its parser, names of hosts */

#include <hiredis/async.h>

#include "net/redis.h"
#include "net/redis_patience.h"

struct redis_command {
    redis_on_answer *on_answer; /* NULL: forgotten */
    void *context;              /* borrowed */
    size_t bytes;               /* of the value it writes */
    bool reads;
};

struct redis_poll;
struct redis_lookup;

struct redis {
    struct redis_config config;
    char host[REDIS_TEXT_MAX];
    char user[REDIS_TEXT_MAX];
    char password[REDIS_TEXT_MAX];
    struct redis_patience patience;
    redisAsyncContext *link;     /* NULL: none; hiredis frees it when it breaks */
    struct redis_lookup *lookup; /* at most one at a time, also over several tries; or NULL */
    uv_timer_t timer;            /* patience's */
    bool told;        /* on_state was called */
    uint32_t greetings;          /* AUTH, SELECT, PING without an answer */
    redisReplyObjectFunctions guard;           /* of hiredis' parser */
    const redisReplyObjectFunctions *builders; /* behind the guard; hiredis' own */

    struct redis_command *ring;  /* owned: inflight_max commands, oldest at `head` */
    uint32_t head;
    uint32_t count;
    uint64_t oldest_ticket;
    size_t unanswered_bytes;
    struct redis_stats stats;
};

/* redis.c */

/* All commands end with REDIS_RESULT_LOST. */
void redis_commands_lost(struct redis *redis, const char *detail);

/* redis_link.c */

/* The link broke, and hiredis is about to free it. Ignored when it is no longer ours. */
void redis_link_broke(struct redis *redis, const char *detail);
/* Breaks the link ourselves. */
void redis_link_drop(struct redis *redis, const char *detail);
/* The limit for the server's next sign of life starts anew, or ends when nothing is awaited. */
void redis_link_watch(struct redis *redis);
/* The answer to redis_lookup(); NULL: there is no address. */
void redis_link_resolved(struct redis *redis, const char *host);
/* Begins with the first try. */
void redis_link_init(struct redis *redis);
void redis_link_deinit(struct redis *redis);

/* redis_wire.c */

/* A new link to a numeric address; NULL when not even a socket can be had. */
redisAsyncContext *redis_wire_connect(struct redis *redis, const char *host);
/* Asks libuv's threads for an address of the host, unless they are still at it. */
void redis_lookup(struct redis *redis);
/* Nobody waits for it any more. */
void redis_lookup_abandon(struct redis *redis);

#endif
