#include "core/classify.h"

#include <assert.h>
#include <string.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
#define OUTCOME_TEXT(name, text) [name] = text,
    OUTCOME_LIST(OUTCOME_TEXT)
#undef OUTCOME_TEXT
};

/* A new outcome needs a row here; its place in OUTCOME_LIST does not matter. Only what another try
 * may mend is retryable: the network, an overloaded server, a limit of ours that passed. An answer
 * that is wrong once is wrong again. */
#define ROW(outcome, code_, retryable_, verdict_)                                                  \
    [outcome] = { .code = code_, .retryable = retryable_, .verdict = verdict_ }

static const struct outcome_rule rules[OUTCOME_COUNT] = {
    ROW(OUTCOME_OK, CODE_NONE, false, VERDICT_SUCCESS),
    ROW(OUTCOME_CONNECT_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_CONNECT_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_WRITE_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_WRITE_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_READ_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_READ_TIMEOUT, CODE_RUNTIME_TIMEOUT, true, VERDICT_FAILURE),
    ROW(OUTCOME_PROTOCOL_ERROR, CODE_RUNTIME_NETWORK, true, VERDICT_FAILURE),
    ROW(OUTCOME_DECODING_ERROR, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_TOO_LARGE, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_429, CODE_RUNTIME_RATE_LIMITED, true, VERDICT_EXCLUDED),
    ROW(OUTCOME_HTTP_502, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_503, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_504, CODE_RUNTIME_5XX, true, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_5XX, CODE_RUNTIME_5XX, false, VERDICT_FAILURE),
    ROW(OUTCOME_HTTP_4XX, CODE_INPUT_INVALID, false, VERDICT_SUCCESS),
    ROW(OUTCOME_HTTP_OTHER, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_BAD_SCHEMA, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_WRONG_ID, CODE_RUNTIME_BAD_RESPONSE_SCHEMA, false, VERDICT_FAILURE),
    ROW(OUTCOME_DEADLINE, CODE_RUNTIME_TIMEOUT, false, VERDICT_EXCLUDED),
    ROW(OUTCOME_ABANDONED, CODE_NONE, false, VERDICT_EXCLUDED),
};
#undef ROW

const struct outcome_rule *classify(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOME_COUNT);
    return &rules[outcome];
}

enum outcome classify_status(unsigned status)
{
    switch (status) {
    case 200: return OUTCOME_OK;
    case 429: return OUTCOME_HTTP_429;
    case 502: return OUTCOME_HTTP_502;
    case 503: return OUTCOME_HTTP_503;
    case 504: return OUTCOME_HTTP_504;
    }
    if (status >= 400 && status <= 499) return OUTCOME_HTTP_4XX;
    if (status >= 500 && status <= 599) return OUTCOME_HTTP_5XX;
    return OUTCOME_HTTP_OTHER;
}

bool classify_is_final(unsigned status)
{
    return status == 400 || status == 413 || status == 422;
}

const char *outcome_name(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOME_COUNT);
    return outcome_names[outcome];
}

bool outcome_parse(const char *name, enum outcome *out)
{
    for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (strcmp(outcome_names[outcome], name) != 0) continue;
        *out = (enum outcome)outcome;
        return true;
    }
    return false;
}
