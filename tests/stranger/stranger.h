#ifndef TESTS_STRANGER_STRANGER_H
#define TESTS_STRANGER_STRANGER_H
/* Another service of the same contract, as small as it can be, written without any of the runtime's
 * code: it shows that the harness judges a stranger. A thread per connection, one retry, a fresh
 * cache of a second, a baseline; no breaker, no stale answers, no path and no attempts in its meta.
 *
 *     stranger PORT UPSTREAM_URL         serves http://127.0.0.1:PORT */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/buf.h"

/* One HTTP message, read from a socket. */
struct message {
    char *text; /* owned: head, NUL, body */
    const char *body;
    size_t body_length;
};

/* Reads one message with a Content-Length (or none); false when the socket ends or it is none. */
bool message_read(int fd, struct message *out);
void message_free(struct message *message);
/* The value of a header field, "" when it is not there; lives in `out`. */
const char *message_field(const struct message *message, const char *name, char *out,
                          size_t out_bytes);
/* The status of an answer; 0 when it is none. */
unsigned message_status(const struct message *message);
bool send_all(int fd, const char *bytes, size_t length);

/* stranger_upstream.c: asks the model server, at most twice. The forecast's quantiles (owned by the
 * caller), or NULL with the reason as a code of the taxonomy. */
struct upstream {
    char host[64];
    char port[8];
};
bool upstream_parse(struct upstream *upstream, const char *url);
cJSON *upstream_forecast(const struct upstream *upstream, const cJSON *request,
                         const char *request_id, const char **reason);

#endif
