#ifndef TESTS_NET_CLIENT_WORLD_H
#define TESTS_NET_CLIENT_WORLD_H
/* A client and a raw server on one loop, and a probe that notes all that is heard of one call. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "loop_run.h"
#include "net/http_client.h"
#include "raw_server.h"

struct world {
    uv_loop_t loop;
    struct raw_server server;
    struct http_client *client;
    char url[64];
    void *user; /* the test's own */
};

struct probe {
    struct world *world;
    struct http_call *call;
    unsigned connected;
    unsigned progress;
    unsigned sent;
    unsigned done;
    bool cancel_when_connected;
    struct probe *start_when_done;
    struct probe *cancel_when_done;
    struct http_result result; /* its pointers are not used */
    char body[256];
    char retry_after[64];
    char request_id[64];
    char detail[128];
};

struct http_client_config world_client_config(struct world *world);
void world_open(struct world *world, void (*on_request)(struct raw_connection *connection));
/* Instead of the client that world_open made. */
void world_use_client(struct world *world, const struct http_client_config *config);
void world_close(struct world *world);

/* A POST of "{}" with "X-Request-ID: mine". */
struct http_call_config probe_config(struct probe *probe);
void probe_init(struct probe *probe, struct world *world);
void probe_start_with(struct probe *probe, const struct http_call_config *config);
void probe_start(struct probe *probe, struct world *world);
void probe_wait(struct probe *probe);
/* Start and wait. */
void probe_run(struct probe *probe, struct world *world);

void assert_end(const struct probe *probe, enum http_end end);
/* 200, "ok", "X-Request-ID: mine" */
void answer_ok(struct raw_connection *connection);

#endif
