#ifndef CORE_TAXONOMY_H
#define CORE_TAXONOMY_H
/* The failure taxonomy (guide section 7, and RUNTIME_OVERLOADED of our own).
 *
 * An answer carries two of them: `code` says what was served when it was not the plain forecast
 * (CACHE_STALE_SERVED, BASELINE_FALLBACK, or the error's code), `cause` says why. CODE_NONE in both
 * means nothing went wrong; it is written as null. */

#include <stdbool.h>

#define CODE_LIST(X)                                                                               \
    X(CODE_NONE, "")                                                                               \
    X(CODE_INPUT_INVALID, "INPUT_INVALID")                                                         \
    X(CODE_INPUT_INSUFFICIENT_HISTORY, "INPUT_INSUFFICIENT_HISTORY")                               \
    X(CODE_INPUT_LOW_LIQUIDITY_BASELINE_ONLY, "INPUT_LOW_LIQUIDITY_BASELINE_ONLY")                 \
    X(CODE_RUNTIME_TIMEOUT, "RUNTIME_TIMEOUT")                                                     \
    X(CODE_RUNTIME_RATE_LIMITED, "RUNTIME_RATE_LIMITED")                                           \
    X(CODE_RUNTIME_5XX, "RUNTIME_5XX")                                                             \
    X(CODE_RUNTIME_NETWORK, "RUNTIME_NETWORK")                                                     \
    X(CODE_RUNTIME_BAD_RESPONSE_SCHEMA, "RUNTIME_BAD_RESPONSE_SCHEMA")                             \
    X(CODE_RUNTIME_OVERLOADED, "RUNTIME_OVERLOADED")                                               \
    X(CODE_CIRCUIT_OPEN, "CIRCUIT_OPEN")                                                           \
    X(CODE_CACHE_STALE_SERVED, "CACHE_STALE_SERVED")                                               \
    X(CODE_BASELINE_FALLBACK, "BASELINE_FALLBACK")

enum code {
#define CODE_ENUM(name, text) name,
    CODE_LIST(CODE_ENUM)
#undef CODE_ENUM
};

enum { CODE_COUNT = CODE_BASELINE_FALLBACK + 1 };

/* "RUNTIME_5XX"; "" for CODE_NONE. */
const char *code_name(enum code code);
/* False when `name` is no code ("" is none). */
bool code_parse(const char *name, enum code *out);

#endif
