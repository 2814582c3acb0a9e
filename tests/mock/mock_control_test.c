/* The control interface: what it changes, what it refuses, and that nobody notices the change but
 * the requests that come after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "client.h"

static const char SCENARIO_503[] = "upstream:\n"
                                   "  latency: 0s\n"
                                   "  phases:\n"
                                   "    - { name: down, from: 0s, to: 1h, faults: [ { status: 503 "
                                   "} ] }\n";
static const char SCENARIO_BAD[] = "upstream:\n"
                                   "  latency: 0s\n"
                                   "  phases:\n"
                                   "    - { name: down, from: 0s, to: 1h, faults: [ { status: 99 } "
                                   "] }\n";

static void start(struct mock_process *mock)
{
    mock_start_with(mock, (const char *const[]){ "--control", "127.0.0.1:0", NULL });
    assert_true(mock->control_port != 0 && mock->control_port != mock->port);
}

/* The status of a control call; its body into `out` unless that is NULL. */
static unsigned control(const struct mock_process *mock, const struct request *request,
                        struct buf *out)
{
    struct answer answer;
    client_control(mock, request, &answer);
    assert_int_equal(answer.end, END_WHOLE);
    unsigned status = answer.status;
    if (out != NULL) {
        buf_init(out, BUF_UNBOUNDED);
        buf_puts(out, buf_text(&answer.body));
    }
    answer_free(&answer);
    return status;
}

static unsigned forecast(const struct mock_process *mock)
{
    struct answer answer;
    client_call(mock, &(struct request){ .path = NULL }, &answer);
    unsigned status = answer.status;
    answer_free(&answer);
    return status;
}

static unsigned post(const struct mock_process *mock, const char *path, const char *body)
{
    return control(mock, &(struct request){ .path = path, .body = body }, NULL);
}

static unsigned delete (const struct mock_process *mock, const char *path)
{
    return control(mock, &(struct request){ .method = "DELETE", .path = path }, NULL);
}

static void a_scenario_is_loaded_swapped_and_stopped(void **state)
{
    (void)state;
    struct mock_process mock;
    start(&mock);
    assert_int_equal(forecast(&mock), 200);
    assert_int_equal(post(&mock, "/__mock/scenario", SCENARIO_503), 200);
    assert_int_equal(forecast(&mock), 503);
    assert_int_equal(post(&mock, "/__mock/scenario", "upstream: { latency: 0s }\n"), 200);
    assert_int_equal(forecast(&mock), 200);
    assert_int_equal(post(&mock, "/__mock/scenario", SCENARIO_503), 200);
    assert_int_equal(delete (&mock, "/__mock/scenario"), 200);
    assert_int_equal(forecast(&mock), 200);
    mock_stop(&mock);
}

static void a_bad_scenario_is_refused_with_its_place_and_the_old_one_goes_on(void **state)
{
    (void)state;
    struct mock_process mock;
    struct buf body;
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/scenario", SCENARIO_503), 200);
    assert_int_equal(control(&mock,
                             &(struct request){ .path = "/__mock/scenario", .body = SCENARIO_BAD },
                             &body),
                     400);
    assert_non_null(strstr(buf_text(&body), "\"detail\":\"scenario:4:59: "));
    assert_non_null(strstr(buf_text(&body), "\"line\":4,\"column\":59"));
    buf_deinit(&body);
    assert_int_equal(post(&mock, "/__mock/scenario", "not: [ yaml"), 400);
    assert_int_equal(post(&mock, "/__mock/scenario", ""), 400);
    assert_int_equal(post(&mock, "/__mock/scenario", "{\"path\":\"/nonexistent.yaml\"}"), 400);
    assert_int_equal(post(&mock, "/__mock/fault", "{ status: 5O3 }"), 400);
    assert_int_equal(post(&mock, "/__mock/fault", "{ faults: { status: 503 }, for: soon }"), 400);
    assert_int_equal(post(&mock, "/__mock/fault", "{ faults: { status: 503 }, vor: 3s }"), 400);
    assert_int_equal(forecast(&mock), 503);
    mock_stop(&mock);
}

