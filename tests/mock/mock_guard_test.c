/* What a mock refuses: pipes that never speak, callers that are not its own, arguments that say
 * nothing. And what it never refuses: its id to an answer, a method to the server behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"

enum {
    BODIES = 60,
    LINES = 1000,
    QUIET_MS = 600, /* three times the ledger's patience */
    LARGE_BYTES = (8 << 20) + 64,
    PATH_MAX_BYTES = 128,
};

static const char SHARE_503[] = "{ status: 503, share: 30% }";
static const char NEVER_AT_HEAD[] = "{ at: request_head, do: reset, share: 0% }";

static void start_quiet(struct mock_process *mock)
{
    mock_start_with(mock, (const char *const[]){ NULL });
}

static unsigned ask(const struct mock_process *mock, const struct request *request)
{
    struct answer answer;
    client_call(mock, request, &answer);
    assert_int_equal(answer.end, END_WHOLE);
    unsigned status = answer.status;
    answer_free(&answer);
    return status;
}

static void meet_bodies(const char *more, unsigned fates[BODIES])
{
    struct mock_process mock;
    mock_start_with(&mock, (const char *const[]){ "--seed", "3", "--fault", SHARE_503,
                                                  more != NULL ? "--fault" : NULL, more, NULL });
    for (int i = 0; i < BODIES; i++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"model\":\"chronos\",\"horizon\":2,\"series\":[{\"id\":\"s%d\",\"timestamps\":"
                 "[\"2026-01-01\"],\"target\":[1]}]}",
                 i);
        fates[i] = ask(&mock, &(struct request){ .body = body });
    }
    mock_stop(&mock);
}

static void a_rule_at_the_head_changes_no_fate_of_requests_without_an_id(void **state)
{
    (void)state;
    unsigned before[BODIES], after[BODIES];
    unsigned hits = 0;
    meet_bodies(NULL, before);
    meet_bodies(NEVER_AT_HEAD, after);
    for (int i = 0; i < BODIES; i++) {
        assert_int_equal(after[i], before[i]);
        hits += before[i] == 503;
    }
    assert_in_range(hits, 5, 35);
}

/* One that stops does so by the order of arrival, and is still counted. */
static void a_rule_at_the_head_counts_requests_without_an_id(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start_with(&mock, (const char *const[]){ "--fault",
                                                  "{ at: request_head, do: reset, every: 3 }",
                                                  NULL });
    for (int i = 1; i <= 9; i++) {
        struct answer answer;
        client_call(&mock, &(struct request){ .path = NULL }, &answer);
        assert_int_equal(answer.end, i % 3 == 0 ? END_RESET : END_WHOLE);
        answer_free(&answer);
    }
    mock_stop(&mock);
}

