#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/mem.h"
#include "net/redis_private.h"

enum { DATABASE_TEXT_MAX = 16 };

static void on_timer(uv_timer_t *timer);

static void set_timer(struct redis *redis)
{
    uint64_t wait_ms = redis->patience.wait_ms;
    if (wait_ms == REDIS_WAIT_NONE) uv_timer_stop(&redis->timer);
    else uv_timer_start(&redis->timer, on_timer, wait_ms, 0);
}

static void tell(struct redis *redis, const char *detail)
{
    bool connected = redis->patience.state == REDIS_STATE_READY;
    if (redis->told && connected == redis->stats.connected) return;
    redis->told = true;
    redis->stats.connected = connected;
    redis->config.on_state(redis->config.context, connected, detail);
}

/* Gives the try or the connection up and waits for the next. */
static void fail(struct redis *redis, const char *detail)
{
    const struct redis_config *config = &redis->config;
    uint32_t failures = redis_patience_count_failure(&redis->patience);
    redis->stats.failures++;
    redis->greetings = 0;
    redis_patience_fail(&redis->patience, config->reconnect_wait_ns(config->context, failures));
    set_timer(redis);
    tell(redis, detail);
    redis_commands_lost(redis, detail);
}

void redis_link_broke(struct redis *redis, const char *detail)
{
    char kept[REDIS_TEXT_MAX]; /* it may belong to the link */
    snprintf(kept, sizeof kept, "%s", detail != NULL && detail[0] != '\0' ? detail : "closed");
    redis->link = NULL;
    fail(redis, kept);
}

void redis_link_drop(struct redis *redis, const char *detail)
{
    redisAsyncContext *link = redis->link;
    redis_link_broke(redis, detail);
    redisAsyncFree(link);
}

void redis_link_watch(struct redis *redis)
{
    redis_patience_watch(&redis->patience, redis->count);
    set_timer(redis);
}

/* Greeting: the connection counts only when the server itself has answered. */

/* Only the error's first word, as WRONGPASS: a server that does not know AUTH says its arguments
 * again, and the sentence goes into logs. */
static void refuse_greeting(struct redis *redis, const char *error)
{
    char detail[REDIS_TEXT_MAX];
    snprintf(detail, sizeof detail, "the server refuses the greeting: %.*s",
             (int)strcspn(error, " "), error);
    redis_link_drop(redis, detail);
}

static void on_greeted(redisAsyncContext *link, void *answer, void *context)
{
    struct redis *redis = link->data;
    const redisReply *reply = answer;
    (void)context;
    if (redis->link != link) return;
    if (reply == NULL) {
        redis_link_broke(redis, link->errstr);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        refuse_greeting(redis, reply->str);
        return;
    }
    if (--redis->greetings > 0) return;
    redis_patience_greeted(&redis->patience);
    set_timer(redis);
    redis->stats.connects++;
    tell(redis, "");
}

static bool greet_with(struct redis *redis, int count, const char *words[])
{
    redis->greetings++;
    return redisAsyncCommandArgv(redis->link, on_greeted, NULL, count, words, NULL) == REDIS_OK;
}

static bool greet(struct redis *redis)
{
    bool sent = true;
    redis->greetings = 0;
    if (redis->password[0] != '\0') {
        const char *words[] = { "AUTH", redis->user, redis->password };
        const char *alone[] = { "AUTH", redis->password };
        sent = redis->user[0] != '\0' ? greet_with(redis, 3, words) : greet_with(redis, 2, alone);
    }
    if (sent && redis->config.database > 0) {
        char database[DATABASE_TEXT_MAX];
        snprintf(database, sizeof database, "%u", (unsigned)redis->config.database);
        sent = greet_with(redis, 2, (const char *[]){ "SELECT", database });
    }
    return sent && greet_with(redis, 1, (const char *[]){ "PING" });
}

/* Trying. */

static void connect_to(struct redis *redis, const char *host)
{
    redis->link = redis_wire_connect(redis, host);
    if (redis->link == NULL) {
        fail(redis, "no socket could be made");
        return;
    }
    redis_patience_connect(&redis->patience);
    if (!greet(redis)) redis_link_drop(redis, "the greeting could not be sent");
}

void redis_link_resolved(struct redis *redis, const char *host)
{
    if (redis->patience.state != REDIS_STATE_RESOLVING) return; /* the try it was for is over */
    if (host == NULL) {
        fail(redis, "the host's name has no address");
    } else {
        connect_to(redis, host);
    }
}

static void try_to_connect(struct redis *redis)
{
    unsigned char binary[sizeof(struct in6_addr)];
    bool numeric = inet_pton(AF_INET, redis->host, binary) == 1 ||
                   inet_pton(AF_INET6, redis->host, binary) == 1;
    redis_patience_try(&redis->patience);
    set_timer(redis);
    if (numeric) {
        connect_to(redis, redis->host);
    } else {
        redis_lookup(redis);
    }
}

static void give_up(struct redis *redis, const char *detail)
{
    if (redis->link == NULL) {
        fail(redis, detail);
    } else {
        redis_link_drop(redis, detail);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    switch (redis_patience_on_timer(&redis->patience)) {
    case REDIS_MOVE_NONE: set_timer(redis); return;
    case REDIS_MOVE_TRY: try_to_connect(redis); return;
    case REDIS_MOVE_GIVE_UP: break;
    }
    switch (redis->patience.state) {
    case REDIS_STATE_WAITING: break;
    case REDIS_STATE_RESOLVING: give_up(redis, "the host's name was not resolved in time"); break;
    case REDIS_STATE_CONNECTING: give_up(redis, "no greeting came back in time"); break;
    case REDIS_STATE_READY: give_up(redis, "commands were not answered in time"); break;
    }
}

void redis_link_init(struct redis *redis)
{
    uv_timer_init(redis->config.loop, &redis->timer);
    redis->timer.data = redis;
    redis_patience_begin(&redis->patience, redis->config.connect_timeout_ns);
    set_timer(redis);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis *redis = handle->data;
    mem_free(redis->ring);
    mem_free(redis);
}

void redis_link_deinit(struct redis *redis)
{
    redisAsyncContext *link = redis->link;
    redis->link = NULL;
    redis_lookup_abandon(redis);
    if (link != NULL) redisAsyncFree(link);
    uv_close((uv_handle_t *)&redis->timer, on_timer_closed);
}
