#ifndef MOCK_PROXY_ANSWER_H
#define MOCK_PROXY_ANSWER_H
/* What a forwarded call's client is told: the upstream's answer, or why there is none. Used by
 * proxy.c and proxy_stream.c. */

#include "mock/player.h"
#include "net/http_client.h"

/* How a call ended, for the client, the ledger and the record. */
struct proxy_outcome {
    const char *ended;                /* static: "complete", "timeout", ... (mock/record.h) */
    unsigned status;                  /* 0: no answer */
    const struct http_result *result; /* NULL: none */
    const char *detail;               /* without a result: the sentence about it */
};

/* Status and headers of the order. Its owner becomes one that holds them, and ends the owner it
 * had. With `last` they say that the connection ends. */
void proxy_answer_head(struct player_order *order, const struct proxy_outcome *outcome, bool last);
/* The same, and the body. */
void proxy_answer_fill(struct player_order *order, const struct proxy_outcome *outcome);
/* Replies with a filled order, at once and without a plan. */
void proxy_answer_reply(struct http_exchange *exchange, const struct player_order *order);

#endif
