#ifndef MOCK_LISTENER_H
#define MOCK_LISTENER_H
/* Plays the faults "at: connect" on the listening socket, at their moments. They belong to a time,
 * not to a request: a connection has none yet.
 *
 *   refuse     RST for the SYN            exact
 *   syn_drop   no answer to the SYN       emulated (net/http_listener.h says how)
 *   reset      accepted, then RST         exact
 *   close      accepted, then FIN         exact; what the client sends is read and dropped, because
 *                                         unread bytes would turn the FIN into a reset
 *   stall      accepted, never read       exact; until the client leaves
 *
 * When such a time begins, idle connections are closed (FIN), and each busy one after its answer,
 * so that every later request has to connect. */

#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "mock/ledger.h"
#include "mock/stage.h"
#include "net/alarm.h"
#include "net/http_server.h"
#include "scenario/plan_state.h"

enum { LISTENER_HELD_MAX = 4096 }; /* then the oldest is given up */

struct held;

struct listener {
    uv_loop_t *loop;
    struct http_server *server; /* borrowed, as `show` and `ledger` */
    struct show *show;
    struct ledger *ledger;
    struct alarm alarm;
    enum plan_connect now;
    TAILQ_HEAD(, held) held;
    uint32_t held_count;
};

void listener_init(struct listener *listener, uv_loop_t *loop, struct http_server *server,
                   struct show *show, struct ledger *ledger);
/* After anything has changed in the show: what holds now, and when it changes next. */
void listener_refresh(struct listener *listener);
/* A connection that is not to be served (http_server's on_take). */
void listener_take(struct listener *listener, int fd);
/* Gives up what is held. Before the server's end; run the loop once more before freeing the
 * memory. */
void listener_deinit(struct listener *listener);

#endif
