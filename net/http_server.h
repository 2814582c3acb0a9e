#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H
/* libmicrohttpd on a libuv loop: its epoll descriptor is polled, no thread is made.
 *
 * `on_request` is called once per request, when the body is complete (or too large). It answers at
 * once with http_reply(), or returns and answers later, in any turn of the loop: the connection is
 * suspended meanwhile. Every exchange must be ended exactly once, by http_reply() or by
 * http_exchange_raw_end(); after that the pointer is dead.
 *
 * `on_head`, when set, is called before any of the body is read: what it answers (a missing token,
 * a client over its rate) costs no more than the head. A small body is then dropped, so that the
 * connection lives; with a larger one it is closed after the answer.
 *
 * A client that keeps us waiting longer than `limits` is closed (408 when it has begun a request).
 * With `make_room`, a newcomer to a full server takes the place of the connection that has waited
 * longest for its client: an idle one, a head or a body that does not come. One whose request is in
 * work, or whose answer is being sent, keeps its place.
 *
 * A peer that needs bytes HTTP cannot express takes the socket: http_exchange_raw() gives the
 * descriptor (non-blocking), the caller writes what it likes, then http_exchange_raw_end() closes
 * it, with FIN or with a true RST (connect(AF_UNSPEC); SO_LINGER is not enough there), or keeps it
 * for the next request. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/address.h"
#include "net/http_patience.h"
#include "net/port.h"

struct http_server;
struct http_exchange;

struct http_server_config {
    uv_loop_t *loop;
    struct address listen;
    enum port_share share;      /* PORT_SHARED: one of several processes on that port */
    size_t body_bytes_max;      /* a larger body is dropped while it comes in: body_too_large */
    size_t bodies_bytes_max;    /* of all requests at one time; who sends more gets 503 and is
                                   closed; 0: no limit */
    uint32_t connections_max;   /* more are refused at accept */
    uint32_t idle_timeout_s;    /* without any byte, whatever the phase; 0: none */
    struct http_limits limits;  /* exact ones, by phase; zero: none */
    uint32_t connections_per_client_max; /* by address; more are refused at accept; 0: no limit */
    bool make_room;
    bool keep_target;        /* http_exchange_target() is wanted */
    /* Answers to requests that came together leave together, when all of these have been read: a
     * client that has many connections is then woken up once for all, not for each. */
    bool answers_together;
    /* With on_head: a body of announced length that is there in one piece is not copied for
     * on_request. A request that is not answered there gets its copy behind it, so pointers to the
     * body end with on_request. */
    bool body_in_place;
    size_t connection_bytes; /* memory for each one's head and buffers; 0: 32 KiB */
    void (*on_request)(void *context, struct http_exchange *exchange);
    /* May answer with http_reply(); only method, path, headers, size and peer are there (may be
     * NULL). */
    void (*on_head)(void *context, struct http_exchange *exchange);
    /* accept() failed with this errno, as when descriptors run out; accepting goes on by itself
     * (may be NULL). */
    void (*on_accept_error)(void *context, int error);
    /* The client of a request not yet answered went away (may be NULL). The exchange must still be
     * ended. */
    void (*on_gone)(void *context, struct http_exchange *exchange);
    /* The client of a request that on_head has seen went away before on_request (may be NULL). The
     * exchange must not be ended. */
    void (*on_dropped)(void *context, struct http_exchange *exchange);
    /* An answer of http_reply() has left whole, or (not `whole`) its client went away first (may be
     * NULL). Called once for each. */
    void (*on_done)(void *context, struct http_exchange *exchange, bool whole);
    /* Whom http_listener.h gives connections that are not to be served; `fd` is his. */
    void (*on_take)(void *context, int fd);
    void *context;
};

MUST_USE enum err http_server_create(const struct http_server_config *config,
                                     struct http_server **out, struct err_note *note);
/* Where it listens, with the real port. */
struct address http_server_address(const struct http_server *server);
/* Exchanges handed to on_request and not yet ended. */
uint32_t http_server_pending(const struct http_server *server);

struct http_server_stats {
    uint32_t connections; /* now */
    uint64_t accepted;
    uint64_t refused_full;   /* at connections_max, and none to give up for it */
    uint64_t refused_client; /* at connections_per_client_max */
    uint64_t evicted;        /* gave their place to another */
    uint64_t accept_errors;
    uint64_t refused_bodies; /* at bodies_bytes_max */
    uint64_t timeouts[HTTP_PHASE_COUNT]; /* by phase */
};

