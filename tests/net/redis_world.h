#ifndef TESTS_NET_REDIS_WORLD_H
#define TESTS_NET_REDIS_WORLD_H
/* A client of Redis on a loop of its own, and what was heard from it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"
#include "loop_run.h"
#include "net/redis.h"

struct redis_world {
    uv_loop_t loop;
    struct redis *redis;
    bool connected;       /* as told last */
    unsigned told;        /* calls of on_state */
    char detail[256];     /* of the latest one */
    uint32_t waits[64];   /* what reconnect_wait_ns was asked */
    unsigned wait_count;
    uint64_t wait_ns;     /* what it answers */
};

struct redis_ear {
    unsigned answers;
    enum redis_result result;
    char bytes[256]; /* as far as it fits */
    size_t length;
};

/* The client's configuration for 127.0.0.1:port with limits that only a hang reaches. */
struct redis_config redis_world_config(struct redis_world *world, uint16_t port);
void redis_world_open(struct redis_world *world, const struct redis_config *config);
void redis_world_close(struct redis_world *world);
/* Turns the loop until it is (not) connected. */
void redis_world_until_connected(struct redis_world *world, bool connected);
/* Turns the loop until `ear` has heard `answers`. */
void redis_world_until_heard(struct redis_world *world, struct redis_ear *ear, unsigned answers);
/* Until `failures` connections failed or were lost. */
void redis_world_until_failures(struct redis_world *world, uint64_t failures);
/* The answer to one command. */
struct redis_ear redis_world_get(struct redis_world *world, const char *key);
struct redis_ear redis_world_put(struct redis_world *world, const char *key, const char *bytes,
                                 size_t length);
void redis_ear_on_answer(void *context, const struct redis_answer *answer);

#endif
