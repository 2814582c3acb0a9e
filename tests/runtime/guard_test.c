/* Who may call and how often: heads in, verdicts out, in virtual time. */
#include "runtime/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/secrets.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static const struct guard_settings plain = {
    .uri_bytes_max = 100,
    .header_bytes_max = 1000,
    .headers_max = 10,
};

/* IPv4 10.0.0.<last>. */
static struct http_peer v4(uint8_t last)
{
    return (struct http_peer){ { [10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = last } };
}

static struct guard_request request_from(struct http_peer peer)
{
    return (struct guard_request){ .path = "/tsfm/forecast", .peer = peer };
}

static enum guard_verdict judge(struct guard *guard, const struct guard_request *request)
{
    return guard_judge(guard, request, 0).verdict;
}

static enum guard_verdict judge_token(struct guard *guard, const char *authorization,
                                      const char *api_key)
{
    struct guard_request request = request_from(v4(1));
    request.authorization = authorization;
    request.api_key = api_key;
    return judge(guard, &request);
}

static void without_a_token_everyone_may_call(void **state)
{
    (void)state;
    struct guard *guard = guard_create(&plain, "", 1);
    assert_true(guard_is_open(guard));
    assert_int_equal(judge_token(guard, NULL, NULL), GUARD_PASS);
    assert_int_equal(judge_token(guard, "Bearer whatever", NULL), GUARD_PASS);
    guard_destroy(guard);
}

static void right_token_passes_in_either_header(void **state)
{
    (void)state;
    struct guard *guard = guard_create(&plain, TOKEN, 1);
    assert_false(guard_is_open(guard));
    assert_int_equal(judge_token(guard, "Bearer " TOKEN, NULL), GUARD_PASS);
    assert_int_equal(judge_token(guard, "bearer   " TOKEN " ", NULL), GUARD_PASS);
    assert_int_equal(judge_token(guard, NULL, TOKEN), GUARD_PASS);
    assert_int_equal(judge_token(guard, "Basic dTpw", TOKEN), GUARD_PASS);
    guard_destroy(guard);
}

static void anything_but_the_token_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        NULL, "", "Bearer", "Bearer ", TOKEN, "Basic " TOKEN, "Bearer" TOKEN,
        "Bearer 0123456789abcdef0123456789abcdeF", "Bearer 0123456789abcdef0123456789abcde",
        "Bearer " TOKEN "0", "Bearer " TOKEN " " TOKEN,
    };
    struct guard *guard = guard_create(&plain, TOKEN, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (judge_token(guard, wrong[i], NULL) != GUARD_UNAUTHORIZED) fail_msg("%s", wrong[i]);
    }
    assert_int_equal(judge_token(guard, NULL, ""), GUARD_UNAUTHORIZED);
    assert_int_equal(judge_token(guard, NULL, "Bearer " TOKEN), GUARD_UNAUTHORIZED);
    guard_destroy(guard);
}

static void probes_need_no_token_and_have_no_rate(void **state)
{
    (void)state;
    static const char *const open[] = { "/health/live", "/health/ready", "/metrics",
                                        "/openapi.json" };
    static const char *const closed[] = { "/", "/health", "/health/live/", "/tsfm/forecast",
                                          "/metrics2", "/health/../tsfm/forecast" };
    struct guard_settings settings = plain;
    settings.rate = (struct rate_limit_config){ .per_s = 1, .burst = 1 };
    struct guard *guard = guard_create(&settings, TOKEN, 1);
    struct guard_request request = request_from(v4(1));
    for (int i = 0; i < 40; i++) {
        request.path = open[i % 4];
        assert_int_equal(judge(guard, &request), GUARD_PASS);
    }
    for (uint8_t i = 0; i < 6; i++) {
        request = request_from(v4((uint8_t)(10 + i)));
        request.path = closed[i];
        if (judge(guard, &request) != GUARD_UNAUTHORIZED) fail_msg("%s", closed[i]);
    }
    guard_destroy(guard);
}

static void heads_above_a_limit_are_refused_on_every_path(void **state)
{
    (void)state;
    struct guard *guard = guard_create(&plain, TOKEN, 1);
    struct guard_request request = request_from(v4(1));
    request.path = "/health/live";
    request.size = (struct http_head_size){ .uri_bytes = 100, .bytes = 1000, .fields = 10 };
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    request.size.uri_bytes = 101;
    assert_int_equal(judge(guard, &request), GUARD_URI_TOO_LONG);
    request.size = (struct http_head_size){ .bytes = 1001 };
    assert_int_equal(judge(guard, &request), GUARD_HEAD_TOO_LARGE);
    request.size = (struct http_head_size){ .fields = 11 };
    assert_int_equal(judge(guard, &request), GUARD_HEAD_TOO_LARGE);
    request.size = (struct http_head_size){ .ambiguous = true };
    assert_int_equal(judge(guard, &request), GUARD_AMBIGUOUS);
    guard_destroy(guard);
}