struct http_server_stats http_server_stats(const struct http_server *server);
void http_server_stats_add(struct http_server_stats *sum, const struct http_server_stats *more);
/* Takes no new connection and closes idle ones after their answer ("Connection: close"). */
void http_server_drain(struct http_server *server);
/* Every exchange must have been ended. Run the loop once more before closing it. */
void http_server_destroy(struct http_server *server);

const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange); /* without the query */
/* With keep_target: as the client sent it, with its query and nothing decoded. */
const char *http_exchange_target(const struct http_exchange *exchange);
/* Each header as it was sent, in its order, until `each` says false. */
void http_exchange_each_header(struct http_exchange *exchange,
                               bool (*each)(void *context, const char *name, const char *value),
                               void *context);
/* The client takes no further answer on this connection: HTTP/1.0, or "Connection: close". */
bool http_exchange_is_last(struct http_exchange *exchange);
/* Whether it understands chunks. */
bool http_exchange_is_http11(const struct http_exchange *exchange);
/* The first header of that name (case-insensitive), NULL when absent. */
const char *http_exchange_header(struct http_exchange *exchange, const char *name);
/* How many of that name there are; their values, joined by commas as one list means the same (RFC
 * 9110 5.3), are added to `joined` unless it is NULL. */
unsigned http_exchange_header_all(struct http_exchange *exchange, const char *name,
                                  struct buf *joined);
/* With a NUL behind it, but not with body_in_place. */
const char *http_exchange_body(const struct http_exchange *exchange, size_t *length);
bool http_exchange_body_too_large(const struct http_exchange *exchange);
/* The body is not needed any more: its memory serves the next request. */
void http_exchange_body_done(struct http_exchange *exchange);

/* Inside on_head: on_request is to be called when `body_bytes` of the body have been read, or the
 * whole of a shorter one, and no more is read. Then it can only be ended raw. */
void http_exchange_stop_at(struct http_exchange *exchange, size_t body_bytes);
/* Inside on_request or later: there is, or was, more of the body to come. */
bool http_exchange_stopped(const struct http_exchange *exchange);

/* An address: IPv6, or IPv4 as ::ffff:a.b.c.d. */
struct http_peer {
    uint8_t bytes[16];
};

struct http_head_size {
    size_t uri_bytes; /* as sent, with the query */
    size_t bytes;     /* of the whole head */
    uint32_t fields;  /* header lines */
    /* Another server might see another end of the body, and so another next request: two
     * Content-Length, a Transfer-Encoding beside one or other than "chunked", a blank in a name, a
     * bare CR (RFC 9112 2.2, 5.1, 6.3). The connection is closed after the answer. Looked for only
     * with `on_head`. */
    bool ambiguous;
};

const struct http_peer *http_exchange_peer(const struct http_exchange *exchange);
struct http_head_size http_exchange_head_size(struct http_exchange *exchange);
/* One pointer for the caller's own state. */
void http_exchange_set_user(struct http_exchange *exchange, void *user);
void *http_exchange_user(const struct http_exchange *exchange);

struct http_header {
    const char *name;
    const char *value;
};

enum http_body { HTTP_BODY_COPY, HTTP_BODY_TAKE /* mem_free()d when sent */, HTTP_BODY_STATIC };

struct http_response {
    unsigned status;
    const char *content_type; /* NULL: none */
    const struct http_header *headers;
    size_t header_count;
    const char *body; /* may be NULL when body_length is 0 */
    size_t body_length;
    enum http_body ownership;
};

void http_reply(struct http_exchange *exchange, const struct http_response *response);

/* Of an answer, as handed to the kernel. */
struct http_sent {
    uint64_t head_bytes, body_bytes;
};
/* Before http_reply(): http_exchange_sent() is to know an answer that is cut, too. */
void http_exchange_watch_sent(struct http_exchange *exchange);
/* Inside on_done, once: exact for one that left whole, and for one that was cut if it was watched,
 * unless the client asked for "100 Continue" on this connection. False: not known. */
bool http_exchange_sent(struct http_exchange *exchange, struct http_sent *out);

/* KEEP: a whole answer was written, and the next request is read as on a new connection. */
enum http_raw_end { HTTP_RAW_FIN, HTTP_RAW_RST, HTTP_RAW_KEEP };

/* The connection's socket; from here on nothing else may be sent by the library, and the caller
 * watches for the client's leaving itself (on_gone is silent now). A poll on it must be closed
 * before http_exchange_raw_end(), which gives the socket away. */
int http_exchange_raw(struct http_exchange *exchange);
void http_exchange_raw_end(struct http_exchange *exchange, enum http_raw_end end);

#endif
