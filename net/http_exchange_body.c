/* A request's body: in memory of its own, or for a while in the daemon's. */
#include <stdlib.h>

#include "base/instant.h"
#include "net/http_server_private.h"

enum {
    EXCHANGE_DROPPED_BYTES_MAX = 64 << 20, /* of a body too large; then the connection closes */
};

/* Memory that the latest request has just left is still in the processor's caches. */
static void exchange_borrow_memory(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    if (exchange->body.data != NULL || server->body_count == 0) return;
    exchange->body = server->bodies[--server->body_count];
}

void http_exchange_held_none(struct http_exchange *exchange)
{
    exchange->server->held_bytes -= exchange->held;
    exchange->held = 0;
}

static void exchange_keep(struct http_exchange *exchange, const char *bytes, size_t length)
{
    exchange_borrow_memory(exchange);
    buf_put(&exchange->body, bytes, length);
    if (exchange->body.overflow) return;
    exchange->held += length;
    exchange->server->held_bytes += length;
}

/* Whether there is room for more of it beside all others; else its client is told so. */
static bool exchange_has_room(struct http_exchange *exchange, size_t length)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    struct http_server *server = exchange->server;
    size_t most = server->config.bodies_bytes_max;
    if (most == 0 || exchange->body.overflow || server->held_bytes + length <= most) return true;
    server->stats.refused_bodies++;
    http_connection_tell(exchange->on, answer);
    return false;
}

void http_exchange_body_done(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    struct buf *body = &exchange->body;
    exchange->lent = NULL;
    http_exchange_held_none(exchange);
    if (body->data == NULL || body->overflow) return;
    if (server->body_count == HTTP_SERVER_BODIES_MAX ||
        body->capacity > HTTP_SERVER_BODY_KEPT_BYTES) {
        buf_deinit(body);
        return;
    }
    buf_clear(body);
    server->bodies[server->body_count++] = *body;
    buf_init(body, server->config.body_bytes_max);
}

static void exchange_receive(struct http_exchange *exchange, const char *bytes, size_t length)
{
    exchange->received += length;
    http_connection_progress(exchange->on, length);
    /* Once it overflows it stays empty: half a body is of no use to anyone. */
    if (exchange->body.overflow) return;
    exchange_keep(exchange, bytes, length);
    if (!exchange->body.overflow) return;
    http_exchange_held_none(exchange);
    buf_deinit(&exchange->body);
    exchange->body.overflow = true;
}

/* Whether a piece of the body is all of it. */
static bool exchange_comes_whole(struct http_exchange *exchange, size_t length)
{
    const struct http_server_config *config = &exchange->server->config;
    if (!config->body_in_place || exchange->received > 0) return false;
    if (exchange->stops || exchange->ambiguous || length > config->body_bytes_max) return false;
    return exchange->announced != NULL && strtoull(exchange->announced, NULL, 10) == length;
}

/* The daemon takes an answer only when it is called again, at once, without any bytes. */
static enum MHD_Result exchange_lend(struct http_exchange *exchange, const char *bytes,
                                     size_t length)
{
    exchange->received = length;
    http_connection_progress(exchange->on, length);
    exchange->lent = bytes;
    http_exchange_call(exchange);
    if (exchange->state == EXCHANGE_ENDED) {
        exchange->in_place = true;
        exchange->lent = NULL;
        return exchange->response == NULL ? MHD_NO : MHD_YES;
    }
    if (exchange->lent == NULL) return MHD_YES; /* it is done with */
    exchange->lent = NULL;
    exchange_keep(exchange, bytes, length);
    return MHD_YES;
}

enum MHD_Result http_exchange_take(struct http_exchange *exchange, const char *bytes,
                                   size_t *length)
{
    size_t dropped_max = exchange->server->config.body_bytes_max + EXCHANGE_DROPPED_BYTES_MAX;
    size_t taken = *length;
    if (exchange_comes_whole(exchange, taken)) {
        *length = 0;
        return exchange_lend(exchange, bytes, taken);
    }
    if (exchange->stops) taken = u64_min(taken, exchange->stop_at - exchange->received);
    if (!exchange_has_room(exchange, taken)) return MHD_NO;
    exchange_receive(exchange, bytes, taken);
    *length -= taken;
    if (exchange->received > dropped_max) return MHD_NO;
    if (!exchange->stops || exchange->received < exchange->stop_at) return MHD_YES;
    exchange->stopped = true;
    return http_exchange_hand_over(exchange);
}

const char *http_exchange_body(const struct http_exchange *exchange, size_t *length)
{
    *length = exchange->lent != NULL ? exchange->received : exchange->body.length;
    return exchange->lent != NULL ? exchange->lent : buf_text(&exchange->body);
}

bool http_exchange_body_too_large(const struct http_exchange *exchange)
{
    return exchange->body.overflow;
}