static void rate_is_by_token_wherever_it_comes_from(void **state)
{
    (void)state;
    struct guard_settings settings = plain;
    settings.rate = (struct rate_limit_config){ .per_s = 1, .burst = 2 };
    struct guard *guard = guard_create(&settings, TOKEN, 1);
    struct guard_request request = request_from(v4(1));
    request.api_key = TOKEN;
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    request.peer = v4(2);
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    request.peer = v4(3);
    struct guard_decision decision = guard_judge(guard, &request, 200 * NS_PER_MS);
    assert_int_equal(decision.verdict, GUARD_RATE_LIMITED);
    assert_int_equal(decision.wait_ns, 800 * NS_PER_MS);
    assert_int_equal(guard_judge(guard, &request, NS_PER_S).verdict, GUARD_PASS);
    guard_destroy(guard);
}

/* Whoever guesses tokens uses up the limit of the address, and nobody else's. */
static void wrong_tokens_are_limited_by_address_apart_from_the_right_one(void **state)
{
    (void)state;
    struct guard_settings settings = plain;
    settings.rate = (struct rate_limit_config){ .per_s = 1, .burst = 1 };
    struct guard *guard = guard_create(&settings, TOKEN, 1);
    struct guard_request guess = request_from(v4(1));
    guess.api_key = "guess";
    assert_int_equal(judge(guard, &guess), GUARD_UNAUTHORIZED);
    guess.api_key = "another guess";
    assert_int_equal(judge(guard, &guess), GUARD_RATE_LIMITED);
    struct guard_request right = request_from(v4(1));
    right.api_key = TOKEN;
    assert_int_equal(judge(guard, &right), GUARD_PASS);
    struct guard_request other = request_from(v4(2));
    assert_int_equal(judge(guard, &other), GUARD_UNAUTHORIZED);
    guard_destroy(guard);
}

static void clients_without_tokens_are_addresses_and_of_ipv6_networks(void **state)
{
    (void)state;
    struct guard_settings settings = plain;
    settings.rate = (struct rate_limit_config){ .per_s = 1, .burst = 1 };
    struct guard *guard = guard_create(&settings, NULL, 1);
    struct guard_request request = request_from(v4(1));
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    assert_int_equal(judge(guard, &request), GUARD_RATE_LIMITED);
    request = request_from(v4(2));
    assert_int_equal(judge(guard, &request), GUARD_PASS);

    request = request_from((struct http_peer){ { 0x20, 1, 0xD, 0xB8, [7] = 1, [15] = 1 } });
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    request = request_from((struct http_peer){ { 0x20, 1, 0xD, 0xB8, [7] = 1, [15] = 2 } });
    assert_int_equal(judge(guard, &request), GUARD_RATE_LIMITED);
    request = request_from((struct http_peer){ { 0x20, 1, 0xD, 0xB8, [7] = 2, [15] = 1 } });
    assert_int_equal(judge(guard, &request), GUARD_PASS);
    guard_destroy(guard);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    struct guard_settings settings = plain;
    settings.rate.per_s = 7;
    struct guard *guard = guard_create(&settings, TOKEN, 1);
    struct guard_refusal refusal;
    guard_refuse(guard, (struct guard_decision){ GUARD_UNAUTHORIZED, 0 }, &refusal);
    assert_int_equal(refusal.status, 401);
    assert_int_equal(refusal.code, CODE_INPUT_INVALID);
    assert_string_equal(refusal.header.name, "WWW-Authenticate");
    assert_string_equal(refusal.header.value, "Bearer realm=\"tsfm\"");
    assert_null(strstr(refusal.detail, TOKEN));

    guard_refuse(guard, (struct guard_decision){ GUARD_RATE_LIMITED, NS_PER_S + 1 }, &refusal);
    assert_int_equal(refusal.status, 429);
    assert_int_equal(refusal.code, CODE_RUNTIME_RATE_LIMITED);
    assert_string_equal(refusal.header.name, "Retry-After");
    assert_string_equal(refusal.header.value, "2"); /* rounded up: never too early */
    guard_refuse(guard, (struct guard_decision){ GUARD_RATE_LIMITED, NS_PER_S }, &refusal);
    assert_string_equal(refusal.header.value, "1");

    guard_refuse(guard, (struct guard_decision){ GUARD_AMBIGUOUS, 0 }, &refusal);
    assert_int_equal(refusal.status, 400);
    assert_int_equal(refusal.code, CODE_INPUT_INVALID);
    guard_refuse(guard, (struct guard_decision){ GUARD_URI_TOO_LONG, 0 }, &refusal);
    assert_int_equal(refusal.status, 414);
    guard_refuse(guard, (struct guard_decision){ GUARD_HEAD_TOO_LARGE, 0 }, &refusal);
    assert_int_equal(refusal.status, 431);
    assert_null(refusal.header.name);
    guard_destroy(guard);
}

