#ifndef NET_HTTP_SERVER_PRIVATE_H
#define NET_HTTP_SERVER_PRIVATE_H
/* Shared by http_server.c (the daemon on the loop), http_accept.c and http_listener.c (the
 * listening socket), http_connection.c (one connection), http_exchange.c and http_raw.c (one
 * request); nobody else includes it.
 *
 *   RECEIVING -> HANDED -> SUSPENDED -> ENDED      HANDED: inside on_request
 *                   \_____________________^        ENDED: by http_reply or http_exchange_raw_end
 */

#include <microhttpd.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "net/http_listener.h"
#include "net/http_server.h"

enum {
    HTTP_SERVER_CONNECTIONS_SPARE = 64, /* being closed at one time */
    HTTP_SERVER_BODIES_MAX = 16,        /* memory of bodies that waits for the next request */
    HTTP_SERVER_BODY_KEPT_BYTES = 64 * 1024, /* a larger body's is given back */
    HTTP_SERVER_TOGETHER_MAX = 32,      /* answers that leave together */
    HTTP_ACCEPT_BACKLOG = 4096,
    HTTP_FILLERS_MAX = 4,
};

enum exchange_state { EXCHANGE_RECEIVING, EXCHANGE_HANDED, EXCHANGE_SUSPENDED, EXCHANGE_ENDED };

struct http_exchange {
    struct http_server *server;
    struct http_connection *on;
    struct MHD_Connection *connection; /* borrowed */
    enum exchange_state state;
    const char *method; /* borrowed from the connection's memory, as `path` */
    const char *path;
    const char *version;
    struct buf body;
    const char *lent; /* during on_request: the body in the daemon's memory; NULL: it is `body` */
    size_t held;     /* of server->held_bytes */
    size_t received; /* body bytes, also those dropped */
    void *user;
    bool raw;
    bool stops;     /* at `stop_at` bytes of the body */
    bool stopped;   /* there, before the end */
    bool seen;      /* by on_head */
    size_t stop_at;
    bool ambiguous; /* see struct http_head_size */
    const char *announced; /* Content-Length, looked for with `on_head`; borrowed; NULL: none */
    bool in_place;  /* it was answered before the daemon took an answer */
    bool waited;    /* its answer waited for others */
    size_t reply_bytes;            /* of the body given to http_reply() */
    bool sent_watched;
    bool sent_told; /* http_exchange_sent() was called, of a whole answer */
    bool whole;                    /* inside on_done: it has left */
    struct MHD_Response *response; /* owned; NULL in ENDED: close the connection */
    unsigned status;
    struct http_exchange *next_free;
};

/* One TCP connection. Its watch outlives the requests on it, so that each costs one epoll_ctl. */
struct http_connection {
    struct http_server *server;
    struct http_exchange *exchange; /* the one being watched */
    uv_poll_t watch;
    bool watch_ready;
    bool watched; /* the poll is active; it stays so between requests */
    bool left;    /* in server->left */
    TAILQ_ENTRY(http_connection) left_link;
    LIST_ENTRY(http_connection) link;
    TAILQ_ENTRY(http_connection) waiting_link;
    bool waiting;   /* in server->waiting */
    bool dying;     /* given up; the daemon has not noticed yet */
    bool line_seen; /* a request line has come, ever */
    int fd;         /* borrowed from the daemon */
    size_t uri_bytes; /* of the latest request line */
    uint64_t sent_bytes; /* handed over, but for the answer at hand */
    bool sent_known;
    bool sent_counted; /* since they were last asked of the socket, all answers were told */
    char *target;     /* owned; of the same, with keep_target */
    struct http_peer peer;
    struct http_patience patience;
};

struct http_accepting {
    int fd;
    struct http_peer peer;
};

struct http_server {
    struct http_server_config config;
    struct address address;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* the daemon's epoll descriptor */
    uv_timer_t timer; /* MHD_get_timeout() */
    uv_idle_t again;  /* active: the daemon has work that no descriptor announces */
    uv_timer_t sweep; /* active: there are connections whose time is limited */
    uv_poll_t accept_poll;
    uv_timer_t accept_timer; /* active: no accepting until it rings */
    int listen_fd;           /* -1: closed */
    struct http_accepting accepting; /* what the daemon is being given */
    LIST_HEAD(, http_connection) all;
    TAILQ_HEAD(, http_connection) waiting; /* for their clients, since the longest first */
    TAILQ_HEAD(, http_connection) left;    /* by their clients; the daemon may not have noticed */
    struct http_server_stats stats;
    uint32_t handles_open;
    uint32_t connections;
    uint32_t dying; /* of them */
    uint32_t pending;
    uint32_t waiting_answers; /* that leave in the daemon's next turn */
    bool draining;
    bool last_answers;       /* each connection is closed after its answer */
    enum http_listen listen; /* http_listener.h */
    int hold_fd;             /* bound, never listening; -1: none */
    int fillers[HTTP_FILLERS_MAX]; /* connections of our own that fill the queue */
    uint32_t filler_count;
    bool running; /* inside MHD_run() */
    bool closing; /* takes no request any more */
    struct http_exchange *free; /* ready for use again */
    uint32_t free_count;
    struct buf bodies[HTTP_SERVER_BODIES_MAX]; /* empty, with memory */
    uint32_t body_count;
    size_t held_bytes; /* in the bodies of all exchanges */
};

