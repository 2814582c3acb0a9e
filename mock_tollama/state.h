#ifndef MOCK_STATE_H
#define MOCK_STATE_H
/* The running mock, shared by mock.c (which owns it), api.c and control.c. */

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "mock/answers.h"
#include "mock/auth.h"
#include "mock/identity.h"
#include "mock/ledger.h"
#include "mock/listener.h"
#include "mock/metrics.h"
#include "mock/mock.h"
#include "mock/player.h"
#include "mock/registry.h"
#include "mock/stage.h"
#include "net/http_server.h"

struct attempt;
struct proxy;

struct mock {
    struct mock_config config;
    struct http_server *server; /* owned */
    struct http_server *control_server; /* owned; NULL: none */
    struct player player;
    struct listener listener;
    struct ledger ledger;
    struct identity_table identities;
    struct answers answers;
    struct attempt *idle_attempts; /* attempt.c */
    unsigned idle_attempt_count;
    uv_timer_t flush; /* MOCK_LEDGER_FLUSH_MS after the first line that waits */
    struct show show;
    struct registry registry;
    struct metrics metrics;
    instant_ns created;
    uint64_t created_wall_ms;
    bool unready; /* /health/ready says 503 */
    struct proxy *proxy; /* owned; NULL: the mock answers itself */
    bool control; /* /__mock/ is served: the address is a loopback one */
};

/* A short answer outside the scenario: a body that is copied, and the request's id. */
struct api_answer {
    unsigned status;
    const char *body;
    const char *content_type; /* NULL: application/json */
    struct http_header extra; /* one more header; its name NULL: none */
};

/* X-Request-ID, when HTTP can carry it back; else NULL. */
const char *api_echo_of(struct http_exchange *exchange);
void api_reply(struct http_exchange *exchange, const struct api_answer *answer);
/* 200 with a JSON text; the buffer is released. */
void api_reply_buf(struct http_exchange *exchange, struct buf *body);
/* {"detail": sentence}; with "hint" unless that is NULL. */
void api_reply_error(struct http_exchange *exchange, unsigned status, const char *sentence);
void api_reply_hint(struct http_exchange *exchange, unsigned status, const char *sentence,
                    const char *hint);
/* 405; `allowed` is the method that would do. */
void api_reply_wrong_method(struct http_exchange *exchange, const char *allowed);
/* Moments of the loop's clock as tollama writes them: "2026-01-01T00:00:00Z"; null for
 * INSTANT_NEVER. */
void api_json_moment(struct json *json, const struct mock *mock, instant_ns when);

/* The request's body as a tree, which lives in `arena`. NULL: it was answered with 400 or 413. */
const cJSON *api_read_body(struct http_exchange *exchange, struct arena *arena);
/* Starts a play; without a place for it the request is answered with 503. The order's texts are
 * taken over. */
void api_play(struct mock *mock, struct player_order *order);
/* The same as when there is no place. */
void api_drop(struct player_order *order);

/* What can be decided before the body is read (http_server's on_head). */
void api_on_head(void *context, struct http_exchange *exchange);
/* Serves every request (http_server's on_request). */
void api_on_request(void *context, struct http_exchange *exchange);

#endif
