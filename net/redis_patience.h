#ifndef NET_REDIS_PATIENCE_H
#define NET_REDIS_PATIENCE_H
/* How long a Redis server may take, and when it is tried again. Pure: what happened comes in, the
 * state and the one timer come out; redis_link.c obeys on a libuv loop, the simulator in virtual
 * time.
 *
 *     WAITING --wait over--> RESOLVING --address--> CONNECTING --greeted--> READY
 *        ^                       |                      |                     |
 *        '------- failed, or connect_timeout is over --'-------- lost -------'
 *
 * READY with commands unanswered: each answer starts connect_timeout anew.
 *
 * After each call below the timer starts anew with `wait_ms`, or stops at REDIS_WAIT_NONE. A limit
 * that is over is looked at once more a millisecond later: when it was this process that stood
 * still, the answer is in the socket.
 *
 * Example: connect_timeout 500 ms, the caller's waits 70 ms and 130 ms. begin: 0; try: 500;
 * refused: fail(70): 70; try: 500; no greeting in 500 ms: on_timer says nothing and 1, then
 * GIVE_UP; fail(130): 130. */

#include <stdbool.h>
#include <stdint.h>

#define REDIS_WAIT_NONE UINT64_MAX

enum redis_state {
    REDIS_STATE_WAITING,    /* for the next try */
    REDIS_STATE_RESOLVING,  /* the host's name */
    REDIS_STATE_CONNECTING, /* until the greeting was answered */
    REDIS_STATE_READY,
};

struct redis_patience {
    uint64_t connect_timeout_ns; /* >= 1 ms */
    enum redis_state state;
    bool overdue;                /* the limit is over; once more around the loop */
    uint32_t failures;           /* in a row */
    uint64_t wait_ms;            /* of the timer */
};

enum redis_move { REDIS_MOVE_NONE, REDIS_MOVE_TRY, REDIS_MOVE_GIVE_UP };

void redis_patience_begin(struct redis_patience *patience, uint64_t connect_timeout_ns);
/* A try begins. */
void redis_patience_try(struct redis_patience *patience);
/* The address is known; the timer goes on, it bounds both. */
void redis_patience_connect(struct redis_patience *patience);
/* The server has answered the greeting; no command is under way. */
void redis_patience_greeted(struct redis_patience *patience);
/* READY: a command was answered, or the first one was sent; so many are unanswered. */
void redis_patience_watch(struct redis_patience *patience, uint32_t inflight);
/* A failure more in a row: counted before the caller knows how long to wait. */
uint32_t redis_patience_count_failure(struct redis_patience *patience);
/* The try failed or the connection is lost; the next try is `wait_ns` away. */
void redis_patience_fail(struct redis_patience *patience, uint64_t wait_ns);
enum redis_move redis_patience_on_timer(struct redis_patience *patience);
/* Whether a command may be sent beside `inflight` unanswered ones. */
bool redis_patience_admits(const struct redis_patience *patience, uint32_t inflight,
                           uint32_t inflight_max);

#endif
