#ifndef TESTS_NET_SERVER_WORLD_H
#define TESTS_NET_SERVER_WORLD_H
/* An HTTP server whose behaviour the path chooses, on a loop of its own:
 *
 *   /hold           kept in `held` for the test
 *   /fin /rst       ends raw at once, without a byte
 *   anything else   answers 200 with "METHOD path body-length too-large header-X-Tag" at once
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "loop_run.h"
#include "net/http_server.h"
#include "peer.h"

enum { SERVER_WORLD_HELD_MAX = 256, SERVER_WORLD_BODY_MAX = 1 << 20 };

struct server_world {
    uv_loop_t loop;
    struct http_server *server;
    uint16_t port;
    bool in_place; /* bodies may have no NUL behind them */
    struct http_exchange *held[SERVER_WORLD_HELD_MAX];
    unsigned held_count;
    unsigned held_wanted;
    unsigned requests;
    unsigned gone;
    struct http_exchange *gone_last;
};

struct http_server_config server_world_config(struct server_world *world);
void server_world_open(struct server_world *world);
void server_world_open_with(struct server_world *world, const struct http_server_config *config);
void server_world_close(struct server_world *world);
void server_world_wait_held(struct server_world *world, unsigned count);
/* Answers 200 with `text`. */
void server_world_answer(struct http_exchange *exchange, const char *text);
void server_world_turns(struct server_world *world, int turns);

#endif
