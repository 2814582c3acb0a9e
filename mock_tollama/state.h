#ifndef MOCK_STATE_H
#define MOCK_STATE_H
/* The running mock, shared by mock.c (which owns it), api.c and control.c. */

#include <stdbool.h>
#include <stdint.h>

#include "mock/identity.h"
#include "mock/ledger.h"
#include "mock/mock.h"
#include "mock/player.h"
#include "net/http_server.h"

struct mock {
    struct mock_config config;
    struct http_server *server; /* owned */
    struct player player;
    struct ledger ledger;
    struct identity_table identities;
    uv_timer_t flush; /* MOCK_LEDGER_FLUSH_MS after the first line that waits */
    instant_ns start; /* the scenario's zero */
    bool control;     /* /__mock/ is served: the address is a loopback one */
};

/* A short answer outside the scenario: a JSON body that is copied, and the request's id. */
struct api_answer {
    unsigned status;
    const char *body;
    const char *allow; /* the Allow header of a 405; NULL: none */
};

void api_reply(struct http_exchange *exchange, const struct api_answer *answer);
/* The same with {"detail": sentence}. */
void api_reply_error(struct http_exchange *exchange, unsigned status, const char *sentence);

/* Serves every request (http_server's on_request). */
void api_on_request(void *context, struct http_exchange *exchange);

/* Serves a path that begins with "/__mock/". */
void control_on_request(struct mock *mock, struct http_exchange *exchange);

#endif