/* Lets the daemon run in the next turn of the loop, never inside the caller. */
void http_server_run_soon(struct http_server *server);

struct http_exchange *http_exchange_open(struct http_connection *on,
                                         struct MHD_Connection *connection);
/* The request is over for the daemon. */
void http_exchange_release(struct http_exchange *exchange);
/* Whether nobody can say for sure where its body ends; http_exchange_fields.c. */
bool http_exchange_look_for_ambiguity(struct http_exchange *exchange);
/* Calls on_head; when that has answered, the body is dropped or the connection is closed. */
enum MHD_Result http_exchange_show_head(struct http_exchange *exchange);
/* Reads some of a body up to where it stops; what is left is for after that. */
enum MHD_Result http_exchange_take(struct http_exchange *exchange, const char *bytes,
                                   size_t *length);
/* Its body holds nothing any more. */
void http_exchange_held_none(struct http_exchange *exchange);
/* http_exchange_sent.c: an answer is about to be sent; and it is over, and on_done has seen it. */
void http_exchange_sent_begin(struct http_exchange *exchange);
void http_exchange_sent_end(struct http_exchange *exchange);
/* Tells on_done or on_dropped, once. */
void http_exchange_tell_end(struct http_exchange *exchange, bool whole);
/* Calls on_request, and suspends the connection unless that has ended the exchange. */
void http_exchange_call(struct http_exchange *exchange);
/* The same; the answer is queued, now or a little later. */
enum MHD_Result http_exchange_hand_over(struct http_exchange *exchange);
/* The answer of an exchange that ended before the daemon could take it: the same. */
enum MHD_Result http_exchange_queue_late(struct http_exchange *exchange);
/* Queues the answer of an ended exchange; MHD_NO closes the connection. */
enum MHD_Result http_exchange_queue(struct http_exchange *exchange);
/* Ends it: the daemon goes on with the connection, soon. */
void http_exchange_end(struct http_exchange *exchange);
int http_exchange_fd(const struct http_exchange *exchange);
/* Somebody else takes the socket. */
void http_connection_unwatch(struct http_connection *on);
/* Tells when its client leaves; from accept on, between and inside requests. */
void http_connection_watch_open(struct http_connection *on);
void http_connection_watch_close(struct http_connection *on);

/* http_accept.c */
/* `hold`, unless NULL: a second socket on the port, which keeps it when the first is closed. */
enum err http_accept_listen(struct address *address, enum port_share share, int *out, int *hold,
                            struct err_note *note);
void http_accept_start(struct http_server *server);
/* Closes the listening socket; its handles stay open. */
void http_accept_stop(struct http_server *server);
/* Takes what waits in the kernel's queue, as on any turn. */
void http_accept_waiting(struct http_server *server);
void http_accept_pause(struct http_server *server);
void http_accept_resume(struct http_server *server);

/* http_listener.c */
void http_listener_stop(struct http_server *server);


/* http_connection.c */
void http_connections_init(struct http_server *server);
/* The one in server->accepting. */
struct http_connection *http_connection_open(struct http_server *server);
/* Frees it, perhaps in the loop's next turn. */
void http_connection_closed(struct http_connection *on);
void http_connection_enter(struct http_connection *on, enum http_phase phase);
/* Closes it in the daemon's next turn. */
void http_connection_give_up(struct http_connection *on);
/* `bytes` of the body have come. */
void http_connection_progress(struct http_connection *on, size_t bytes);
/* Gives up the connection that has waited longest for its client; false when none waits. */
bool http_connection_make_room(struct http_server *server);
/* Says why it is closed, as far as the socket takes it at once. */
void http_connection_tell(const struct http_connection *on, const char *answer);
/* After each turn of the daemon. */
void http_connections_close_left(struct http_server *server);
bool http_connection_client_has_room(const struct http_server *server,
                                     const struct http_peer *peer);

#endif
