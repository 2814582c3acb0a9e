/* Between a client and a server: what passes, what a scenario does to it, and what is told about a
 * server that fails. The server is another mock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "client.h"

struct pair {
    struct mock_process server;
    struct mock_process proxy;
};

/* `server_fault` and `proxy_fault` may be NULL; `more` are two more arguments of the proxy. */
static void pair_start(struct pair *pair, const char *server_fault, const char *proxy_fault,
                       const char *const more[2])
{
    char url[64];
    const char *server[3] = { NULL };
    const char *proxy[12] = { "--control", "127.0.0.1:0", "--upstream", url };
    size_t count = 4;
    if (server_fault != NULL) {
        server[0] = "--fault";
        server[1] = server_fault;
    }
    mock_start_with(&pair->server, server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", pair->server.port);
    if (proxy_fault != NULL) {
        proxy[count++] = "--fault";
        proxy[count++] = proxy_fault;
    }
    for (size_t i = 0; more != NULL && i < 2; i++)
        proxy[count++] = more[i];
    mock_start_with(&pair->proxy, proxy);
}

static void pair_stop(struct pair *pair)
{
    mock_stop(&pair->proxy);
    mock_stop(&pair->server);
}

static cJSON *control(const struct mock_process *mock, const char *path)
{
    struct answer answer;
    client_control(mock, &(struct request){ .method = "GET", .path = path }, &answer);
    assert_int_equal(answer.status, 200);
    cJSON *document = cJSON_Parse(buf_text(&answer.body));
    assert_non_null(document);
    answer_free(&answer);
    return document;
}

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* The proxy's last ledger line says how the server's part ended. */
static void expect_upstream(const struct pair *pair, const char *upstream, const char *end)
{
    cJSON *line = control(&pair->proxy, "/__mock/ledger/1");
    assert_string_equal(get(line, "upstream")->valuestring, upstream);
    assert_string_equal(get(line, "end")->valuestring, end);
    cJSON_Delete(line);
}

static void answers_pass_as_they_are(void **state)
{
    (void)state;
    static const char *const PATHS[] = { "/v1/forecast", "/api/forecast" };
    struct pair pair;
    pair_start(&pair, NULL, NULL, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct answer direct, through;
        char type[2][64], id[64];
        const struct request request = { .path = PATHS[i], .id = "r000001" };
        client_call(&pair.server, &request, &direct);
        client_call(&pair.proxy, &request, &through);
        assert_int_equal(through.status, 200);
        assert_string_equal(buf_text(&direct.body), buf_text(&through.body));
        assert_true(answer_header(&direct, "Content-Type", type[0], sizeof type[0]));
        assert_true(answer_header(&through, "Content-Type", type[1], sizeof type[1]));
        assert_string_equal(type[0], type[1]);
        assert_true(answer_header(&through, "X-Request-ID", id, sizeof id));
        assert_string_equal(id, "r000001");
        answer_free(&direct);
        answer_free(&through);
        expect_upstream(&pair, "complete", "complete");
    }
    pair_stop(&pair);
}

static void other_paths_pass_too(void **state)
{
    (void)state;
    static const struct {
        struct request request;
        unsigned status;
        const char *has;
    } CASES[] = {
        { { .method = "GET", .path = "/api/tags" }, 200, "chronos2" },
        { { .method = "GET", .path = "/metrics" }, 200, "tollama_models_loaded" },
        { { .method = "GET", .path = "/nowhere" }, 404, "Not Found" },
        { { .path = "/api/show", .body = "{\"model\":\"chronos2\"}" }, 200, "chronos2" },
        { { .method = "DELETE", .path = "/api/delete?name=x" }, 404, "Not Found" },
    };
    struct pair pair;
    pair_start(&pair, NULL, "{ status: 503 }", NULL);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct answer answer;
        client_call(&pair.proxy, &CASES[i].request, &answer);
        assert_int_equal(answer.status, CASES[i].status);
        assert_non_null(strstr(buf_text(&answer.body), CASES[i].has));
        answer_free(&answer);
    }
    pair_stop(&pair);
}

static void the_servers_own_trouble_passes(void **state)
{
    (void)state;
    struct pair pair;
    struct answer answer;
    char value[32];
    pair_start(&pair, "{ status: 429, retry_after: 7s }", NULL, NULL);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    assert_int_equal(answer.status, 429);
    assert_true(answer_header(&answer, "Retry-After", value, sizeof value));
    assert_string_equal(value, "7");
    answer_free(&answer);
    expect_upstream(&pair, "complete", "complete");
    pair_stop(&pair);
}

