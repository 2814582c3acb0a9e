#ifndef MOCK_PLAYER_H
#define MOCK_PLAYER_H
/* Plays reply plans on connections. Never a sleeping thread: each play's next step is a deadline in
 * one heap, and one alarm rings for the earliest.
 *
 *   WAITING ----due----> the plan is { HEAD, BODY 100 %, END } without delays between: one ordinary
 *      |                 reply through the server; the connection lives on
 *      '------due----> raw: the socket is taken, bytes are written piece by piece
 *                        PUSHING    until the kernel has taken them (a slow reader)
 *                        SETTLING   before a reset: until the bytes cannot be discarded by it
 *                        STALLED    until the client goes away
 * Every play ends once, with a line in the ledger. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/instant.h"
#include "base/timers.h"
#include "mock/ledger.h"
#include "net/alarm.h"
#include "net/http_server.h"
#include "scenario/plan.h"

enum {
    /* A reset makes this side forget what it has not sent, so it waits: until the bytes are
     * acknowledged, or on their way for a moment (they precede the reset, and a reader may delay
     * its acknowledgement for 40 ms). A reader that takes nothing at all is given up. */
    PLAYER_SETTLE_STEP_US = 500,
    PLAYER_SETTLE_TRANSMITTED_MS = 1,
    PLAYER_SETTLE_MAX_MS = 2000,
    PLAYER_RETRY_MS = 10,
};

struct play;

struct player {
    uv_loop_t *loop;
    struct ledger *ledger; /* borrowed */
    struct alarm alarm;
    struct timers timers; /* by index into plays */
    struct play *plays;   /* owned: capacity */
    uint32_t *idle;       /* owned: indices of plays not in use */
    uint32_t idle_count;
    uint32_t capacity;
    bool ringing; /* making the steps that are due: the alarm is set once, afterwards */
};

struct player_order {
    struct http_exchange *exchange;
    const struct reply_plan *plan; /* copied */
    instant_ns read_at;            /* when the request was read: the plan's zero */
    int64_t at_ns;                 /* the same, since the scenario's start */
    const char *path;              /* static */
    char *id;                      /* for the ledger; owned by the player from here on */
    unsigned attempt;
    unsigned status;
    enum answer_fault answer; /* what is wrong with `body` */
    const char *content_type; /* static; NULL: none */
    char *echo_id;            /* X-Request-ID of the answer; NULL: none; owned from here on */
    char *body;               /* NULL when empty; owned from here on */
    size_t body_length;
};

void player_init(struct player *player, uv_loop_t *loop, struct ledger *ledger, uint32_t capacity);
/* False when `capacity` plays are open: then nothing was taken over. */
bool player_start(struct player *player, const struct player_order *order);
/* The client of this exchange went away before it was answered. */
void player_gone(struct player *player, struct http_exchange *exchange);
uint32_t player_open(const struct player *player);
/* Ends every play. */
void player_stop(struct player *player);
/* After player_stop(); run the loop once more before freeing the memory. */
void player_deinit(struct player *player);

#endif