static void a_scenario_is_loaded_from_a_file(void **state)
{
    (void)state;
    struct mock_process mock;
    struct err_note note = { .err = ERR_OK };
    struct buf body;
    char path[128], request[192];
    start(&mock);
    snprintf(path, sizeof path, "%s/scenario.yaml", mock.folder);
    assert_int_equal(file_write(path, SCENARIO_503, sizeof SCENARIO_503 - 1, &note), ERR_OK);
    snprintf(request, sizeof request, "{\"path\":\"%s\"}", path);
    assert_int_equal(
        control(&mock, &(struct request){ .path = "/__mock/scenario", .body = request }, &body),
        200);
    assert_non_null(strstr(buf_text(&body), path));
    buf_deinit(&body);
    assert_int_equal(forecast(&mock), 503);
    mock_stop(&mock);
}

static void a_fault_set_by_hand_holds_until_it_is_taken_back(void **state)
{
    (void)state;
    struct mock_process mock;
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/scenario", SCENARIO_503), 200);
    assert_int_equal(post(&mock, "/__mock/fault", "{ status: 500 }"), 200);
    assert_int_equal(forecast(&mock), 500);
    assert_int_equal(post(&mock, "/__mock/fault", "[ { status: 429, retry_after: 2s } ]"), 200);
    assert_int_equal(forecast(&mock), 429);
    assert_int_equal(delete (&mock, "/__mock/fault"), 200);
    assert_int_equal(forecast(&mock), 503);
    mock_stop(&mock);
}

/* Nothing here waits for longer than the fault lasts. Then the scenario is there again. */
static void a_fault_with_a_duration_ends_by_itself(void **state)
{
    (void)state;
    struct mock_process mock;
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/scenario", SCENARIO_503), 200);
    assert_int_equal(post(&mock, "/__mock/fault", "{ faults: { status: 500 }, for: 200ms }"), 200);
    uint64_t began = clock_now();
    unsigned status = forecast(&mock);
    /* On a machine that stood still in between it may be over. */
    if (clock_now() - began < 100000000) assert_int_equal(status, 500);
    while (forecast(&mock) != 503)
        assert_true(clock_now() - began < UINT64_C(10000000000));
    assert_true(clock_now() - began >= 100000000);
    mock_stop(&mock);
}

