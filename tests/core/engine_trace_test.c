#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/engine_trace.h"

#define KEY16 "00000000000000ff"
#define CACHE64 "ab000000000000000000000000000000000000000000000000000000000000cd"

static const struct engine_config config = {
    .calls_max = 8,
    .connect_timeout_ns = NS_PER_S,
    .read_timeout_ns = NS_PER_S,
    .write_timeout_ns = NS_PER_S,
    .pool_timeout_ns = NS_PER_S,
    .request_deadline_ns = 2000,
    .pool = { .connections_max = 1 },
    .breaker = { .failures_to_open = 1,
                 .window_ns = 100,
                 .min_volume = 1,
                 .cooldown_ns = 5000,
                 .half_open_probes = 1,
                 .probe_deadline_ns = 1 },
    .cache = { .ttl_ns = 10, .stale_ns = 10, .entries_max = 1, .bytes_max = 10 },
};

static struct buf lines;

static const char *input_line(struct engine_input input, instant_ns now)
{
    buf_clear(&lines);
    engine_trace_input(&lines, &input, now);
    return buf_text(&lines);
}

/* Steps and traces the actions. */
static const char *action_lines(struct engine *engine, struct engine_input input, instant_ns now)
{
    buf_clear(&lines);
    const struct engine_actions *actions = engine_step(engine, &input, now);
    for (uint32_t i = 0; i < actions->count; i++) {
        engine_trace_action(&lines, engine, &actions->items[i], now);
    }
    return buf_text(&lines);
}

static struct engine_input a_request(void)
{
    return (struct engine_input){ .kind = ENGINE_REQUEST,
                                  .call = 3,
                                  .request_key = 255,
                                  .cache_key = { .bytes = { [0] = 0xab, [31] = 0xcd } } };
}

