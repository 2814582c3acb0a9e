/* Requests that tollama refuses, and bytes that are no request at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

static void expect_refused(const struct mock_process *mock, const char *path, const char *body,
                           const char *part)
{
    struct answer answer;
    client_call(mock, &(struct request){ .path = path, .id = "x", .body = body }, &answer);
    assert_int_equal(answer.end, END_WHOLE);
    if (answer.status != 400) fail_msg("%u for %s", answer.status, body);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    const char *detail = cJSON_GetStringValue(cJSON_GetObjectItem(document, "detail"));
    assert_non_null(detail);
    if (strstr(detail, part) == NULL) fail_msg("\"%s\" does not tell of %s", detail, part);
    cJSON_Delete(document);
    answer_free(&answer);
}

#define SERIES "\"series\":[{\"id\":\"a\",\"timestamps\":[\"t1\",\"t2\"],\"target\":[1,2]}]"

static void every_schema_problem_is_a_400_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *part;
    } BAD[] = {
        { "", "not JSON" },
        { "nonsense", "not JSON" },
        { "{\"model\":\"m\",\"horizon\":1," SERIES "} trailing", "not JSON" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[NaN]," SERIES "}", "not JSON" },
        { "[]", "must be an object" },
        { "{\"horizon\":1," SERIES "}", "\"model\" is required" },
        { "{\"model\":\"\",\"horizon\":1," SERIES "}", "\"model\" must be" },
        { "{\"model\":\"m\"," SERIES "}", "\"horizon\" is required" },
        { "{\"model\":\"m\",\"horizon\":0," SERIES "}", "\"horizon\" must be" },
        { "{\"model\":\"m\",\"horizon\":-3," SERIES "}", "\"horizon\" must be" },
        { "{\"model\":\"m\",\"horizon\":1.5," SERIES "}", "\"horizon\" must be" },
        { "{\"model\":\"m\",\"horizon\":\"3\"," SERIES "}", "\"horizon\" must be" },
        { "{\"model\":\"m\",\"horizon\":900000000," SERIES "}", "shorter \"horizon\"" },
        { "{\"model\":\"m\",\"horizen\":1," SERIES "}", "did you mean \"horizon\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"stream\":false," SERIES "}", "\"stream\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"timeout\":0," SERIES "}", "\"timeout\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"options\":[]," SERIES "}", "\"options\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"x\":1}," SERIES "}", "\"x\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"covariates_mode\":\"some\"}," SERIES
          "}",
          "best_effort or strict" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"metrics\":{}}," SERIES "}",
          "\"names\" is required" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"metrics\":{\"names\":[]}}," SERIES "}",
          "at least one of mae" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"metrics\":{\"names\":[\"mae\",\"x\"]}}"
          "," SERIES "}",
          "at least one of mae" },
        { "{\"model\":\"m\",\"horizon\":1,\"parameters\":{\"timesfm\":{\"ridge\":\"1\"}}," SERIES
          "}",
          "\"ridge\" must be" },
        { "{\"model\":\"m\",\"horizon\":1,\"ingest\":{\"format\":\"xls\"}," SERIES "}", "csv" },
        { "{\"model\":\"m\",\"horizon\":1,\"ingest\":{\"fromat\":\"csv\"}," SERIES "}",
          "\"format\"" },
        { "{\"model\":\"m\",\"horizon\":1,\"keep_alive\":\"soon\"," SERIES "}", "keep_alive" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[0.9,0.1]," SERIES "}", "sorted" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[0.1,0.1]," SERIES "}", "unique" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[0]," SERIES "}", "between 0 and 1" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[1]," SERIES "}", "between 0 and 1" },
        { "{\"model\":\"m\",\"horizon\":1,\"quantiles\":[\"0.1\"]," SERIES "}", "finite number" },
        { "{\"model\":\"m\",\"horizon\":1}", "at least one series" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[]}", "at least one series" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[3]}", "must be an object" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t1\"],"
          "\"target\":[1,2]}]}",
          "1 timestamps but 2 target" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[{\"id\":\"a\",\"timestamps\":[],"
          "\"target\":[]}]}",
          "at least one value" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t\"],"
          "\"target\":[1e999]}]}",
          "finite number" },
        { "{\"model\":\"m\",\"horizon\":1,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t\"],"
          "\"target\":[1],\"colour\":1}]}",
          "unknown field \"colour\"" },
        { "{\"model\":\"m\",\"horizon\":2,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t\"],"
          "\"target\":[1],\"past_covariates\":{\"p\":[1,2]}}]}",
          "\"p\" has 2 values" },
        { "{\"model\":\"m\",\"horizon\":2,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t\"],"
          "\"target\":[1],\"future_covariates\":{\"p\":[1]}}]}",
          "\"p\" has 1 values" },
        { "{\"model\":\"m\",\"horizon\":2,\"series\":[{\"id\":\"a\",\"timestamps\":[\"t\"],"
          "\"target\":[1],\"actuals\":[1]}]}",
          "actuals" },
    };
    struct mock_process mock;
    mock_start(&mock, NULL, "");
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        expect_refused(&mock, "/v1/forecast", BAD[i].body, BAD[i].part);
    }
    expect_refused(&mock, "/v1/timeseries/forecast",
                   "{\"model\":\"m\",\"series\":[1],\"horizon_steps\":0}", "\"horizon_steps\"");
    expect_refused(&mock, "/v1/timeseries/forecast",
                   "{\"model\":\"m\",\"series\":[],\"horizon_steps\":1}", "at least one value");
    expect_refused(&mock, "/api/forecast",
                   "{\"model\":\"m\",\"horizon\":1,\"stream\":1," SERIES "}", "\"stream\"");
    mock_stop(&mock);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct mock_process mock;
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    for (int i = 0; i < 100000; i++)
        buf_putc(&body, '[');
    mock_start(&mock, NULL, "");
    expect_refused(&mock, "/v1/forecast", buf_text(&body), "not JSON");
    buf_deinit(&body);
    mock_stop(&mock);
}

static void expect_status(const struct mock_process *mock, const char *method, const char *path,
                          unsigned status)
{
    struct answer answer;
    char value[64];
    client_call(mock, &(struct request){ .method = method, .path = path, .id = "an id\t~" },
                &answer);
    assert_int_equal(answer.status, status);
    assert_true(answer_header(&answer, "X-Request-ID", value, sizeof value));
    assert_string_equal(value, "an id\t~");
    answer_free(&answer);
}

static void unknown_paths_and_methods_are_refused_and_the_id_is_echoed(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start(&mock, "{ at: response_head, do: reset }", "0s");
    expect_status(&mock, "GET", "/", 404);
    expect_status(&mock, "POST", "/v1/forecasts", 404);
    expect_status(&mock, "GET", "/v1/forecast", 405);
    expect_status(&mock, "POST", "/v1/health", 405);
    expect_status(&mock, "GET", "/__mock/start", 405);
    expect_status(&mock, "GET", "/__mock/nothing", 404);
    expect_status(&mock, "GET", "/v1/health", 200);
    mock_stop(&mock);
}

static void a_bad_start_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const BAD[] = { "x",
                                       "[]",
                                       "{\"at_ns\":-1}",
                                       "{\"at_ns\":1.5}",
                                       "{\"at_ns\":\"1\"}",
                                       "{\"at\":1}",
                                       "{\"at_ns\":1e30}" };
    struct mock_process mock;
    mock_start(&mock, "{ status: 503 }", "0s");
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        expect_refused(&mock, "/__mock/start", BAD[i], "CLOCK_MONOTONIC");
    }
    struct answer answer;
    client_call(&mock, &(struct request){ .id = "r" }, &answer);
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
    mock_stop(&mock);
}

/* Sends the bytes and hangs up, whatever comes back. */
static void throw_bytes(const struct mock_process *mock, const char *bytes, size_t length)
{
    int fd = client_connect(mock);
    size_t sent = 0;
    while (sent < length) {
        ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0) break; /* the mock has had enough */
        sent += (size_t)n;
    }
    close(fd);
    client_expect_alive(mock);
}