static void make_pipe(const struct mock_process *mock, char path[PATH_MAX_BYTES])
{
    snprintf(path, PATH_MAX_BYTES, "%s/pipe", mock->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void a_scenario_in_a_pipe_is_refused(void **state)
{
    (void)state;
    struct mock_process mock;
    char path[PATH_MAX_BYTES], body[PATH_MAX_BYTES + 16];
    start_quiet(&mock);
    make_pipe(&mock, path);
    snprintf(body, sizeof body, "{\"path\":\"%s\"}", path);
    assert_int_equal(ask(&mock, &(struct request){ .path = "/__mock/scenario", .body = body }),
                     400);
    client_expect_alive(&mock);
    unlink(path);
    mock_stop(&mock);
}

/* The exit code; the mock must say what is wrong. */
static int run(const char *option, const char *value, const char *more, const char *says)
{
    struct buf err;
    const char *const arguments[] = { "--listen", "127.0.0.1:0", option, value,
                                      more != NULL ? "--upstream" : NULL, more, NULL };
    buf_init(&err, BUF_UNBOUNDED);
    int code = mock_run(arguments, &err);
    if (strstr(buf_text(&err), says) == NULL) fail_msg("not said: %s", buf_text(&err));
    buf_deinit(&err);
    return code;
}

static void files_that_are_pipes_without_a_peer_are_refused(void **state)
{
    (void)state;
    struct mock_process mock;
    char path[PATH_MAX_BYTES];
    start_quiet(&mock);
    make_pipe(&mock, path);
    assert_int_equal(run("--models", path, NULL, "this is a pipe"), 2);
    assert_int_equal(run("--ledger", path, NULL, "start what reads this pipe first"), 2);
    assert_int_equal(
        run("--record", path, "http://127.0.0.1:1", "start what reads this pipe first"), 2);
    unlink(path);
    mock_stop(&mock);
}

/* Until nothing waits any more: whole lines only, whatever was lost between them. */
static void expect_whole_lines(int fd)
{
    char bytes[8192];
    bool begins = true;
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    while (poll(&readable, 1, QUIET_MS) == 1) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        assert_true(got > 0);
        for (ssize_t i = 0; i < got; i++) {
            if (begins) assert_int_equal(bytes[i], '{');
            begins = bytes[i] == '\n';
        }
    }
    assert_true(begins);
}

static void a_ledger_that_nobody_reads_loses_lines_and_stops_nothing(void **state)
{
    (void)state;
    struct mock_process mock, other;
    struct answer answer;
    char path[PATH_MAX_BYTES];
    start_quiet(&other);
    make_pipe(&other, path);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    mock_start_with(&mock, (const char *const[]){ "--ledger", path, NULL });
    int fd = client_connect(&mock);
    for (int i = 0; i < LINES; i++) {
        client_send(fd, &(struct request){ .id = "a" });
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
    }
    close(fd);
    client_call(&mock, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                &answer);
    assert_null(strstr(buf_text(&answer.body), "\"lines_lost\":0"));
    answer_free(&answer);
    expect_whole_lines(reader);
    mock_stop(&mock);
    close(reader);
    unlink(path);
    mock_stop(&other);
}

static void a_failed_forward_brings_the_id_back(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    char id[32];
    mock_start_with(&mock, (const char *const[]){ "--upstream", "http://127.0.0.1:1", NULL });
    client_call(&mock, &(struct request){ .id = "r7" }, &answer);
    assert_int_equal(answer.status, 502);
    assert_true(answer_header(&answer, "X-Request-ID", id, sizeof id));
    assert_string_equal(id, "r7");
    answer_free(&answer);
    mock_stop(&mock);
}

static void every_method_on_a_forecast_is_forwarded(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start_with(&mock, (const char *const[]){ "--upstream", "http://127.0.0.1:1", NULL });
    assert_int_equal(ask(&mock, &(struct request){ .method = "OPTIONS", .body = "" }), 502);
    assert_int_equal(ask(&mock, &(struct request){ .method = "GET", .path = "/v1/forecast" }), 502);
    mock_stop(&mock);
}

static void a_body_too_large_is_413_everywhere(void **state)
{
    (void)state;
    struct mock_process mock;
    char *body = mem_alloc(LARGE_BYTES + 1, 1);
    memset(body, ' ', LARGE_BYTES);
    start_quiet(&mock);
    assert_int_equal(ask(&mock, &(struct request){ .path = "/api/validate", .body = body }), 413);
    assert_int_equal(ask(&mock, &(struct request){ .path = "/__mock/start", .body = body }), 413);
    assert_int_equal(ask(&mock, &(struct request){ .path = "/__mock/ready", .body = body }), 413);
    mem_free(body);
    mock_stop(&mock);
}

static void a_scenario_without_an_upstream_is_refused(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start_with(&mock, (const char *const[]){ "--fault", "{ status: 503 }", NULL });
    client_call(&mock, &(struct request){ .path = "/__mock/scenario", .body = "version: 1\n" },
                &answer);
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(buf_text(&answer.body), "scenario:1:"));
    assert_non_null(strstr(buf_text(&answer.body), "upstream"));
    answer_free(&answer);
    assert_int_equal(ask(&mock, &(struct request){ .path = NULL }), 503);
    mock_stop(&mock);
}

static unsigned command(const struct mock_process *mock, const char *head)
{
    struct answer answer;
    char text[256];
    int fd = client_connect(mock);
    int length = snprintf(text, sizeof text, "GET /__mock/health HTTP/1.1\r\n%s\r\n\r\n", head);
    assert_int_equal(write(fd, text, (size_t)length), length);
    client_read(fd, &answer, CLIENT_PATIENCE_MS);
    unsigned status = answer.status;
    answer_free(&answer);
    close(fd);
    return status;
}