static void a_cut_falls_into_the_servers_answer(void **state)
{
    (void)state;
    struct pair pair;
    struct answer direct, through;
    pair_start(&pair, NULL, "{ at: response_body@40%, do: reset }", NULL);
    client_call(&pair.server, &(struct request){ .path = NULL }, &direct);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &through);
    assert_int_equal(through.end, END_RESET);
    assert_int_equal(through.announced, direct.body.length);
    assert_int_equal(through.body.length, direct.body.length * 40 / 100);
    assert_memory_equal(through.body.data, direct.body.data, through.body.length);
    answer_free(&direct);
    answer_free(&through);
    expect_upstream(&pair, "complete", "reset");
    pair_stop(&pair);
}

static void a_delay_comes_behind_the_servers(void **state)
{
    (void)state;
    enum { DELAY_MS = 60 };
    struct pair pair;
    struct answer answer;
    pair_start(&pair, "{ delay: 60ms }", "{ delay: 60ms }", NULL);
    uint64_t before = clock_now();
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(answer.first_ns - before >= UINT64_C(2) * DELAY_MS * 1000000);
    answer_free(&answer);
    pair_stop(&pair);
}

static void truncated_json_is_the_servers_json_truncated(void **state)
{
    (void)state;
    struct pair pair;
    struct answer direct, through;
    pair_start(&pair, NULL, "{ answer: truncated_json }", NULL);
    client_call(&pair.server, &(struct request){ .path = NULL }, &direct);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &through);
    assert_int_equal(through.end, END_WHOLE);
    assert_int_equal(through.body.length, direct.body.length / 2);
    assert_memory_equal(through.body.data, direct.body.data, through.body.length);
    answer_free(&direct);
    answer_free(&through);
    pair_stop(&pair);
}

static void a_status_of_the_scenario_does_not_ask_the_server(void **state)
{
    (void)state;
    struct pair pair;
    struct answer answer;
    pair_start(&pair, NULL, "{ status: 503 }", NULL);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
    expect_upstream(&pair, "not_asked", "complete");
    client_call(&pair.server, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                &answer);
    assert_non_null(strstr(buf_text(&answer.body), "\"attempts\":0,"));
    answer_free(&answer);
    pair_stop(&pair);
}

static void a_server_that_fails_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        unsigned status;
        const char *upstream;
    } CASES[] = {
        { "{ at: response_head@20B, do: reset }", 502, "read_error" },
        { "{ at: response_head@20B, do: close }", 502, "protocol_error" },
        { "{ at: response_head, do: stall }", 504, "timeout" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct pair pair;
        struct answer answer;
        pair_start(&pair, CASES[i].fault, NULL,
                   (const char *const[]){ "--upstream-timeout", "300ms" });
        client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
        assert_int_equal(answer.status, CASES[i].status);
        assert_non_null(strstr(buf_text(&answer.body), "\"detail\":\"the upstream http://"));
        answer_free(&answer);
        expect_upstream(&pair, CASES[i].upstream, "complete");
        pair_stop(&pair);
    }
}

static void nobody_listening_is_a_502(void **state)
{
    (void)state;
    struct pair pair;
    struct answer answer;
    pair_start(&pair, NULL, NULL, NULL);
    mock_stop(&pair.server);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    assert_int_equal(answer.status, 502);
    answer_free(&answer);
    expect_upstream(&pair, "connect_error", "complete");
    client_call(&pair.proxy, &(struct request){ .method = "GET", .path = "/api/tags" }, &answer);
    assert_int_equal(answer.status, 502);
    answer_free(&answer);
    mock_stop(&pair.proxy);
}