static void garbage_on_the_port_does_no_harm(void **state)
{
    (void)state;
    static const char *const GARBAGE[] = {
        "\r\n\r\n\r\n",
        "GET",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "POST /v1/forecast HTTP/9.9\r\n\r\n",
        "POST /v1/forecast HTTP/1.1\r\nContent-Length: -5\r\n\r\nxx",
        "POST /v1/forecast HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\nxx",
        "POST /v1/forecast HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        "POST /v1/forecast HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"model\"",
    };
    struct mock_process mock;
    mock_start(&mock, NULL, "");
    for (size_t i = 0; i < sizeof GARBAGE / sizeof GARBAGE[0]; i++) {
        throw_bytes(&mock, GARBAGE[i], strlen(GARBAGE[i]));
    }
    throw_bytes(&mock, "\0\0\0\0\0\0\0\0", 8);
    struct buf long_head;
    buf_init(&long_head, BUF_UNBOUNDED);
    buf_puts(&long_head, "GET /v1/health HTTP/1.1\r\nX-Long: ");
    for (int i = 0; i < 200000; i++)
        buf_putc(&long_head, 'a');
    throw_bytes(&mock, long_head.data, long_head.length);
    buf_deinit(&long_head);
    mock_stop(&mock);
}

static void a_body_over_the_limit_is_a_413(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    for (int i = 0; i < 9 * 1024; i++) {
        char kilobyte[1025];
        memset(kilobyte, ' ', 1024);
        kilobyte[1024] = '\0';
        buf_puts(&body, kilobyte);
    }
    mock_start(&mock, NULL, "");
    client_call(&mock, &(struct request){ .body = buf_text(&body) }, &answer);
    assert_int_equal(answer.status, 413);
    client_expect_alive(&mock);
    answer_free(&answer);
    buf_deinit(&body);
    mock_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_schema_problem_is_a_400_with_a_sentence),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(unknown_paths_and_methods_are_refused_and_the_id_is_echoed),
        cmocka_unit_test(a_bad_start_is_refused_and_changes_nothing),
        cmocka_unit_test(garbage_on_the_port_does_no_harm),
        cmocka_unit_test(a_body_over_the_limit_is_a_413),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