static void pages_of_other_sites_do_not_command_it(void **state)
{
    (void)state;
    struct mock_process mock;
    start_quiet(&mock);
    assert_int_equal(command(&mock, "Host: evil.example"), 403);
    assert_int_equal(command(&mock, "Host: localhost.evil.example"), 403);
    assert_int_equal(command(&mock, "Host: 127.0.0.1.evil.example:80"), 403);
    assert_int_equal(command(&mock, "Host: 127.0.0.1\r\nOrigin: https://evil.example"), 403);
    assert_int_equal(command(&mock, "Host: 127.0.0.1\r\nOrigin: null"), 403);
    assert_int_equal(command(&mock, "Host: 127.0.0.1:9"), 200);
    assert_int_equal(command(&mock, "Host: LocalHost"), 200);
    assert_int_equal(command(&mock, "Host: [::1]:80"), 200);
    assert_int_equal(command(&mock, "Host: localhost\r\nOrigin: http://localhost:3000"), 200);
    mock_stop(&mock);
}

static void an_upstream_that_is_no_server_is_refused(void **state)
{
    (void)state;
    static const char *const URLS[] = { "http://",           "http:///x",    "http://a:99999",
                                        "http://a:0",        "http://a:",    "http://[::1",
                                        "http://127.0.0.1:x", "http://a:1x" };
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++)
        assert_int_equal(run("--upstream", URLS[i], NULL, "is not the address of a server"), 2);
}

static void a_mock_is_not_its_own_upstream(void **state)
{
    (void)state;
    struct mock_process mock;
    struct buf err;
    char listen[64], url[64];
    start_quiet(&mock);
    uint16_t port = mock.port;
    mock_stop(&mock);
    buf_init(&err, BUF_UNBOUNDED);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    snprintf(url, sizeof url, "http://localhost:%u/", port);
    assert_int_equal(mock_run((const char *const[]){ "--listen", listen, "--upstream", url, NULL },
                              &err),
                     2);
    assert_non_null(strstr(buf_text(&err), "is this mock itself"));
    buf_deinit(&err);
}

static void bodies_without_a_record_are_refused(void **state)
{
    (void)state;
    struct buf err;
    buf_init(&err, BUF_UNBOUNDED);
    assert_int_equal(mock_run((const char *const[]){ "--listen", "127.0.0.1:0", "--upstream",
                                                     "http://127.0.0.1:1", "--record-bodies",
                                                     "--dry-run", "1", NULL },
                              &err),
                     2);
    assert_non_null(strstr(buf_text(&err), "add --record FILE"));
    buf_deinit(&err);
}

static void models_that_are_no_names_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run("--models", "", NULL, "there is no name"), 2);
    assert_int_equal(run("--models", "no-such-file.yaml", NULL, "no-such-file.yaml"), 2);
}

static void a_fault_at_a_path_without_faults_is_refused(void **state)
{
    (void)state;
    assert_int_equal(run("--fault", "{ status: 503, path: /v1/forcast }", NULL,
                         "did you mean \"/v1/forecast\"?"),
                     2);
    assert_int_equal(run("--fault", "{ status: 503, path: /v1/health }", NULL, "/api/forecast"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_at_the_head_changes_no_fate_of_requests_without_an_id),
        cmocka_unit_test(a_rule_at_the_head_counts_requests_without_an_id),
        cmocka_unit_test(a_scenario_in_a_pipe_is_refused),
        cmocka_unit_test(files_that_are_pipes_without_a_peer_are_refused),
        cmocka_unit_test(a_ledger_that_nobody_reads_loses_lines_and_stops_nothing),
        cmocka_unit_test(a_failed_forward_brings_the_id_back),
        cmocka_unit_test(every_method_on_a_forecast_is_forwarded),
        cmocka_unit_test(a_body_too_large_is_413_everywhere),
        cmocka_unit_test(a_scenario_without_an_upstream_is_refused),
        cmocka_unit_test(pages_of_other_sites_do_not_command_it),
        cmocka_unit_test(an_upstream_that_is_no_server_is_refused),
        cmocka_unit_test(a_mock_is_not_its_own_upstream),
        cmocka_unit_test(bodies_without_a_record_are_refused),
        cmocka_unit_test(models_that_are_no_names_are_refused),
        cmocka_unit_test(a_fault_at_a_path_without_faults_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
