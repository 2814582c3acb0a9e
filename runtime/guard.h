#ifndef RUNTIME_GUARD_H
#define RUNTIME_GUARD_H
/* Who may call, how often, and with how large a head: judged by the head alone, before any of the
 * body is read. In this order, the first that refuses answers:
 *
 *     400  a head that leaves open where the body ends (struct http_head_size)
 *     414  a request target over uri_bytes_max
 *     431  a head over header_bytes_max, or more fields than headers_max
 *     429  a client over rate_limit_per_s, with Retry-After    (not the open paths)
 *     401  no token, or another one, with WWW-Authenticate     (not the open paths)
 *
 * A client is its token when it shows the right one, else its address (of IPv6 the first 64 bits,
 * which one household holds). So wrong tokens are rate limited by address, and callers behind one
 * address do not share a limit with them.
 *
 * /health/live, /health/ready, /metrics and /openapi.json are open: probes carry no token.
 *
 * Tokens are compared as SHA-256 digests in constant time: neither length nor content shows in how
 * long it takes. Taxonomy: INPUT_INVALID for all but 429, which is RUNTIME_RATE_LIMITED. */

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "config/config.h"
#include "forecast/response.h"
#include "net/http_server.h"

#define GUARD_VERDICT_LIST(X)                                                                      \
    X(GUARD_PASS, "pass")                                                                          \
    X(GUARD_AMBIGUOUS, "ambiguous")                                                                \
    X(GUARD_URI_TOO_LONG, "uri_too_long")                                                          \
    X(GUARD_HEAD_TOO_LARGE, "head_too_large")                                                      \
    X(GUARD_RATE_LIMITED, "rate_limited")                                                          \
    X(GUARD_UNAUTHORIZED, "unauthorized")

enum guard_verdict {
#define GUARD_ENUM(name, text) name,
    GUARD_VERDICT_LIST(GUARD_ENUM)
#undef GUARD_ENUM
};

enum { GUARD_VERDICT_COUNT = GUARD_UNAUTHORIZED + 1 };

const char *guard_verdict_name(enum guard_verdict verdict);

struct guard;

/* `settings` is borrowed; its rate may change. `token`: "" or NULL: everyone may call. */
struct guard *guard_create(const struct guard_settings *settings, const char *token,
                           uint64_t seed);
void guard_destroy(struct guard *guard);
bool guard_is_open(const struct guard *guard);

struct guard_request {
    const char *path;
    const char *authorization; /* header values, NULL when absent */
    const char *api_key;
    struct http_peer peer;
    struct http_head_size size;
};

struct guard_decision {
    enum guard_verdict verdict;
    uint64_t wait_ns; /* GUARD_RATE_LIMITED: until the next request would pass */
};

struct guard_decision guard_judge(struct guard *guard, const struct guard_request *request,
                                  instant_ns now);

/* A refusal as an answer; the texts are inside. */
struct guard_refusal {
    unsigned status;
    enum code code;
    char detail[160];
    struct http_header header; /* name NULL: none */
    char header_value[24];
};

/* `out` must stay where it is while its header is used. */
void guard_refuse(const struct guard *guard, struct guard_decision decision,
                  struct guard_refusal *out);

#endif
