#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/instant.h"
#include "base/mem.h"
#include "net/http_server_private.h"

enum {
    EXCHANGE_FREE_MAX = 1024,             /* kept for use again */
    EXCHANGE_BODY_DROPPED_BYTES = 64 * 1024, /* of a request answered by its head */
};

int http_exchange_fd(const struct http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    assert(info != NULL);
    return info->connect_fd;
}

struct http_exchange *http_exchange_open(struct http_connection *on,
                                         struct MHD_Connection *connection)
{
    struct http_server *server = on->server;
    struct http_exchange *exchange = server->free;
    struct buf body;
    if (exchange != NULL) {
        server->free = exchange->next_free;
        server->free_count--;
        body = exchange->body;
    } else {
        exchange = mem_alloc(1, sizeof *exchange);
        buf_init(&body, server->config.body_bytes_max);
    }
    *exchange = (struct http_exchange){
        .server = server,
        .on = on,
        .connection = connection,
        .state = EXCHANGE_RECEIVING,
        .body = body,
    };
    return exchange;
}

void http_exchange_release(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    assert(exchange->state == EXCHANGE_RECEIVING || exchange->state == EXCHANGE_ENDED);
    if (exchange->response != NULL) MHD_destroy_response(exchange->response);
    http_exchange_held_none(exchange);
    if (server->free_count == EXCHANGE_FREE_MAX) {
        buf_deinit(&exchange->body);
        mem_free(exchange);
        return;
    }
    if (exchange->body.capacity > HTTP_SERVER_BODY_KEPT_BYTES) buf_deinit(&exchange->body);
    buf_clear(&exchange->body);
    exchange->next_free = server->free;
    server->free = exchange;
    server->free_count++;
}

/* A hang-up, a half-close or a reset: all of them mean that nobody waits for the answer. */
static void http_connection_on_watch(uv_poll_t *watch, int status, int events)
{
    (void)events;
    (void)status;
    struct http_connection *on = watch->data;
    struct http_exchange *exchange = on->exchange;
    uv_poll_stop(watch);
    on->watched = false;
    on->exchange = NULL;
    if (!on->left) TAILQ_INSERT_TAIL(&on->server->left, on, left_link);
    on->left = true;
    http_server_run_soon(on->server);
    if (exchange == NULL) return;
    exchange->server->config.on_gone(exchange->server->config.context, exchange);
}

static void connection_start_watch(struct http_connection *on)
{
    if (!on->watch_ready || on->watched) return;
    on->watched = true;
    uv_poll_start(&on->watch, UV_DISCONNECT, http_connection_on_watch);
}

void http_connection_watch_open(struct http_connection *on)
{
    if (uv_poll_init(on->server->config.loop, &on->watch, on->fd) != 0) return;
    on->watch.data = on;
    on->watch_ready = true;
    connection_start_watch(on);
}

static void http_connection_watch(struct http_exchange *exchange)
{
    struct http_connection *on = exchange->on;
    if (exchange->server->config.on_gone == NULL) return;
    on->exchange = exchange;
    connection_start_watch(on); /* tells at once when the client has left before */
}

void http_connection_unwatch(struct http_connection *on)
{
    on->exchange = NULL;
    if (!on->watched) return;
    on->watched = false;
    uv_poll_stop(&on->watch);
}

static void http_connection_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void http_connection_watch_close(struct http_connection *on)
{
    mem_free(on->target);
    if (!on->watch_ready) {
        mem_free(on);
        return;
    }
    on->exchange = NULL;
    uv_close((uv_handle_t *)&on->watch, http_connection_on_closed);
}

enum MHD_Result http_exchange_queue(struct http_exchange *exchange)
{
    assert(exchange->state == EXCHANGE_ENDED);
    if (exchange->response == NULL) return MHD_NO;
    http_connection_enter(exchange->on, HTTP_PHASE_SEND);
    http_exchange_sent_begin(exchange);
    return MHD_queue_response(exchange->connection, exchange->status, exchange->response);
}

/* Whether an answer that is ready leaves behind those of the requests that are still to be read in
 * this turn. The daemon calls for it in its next one. */
static bool exchange_waits(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    if (!server->config.answers_together || exchange->response == NULL) return false;
    if (exchange->waited || server->waiting_answers == HTTP_SERVER_TOGETHER_MAX) return false;
    exchange->waited = true;
    server->waiting_answers++;
    return true;
}

void http_exchange_call(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    exchange->state = EXCHANGE_HANDED;
    http_connection_enter(exchange->on, HTTP_PHASE_WORK);
    server->pending++;
    server->config.on_request(server->config.context, exchange);
    if (exchange->state == EXCHANGE_ENDED) return;
    exchange->state = EXCHANGE_SUSPENDED;
    MHD_suspend_connection(exchange->connection);
    if (!exchange->raw) http_connection_watch(exchange);
}

enum MHD_Result http_exchange_hand_over(struct http_exchange *exchange)
{
    http_exchange_call(exchange);
    if (exchange->state != EXCHANGE_ENDED || exchange_waits(exchange)) return MHD_YES;
    return http_exchange_queue(exchange);
}