static void ready_is_what_the_control_says(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/ready", "false"), 200);
    client_call(&mock, &(struct request){ .method = "GET", .path = "/health/ready" }, &answer);
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
    assert_int_equal(post(&mock, "/__mock/ready", "perhaps"), 400);
    assert_int_equal(post(&mock, "/__mock/ready", "true"), 200);
    client_call(&mock, &(struct request){ .method = "GET", .path = "/health/ready" }, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    mock_stop(&mock);
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void the_last_lines_of_the_ledger_are_told(void **state)
{
    (void)state;
    struct mock_process mock;
    struct buf body;
    start(&mock);
    for (int i = 0; i < 7; i++)
        assert_int_equal(forecast(&mock), 200);
    const struct request last = { .method = "GET", .path = "/__mock/ledger/3" };
    assert_int_equal(control(&mock, &last, &body), 200);
    assert_int_equal(count_lines(buf_text(&body)), 3);
    assert_non_null(strstr(buf_text(&body), "{\"seq\":4,"));
    assert_non_null(strstr(buf_text(&body), "{\"seq\":6,"));
    assert_null(strstr(buf_text(&body), "{\"seq\":3,"));
    buf_deinit(&body);
    const struct request all = { .method = "GET", .path = "/__mock/ledger" };
    assert_int_equal(control(&mock, &all, &body), 200);
    assert_int_equal(count_lines(buf_text(&body)), 7);
    buf_deinit(&body);
    mock_stop(&mock);
}

static void a_reset_is_as_a_start_with_the_same_scenario(void **state)
{
    (void)state;
    static const char HALF[] = "upstream:\n"
                               "  latency: 0s\n"
                               "  phases:\n"
                               "    - { name: half, from: 0s, to: 1h, faults: [ { status: 503, "
                               "share: 50% } ] }\n";
    enum { CALLS = 24 };
    struct mock_process mock;
    struct buf body;
    unsigned fates[2][CALLS];
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/scenario", HALF), 200);
    for (int round = 0; round < 2; round++) {
        /* Without an id a request is known by how often its body came. */
        for (int i = 0; i < CALLS; i++)
            fates[round][i] = forecast(&mock);
        assert_int_equal(
            control(&mock, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                    &body),
            200);
        assert_non_null(strstr(buf_text(&body), "\"attempts\":24,"));
        buf_deinit(&body);
        assert_int_equal(post(&mock, "/__mock/reset", ""), 200);
    }
    assert_memory_equal(fates[0], fates[1], sizeof fates[0]);
    assert_int_equal(
        control(&mock, &(struct request){ .method = "GET", .path = "/__mock/ledger" }, &body), 200);
    assert_int_equal(body.length, 0);
    buf_deinit(&body);
    mock_stop(&mock);
}

static void faults_do_not_reach_the_control_interface(void **state)
{
    (void)state;
    struct mock_process mock;
    start(&mock);
    assert_int_equal(post(&mock, "/__mock/fault", "{ at: response_head, do: reset }"), 200);
    struct answer answer;
    client_call(&mock, &(struct request){ .path = NULL }, &answer);
    assert_int_equal(answer.end, END_RESET);
    answer_free(&answer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            control(&mock, &(struct request){ .method = "GET", .path = "/__mock/health" }, NULL),
            200);
    }
    assert_int_equal(
        control(&mock, &(struct request){ .method = "GET", .path = "/v1/health" }, NULL), 404);
    assert_int_equal(delete (&mock, "/__mock/reset"), 405);
    mock_stop(&mock);
}

static void a_control_port_for_anybody_must_be_asked_for(void **state)
{
    (void)state;
    struct buf err;
    buf_init(&err, BUF_UNBOUNDED);
    assert_int_equal(
        mock_run((const char *const[]){ "--listen", "127.0.0.1:0", "--control", "0.0.0.0:0", NULL },
                 &err),
        2);
    assert_non_null(strstr(buf_text(&err), "--control-anywhere"));
    buf_deinit(&err);
}

static void wrong_options_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[5];
        const char *says;
    } CASES[] = {
        { { "--fault", "{ status: 5 }", NULL }, "--fault:1:11: error: status:" },
        { { "--fault", "{ status: 503 }", "--scenario", "x.yaml", NULL },
          "--scenario has its own" },
        { { "--latency", "soon", NULL }, "--latency:1:" },
        { { "--models", "a,,b", NULL }, "--models: a name is empty" },
        { { "--api-key", "two words", NULL }, "an API key has" },
        { { "--control", "nowhere", NULL }, "nowhere" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct buf err;
        buf_init(&err, BUF_UNBOUNDED);
        assert_int_equal(mock_run(CASES[i].arguments, &err), 2);
        if (strstr(buf_text(&err), CASES[i].says) == NULL) fail_msg("%s", buf_text(&err));
        buf_deinit(&err);
    }
}

/* The answer to a forecast as text. */
static void forecast_text(const struct mock_process *mock, const char *path, struct buf *out)
{
    struct answer answer;
    client_call(mock, &(struct request){ .path = path }, &answer);
    assert_int_equal(answer.status, 200);
    buf_init(out, BUF_UNBOUNDED);
    buf_puts(out, buf_text(&answer.body));
    answer_free(&answer);
}

static void a_request_that_came_before_gets_the_same_answer_or_the_same_fault(void **state)
{
    (void)state;
    static const char *const PATHS[] = { "/v1/forecast", "/api/forecast" };
    struct mock_process mock;
    start(&mock);
    for (size_t path = 0; path < 2; path++) {
        struct buf first, later;
        forecast_text(&mock, PATHS[path], &first);
        for (int i = 0; i < 4; i++) {
            forecast_text(&mock, PATHS[path], &later);
            assert_string_equal(buf_text(&first), buf_text(&later));
            buf_deinit(&later);
        }
        assert_int_equal(post(&mock, "/__mock/fault", "{ answer: wrong_types }"), 200);
        forecast_text(&mock, PATHS[path], &later);
        assert_null(strstr(buf_text(&first), "[\"0."));
        assert_non_null(strstr(buf_text(&later), "[\"0."));
        buf_deinit(&later);
        assert_int_equal(delete (&mock, "/__mock/fault"), 200);
        buf_deinit(&first);
    }
    mock_stop(&mock);
}

