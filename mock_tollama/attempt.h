#ifndef MOCK_ATTEMPT_H
#define MOCK_ATTEMPT_H
/* One request for a forecast: whose it is, what the scenario has for it, what is wrong with it, and
 * the answer, which the player then plays. */

#include "mock/ask.h"
#include "mock/state.h"

/* What was decided when only the head had been read: the exchange's user until on_request. */
struct attempt_early {
    struct identity identity; /* owned */
    int64_t at_ns;
    const char *path;
    struct stage *stage; /* held */
    struct reply_plan plan;
};

/* Decides now when a fault in force may stop inside the request; `path` is static. */
void attempt_on_head(struct mock *mock, struct http_exchange *exchange, const char *path);
/* No fault stopped it, and its fate is decided when its body is there: `early` holds nothing. */
bool attempt_is_past_head(const struct attempt_early *early);
/* The client left before its request was complete. */
void attempt_on_dropped(struct mock *mock, struct http_exchange *exchange);
/* `path` is static. */
void attempt_on_request(struct mock *mock, struct http_exchange *exchange, const char *path,
                        enum ask_api api);

/* Of the mock's end: memory that waits for the next attempts. */
void attempts_deinit(struct mock *mock);

#endif