enum MHD_Result http_exchange_queue_late(struct http_exchange *exchange)
{
    bool waits = exchange->in_place && exchange_waits(exchange);
    return waits ? MHD_YES : http_exchange_queue(exchange);
}

/* Whether reading the body to its end is cheaper than a new connection. A client that waits to be
 * told to go on has sent none yet. */
static bool exchange_body_is_small(struct http_exchange *exchange)
{
    const char *length = http_exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (exchange->ambiguous) return false;
    if (http_exchange_header(exchange, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL) return false;
    if (length == NULL) return true;
    if (http_exchange_header(exchange, MHD_HTTP_HEADER_EXPECT) != NULL) return false;
    return strtoull(length, NULL, 10) <= EXCHANGE_BODY_DROPPED_BYTES;
}

enum MHD_Result http_exchange_show_head(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    http_connection_enter(exchange->on, HTTP_PHASE_BODY);
    if (server->config.on_head == NULL) return MHD_YES;
    exchange->ambiguous = http_exchange_look_for_ambiguity(exchange);
    exchange->state = EXCHANGE_HANDED;
    server->pending++;
    server->config.on_head(server->config.context, exchange);
    exchange->seen = true;
    if (exchange->state == EXCHANGE_ENDED) {
        return exchange_body_is_small(exchange) ? MHD_YES : http_exchange_queue(exchange);
    }
    exchange->state = EXCHANGE_RECEIVING;
    server->pending--;
    if (!exchange->stops || exchange->stop_at > 0) return MHD_YES;
    exchange->stopped = true;
    return http_exchange_hand_over(exchange);
}

void http_exchange_tell_end(struct http_exchange *exchange, bool whole)
{
    const struct http_server_config *config = &exchange->server->config;
    if (exchange->state == EXCHANGE_RECEIVING) {
        if (exchange->seen && config->on_dropped != NULL) {
            config->on_dropped(config->context, exchange);
        }
    } else if (exchange->response != NULL && config->on_done != NULL) {
        exchange->whole = whole;
        config->on_done(config->context, exchange, whole);
        http_exchange_sent_end(exchange);
    }
}

void http_exchange_end(struct http_exchange *exchange)
{
    bool suspended = exchange->state == EXCHANGE_SUSPENDED;
    assert(suspended || exchange->state == EXCHANGE_HANDED);
    exchange->state = EXCHANGE_ENDED;
    exchange->server->pending--;
    if (!suspended) return;
    exchange->on->exchange = NULL;
    MHD_resume_connection(exchange->connection);
    http_server_run_soon(exchange->server);
}

const char *http_exchange_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

const char *http_exchange_header(struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const struct http_peer *http_exchange_peer(const struct http_exchange *exchange)
{
    return &exchange->on->peer;
}

struct http_head_size http_exchange_head_size(struct http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int fields = MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, NULL, NULL);
    return (struct http_head_size){
        .uri_bytes = exchange->on->uri_bytes,
        .bytes = info == NULL ? 0 : info->header_size,
        .fields = fields > 0 ? (uint32_t)fields : 0,
        .ambiguous = exchange->ambiguous,
    };
}

void http_exchange_set_user(struct http_exchange *exchange, void *user)
{
    exchange->user = user;
}

void *http_exchange_user(const struct http_exchange *exchange)
{
    return exchange->user;
}

static struct MHD_Response *http_response_make(const struct http_response *response)
{
    /* libmicrohttpd takes a pointer to bytes that it will not write to. */
    void *body = (void *)(uintptr_t)response->body;
    switch (response->ownership) {
    case HTTP_BODY_COPY:
        return MHD_create_response_from_buffer(response->body_length, body, MHD_RESPMEM_MUST_COPY);
    case HTTP_BODY_TAKE:
        return MHD_create_response_from_buffer_with_free_callback(response->body_length, body,
                                                                  mem_free);
    case HTTP_BODY_STATIC:
        return MHD_create_response_from_buffer(response->body_length, body, MHD_RESPMEM_PERSISTENT);
    }
    assert(false && "not an ownership");
    return NULL;
}

void http_reply(struct http_exchange *exchange, const struct http_response *response)
{
    assert(!exchange->raw);
    assert(response->status >= 200);
    assert(response->body != NULL || response->body_length == 0);
    struct MHD_Response *made = http_response_make(response);
    assert(made != NULL);
    if (response->content_type != NULL) {
        MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    }
    for (size_t i = 0; i < response->header_count; i++) {
        /* One that HTTP cannot carry (a line break in it) is left out. */
        MHD_add_response_header(made, response->headers[i].name, response->headers[i].value);
    }
    if (exchange->server->draining || exchange->server->last_answers || exchange->ambiguous) {
        MHD_add_response_header(made, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    exchange->response = made;
    exchange->reply_bytes = response->body_length;
    exchange->status = response->status;
    http_exchange_end(exchange);
}