enum { CHURN_CLIENTS = 40, CHURN_ROUNDS = 30, CHURN_SWAPS = 3 };

/* Ends the mock; its ledger has each request of the churn once. */
static void expect_each_once(struct mock_process *mock)
{
    static bool seen[CHURN_CLIENTS * CHURN_ROUNDS];
    char path[128];
    char *text = NULL;
    size_t length = 0;
    int lines = 0;
    struct err_note note = { .err = ERR_OK };
    memset(seen, 0, sizeof seen);
    mock_ledger_path(mock, path, sizeof path);
    mock_end(mock, 15);
    assert_int_equal(file_read(path, 1 << 24, &text, &length, &note), ERR_OK);
    mock_remove_files(mock);
    for (const char *at = text; (at = strstr(at, "\"id\":\"r")) != NULL; at += 7, lines++) {
        long number = strtol(at + 7, NULL, 10);
        assert_true(number >= 0 && number < CHURN_CLIENTS * CHURN_ROUNDS);
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_int_equal(lines, CHURN_CLIENTS * CHURN_ROUNDS);
    mem_free(text);
}

/* Every request gets one answer, and the ledger has each once, while scenarios are swapped under
 * answers that are still being played. */
static void swaps_under_load_lose_and_duplicate_nothing(void **state)
{
    (void)state;
    static const char *const SCENARIOS[] = {
        "upstream:\n  latency: 3ms\n",
        "upstream:\n  latency: { p50: 1ms, max: 9ms }\n  phases:\n"
        "    - { name: first, from: 0s, to: 1h, faults: [ { status: 503, share: 50% } ] }\n",
        "upstream:\n  latency: 5ms\n  phases:\n"
        "    - { name: second, from: 0s, to: 1h, faults: [ { delay: 4ms, share: 50% } ] }\n",
    };
    struct mock_process mock;
    int fds[CHURN_CLIENTS];
    start(&mock);
    for (int round = 0; round < CHURN_ROUNDS; round++) {
        for (int i = 0; i < CHURN_CLIENTS; i++) {
            char id[32];
            snprintf(id, sizeof id, "r%06d", round * CHURN_CLIENTS + i);
            fds[i] = client_connect(&mock);
            client_send(fds[i], &(struct request){ .id = id });
            if (i % (CHURN_CLIENTS / CHURN_SWAPS) != 0) continue;
            assert_int_equal(post(&mock, "/__mock/scenario", SCENARIOS[(round + i) % CHURN_SWAPS]),
                             200);
            if (i == 0) assert_int_equal(post(&mock, "/__mock/fault", "{ status: 500 }"), 200);
        }
        for (int i = 0; i < CHURN_CLIENTS; i++) {
            struct answer answer;
            client_read(fds[i], &answer, CLIENT_PATIENCE_MS);
            assert_int_equal(answer.end, END_WHOLE);
            assert_true(answer.status == 200 || answer.status == 503 || answer.status == 500);
            answer_free(&answer);
            close(fds[i]);
        }
    }
    expect_each_once(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_is_loaded_swapped_and_stopped),
        cmocka_unit_test(a_bad_scenario_is_refused_with_its_place_and_the_old_one_goes_on),
        cmocka_unit_test(a_scenario_is_loaded_from_a_file),
        cmocka_unit_test(a_fault_set_by_hand_holds_until_it_is_taken_back),
        cmocka_unit_test(a_fault_with_a_duration_ends_by_itself),
        cmocka_unit_test(ready_is_what_the_control_says),
        cmocka_unit_test(the_last_lines_of_the_ledger_are_told),
        cmocka_unit_test(a_reset_is_as_a_start_with_the_same_scenario),
        cmocka_unit_test(faults_do_not_reach_the_control_interface),
        cmocka_unit_test(a_control_port_for_anybody_must_be_asked_for),
        cmocka_unit_test(wrong_options_say_what_to_do),
        cmocka_unit_test(a_request_that_came_before_gets_the_same_answer_or_the_same_fault),
        cmocka_unit_test(swaps_under_load_lose_and_duplicate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
