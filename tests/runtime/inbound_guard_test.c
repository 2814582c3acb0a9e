/* The guard over sockets: what it lets through, and what it answers before the body. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "rig.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

enum { POINTS = 40, PATIENCE_TURNS = 4000 };

static const struct secrets secrets = { .api_token = TOKEN };

static void start(struct rig *rig, const char *const sets[])
{
    rig_start_upstream(rig);
    rig_start_service(rig, sets, &(struct rig_more){ .secrets = &secrets });
}

/* A request with these header lines, each with its line end; `body` NULL: GET. */
static struct rig_answer ask_at(struct rig *rig, const char *path, const char *headers,
                                const char *body)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: test\r\n%s", body == NULL ? "GET" : "POST", path,
               headers);
    if (body != NULL) buf_printf(&text, "Content-Length: %zu\r\n", strlen(body));
    buf_puts(&text, "\r\n");
    if (body != NULL) buf_puts(&text, body);
    struct rig_answer answer = rig_receive(rig, rig_send(rig_port(rig), text.data, text.length));
    buf_deinit(&text);
    return answer;
}

static unsigned status_of(struct rig *rig, const char *path, const char *headers, const char *body)
{
    struct rig_answer answer = ask_at(rig, path, headers, body);
    unsigned status = answer.status;
    rig_answer_free(&answer);
    return status;
}

static void assert_problem(const struct rig_answer *answer, unsigned status, const char *code)
{
    assert_int_equal(answer->status, status);
    assert_string_equal(rig_header(answer, "Content-Type"), "application/problem+json");
    assert_string_equal(rig_text(answer, "code"), code);
    assert_true(rig_text(answer, "detail")[0] != '\0');
    assert_true(rig_text(answer, "request_id")[0] != '\0');
}

static void token_opens_the_forecast_and_its_absence_closes_it(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("cache_ttl_s=0"));
    char *body = rig_body("m1", POINTS);
    struct rig_answer answer = ask_at(&rig, "/tsfm/forecast", "X-Request-Id: mine\r\n", body);
    assert_problem(&answer, 401, "INPUT_INVALID");
    assert_string_equal(rig_header(&answer, "WWW-Authenticate"), "Bearer realm=\"tsfm\"");
    assert_string_equal(rig_text(&answer, "request_id"), "mine");
    rig_answer_free(&answer);
    assert_int_equal(status_of(&rig, "/tsfm/forecast", "X-API-Key: guess\r\n", body), 401);
    assert_int_equal(rig.attempts, 0);

    assert_int_equal(status_of(&rig, "/tsfm/forecast", "Authorization: Bearer " TOKEN "\r\n", body),
                     200);
    assert_int_equal(status_of(&rig, "/tsfm/forecast", "x-api-key: " TOKEN "\r\n", body), 200);
    assert_true(rig.attempts > 0);
    assert_string_equal(rig.last_authorization, ""); /* the callers' token goes no further */
    mem_free(body);
    rig_stop(&rig);
}

static void probes_and_metrics_are_open_and_unknown_paths_are_not(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS(NULL));
    assert_int_equal(status_of(&rig, "/health/live", "", NULL), 200);
    assert_int_equal(status_of(&rig, "/health/ready", "", NULL), 200);
    assert_int_equal(status_of(&rig, "/metrics", "", NULL), 200);
    assert_int_equal(status_of(&rig, "/elsewhere", "", NULL), 401);
    assert_int_equal(status_of(&rig, "/elsewhere", "X-API-Key: " TOKEN "\r\n", NULL), 404);
    assert_int_equal((int)rig_metric(&rig, "tsfm_guard_refused_total{reason=\"unauthorized\"}"), 1);
    rig_stop(&rig);
}

/* The body is no JSON at all: nobody looked at it. */
static void client_over_its_rate_is_told_when_to_come_back_before_its_body_is_read(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS("rate_limit_per_s=1", "rate_limit_burst=2"));
    const char *key = "X-API-Key: " TOKEN "\r\n";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(status_of(&rig, "/tsfm/forecast", key, "{"), 400);
    }
    struct rig_answer answer = ask_at(&rig, "/tsfm/forecast", key, "{");
    for (int i = 0; i < 50 && answer.status == 400; i++) { /* a slow machine earned one more */
        rig_answer_free(&answer);
        answer = ask_at(&rig, "/tsfm/forecast", key, "{");
    }
    assert_problem(&answer, 429, "RUNTIME_RATE_LIMITED");
    assert_string_equal(rig_header(&answer, "Retry-After"), "1");
    rig_answer_free(&answer);
    /* Without the token it is another client. */
    assert_int_equal(status_of(&rig, "/tsfm/forecast", "", "{"), 401);
    assert_int_equal((int)rig_metric(&rig, "tsfm_guard_refused_total{reason=\"rate_limited\"}"), 1);
    rig_stop(&rig);
}

