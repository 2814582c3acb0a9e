#include "net/redis.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/mem.h"
#include "net/redis_private.h"

enum { NUMBER_TEXT_MAX = 24 };

/* Answers come in the order of the commands: the oldest one is meant. */
static struct redis_command take_oldest(struct redis *redis)
{
    assert(redis->count > 0);
    struct redis_command command = redis->ring[redis->head];
    redis->head = (redis->head + 1) % redis->config.inflight_max;
    redis->count--;
    redis->oldest_ticket++;
    redis->unanswered_bytes -= command.bytes;
    return command;
}

static void hand_over(const struct redis_command *command, const struct redis_answer *answer)
{
    if (command->on_answer != NULL) command->on_answer(command->context, answer);
}

void redis_commands_lost(struct redis *redis, const char *detail)
{
    const struct redis_answer lost = {
        .result = REDIS_RESULT_LOST,
        .bytes = detail,
        .length = strlen(detail),
    };
    while (redis->count > 0) {
        struct redis_command command = take_oldest(redis);
        hand_over(&command, &lost);
    }
}

static enum redis_result judge(const struct redis *redis, bool reads, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_STRING:
        if (!reads) return REDIS_RESULT_REFUSED;
        if (reply->len == 0) return REDIS_RESULT_ABSENT;
        return reply->len > redis->config.value_bytes_max ? REDIS_RESULT_TOO_LARGE
                                                          : REDIS_RESULT_VALUE;
    case REDIS_REPLY_NIL: return reads ? REDIS_RESULT_ABSENT : REDIS_RESULT_REFUSED;
    case REDIS_REPLY_STATUS:
        if (reads || strcmp(reply->str, "OK") != 0) return REDIS_RESULT_REFUSED;
        return REDIS_RESULT_STORED;
    default: return REDIS_RESULT_REFUSED; /* a number of another library: not an enum of ours */
    }
}

static void on_reply(redisAsyncContext *link, void *answer, void *context)
{
    struct redis *redis = link->data;
    const redisReply *reply = answer;
    (void)context;
    if (redis->link != link) return;
    if (reply == NULL) {
        redis_link_broke(redis, link->errstr);
        return;
    }
    struct redis_command command = take_oldest(redis);
    redis_link_watch(redis);
    bool has_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
                    reply->type == REDIS_REPLY_ERROR;
    hand_over(&command, &(struct redis_answer){
        .result = judge(redis, command.reads, reply),
        .bytes = has_text ? reply->str : "",
        .length = has_text ? (size_t)reply->len : 0,
    });
}

/* A command in hiredis' form. */
struct words {
    int count;
    const char *items[5];
    size_t lengths[5];
};

static uint64_t send_command(struct redis *redis, const struct words *words,
                             const struct redis_command *command)
{
    if (redis->patience.state != REDIS_STATE_READY) return 0;
    bool room = redis_patience_admits(&redis->patience, redis->count, redis->config.inflight_max) &&
                redis->unanswered_bytes + command->bytes <= REDIS_UNANSWERED_BYTES_MAX;
    const char **items = (const char **)(uintptr_t)words->items; /* hiredis only reads them */
    if (!room || redisAsyncCommandArgv(redis->link, on_reply, NULL, words->count, items,
                                       words->lengths) != REDIS_OK) {
        redis->stats.dropped++;
        return 0;
    }
    redis->ring[(redis->head + redis->count) % redis->config.inflight_max] = *command;
    redis->count++;
    redis->unanswered_bytes += command->bytes;
    if (redis->count == 1) redis_link_watch(redis);
    return redis->oldest_ticket + redis->count - 1;
}

struct redis *redis_create(const struct redis_config *config)
{
    assert(config->inflight_max > 0);
    assert(config->connect_timeout_ns >= NS_PER_MS);
    signal(SIGPIPE, SIG_IGN); /* hiredis writes to sockets that may be closed */
    struct redis *redis = mem_alloc(1, sizeof *redis);
    redis->config = *config;
    snprintf(redis->host, sizeof redis->host, "%s", config->host);
    snprintf(redis->user, sizeof redis->user, "%s", config->user);
    snprintf(redis->password, sizeof redis->password, "%s", config->password);
    redis->ring = mem_alloc(config->inflight_max, sizeof *redis->ring);
    redis->oldest_ticket = 1;
    redis_link_init(redis);
    return redis;
}

void redis_destroy(struct redis *redis)
{
    if (redis != NULL) redis_link_deinit(redis);
}

/* GETRANGE, so that the server never sends more than may be read, whatever lies there. */
uint64_t redis_get(struct redis *redis, const char *key, redis_on_answer *on_answer, void *context)
{
    char last[NUMBER_TEXT_MAX];
    int last_length = snprintf(last, sizeof last, "%zu", redis->config.value_bytes_max);
    const struct words words = {
        .count = 4,
        .items = { "GETRANGE", key, "0", last },
        .lengths = { 8, strlen(key), 1, (size_t)last_length },
    };
    return send_command(redis, &words, &(struct redis_command){
        .on_answer = on_answer,
        .context = context,
        .reads = true,
    });
}

uint64_t redis_put(struct redis *redis, const char *key, const char *bytes, size_t length,
                   uint64_t expiry_ms, redis_on_answer *on_answer, void *context)
{
    assert(expiry_ms > 0);
    if (length > redis->config.value_bytes_max) {
        redis->stats.dropped++;
        return 0;
    }
    char expiry[NUMBER_TEXT_MAX];
    int expiry_length = snprintf(expiry, sizeof expiry, "%llu", (unsigned long long)expiry_ms);
    const struct words words = {
        .count = 5,
        .items = { "SET", key, bytes, "PX", expiry },
        .lengths = { 3, strlen(key), length, 2, (size_t)expiry_length },
    };
    return send_command(redis, &words, &(struct redis_command){
        .on_answer = on_answer,
        .context = context,
        .bytes = length,
    });
}

void redis_forget(struct redis *redis, uint64_t ticket)
{
    uint64_t place = ticket - redis->oldest_ticket; /* an older one wraps around */
    if (place >= redis->count) return;
    redis->ring[(redis->head + (uint32_t)place) % redis->config.inflight_max].on_answer = NULL;
}

struct redis_stats redis_stats(const struct redis *redis)
{
    struct redis_stats stats = redis->stats;
    stats.inflight = redis->count;
    return stats;
}
