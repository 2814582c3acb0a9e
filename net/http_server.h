#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H
/* libmicrohttpd on a libuv loop: its epoll descriptor is polled, no thread is made.
 *
 * `on_request` is called once per request, when the body is complete (or too large). It answers at
 * once with http_reply(), or returns and answers later, in any turn of the loop: the connection is
 * suspended meanwhile. Every exchange must be ended exactly once, by http_reply() or by
 * http_exchange_raw_end(); after that the pointer is dead.
 *
 * A peer that needs bytes HTTP cannot express takes the socket: http_exchange_raw() gives the
 * descriptor (non-blocking), the caller writes what it likes, then http_exchange_raw_end() closes
 * it, with FIN or with a true RST (connect(AF_UNSPEC); SO_LINGER is not enough there). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "net/address.h"

struct http_server;
struct http_exchange;

struct http_server_config {
    uv_loop_t *loop;
    struct address listen;
    size_t body_bytes_max;      /* a larger body is dropped while it comes in: body_too_large */
    uint32_t connections_max;   /* more are refused at accept */
    uint32_t idle_timeout_s;    /* of a keep-alive connection or a slow head; 0: none */
    void (*on_request)(void *context, struct http_exchange *exchange);
    /* The client of a request not yet answered went away (may be NULL). The exchange must still be
     * ended. */
    void (*on_gone)(void *context, struct http_exchange *exchange);
    void *context;
};

MUST_USE enum err http_server_create(const struct http_server_config *config,
                                     struct http_server **out, struct err_note *note);
/* Where it listens, with the real port. */
struct address http_server_address(const struct http_server *server);
/* Exchanges handed to on_request and not yet ended. */
uint32_t http_server_pending(const struct http_server *server);
/* Takes no new connection and closes idle ones after their answer ("Connection: close"). */
void http_server_drain(struct http_server *server);
/* Every exchange must have been ended. Run the loop once more before closing it. */
void http_server_destroy(struct http_server *server);

const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange); /* without the query */
/* The first header of that name (case-insensitive), NULL when absent. */
const char *http_exchange_header(struct http_exchange *exchange, const char *name);
const char *http_exchange_body(const struct http_exchange *exchange, size_t *length);
bool http_exchange_body_too_large(const struct http_exchange *exchange);
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

enum http_raw_end { HTTP_RAW_FIN, HTTP_RAW_RST };

/* The connection's socket; from here on nothing else may be sent by the library, and the caller
 * watches for the client's leaving itself (on_gone is silent now). A poll on it must be closed
 * before http_exchange_raw_end(), which gives the socket away. */
int http_exchange_raw(struct http_exchange *exchange);
void http_exchange_raw_end(struct http_exchange *exchange, enum http_raw_end end);

#endif