/* Secrets from the environment. */

static enum err load(struct secrets *secrets, const char *variable, struct err_note *note)
{
    char *environment[] = { (char *)(uintptr_t)"PATH=/bin", (char *)(uintptr_t)variable, NULL };
    *note = (struct err_note){ 0 };
    return secrets_load(secrets, environment, note);
}

static void placeholders_short_and_empty_tokens_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "   ", "changeme", "ChangeMe", " example ", "your-token", "YOUR_TOKEN_HERE", "token",
        "secret", "test", "password", "xxx", "todo", "<your-api-token>", "${API_TOKEN_VALUE}",
        "$(cat /run/secrets/token)", "xxxxxxxxxxxxxxxxxxxxxxxx", "XXXX-XXXX-XXXX-XXXX",
        "0000000000000000", "my-secret-token-1234", "change-me-change-me", "replace_this_value!!",
        "test-test-test-test-1", "a1b2c3d4e5f6g7h", "example-token-example", "password1234567890",
        "PLEASE-CHANGE-THIS-TOKEN", "0123456789\tabcdef", "t\303\266ken-t\303\266ken-12345",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct secrets secrets;
        struct err_note note;
        char variable[128] = "TSFM_FORECAST_API_TOKEN=";
        strncat(variable, bad[i], sizeof variable - strlen(variable) - 1);
        if (load(&secrets, variable, &note) == ERR_OK) fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(note.sentence, "TSFM_FORECAST_API_TOKEN"));
        if (strlen(bad[i]) > 12) assert_null(strstr(note.sentence, bad[i])); /* may be real */
    }
}

static void real_tokens_are_taken_without_the_space_around(void **state)
{
    (void)state;
    static const char *const good[] = {
        TOKEN, "9f86d081884c7d65", "dGhpcyBpcyBub3QgYSB0ZXN0",
        "3b241101-e2bb-4255-8caf-4136c566a962", "correct-horse-battery-staple", "4929118230019472",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct secrets secrets;
        struct err_note note;
        char variable[128] = "TSFM_FORECAST_API_TOKEN= ";
        strncat(variable, good[i], 64);
        strncat(variable, "\r\n", 3);
        if (load(&secrets, variable, &note) != ERR_OK) fail_msg("%s: %s", good[i], note.sentence);
        assert_string_equal(secrets.api_token, good[i]);
    }
}

static void absent_secrets_are_none_and_the_upstream_key_may_be_short(void **state)
{
    (void)state;
    struct secrets secrets;
    struct err_note note;
    assert_int_equal(load(&secrets, "TSFM_FORECAST_API_TOKENS=x", &note), ERR_OK);
    assert_string_equal(secrets.api_token, "");
    assert_string_equal(secrets.upstream_key, "");
    assert_int_equal(load(&secrets, "TSFM_UPSTREAM_API_KEY=k", &note), ERR_OK);
    assert_string_equal(secrets.upstream_key, "k");
    assert_int_not_equal(load(&secrets, "TSFM_UPSTREAM_API_KEY=", &note), ERR_OK);
    assert_int_not_equal(load(&secrets, "TSFM_UPSTREAM_API_KEY=a\r\nX: b", &note), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_token_everyone_may_call),
        cmocka_unit_test(right_token_passes_in_either_header),
        cmocka_unit_test(anything_but_the_token_is_refused),
        cmocka_unit_test(probes_need_no_token_and_have_no_rate),
        cmocka_unit_test(heads_above_a_limit_are_refused_on_every_path),
        cmocka_unit_test(rate_is_by_token_wherever_it_comes_from),
        cmocka_unit_test(wrong_tokens_are_limited_by_address_apart_from_the_right_one),
        cmocka_unit_test(clients_without_tokens_are_addresses_and_of_ipv6_networks),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(placeholders_short_and_empty_tokens_are_refused_with_a_sentence),
        cmocka_unit_test(real_tokens_are_taken_without_the_space_around),
        cmocka_unit_test(absent_secrets_are_none_and_the_upstream_key_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