static void a_client_that_leaves_ends_the_call(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "{ at: response_head, do: stall }", NULL, NULL);
    int fd = client_connect(&pair.proxy);
    client_send(fd, &(struct request){ .id = "left" });
    uint64_t began = clock_now();
    /* It has reached the server when the server has it open. */
    for (bool open = false; !open;) {
        struct answer answer;
        client_call(&pair.server,
                    &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" }, &answer);
        open = strstr(buf_text(&answer.body), "\"open\":1,") != NULL;
        answer_free(&answer);
        assert_true(clock_now() - began < UINT64_C(10000000000));
    }
    close(fd);
    for (bool ended = false; !ended;) {
        struct answer answer;
        client_call(&pair.server,
                    &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" }, &answer);
        ended = strstr(buf_text(&answer.body), "\"open\":0,") != NULL;
        answer_free(&answer);
        assert_true(clock_now() - began < UINT64_C(10000000000));
    }
    expect_upstream(&pair, "client_gone", "client_gone");
    pair_stop(&pair);
}

static char *record_of(bool bodies)
{
    struct pair pair;
    struct answer answer;
    struct err_note note = { .err = ERR_OK };
    char path[64] = "/tmp/mock-record-XXXXXX";
    char *text = NULL;
    size_t length = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    pair_start(&pair, NULL, NULL, (const char *const[]){ "--record", path });
    if (bodies) {
        mock_stop(&pair.proxy);
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%u", pair.server.port);
        mock_start_with(&pair.proxy, (const char *const[]){ "--upstream", url, "--record", path,
                                                            "--record-bodies", NULL });
    }
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    answer_free(&answer);
    client_call(&pair.proxy, &(struct request){ .method = "GET", .path = "/api/version" }, &answer);
    answer_free(&answer);
    mock_stop(&pair.server);
    client_call(&pair.proxy, &(struct request){ .path = NULL }, &answer);
    answer_free(&answer);
    /* While it runs: every line is there when its call is over. */
    assert_int_equal(file_read(path, 1 << 20, &text, &length, &note), ERR_OK);
    unlink(path);
    mock_stop(&pair.proxy);
    return text;
}

static void a_record_has_a_line_for_each_call(void **state)
{
    (void)state;
    for (int bodies = 0; bodies < 2; bodies++) {
        char *text = record_of(bodies != 0);
        cJSON *lines[3] = { NULL };
        char *at = text;
        for (int i = 0; i < 3; i++) {
            char *end = strchr(at, '\n');
            assert_non_null(end);
            *end = '\0';
            lines[i] = cJSON_Parse(at);
            assert_non_null(lines[i]);
            assert_int_equal(get(lines[i], "version")->valueint, 1);
            assert_int_equal(get(lines[i], "seq")->valueint, i);
            assert_int_equal(get(lines[i], "request") != NULL, bodies);
            at = end + 1;
        }
        assert_int_equal(*at, '\0');
        assert_int_equal(get(lines[0], "status")->valueint, 200);
        assert_string_equal(get(lines[0], "model")->valuestring, "chronos");
        assert_string_equal(get(lines[0], "path")->valuestring, "/v1/forecast");
        assert_string_equal(get(lines[0], "end")->valuestring, "complete");
        assert_int_equal(get(lines[0], "request_bytes")->valueint, strlen(CLIENT_FORECAST));
        assert_true(get(lines[0], "response_bytes")->valueint > 0);
        double start = get(lines[0], "start_ns")->valuedouble;
        double first = get(lines[0], "first_byte_ns")->valuedouble;
        assert_true(start <= first && first <= get(lines[0], "end_ns")->valuedouble);
        assert_string_equal(get(lines[1], "method")->valuestring, "GET");
        assert_true(cJSON_IsNull(get(lines[1], "model")));
        assert_string_equal(get(lines[2], "end")->valuestring, "connect_error");
        assert_true(cJSON_IsNull(get(lines[2], "status")));
        assert_true(cJSON_IsNull(get(lines[2], "first_byte_ns")));
        assert_string_equal(get(lines[0], "request_hash")->valuestring,
                            get(lines[2], "request_hash")->valuestring);
        if (bodies != 0) {
            assert_string_equal(get(lines[0], "request")->valuestring, CLIENT_FORECAST);
            assert_non_null(strstr(get(lines[0], "response")->valuestring, "\"forecasts\""));
        }
        for (int i = 0; i < 3; i++)
            cJSON_Delete(lines[i]);
        mem_free(text);
    }
}

static void an_upstream_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const CASES[][4] = {
        { "--upstream", "127.0.0.1:11435", NULL },
        { "--upstream", "http://user:secret@host", NULL },
        { "--record", "x.jsonl", NULL },
        { "--upstream-timeout", "5s", NULL },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct buf err;
        buf_init(&err, BUF_UNBOUNDED);
        const char *arguments[8] = { "--listen", "127.0.0.1:0" };
        for (size_t j = 0; CASES[i][j] != NULL; j++)
            arguments[j + 2] = CASES[i][j];
        assert_int_equal(mock_run(arguments, &err), 2);
        assert_non_null(strstr(buf_text(&err), "--upstream"));
        buf_deinit(&err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_pass_as_they_are),
        cmocka_unit_test(other_paths_pass_too),
        cmocka_unit_test(the_servers_own_trouble_passes),
        cmocka_unit_test(a_cut_falls_into_the_servers_answer),
        cmocka_unit_test(a_delay_comes_behind_the_servers),
        cmocka_unit_test(truncated_json_is_the_servers_json_truncated),
        cmocka_unit_test(a_status_of_the_scenario_does_not_ask_the_server),
        cmocka_unit_test(a_server_that_fails_is_told_apart),
        cmocka_unit_test(nobody_listening_is_a_502),
        cmocka_unit_test(a_client_that_leaves_ends_the_call),
        cmocka_unit_test(a_record_has_a_line_for_each_call),
        cmocka_unit_test(an_upstream_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