static void answer_by_the_head_does_not_wait_for_a_large_body(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS(NULL));
    static const char head[] = "POST /tsfm/forecast HTTP/1.1\r\nHost: test\r\n"
                               "Content-Length: 900000\r\n\r\n";
    struct rig_answer answer =
        rig_receive(&rig, rig_send(rig_port(&rig), head, sizeof head - 1));
    assert_problem(&answer, 401, "INPUT_INVALID");
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void heads_above_the_limits_are_refused(void **state)
{
    (void)state;
    struct rig rig;
    char headers[4096] = "";
    char path[256];
    start(&rig, SETS("uri_bytes_max=100", "header_bytes_max=1000", "headers_max=20"));
    snprintf(path, sizeof path, "/health/live?%0100d", 0);
    struct rig_answer answer = ask_at(&rig, path, "", NULL);
    assert_problem(&answer, 414, "INPUT_INVALID");
    rig_answer_free(&answer);

    snprintf(headers, sizeof headers, "X-Padding: %01000d\r\n", 0);
    answer = ask_at(&rig, "/health/live", headers, NULL);
    assert_problem(&answer, 431, "INPUT_INVALID");
    rig_answer_free(&answer);

    headers[0] = '\0';
    for (int i = 0; i < 20; i++) strncat(headers, "X-A: 1\r\n", 9); /* and Host */
    answer = ask_at(&rig, "/health/live", headers, NULL);
    assert_problem(&answer, 431, "INPUT_INVALID");
    rig_answer_free(&answer);
    headers[19 * 8] = '\0';
    assert_int_equal(status_of(&rig, "/health/live", headers, NULL), 200);
    rig_stop(&rig);
}

static void a_head_that_leaves_open_where_the_body_ends_is_refused_and_counted(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, SETS(NULL));
    struct rig_answer answer =
        ask_at(&rig, "/tsfm/forecast", "X-API-Key: " TOKEN "\r\nContent-Length: 40\r\n", "{}");
    assert_problem(&answer, 400, "INPUT_INVALID");
    assert_string_equal(rig_header(&answer, "Connection"), "close");
    rig_answer_free(&answer);
    assert_int_equal((int)rig_metric(&rig, "tsfm_guard_refused_total{reason=\"ambiguous\"}"), 1);
    rig_stop(&rig);
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

static void address_with_too_many_connections_gets_no_more(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("inbound_connections_per_client_max=1"));
    int first = rig_send(rig_port(&rig), "GET", 3);
    int second = rig_send(rig_port(&rig), "GET", 3);
    for (int i = 0; i < PATIENCE_TURNS && !is_closed(second); i++) rig_turn(&rig, second);
    assert_true(is_closed(second));
    assert_false(is_closed(first));
    close(first);
    close(second);
    rig_stop(&rig);
}

/* More answers than the kernel holds, to one who asks for all of them and reads none. */
static void caller_that_does_not_read_is_closed_after_send_timeout_s(void **state)
{
    (void)state;
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    const char *sample = "tsfm_inbound_timeouts_total{phase=\"send\"}";
    struct rig rig;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    for (int i = 0; i < 4000; i++) buf_puts(&text, request);
    rig_start(&rig, SETS("send_timeout_s=0.2"));
    int fd = rig_send(rig_port(&rig), text.data, text.length);
    for (int i = 0; i < PATIENCE_TURNS && rig_metric(&rig, sample) < 1; i++) rig_turn(&rig, -1);
    assert_int_equal((int)rig_metric(&rig, sample), 1);
    close(fd);
    buf_deinit(&text);
    rig_stop(&rig);
}

static void without_a_token_the_service_is_open(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS(NULL));
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_opens_the_forecast_and_its_absence_closes_it),
        cmocka_unit_test(probes_and_metrics_are_open_and_unknown_paths_are_not),
        cmocka_unit_test(client_over_its_rate_is_told_when_to_come_back_before_its_body_is_read),
        cmocka_unit_test(answer_by_the_head_does_not_wait_for_a_large_body),
        cmocka_unit_test(heads_above_the_limits_are_refused),
        cmocka_unit_test(a_head_that_leaves_open_where_the_body_ends_is_refused_and_counted),
        cmocka_unit_test(address_with_too_many_connections_gets_no_more),
        cmocka_unit_test(caller_that_does_not_read_is_closed_after_send_timeout_s),
        cmocka_unit_test(without_a_token_the_service_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
