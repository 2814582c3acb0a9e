#ifndef TESTS_NET_RAW_SERVER_H
#define TESTS_NET_RAW_SERVER_H
/* A server that answers with whatever bytes a test wants and counts what really came in. It lives
 * on the test's loop. */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { RAW_CONNECTIONS_MAX = 64, RAW_REQUEST_BYTES_MAX = 4 << 20 };

struct raw_server;

struct raw_connection {
    struct raw_server *server;
    uv_poll_t poll;
    int fd;   /* -1: not in use */
    char *in; /* owned; the bytes not yet taken as a request, NUL-terminated */
    size_t in_length;
    unsigned requests; /* complete ones seen here */
    bool ended;        /* the client has closed it */
};

struct raw_server {
    uv_loop_t *loop;
    int fd;
    uint16_t port;
    uv_poll_t poll;
    struct raw_connection connections[RAW_CONNECTIONS_MAX];
    unsigned accepted;
    unsigned requests;
    unsigned ended;
    bool deaf;                                             /* reads nothing */
    void (*on_request)(struct raw_connection *connection); /* called with the request in `in` */
    void *context;
};

void raw_server_init(struct raw_server *server, uv_loop_t *loop,
                     void (*on_request)(struct raw_connection *connection));
void raw_server_deinit(struct raw_server *server);
/* No longer deaf. */
void raw_listen_again(struct raw_server *server);
void raw_send(struct raw_connection *connection, const char *text);
void raw_send_bytes(struct raw_connection *connection, const void *bytes, size_t length);
void raw_close(struct raw_connection *connection);
void raw_reset(struct raw_connection *connection);

#endif
