#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/classify.h"

struct row {
    enum outcome outcome;
    const char *name;
    const char *code;
    bool retryable;
    enum verdict verdict;
};

/* Written out by hand from the guide and the design, not from classify.c. */
static const struct row expected[] = {
    { OUTCOME_OK, "ok", "", false, VERDICT_SUCCESS },
    { OUTCOME_CONNECT_ERROR, "connect_error", "RUNTIME_NETWORK", true, VERDICT_FAILURE },
    { OUTCOME_CONNECT_TIMEOUT, "connect_timeout", "RUNTIME_TIMEOUT", true, VERDICT_FAILURE },
    { OUTCOME_WRITE_ERROR, "write_error", "RUNTIME_NETWORK", true, VERDICT_FAILURE },
    { OUTCOME_WRITE_TIMEOUT, "write_timeout", "RUNTIME_TIMEOUT", true, VERDICT_FAILURE },
    { OUTCOME_READ_ERROR, "read_error", "RUNTIME_NETWORK", true, VERDICT_FAILURE },
    { OUTCOME_READ_TIMEOUT, "read_timeout", "RUNTIME_TIMEOUT", true, VERDICT_FAILURE },
    { OUTCOME_PROTOCOL_ERROR, "protocol_error", "RUNTIME_NETWORK", true, VERDICT_FAILURE },
    { OUTCOME_DECODING_ERROR, "decoding_error", "RUNTIME_BAD_RESPONSE_SCHEMA", false,
      VERDICT_FAILURE },
    { OUTCOME_TOO_LARGE, "response_too_large", "RUNTIME_BAD_RESPONSE_SCHEMA", false,
      VERDICT_FAILURE },
    { OUTCOME_HTTP_429, "http_429", "RUNTIME_RATE_LIMITED", true, VERDICT_EXCLUDED },
    { OUTCOME_HTTP_502, "http_502", "RUNTIME_5XX", true, VERDICT_FAILURE },
    { OUTCOME_HTTP_503, "http_503", "RUNTIME_5XX", true, VERDICT_FAILURE },
    { OUTCOME_HTTP_504, "http_504", "RUNTIME_5XX", true, VERDICT_FAILURE },
    { OUTCOME_HTTP_5XX, "http_5xx", "RUNTIME_5XX", false, VERDICT_FAILURE },
    { OUTCOME_HTTP_4XX, "http_4xx", "INPUT_INVALID", false, VERDICT_SUCCESS },
    { OUTCOME_HTTP_OTHER, "http_other", "RUNTIME_BAD_RESPONSE_SCHEMA", false, VERDICT_FAILURE },
    { OUTCOME_BAD_SCHEMA, "bad_schema", "RUNTIME_BAD_RESPONSE_SCHEMA", false, VERDICT_FAILURE },
    { OUTCOME_WRONG_ID, "wrong_request_id", "RUNTIME_BAD_RESPONSE_SCHEMA", false, VERDICT_FAILURE },
    { OUTCOME_DEADLINE, "deadline", "RUNTIME_TIMEOUT", false, VERDICT_EXCLUDED },
    { OUTCOME_ABANDONED, "abandoned", "", false, VERDICT_EXCLUDED },
};

static void every_outcome_has_its_code_retry_and_verdict(void **state)
{
    (void)state;
    assert_int_equal(sizeof expected / sizeof expected[0], OUTCOME_COUNT);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        const struct row *row = &expected[i];
        const struct outcome_rule *rule = classify(row->outcome);
        assert_string_equal(outcome_name(row->outcome), row->name);
        assert_string_equal(code_name(rule->code), row->code);
        assert_int_equal(rule->retryable, row->retryable);
        assert_int_equal(rule->verdict, row->verdict);
    }
}

static void every_outcome_name_parses_back(void **state)
{
    (void)state;
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        assert_true(outcome_parse(expected[i].name, &outcome));
        assert_int_equal(outcome, expected[i].outcome);
    }
    outcome = OUTCOME_DEADLINE;
    assert_false(outcome_parse("http_500", &outcome));
    assert_int_equal(outcome, OUTCOME_DEADLINE);
}

static void every_status_has_its_outcome(void **state)
{
    (void)state;
    for (unsigned status = 0; status < 1000; status++) {
        enum outcome want = OUTCOME_HTTP_OTHER;
        if (status / 100 == 4) want = OUTCOME_HTTP_4XX;
        if (status / 100 == 5) want = OUTCOME_HTTP_5XX;
        if (status == 200) want = OUTCOME_OK;
        if (status == 429) want = OUTCOME_HTTP_429;
        if (status == 502) want = OUTCOME_HTTP_502;
        if (status == 503) want = OUTCOME_HTTP_503;
        if (status == 504) want = OUTCOME_HTTP_504;
        assert_int_equal(classify_status(status), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_has_its_code_retry_and_verdict),
        cmocka_unit_test(every_outcome_name_parses_back),
        cmocka_unit_test(every_status_has_its_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
