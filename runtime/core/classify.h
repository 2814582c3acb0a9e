#ifndef CORE_CLASSIFY_H
#define CORE_CLASSIFY_H
/* How one attempt ended, and what follows from it: one row per outcome says which taxonomy code it
 * shows, whether a retry may follow (guide 2.2) and what the breaker hears (DESIGN section 3).
 * The names follow httpx, the client of the service that the guide describes.
 *
 *     503 -> OUTCOME_HTTP_503: RUNTIME_5XX, retry, breaker failure
 *     500 -> OUTCOME_HTTP_5XX: RUNTIME_5XX, no retry, breaker failure
 *     404 -> OUTCOME_HTTP_4XX: INPUT_INVALID, no retry, breaker success (the upstream is well) */

#include <stdbool.h>

#include "core/taxonomy.h"

#define OUTCOME_LIST(X)                                                                            \
    X(OUTCOME_OK, "ok")                                                                            \
    X(OUTCOME_CONNECT_ERROR, "connect_error")                                                      \
    X(OUTCOME_CONNECT_TIMEOUT, "connect_timeout")                                                  \
    X(OUTCOME_WRITE_ERROR, "write_error")                                                          \
    X(OUTCOME_WRITE_TIMEOUT, "write_timeout")                                                      \
    X(OUTCOME_READ_ERROR, "read_error")                                                            \
    X(OUTCOME_READ_TIMEOUT, "read_timeout")                                                        \
    X(OUTCOME_PROTOCOL_ERROR, "protocol_error")                                                    \
    X(OUTCOME_DECODING_ERROR, "decoding_error")                                                    \
    X(OUTCOME_TOO_LARGE, "response_too_large")                                                     \
    X(OUTCOME_HTTP_429, "http_429")                                                                \
    X(OUTCOME_HTTP_502, "http_502")                                                                \
    X(OUTCOME_HTTP_503, "http_503")                                                                \
    X(OUTCOME_HTTP_504, "http_504")                                                                \
    X(OUTCOME_HTTP_5XX, "http_5xx")                                                                \
    X(OUTCOME_HTTP_4XX, "http_4xx")                                                                \
    X(OUTCOME_HTTP_OTHER, "http_other")                                                            \
    X(OUTCOME_BAD_SCHEMA, "bad_schema")                                                            \
    X(OUTCOME_WRONG_ID, "wrong_request_id")                                                        \
    X(OUTCOME_DEADLINE, "deadline")                                                                \
    X(OUTCOME_ABANDONED, "abandoned")

enum outcome {
#define OUTCOME_ENUM(name, text) name,
    OUTCOME_LIST(OUTCOME_ENUM)
#undef OUTCOME_ENUM
};

enum { OUTCOME_COUNT = OUTCOME_ABANDONED + 1 };

enum verdict {
    VERDICT_SUCCESS,
    VERDICT_FAILURE,
    VERDICT_EXCLUDED, /* the permit comes back, nothing is counted */
};

struct outcome_rule {
    enum code code;
    bool retryable;
    enum verdict verdict;
};

/* Never NULL. HTTP_429's verdict here is EXCLUDED; breaker_config.count_429 makes it a failure. */
const struct outcome_rule *classify(enum outcome outcome);

/* The outcome of a complete, well-framed response with this status. 200 is OUTCOME_OK: whether its
 * body is a forecast is for forecast/answer.h to say. */
enum outcome classify_status(unsigned status);

/* Whether a refusal with this status is about what was asked, so that asking the same again is in
 * vain: 400, 413 and 422. Other 4xx are about the place (404, 405, 410), the caller's rights (401,
 * 403), the moment (408, 409, 425) or the connection (421, 426, 431): all of that changes while the
 * request stays the same. */
bool classify_is_final(unsigned status);

/* "http_503" */
const char *outcome_name(enum outcome outcome);
bool outcome_parse(const char *name, enum outcome *out);

#endif