static void every_input_has_its_line(void **state)
{
    (void)state;
    struct engine_input input = { .call = 3, .attempt = 1 };
    assert_string_equal(input_line(input, 7), "{\"t\":7,\"in\":\"timer\"}\n");

    assert_string_equal(input_line(a_request(), 1203004),
                        "{\"t\":1203004,\"in\":\"request\",\"call\":3,\"key\":\"" KEY16
                        "\",\"cache\":\"" CACHE64 "\"}\n");
    input = a_request();
    input.has_family = true;
    input.family_key = input.cache_key;
    assert_string_equal(input_line(input, 1203004),
                        "{\"t\":1203004,\"in\":\"request\",\"call\":3,\"key\":\"" KEY16
                        "\",\"cache\":\"" CACHE64 "\",\"family\":\"" CACHE64 "\"}\n");
    input = a_request();
    input.baseline_only = CODE_INPUT_INSUFFICIENT_HISTORY;
    assert_non_null(
        strstr(input_line(input, 1), "cd\",\"baseline_only\":\"INPUT_INSUFFICIENT_HISTORY\"}\n"));

    const struct {
        enum engine_input_kind kind;
        const char *line;
    } rows[] = {
        { ENGINE_CLIENT_GONE, "{\"t\":7,\"in\":\"client_gone\",\"call\":3}\n" },
        { ENGINE_ATTEMPT_CONNECTED,
          "{\"t\":7,\"in\":\"attempt_connected\",\"call\":3,\"attempt\":1}\n" },
        { ENGINE_ATTEMPT_PROGRESS,
          "{\"t\":7,\"in\":\"attempt_progress\",\"call\":3,\"attempt\":1}\n" },
        { ENGINE_ATTEMPT_SENT, "{\"t\":7,\"in\":\"attempt_sent\",\"call\":3,\"attempt\":1}\n" },
        { ENGINE_BASELINE_DONE, "{\"t\":7,\"in\":\"baseline_done\",\"call\":3,\"ok\":false}\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        input = (struct engine_input){ .kind = rows[i].kind, .call = 3, .attempt = 1 };
        assert_string_equal(input_line(input, 7), rows[i].line);
    }
}

static void the_end_of_an_attempt_says_what_applies(void **state)
{
    (void)state;
    struct engine_input input = { .kind = ENGINE_ATTEMPT_DONE,
                                  .call = 3,
                                  .outcome = OUTCOME_HTTP_503,
                                  .http_status = 503,
                                  .has_retry_after = true };
    assert_string_equal(input_line(input, 1203004),
                        "{\"t\":1203004,\"in\":\"attempt_done\",\"call\":3,\"attempt\":0,"
                        "\"outcome\":\"http_503\",\"status\":503,\"retry_after_ns\":0}\n");
    input =
        (struct engine_input){ .kind = ENGINE_ATTEMPT_DONE, .http_status = 200, .body_bytes = 812 };
    assert_string_equal(input_line(input, 9),
                        "{\"t\":9,\"in\":\"attempt_done\",\"call\":0,\"attempt\":0,"
                        "\"outcome\":\"ok\",\"status\":200,\"body_bytes\":812}\n");
}

static void a_call_that_is_stored_and_one_that_falls_back(void **state)
{
    (void)state;
    struct engine *engine = engine_create(&config);
    assert_string_equal(
        action_lines(engine, a_request(), 1000),
        "{\"t\":1000,\"do\":\"start_attempt\",\"call\":3,\"attempt\":0,\"deadline\":3000}\n");
    struct engine_input input = {
        .kind = ENGINE_ATTEMPT_DONE, .call = 3, .http_status = 200, .body_bytes = 5
    };
    assert_string_equal(
        action_lines(engine, input, 1040),
        "{\"t\":1040,\"do\":\"store\",\"call\":3,\"slot\":0,\"from\":\"attempt\"}\n"
        "{\"t\":1040,\"do\":\"answer\",\"call\":3,\"key\":\"" KEY16 "\",\"served\":\"upstream\","
        "\"code\":null,\"cause\":null,\"cache_state\":\"miss\",\"cache_tier\":\"none\","
        "\"age_ns\":0,\"breaker\":\"closed\","
        "\"arrived\":1000,\"deadline\":3000,\"attempts\":[{\"outcome\":\"ok\",\"status\":200,"
        "\"started\":1000,\"backoff_ns\":0,\"latency_ns\":40}],"
        "\"path\":[\"l1:miss\",\"breaker:closed\",\"attempt:ok\"]}\n");

    action_lines(engine, a_request(), 1055);
    input = (struct engine_input){
        .kind = ENGINE_ATTEMPT_DONE, .call = 3, .outcome = OUTCOME_HTTP_503, .http_status = 503
    };
    assert_string_equal(
        action_lines(engine, input, 1056),
        "{\"t\":1056,\"do\":\"breaker\",\"from\":\"closed\",\"to\":\"open\",\"rule\":\"count\","
        "\"failures\":1,\"volume\":2,\"cooldown_ns\":5000,\"generation\":1}\n"
        "{\"t\":1056,\"do\":\"answer\",\"call\":3,\"key\":\"" KEY16 "\",\"served\":\"stale\","
        "\"code\":\"CACHE_STALE_SERVED\",\"cause\":\"RUNTIME_5XX\","
        "\"cache_state\":\"stale_if_error\",\"cache_tier\":\"l1\","
        "\"age_ns\":16,\"breaker\":\"open\","
        "\"arrived\":1055,\"deadline\":3055,\"attempts\":[{\"outcome\":\"http_503\",\"status\":503,"
        "\"started\":1055,\"backoff_ns\":0,\"latency_ns\":1}],"
        "\"path\":[\"l1:stale\",\"breaker:closed\",\"attempt:RUNTIME_5XX\",\"stale:hit\"]}\n");

    assert_string_equal(action_lines(engine, a_request(), 1100),
                        "{\"t\":1100,\"do\":\"run_baseline\",\"call\":3}\n");
    assert_string_equal(action_lines(engine, (struct engine_input){ .kind = ENGINE_TIMER }, 1100),
                        "{\"t\":1100,\"do\":\"drop\",\"slot\":0}\n");
    engine_destroy(engine);
}

static void a_request_key_has_all_its_digits(void **state)
{
    (void)state;
    struct engine_input input = a_request();
    input.request_key = UINT64_C(0x0123456789abcdef);
    assert_non_null(strstr(input_line(input, 7), "\"key\":\"0123456789abcdef\","));
}

static void each_attempt_of_a_call_is_told(void **state)
{
    (void)state;
    struct engine_config with_retries = config;
    with_retries.retry_count = 1;
    with_retries.breaker.failures_to_open = 9;
    struct engine *engine = engine_create(&with_retries);
    action_lines(engine, a_request(), 1000);
    struct engine_input input = {
        .kind = ENGINE_ATTEMPT_DONE, .call = 3, .outcome = OUTCOME_HTTP_503, .http_status = 503
    };
    action_lines(engine, input, 1010);
    action_lines(engine, (struct engine_input){ .kind = ENGINE_TIMER }, 1011);
    input.attempt = 1;
    input.outcome = OUTCOME_HTTP_5XX;
    input.http_status = 500;
    action_lines(engine, input, 1015);
    input = (struct engine_input){ .kind = ENGINE_BASELINE_DONE, .call = 3, .baseline_ok = true };
    assert_non_null(
        strstr(action_lines(engine, input, 1020),
               "\"attempts\":[{\"outcome\":\"http_503\",\"status\":503,\"started\":1000,"
               "\"backoff_ns\":0,\"latency_ns\":10},{\"outcome\":\"http_5xx\",\"status\":500,"
               "\"started\":1011,\"backoff_ns\":0,\"latency_ns\":4}]"));
    engine_destroy(engine);
}

static void a_cancelled_attempt_says_why(void **state)
{
    (void)state;
    struct engine *engine = engine_create(&config);
    action_lines(engine, a_request(), 1000);
    const char *text =
        action_lines(engine, (struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = 3 }, 1010);
    assert_non_null(strstr(text, "{\"t\":1010,\"do\":\"cancel_attempt\",\"call\":3,\"attempt\":0,"
                                 "\"outcome\":\"abandoned\"}\n"));
    assert_non_null(strstr(text, "\"served\":\"nobody\""));
    assert_non_null(strstr(text, "\"attempt:abandoned\""));
    engine_destroy(engine);
}

static void the_second_level_has_its_lines(void **state)
{
    (void)state;
    struct engine_input input = {
        .kind = ENGINE_L2_DONE, .call = 3, .age_ns = 12, .body_bytes = 5
    };
    assert_string_equal(input_line(input, 7),
                        "{\"t\":7,\"in\":\"l2_done\",\"call\":3,\"hit\":false}\n");
    input.l2_hit = true;
    assert_string_equal(input_line(input, 7),
                        "{\"t\":7,\"in\":\"l2_done\",\"call\":3,\"hit\":true,\"age_ns\":12,"
                        "\"body_bytes\":5}\n");

    struct engine_config with_l2 = config;
    with_l2.l2_enabled = true;
    with_l2.l2_timeout_ns = 50;
    struct engine *engine = engine_create(&with_l2);
    const char *get = "{\"t\":1000,\"do\":\"l2_get\",\"call\":3}\n";
    assert_string_equal(action_lines(engine, a_request(), 1000), get);
    const char *text =
        action_lines(engine, (struct engine_input){ .kind = ENGINE_TIMER }, 1050);
    assert_non_null(strstr(text, "{\"t\":1050,\"do\":\"l2_cancel\",\"call\":3}\n"));
    input = (struct engine_input){ .kind = ENGINE_ATTEMPT_DONE, .call = 3, .body_bytes = 5 };
    text = action_lines(engine, input, 1060);
    assert_non_null(strstr(text, "{\"t\":1060,\"do\":\"l2_put\",\"call\":3,\"slot\":0}\n"));

    action_lines(engine, a_request(), 1070);
    input = (struct engine_input){
        .kind = ENGINE_L2_DONE, .call = 3, .l2_hit = true, .age_ns = 2, .body_bytes = 5
    };
    text = action_lines(engine, input, 1071);
    assert_non_null(
        strstr(text, "{\"t\":1071,\"do\":\"store\",\"call\":3,\"slot\":0,\"from\":\"l2\"}\n"));
    assert_non_null(strstr(text, "\"cache_state\":\"fresh\",\"cache_tier\":\"l2\",\"age_ns\":2"));

    action_lines(engine, a_request(), 1090);
    action_lines(engine, (struct engine_input){ .kind = ENGINE_L2_DONE, .call = 3 }, 1090);
    input = (struct engine_input){ .kind = ENGINE_ATTEMPT_DONE, .call = 3, .body_bytes = 50 };
    text = action_lines(engine, input, 1091); /* too large for L1 */
    assert_non_null(strstr(text, "{\"t\":1091,\"do\":\"l2_put\",\"call\":3}\n"));
    engine_destroy(engine);
}

static int setup(void **state)
{
    (void)state;
    buf_init(&lines, BUF_UNBOUNDED);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_deinit(&lines);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_has_its_line),
        cmocka_unit_test(the_end_of_an_attempt_says_what_applies),
        cmocka_unit_test(a_call_that_is_stored_and_one_that_falls_back),
        cmocka_unit_test(a_request_key_has_all_its_digits),
        cmocka_unit_test(each_attempt_of_a_call_is_told),
        cmocka_unit_test(a_cancelled_attempt_says_why),
        cmocka_unit_test(the_second_level_has_its_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
