#include "harness/reference.h"

#include <assert.h>

/* Guide 2.2 names what may be retried: connect errors, read timeouts, protocol errors, and 429,
 * 502, 503, 504 (their like on the way out is taken along); guide 7 the classes; guide 4 and the
 * design what the breaker counts. */
#define ROW(outcome, code_, retryable_, verdict_)                                                  \
    [outcome] = { .code = code_, .retryable = retryable_, .verdict = verdict_ }

static const struct reference_rule rules[OUTCOME_COUNT] = {
    ROW(OUTCOME_OK, CODE_NONE, false, VERDICT_SUCCESS),
    ROW(OUTCOME_CONNECT_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_WRITE_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_READ_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_PROTOCOL_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_CONNECT_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_WRITE_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_READ_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_DEADLINE, CODE_RUNTIME_TIMEOUT, false, VERDICT_EXCLUDED),
    ROW(OUTCOME_HTTP_429, CODE_RUNTIME_RATE_LIMITED, true, VERDICT_EXCLUDED),
    ROW(OUTCOME_HTTP_502, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_503, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_504, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_5XX, CODE_RUNTIME_5XX, false, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_4XX, CODE_INPUT_INVALID, false, VERDICT_SUCCESS),
    ROW(OUTCOME_HTTP_OTHER, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_DECODING_ERROR, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_TOO_LARGE, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_BAD_SCHEMA, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_WRONG_ID, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_ABANDONED, CODE_NONE, false, VERDICT_EXCLUDED),
};
#undef ROW

const struct reference_rule *reference_outcome(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOME_COUNT);
    return &rules[outcome];
}

uint64_t reference_backoff_ceiling_ns(const struct backoff_config *config, uint32_t retry)
{
    uint64_t ceiling_ns = config->base_ns;
    for (uint32_t i = 0; i < retry && ceiling_ns < config->cap_ns; i++) ceiling_ns *= 2;
    return u64_min(ceiling_ns, config->cap_ns);
}
