#ifndef MOCK_MODELS_H
#define MOCK_MODELS_H
/* tollama's endpoints about models and about the server itself. Each answers at once, outside the
 * scenario, but for a pull with "stream": true: its lines leave one by one, through the player. */

#include "mock/state.h"

void models_on_tags(struct mock *mock, struct http_exchange *exchange);
void models_on_ps(struct mock *mock, struct http_exchange *exchange);
void models_on_models(struct mock *mock, struct http_exchange *exchange);
void models_on_show(struct mock *mock, struct http_exchange *exchange);
void pull_on_request(struct mock *mock, struct http_exchange *exchange);
void models_on_info(struct mock *mock, struct http_exchange *exchange);

/* What a client is told about a model that cannot forecast: 404 or 403 with a hint. */
void models_refuse(struct http_exchange *exchange, enum model_state state, const char *name);
/* The same, for the body of a forecast's answer. Returns the status, 200 for MODEL_READY. */
unsigned models_refusal(enum model_state state, const char *name, struct err_note *note,
                        const char **hint);

#endif
