#ifndef NET_REDIS_H
#define NET_REDIS_H
/* One Redis server as a cache that may be lost at any time: read a value, write one with an expiry,
 * over hiredis' asynchronous API on a libuv loop. Nothing here blocks, and no trouble of the server
 * is more than an answer that says so.
 *
 *     WAITING --wait over--> RESOLVING --address--> CONNECTING --PONG--> READY
 *        ^                       |                      |                  |
 *        '------- failed, or connect_timeout is over --'------- lost ------'
 *
 * "Connected" means that AUTH, SELECT and PING were answered: a server that is stopped still gets
 * its connections accepted by the kernel. Once ready, a server that leaves commands unanswered for
 * connect_timeout is given up in the same way; meanwhile commands are refused at once.
 *
 * The wait before the next try is the caller's policy (reconnect_wait_ns).
 *
 * What it does about hiredis: a refused connection is seen (the adapter that hiredis ships ignores
 * libuv's error status and would wait for ever); an answer that nobody asked for, an array or an
 * endless one closes the connection (hiredis asserts on the first and buffers the last); names are
 * resolved by libuv's threads (hiredis would block); TCP_NODELAY is set (0.14 forgets it).
 *
 * Example: inflight_max 2; two redis_get() give tickets 1 and 2, a third one gives 0 and is counted
 * in `dropped`; redis_forget(1): the late answer 1 is read and thrown away, on_answer is not
 * called. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum {
    REDIS_TEXT_MAX = 256,
    /* Values that wait to be written, together: so a server that reads slowly costs no memory. */
    REDIS_UNANSWERED_BYTES_MAX = 8 << 20,
};

enum redis_result {
    REDIS_RESULT_VALUE,
    REDIS_RESULT_ABSENT,    /* no such key, or an empty value */
    REDIS_RESULT_TOO_LARGE, /* what lies there is over value_bytes_max; it was not transferred */
    REDIS_RESULT_STORED,
    REDIS_RESULT_REFUSED,   /* an error of the server: out of memory, not a string, ... */
    REDIS_RESULT_LOST,      /* the connection ended before the answer came */
};

struct redis_answer {
    enum redis_result result;
    const char *bytes; /* the value, or the server's sentence; borrowed until on_answer returns */
    size_t length;
};

/* Called from the loop, never from inside a function of this module. */
typedef void redis_on_answer(void *context, const struct redis_answer *answer);

struct redis_config {
    uv_loop_t *loop;  /* borrowed */
    const char *host; /* copied, as all texts; a name or a numeric address */
    uint16_t port;
    const char *user;     /* "": AUTH with the password alone */
    const char *password; /* "": no AUTH */
    uint32_t database;    /* 0: no SELECT */
    uint64_t connect_timeout_ns; /* >= 1 ms */
    uint32_t inflight_max;       /* commands without an answer, > 0 */
    size_t value_bytes_max;      /* of a value that is read or written */
    /* How long to wait after `failures` (>= 1) connections failed or were lost in a row. */
    uint64_t (*reconnect_wait_ns)(void *context, uint32_t failures);
    /* At each change, and after the very first try when that failed. `detail`: why, or "". */
    void (*on_state)(void *context, bool connected, const char *detail);
    void *context;
};

struct redis_stats {
    bool connected;
    uint32_t inflight;  /* commands without an answer */
    uint64_t connects;  /* times it became ready */
    uint64_t failures;  /* connections that failed or were lost */
    uint64_t dropped;   /* commands refused while ready: too many, too large */
};

struct redis;

/* Begins to connect with the loop's next turn. */
struct redis *redis_create(const struct redis_config *config);
/* Calls nothing any more, not even on_answer for what is unanswered. Run the loop once more before
 * it is closed; a lookup of a name that still runs keeps the loop open until it ends. Accepts
 * NULL. */
void redis_destroy(struct redis *redis);

/* Asks for the value of `key`. A ticket > 0, or 0 when it is not connected or has no room: then
 * nothing follows. */
uint64_t redis_get(struct redis *redis, const char *key, redis_on_answer *on_answer,
                   void *context);
/* Writes `length` bytes, to be kept for `expiry_ms` (> 0). Copies them. As redis_get(). */
uint64_t redis_put(struct redis *redis, const char *key, const char *bytes, size_t length,
                   uint64_t expiry_ms, redis_on_answer *on_answer, void *context);
/* The answer to `ticket` no longer matters; a ticket that was answered is ignored. */
void redis_forget(struct redis *redis, uint64_t ticket);

struct redis_stats redis_stats(const struct redis *redis);

#endif
