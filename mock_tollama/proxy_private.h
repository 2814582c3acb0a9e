#ifndef MOCK_PROXY_PRIVATE_H
#define MOCK_PROXY_PRIVATE_H
/* Shared by proxy.c (requests), proxy_call.c (calls), proxy_stream.c (answers that are passed on
 * while they come) and proxy_head.c (what is passed on of heads); nobody else includes it.
 *
 *   CALLING ---head---> HOLDING: the plan needs the whole answer
 *      |      \-------> STREAMING: a play takes what comes (mock/source.h)
 *      '---end--------> the answer is played whole, or a 502, 504 */

#include "base/buf.h"
#include "base/timers.h"
#include "mock/proxy.h"
#include "mock/proxy_answer.h"
#include "net/alarm.h"
#include "net/http_client.h"

enum {
    PROXY_CALLS_MAX = MOCK_CONNECTIONS_MAX,
    PROXY_KEEPALIVE_MAX = 128,
    PROXY_KEEPALIVE_EXPIRY_S = 4, /* uvicorn closes an idle connection after 5 */
    PROXY_URL_MAX = 512,
    PROXY_TARGET_MAX = 8192,
    PROXY_WINDOW_BYTES = 256 * 1024, /* of a streamed answer that may wait for its client */
};

enum forward_state { FORWARD_UNUSED, FORWARD_CALLING, FORWARD_HOLDING, FORWARD_STREAMING };

struct forward {
    struct source source; /* first: STREAMING, where the play takes from */
    struct proxy *proxy;
    enum forward_state state;
    struct http_exchange *exchange; /* until it is answered, or its play has ended */
    struct http_call *call;         /* NULL: over */
    bool is_attempt; /* else passed on, without a scenario's plan */
    struct player_order order;
    struct reply_plan plan;
    instant_ns start, first_byte, end;
    bool sent;
    const char *ended;   /* static; NULL: not yet */
    unsigned status;     /* of the server's answer */
    uint64_t body_bytes; /* of it that came */
    struct buf kept;     /* of the body, for the record */
    struct buf rest;     /* STREAMING: what had not been taken when the call ended */
    size_t rest_taken;
    void (*on_end)(void *owner); /* the order's own, which the play does not see */
    void *owner;
};

struct proxy {
    struct mock *mock;
    struct http_client *client;
    char url[PROXY_URL_MAX]; /* without a slash at its end */
    char host[256]; /* of it */
    uint16_t port;
    uint64_t timeout_ns;
    struct record record;
    struct alarm alarm;
    struct timers timers; /* by index into forwards */
    struct forward *forwards;
    uint32_t *idle;
    uint32_t idle_count;
};

/* proxy_call.c */
struct proxy_lines;
void forward_start(struct forward *forward, const struct proxy_lines *lines);
/* The call's time begins anew, or stands still while nobody takes what has come. */
void forward_touch(struct forward *forward);
/* Writes the record's line: the server's part is over. `response` NULL: it is in `kept`. */
void forward_record(struct forward *forward, const char *response);
void forward_cancel(struct forward *forward);
/* Gives the place back. */
void forward_free(struct forward *forward);
/* Rings for the next call that takes too long. */
void proxy_set_alarm(struct proxy *proxy);
void proxy_on_due(void *proxy);

/* proxy_stream.c */
/* Whether the plan can be played while the answer comes. */
bool forward_can_stream(const struct forward *forward, const struct http_result *head);
/* The play begins; what came lies in the call or, when that is over, in `rest`. */
void forward_stream(struct forward *forward, const struct http_result *head);
/* The call of a streamed answer is over. */
void forward_stream_ended(struct forward *forward, enum source_state state);
/* Counts, and keeps for the record, what is passed on. */
void forward_keep(struct forward *forward, const char *bytes, size_t length);

/* proxy_head.c */
struct proxy_lines {
    struct buf text;
    size_t at[HTTP_CLIENT_HEADERS_MAX]; /* where each begins in `text` */
    size_t count;
    bool too_many;
};

/* The request's headers that concern the server: all but those of the connection. */
void proxy_lines_collect(struct proxy_lines *lines, struct http_exchange *exchange);
/* Whether a header is about one connection only (RFC 9110 7.6.1), or is made anew here. */
bool proxy_header_is_ours(const char *name, size_t length);

#endif
