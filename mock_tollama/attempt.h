#ifndef MOCK_ATTEMPT_H
#define MOCK_ATTEMPT_H
/* One request for a forecast: whose it is, what the scenario has for it, what is wrong with it, and
 * the answer, which the player then plays. */

#include "mock/ask.h"
#include "mock/state.h"

/* `path` is static. */
void attempt_on_request(struct mock *mock, struct http_exchange *exchange, const char *path,
                        enum ask_api api);

#endif
