#ifndef NET_HTTP_CLIENT_PRIVATE_H
#define NET_HTTP_CLIENT_PRIVATE_H
/* Shared by http_client.c (calls), http_client_socket.c and http_client_timer.c (descriptors and
 * deadlines between libcurl and libuv) and http_client_answer.c (what comes back); nobody else
 * includes it.
 *
 * libcurl forbids most of its functions inside its callbacks. So those only note what happened on
 * the call and put it on the `ready` list; the user hears of it once libcurl has returned. */

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "net/http_client.h"

enum {
    HTTP_IP_TEXT_MAX = 46,
    HTTP_REQUEST_ID_MAX = 256,
    HTTP_RETRY_AFTER_MAX = 128, /* a longer one is neither seconds nor a date */
    HTTP_CONTENT_TYPE_MAX = 128,
    HTTP_HEAD_BYTES_MAX = 128 * 1024,
    HTTP_REFUSAL_MAX = 160,
};

/* A descriptor that libcurl asks to be watched: a connection, or the pipe of its resolver. */
struct http_socket {
    LIST_ENTRY(http_socket) link;
    struct http_client *client;
    struct http_call *call; /* the one that uses it; NULL: idle, or a pipe */
    uv_poll_t poll;
    int fd;
    int wanted;  /* uv_poll events that libcurl waits for; 0: none */
    int watched; /* those that libuv was asked for; an idle connection stays watched for reading */
    bool pipe;
    bool closed;
    bool known; /* the next four are set: what PREREQ calls this connection */
    int local_port;
    int remote_port;
    char local_ip[HTTP_IP_TEXT_MAX];
    char remote_ip[HTTP_IP_TEXT_MAX];
    bool idle;
    instant_ns idle_since;
};

/* What the head of the answer said so far. Begins anew with each interim (1xx) answer. */
struct http_head {
    unsigned status;
    bool open;     /* between the status line and the blank line */
    bool complete; /* of the final answer */
    bool has_length;
    bool has_transfer_encoding;
    bool has_coding; /* Content-Encoding, and not "identity" */
    uint64_t length;
    char retry_after[HTTP_RETRY_AFTER_MAX];
    char content_type[HTTP_CONTENT_TYPE_MAX];
    char request_id[HTTP_REQUEST_ID_MAX];
};

/* An answer that is taken while it comes. */
struct http_stream {
    bool told;     /* on_head was called */
    bool tell;     /* on_body is to be */
    bool full;     /* libcurl keeps what came last, and reads no more */
    size_t taken;  /* of the call's body, at its front */
    size_t window; /* more than so many bytes are not kept */
};

/* The options that a call's handle has kept from an earlier use. */
struct http_options {
    bool known; /* of a POST to `url` that ended as usual */
    uint32_t settings; /* which of the client's */
    struct buf url;
};

struct http_call {
    TAILQ_ENTRY(http_call) link; /* in `ready` or `free` */
    struct http_client *client;
    struct http_call_config config; /* without `url` and `headers`, which libcurl has copied */
    CURL *easy;                     /* owned */
    struct curl_slist headers[HTTP_CLIENT_HEADERS_MAX + 2]; /* libcurl only reads them */
    struct buf header_text;                                 /* what they point into */
    struct http_options options;
    bool usual; /* it ended well and nothing special was asked of libcurl */
    char sent_request_id[HTTP_REQUEST_ID_MAX];
    struct http_socket *socket; /* since PREREQ, until it closes */
    bool connected;             /* PREREQ let it pass */
    bool reused;
    bool fresh; /* must not use a pooled connection */
    bool stale; /* met a dead pooled connection: start again */
    bool sent;
    bool returning; /* counted in client->returning */
    curl_off_t uploaded;
    struct http_head head;
    unsigned interim;
    size_t head_bytes;
    struct buf body;
    struct buf head_lines;
    struct http_stream stream;
    bool refused; /* by us, as `refused_end` for the reason in `refusal` */
    enum http_end refused_end;
    char refusal[HTTP_REFUSAL_MAX];
    char detail[CURL_ERROR_SIZE];

    bool ready;
    bool tell_connected;
    bool tell_progress;
    bool tell_sent;
    bool tell_done;
    CURLcode code; /* with tell_done */
};

struct http_client {
    struct http_client_config config;
    CURLM *multi;
    uv_timer_t timer; /* libcurl's next deadline */
    uv_idle_t soon;   /* active: libcurl has work for the next turn */
    uv_idle_t tell;   /* active: a transfer was begun in this turn, calls may be ready */
    uint32_t handles_open;
    LIST_HEAD(, http_socket) sockets;
    struct http_socket **by_fd; /* indexed by descriptor */
    size_t by_fd_count;
    TAILQ_HEAD(http_call_list, http_call) ready;
    struct http_call_list free;
    uint32_t free_count;
    struct http_call *current; /* whose callbacks are being called */
    uint32_t calls;
    uint32_t settings; /* how often the configuration has changed */
    uint32_t idle;      /* pooled connections */
    uint32_t returning; /* connections that will be pooled when their answer is complete */
    uint64_t stale_sockets;
    bool closing;
};

/* http_client.c */
void http_call_make_ready(struct http_call *call);
/* Tells the users of the ready calls. Never inside one of libcurl's callbacks. */
void http_client_flush(struct http_client *client);

/* http_client_options.c */
void http_call_set_options(struct http_call *call, const struct http_call_config *config);
void http_call_forget_options(struct http_call *call);

/* http_client_socket.c */
void http_client_socket_init(struct http_client *client);
void http_client_socket_deinit(struct http_client *client);
/* Sets the callbacks of one transfer. */
void http_call_socket_init(struct http_call *call);
/* The transfer is over: its connection is idle now, unless it was closed. */
void http_call_socket_release(struct http_call *call);

/* http_client_tls.c */
void http_call_tls_init(struct http_call *call);
/* Whether a failed transfer failed for TLS: certificate, name, handshake. */
bool http_code_is_tls(CURLcode code);

/* http_client_timer.c */
void http_client_timer_init(struct http_client *client);
/* A transfer was added. The first of a turn of the loop begins at once: it need not wait for what
 * comes behind it. Those after it begin together in the next turn, which costs less. */
void http_client_timer_begin(struct http_client *client);
/* Calls that became ready outside of libcurl's turns are told in the loop's next one. */
void http_client_timer_tell(struct http_client *client);
/* Frees the client once its handles are closed. */
void http_client_timer_deinit(struct http_client *client);

/* http_client_stream.c */
/* Keeps what came, or says that there is no room (CURL_WRITEFUNC_PAUSE). */
size_t http_call_stream_put(struct http_call *call, const char *bytes, size_t length);
/* Tells the user what is new; false when the call has not survived it. */
bool http_call_stream_tell(struct http_call *call);

/* http_client_answer.c */
void http_call_result(const struct http_call *call, struct http_result *out);
/* Ends the transfer as soon as libcurl sees the callback's result. */
void http_call_refuse(struct http_call *call, enum http_end end, const char *why);
void http_call_answer_init(struct http_call *call);
enum http_end http_call_classify(const struct http_call *call, int os_errno);

#endif
