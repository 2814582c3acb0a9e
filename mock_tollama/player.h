#ifndef MOCK_PLAYER_H
#define MOCK_PLAYER_H
/* Plays reply plans on connections. Never a sleeping thread: each play's next step is a deadline in
 * one heap, and one alarm rings for the earliest.
 *
 *   WAITING ----due----> a plain plan (HEAD, BODY 100 %, END, nothing unusual): one ordinary reply
 *      |                 through the server
 *      |                   SENDING    until the server says that it has left
 *      '------due----> raw: the socket is taken, bytes are written step by step
 *                          RAW        writing, or waiting for the next step, for a slow reader
 *                          SETTLING   before a reset: until the bytes cannot be discarded by it
 *                          LINGERING  after the FIN of a request that was not read to its end
 *                          STALLED    until the client goes away
 * Afterwards the connection is given back to the server for the next request, unless it ended.
 * Every play ends once, with a line in the ledger.
 *
 * An answer may be made while its play waits (`prepare`): whenever the loop has nothing else to do,
 * at the latest when its first step is due. So a burst of requests is read as it comes, and a burst
 * of answers leaves without being computed first. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/instant.h"
#include "base/timers.h"
#include "mock/ledger.h"
#include "mock/source.h"
#include "net/alarm.h"
#include "net/http_server.h"
#include "scenario/plan.h"
#include "scenario/realised_delay.h"

enum {
    /* A reset makes this side forget what it has not sent, so it waits: until the bytes are
     * acknowledged, or on their way for a moment (they precede the reset, and a reader may delay
     * its acknowledgement for 40 ms). A reader that takes nothing at all is given up. */
    PLAYER_SETTLE_STEP_US = 500,
    PLAYER_SETTLE_TRANSMITTED_MS = 1,
    PLAYER_SETTLE_MAX_MS = 2000,
    /* To close a socket that holds unread bytes would reset it: the client gets so long to read the
     * FIN and to leave. */
    PLAYER_LINGER_MS = 2000,
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
    bool stopping; /* what ends now was ended by us */
    bool ringing;  /* making the steps that are due: the alarm is set once, afterwards */
    TAILQ_HEAD(, play) unprepared; /* since the longest first */
    uv_idle_t prepare;             /* active: there are some */
};

struct player_order {
    struct http_exchange *exchange;
    const struct reply_plan *plan; /* copied */
    instant_ns read_at;            /* when the request was read: the plan's zero */
    int64_t at_ns;                 /* the same, since the scenario's start */
    const char *path;              /* static */
    char *id;                      /* for the ledger; owned by the player from here on, or lent */
    bool id_is_lent;               /* until on_end; as the echo */
    bool echo_id_is_lent;
    unsigned attempt;

    /* The answer. Filled now, or by `prepare`, which may look at the exchange's body. */
    unsigned status;
    enum answer_fault answer; /* what is wrong with `body` */
    const char *content_type; /* static; NULL: none */
    char *echo_id;            /* X-Request-ID of the answer; NULL: none; owned from here on */
    const struct plan_header *headers; /* more of them; until on_end */
    size_t header_count;
    char *body; /* NULL when empty; owned from here on */
    size_t body_length;
    /* NULL: it is filled. Else `status` is what the plan says, and this is called at most once,
     * perhaps inside player_start(); never for an answer of which no byte is sent. */
    void (*prepare)(struct player_order *order);

    /* NULL: the body is in the order. Else it is taken from here as it comes, and framed by the
     * plan: by a length only when one is announced. */
    struct source *source;

    const char *upstream; /* for the ledger, as the next; static; NULL: there is none */
    uint64_t upstream_ns;
    /* With a source: fills these two when the play has ended so. */
    void (*tell_upstream)(struct player_order *order, enum ledger_end end);
    bool unlisted; /* no line in the ledger */
    struct realised_delays *delays; /* borrowed until on_end; told of it; NULL: nobody is */
    uint64_t above_ns;              /* of the first step's time: what a real server took */

    void (*on_end)(void *owner); /* nothing of the order is looked at any more; may be NULL */
    void *owner;
};

/* Its id, echo and body, where they are its own. */
void player_order_free_texts(struct player_order *order);
void player_init(struct player *player, uv_loop_t *loop, struct ledger *ledger, uint32_t capacity);
/* False when `capacity` plays are open: then nothing was taken over. */
bool player_start(struct player *player, const struct player_order *order);
/* The client of this exchange went away before it was answered. */
void player_gone(struct player *player, struct http_exchange *exchange);
/* An ordinary reply has left, or its client went away first (http_server's on_done). */
void player_done(struct player *player, struct http_exchange *exchange, bool whole);
/* Bytes have come at the source of this exchange's play, or its state has changed. */
void player_moved(struct player *player, struct http_exchange *exchange);
uint32_t player_open(const struct player *player);
/* Ends every play but those whose reply is being sent: the server's end is theirs. */
void player_stop(struct player *player);
/* After the server's end; run the loop once more before freeing the memory. */
void player_deinit(struct player *player);

#endif
