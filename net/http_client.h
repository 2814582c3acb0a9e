#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H
/* libcurl's multi_socket_action on a libuv loop. It moves bytes and classifies how a transfer
 * ended; it has no timeouts, no retries, no queue: those are policies and belong to the caller, who
 * cancels.
 *
 * What it does about libcurl 7.88's habits: no hidden resend (a second PREREQ of one transfer
 * aborts it: HTTP_END_READ_ERROR); a pooled socket that has bytes or a FIN waiting is dropped
 * before use and the transfer starts again on a new one, at most once, counted in `stale_sockets`;
 * a head without its blank line, two Content-Length lines, and more than HTTP_1XX_MAX interim
 * answers are protocol errors; no "Expect: 100-continue"; a fresh handle per transfer; DNS never
 * blocks the loop. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/instant.h"

enum { HTTP_1XX_MAX = 8, HTTP_CLIENT_HEADERS_MAX = 24 };

#define HTTP_LENGTH_UNKNOWN UINT64_MAX

enum http_end {
    HTTP_END_COMPLETE, /* a whole, well-framed response of any status */
    HTTP_END_CONNECT_ERROR,
    HTTP_END_WRITE_ERROR,
    HTTP_END_READ_ERROR,     /* reset */
    HTTP_END_PROTOCOL_ERROR, /* FIN too early, bad framing, too many header bytes */
    HTTP_END_DECODING_ERROR,
    HTTP_END_TOO_LARGE,
};

const char *http_end_name(enum http_end end);

struct http_result {
    enum http_end end;
    unsigned status;       /* 0: no complete head */
    const char *body;      /* NUL-terminated; borrowed until on_done returns */
    size_t body_length;
    const char *retry_after;  /* the raw header's value, NULL when absent; borrowed */
    const char *request_id;   /* X-Request-ID of the answer, NULL when absent; borrowed */
    const char *content_type; /* the same of Content-Type */
    uint64_t announced;       /* Content-Length; HTTP_LENGTH_UNKNOWN */
    const char *head_lines;   /* with keep_head: "Name: value\r\n" each; else NULL; borrowed */
    bool reused;           /* went over a pooled connection */
    int os_errno;          /* 0: none */
    bool refused;          /* not the peer's doing: its head, or its size, was not accepted */
    bool tls_refused;      /* HTTP_END_CONNECT_ERROR by TLS: certificate, name, handshake */
    const char *detail;    /* libcurl's sentence, "" when complete; borrowed */
};

struct http_client;
struct http_call;

struct http_client_config {
    uv_loop_t *loop;
    uint32_t connections_max;     /* backstop above the caller's own admission */
    uint32_t keepalive_max;       /* idle connections kept */
    uint64_t keepalive_expiry_ns; /* an idle connection older than this is not used again */
    const char *ca_file;      /* PEM, for https; NULL: the system's; copied, as the next */
    const char *header;       /* "Name: value", sent with every request; NULL: none */
    bool tls_unverified;      /* https without looking at the peer's certificate */
};

struct http_call_config {
    const char *url;    /* copied */
    const char *method; /* "GET", "POST", any other; copied */
    const char *headers[HTTP_CLIENT_HEADERS_MAX]; /* "Name: value"; copied; unused are NULL */
    const char *body;   /* borrowed until the call ends; NULL: none, as for GET and HEAD */
    size_t body_length;
    size_t response_bytes_max;
    void (*on_connected)(void *context); /* may be NULL, as the next two */
    void (*on_progress)(void *context);  /* bytes moved, either way */
    void (*on_sent)(void *context);      /* the request left completely */
    /* An answer that is taken while it comes: told once, when the head is complete and the call not
     * over, after which http_call_body() holds what has come and was not taken. When that is
     * `response_bytes_max` the transfer waits, and so does the peer; nothing is too large. At the
     * end on_done's body is what was not taken. NULL: answers are held until they are whole. */
    void (*on_head)(void *context, const struct http_result *head);
    void (*on_body)(void *context); /* with on_head: there is more, or no room for more */
    bool keep_head;                 /* head_lines are wanted */
    void (*on_done)(void *context, const struct http_result *result); /* last; exactly once unless
                                                                       * cancelled */
    void *context;
};

struct http_client *http_client_create(const struct http_client_config *config);
/* Every call must have ended. Run the loop once more before closing it. */
void http_client_destroy(struct http_client *client);
/* From now on. Idle connections over a smaller `keepalive_max` leave as they are used or age. */
void http_client_set_keepalive(struct http_client *client, uint32_t keepalive_max,
                               uint64_t keepalive_expiry_ns);

/* Never calls back before it has returned. */
struct http_call *http_client_start(struct http_client *client,
                                    const struct http_call_config *config);
/* Ends it without a callback; its connection is closed when in mid-transfer. May be called from any
 * callback but the call's own on_done. */
void http_client_cancel(struct http_call *call);
/* With on_head, and from then on until the call ends. */
const char *http_call_body(const struct http_call *call, size_t *length);
/* The first so many bytes of it are not needed any more; the transfer goes on. */
void http_call_take(struct http_call *call, size_t length);
/* Instead of `response_bytes_max`, from now on; > 0. */
void http_call_set_window(struct http_call *call, size_t bytes);
/* Nothing more comes before some is taken. */
bool http_call_is_full(const struct http_call *call);
/* Pooled sockets found dead before use, since create. */
uint64_t http_client_stale_sockets(const struct http_client *client);

/* Retry-After (RFC 9110 10.2.3), seconds or HTTP-date: nanoseconds from `wall_ms_now`; a date in
 * the past is 0. False when it is neither. */
bool http_parse_retry_after(const char *value, uint64_t wall_ms_now, uint64_t *out_ns);

#endif
