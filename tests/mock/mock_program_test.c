/* The program as a whole: fate, phases, the ledger, the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "client.h"

enum { IDS = 100, FATE_RESET = 1 };

static const char MIXED[] =
    "{ status: 503, share: 40% }, { at: response_head, do: reset, share: 20% }";
static const int64_t SECOND = 1000000000;

static unsigned fate_of(struct answer *answer)
{
    unsigned fate = answer->end == END_RESET ? FATE_RESET : answer->status;
    assert_true(answer->end == END_RESET || answer->end == END_WHOLE);
    answer_free(answer);
    return fate;
}

static void send_numbered(int fd, int number, const char *attempt)
{
    char id[32];
    snprintf(id, sizeof id, "r%06d~%s", number, attempt);
    client_send(fd, &(struct request){ .id = id, .attempt = attempt });
}

static void meet_one_by_one(unsigned fates[IDS], const char *attempt)
{
    struct mock_process mock;
    mock_start(&mock, MIXED, "1ms");
    for (int i = 0; i < IDS; i++) {
        struct answer answer;
        int fd = client_connect(&mock);
        send_numbered(fd, i, attempt);
        client_read(fd, &answer, CLIENT_PATIENCE_MS);
        fates[i] = fate_of(&answer);
        close(fd);
    }
    mock_stop(&mock);
}

static void meet_all_at_once(unsigned fates[IDS], const char *attempt)
{
    struct mock_process mock;
    int fds[IDS];
    mock_start(&mock, MIXED, "1ms");
    for (int i = 0; i < IDS; i++)
        fds[i] = client_connect(&mock);
    for (int i = IDS - 1; i >= 0; i--)
        send_numbered(fds[i], i, attempt);
    for (int i = 0; i < IDS; i++) {
        struct answer answer;
        client_read(fds[i], &answer, CLIENT_PATIENCE_MS);
        fates[i] = fate_of(&answer);
        close(fds[i]);
    }
    mock_stop(&mock);
}

static void an_id_and_attempt_meet_the_same_fate_at_any_concurrency(void **state)
{
    (void)state;
    unsigned alone[IDS], together[IDS], second[IDS];
    int counts[3] = { 0 };
    meet_one_by_one(alone, "0");
    meet_all_at_once(together, "0");
    meet_all_at_once(second, "1");
    assert_memory_equal(alone, together, sizeof alone);
    assert_memory_not_equal(alone, second, sizeof alone);
    for (int i = 0; i < IDS; i++) {
        counts[alone[i] == 503 ? 0 : alone[i] == FATE_RESET ? 1 : 2]++;
    }
    assert_true(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
}

/* Equal bodies without an id are told apart by their number, the same in every run. */
static void requests_without_an_id_are_keyed_by_body_and_occurrence(void **state)
{
    (void)state;
    unsigned fates[2][IDS];
    int failed = 0;
    for (int run = 0; run < 2; run++) {
        struct mock_process mock;
        mock_start(&mock, MIXED, "0s");
        for (int i = 0; i < IDS; i++) {
            struct answer answer;
            client_call(&mock, &(struct request){ .path = NULL }, &answer);
            fates[run][i] = fate_of(&answer);
            failed += fates[run][i] != 200;
        }
        mock_stop(&mock);
    }
    assert_memory_equal(fates[0], fates[1], sizeof fates[0]);
    assert_true(failed > 0 && failed < 2 * IDS);
}

static const char PHASES[] =
    "version: 1\nname: phases\nteaches: Phases.\nseed: 1\nduration: 3600s\n"
    "runtime: { env: prod }\n"
    "workload:\n  - arrival: { constant: 1/s }\n    keys: { count: 5 }\n"
    "    request: { y_len: 64, horizon_steps: 12 }\n"
    "upstream:\n  latency: 0s\n  phases:\n"
    "    - { name: first, from: 0s, to: 10s, faults: [ { status: 500 } ] }\n"
    "    - { name: second, from: 20s, to: 30s, faults: [ { status: 503 } ] }\n"
    "expect:\n  - order: guide\n";

static void start_sets_which_phase_is_in_force(void **state)
{
    (void)state;
    static const struct {
        int64_t start_s; /* from now */
        unsigned status;
    } STEPS[] = { { 0, 500 }, { 100, 200 }, { -15, 200 }, { -25, 503 }, { -35, 200 } };
    struct mock_process mock;
    struct answer answer;
    mock_start_scenario(&mock, PHASES);
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        client_set_start(&mock, STEPS[i].start_s * SECOND);
        client_call(&mock, &(struct request){ .id = "r1" }, &answer);
        assert_int_equal(answer.status, STEPS[i].status);
        answer_free(&answer);
    }
    client_call(&mock, &(struct request){ .path = "/__mock/start", .body = "{}" }, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    client_call(&mock, &(struct request){ .id = "r1" }, &answer);
    assert_int_equal(answer.status, 500);
    answer_free(&answer);
    mock_stop(&mock);
}

/* The ledger's lines, parsed; every line must be whole. Owned by the caller. */
static cJSON *read_ledger(const struct mock_process *mock)
{
    char path[128];
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    cJSON *lines = cJSON_CreateArray();
    mock_ledger_path(mock, path, sizeof path);
    assert_int_equal(file_read(path, 1 << 24, &text, &length, &note), ERR_OK);
    for (const char *at = text; *at != '\0';) {
        const char *end = strchr(at, '\n');
        assert_non_null(end);
        cJSON *line = cJSON_ParseWithLength(at, (size_t)(end - at));
        assert_true(cJSON_IsObject(line));
        cJSON_AddItemToArray(lines, line);
        at = end + 1;
    }
    mem_free(text);
    return lines;
}

static const char *text_of(const cJSON *line, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(line, key);
    assert_true(cJSON_IsString(value));
    return value->valuestring;
}

static double number_of(const cJSON *line, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(line, key);
    assert_true(cJSON_IsNumber(value));
    return value->valuedouble;
}

static void every_attempt_has_its_line_in_the_ledger(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ delay: 5ms }, { at: response_body@37B, do: reset }", "2ms");
    client_call(&mock, &(struct request){ .id = "r000003~2", .attempt = "2" }, &answer);
    answer_free(&answer);
    client_set_start(&mock, 1000 * SECOND);
    client_call(&mock, &(struct request){ .id = "r000004", .body = "{" }, &answer);
    answer_free(&answer);
    client_expect_alive(&mock);
    assert_true(WIFEXITED(mock_end(&mock, SIGTERM)));

    cJSON *lines = read_ledger(&mock);
    assert_int_equal(cJSON_GetArraySize(lines), 2);
    const cJSON *line = cJSON_GetArrayItem(lines, 0);
    assert_true(number_of(line, "seq") == 0);
    assert_string_equal(text_of(line, "id"), "r000003");
    assert_true(number_of(line, "attempt") == 2);
    assert_true(number_of(line, "at_ns") > 0);
    assert_string_equal(text_of(line, "path"), "/v1/forecast");
    assert_string_equal(text_of(line, "phase"), "trouble");
    assert_non_null(strstr(text_of(line, "rules"), "delay"));
    assert_non_null(strstr(text_of(line, "rules"), " + "));
    assert_true(number_of(line, "status") == 200);
    assert_string_equal(text_of(line, "answer"), "good");
    assert_true(number_of(line, "asked_ns") == 7e6);
    assert_true(number_of(line, "late_ns") >= 0);
    assert_true(number_of(line, "body_bytes") == 37);
    assert_string_equal(text_of(line, "end"), "reset");

    line = cJSON_GetArrayItem(lines, 1);
    assert_true(number_of(line, "seq") == 1);
    assert_true(number_of(line, "status") == 400);
    assert_true(number_of(line, "at_ns") < 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(line, "phase")));
    assert_string_equal(text_of(line, "rules"), "");
    assert_string_equal(text_of(line, "end"), "complete");
    cJSON_Delete(lines);
    mock_remove_files(&mock);
}

/* Polls the statistics until `end` was counted `count` times. */
static void wait_for_end(const struct mock_process *mock, const char *end, int count)
{
    uint64_t deadline = clock_now() + CLIENT_PATIENCE_MS * NS_PER_MS;
    for (int seen = 0; seen < count;) {
        struct answer answer;
        assert_true(clock_now() < deadline);
        client_call(mock, &(struct request){ .method = "GET", .path = "/__mock/ledger/stats" },
                    &answer);
        cJSON *stats = cJSON_Parse(buf_text(&answer.body));
        seen = (int)number_of(cJSON_GetObjectItem(stats, "ends"), end);
        cJSON_Delete(stats);
        answer_free(&answer);
    }
}

static void send_and_hang_up(const struct mock_process *mock, int expected_head)
{
    struct answer answer;
    int fd = client_connect(mock);
    client_send(fd, &(struct request){ .id = "r1" });
    if (expected_head) {
        client_read(fd, &answer, CLIENT_SILENCE_MS);
        assert_int_equal(answer.end, END_SILENT);
        answer_free(&answer);
    }
    close(fd);
}

static void a_client_that_hangs_up_is_noticed_wherever_the_plan_stands(void **state)
{
    (void)state;
    struct mock_process mock;
    mock_start(&mock, "{ at: response_head, do: stall }", "1ms");
    send_and_hang_up(&mock, 1);
    wait_for_end(&mock, "stalled", 1);
    mock_stop(&mock);
    mock_start(&mock, "{ at: response_body@50%, do: stall }", "1ms");
    send_and_hang_up(&mock, 1);
    wait_for_end(&mock, "stalled", 1);
    mock_stop(&mock);
    mock_start(&mock, "{ delay: 100s }", "1ms");
    send_and_hang_up(&mock, 0);
    wait_for_end(&mock, "client_gone", 1);
    mock_stop(&mock);
}

static void sigterm_ends_it_at_once_with_the_open_answers_in_the_ledger(void **state)
{
    (void)state;
    struct mock_process mock;
    struct answer answer;
    mock_start(&mock, "{ at: response_body@50%, do: stall }", "1ms");
    int stalled = client_connect(&mock);
    client_send(stalled, &(struct request){ .id = "r1" });
    client_read(stalled, &answer, CLIENT_SILENCE_MS);
    answer_free(&answer);
    int status = mock_end(&mock, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cJSON *lines = read_ledger(&mock);
    assert_int_equal(cJSON_GetArraySize(lines), 1);
    assert_string_equal(text_of(cJSON_GetArrayItem(lines, 0), "end"), "stalled");
    cJSON_Delete(lines);
    close(stalled);
    mock_remove_files(&mock);
}

/* Plays ten attempts and ends the mock; its ledger then. */
static cJSON *ledger_of_ten(const char *const *arguments, int signal)
{
    struct mock_process mock;
    mock_start_with(&mock, arguments);
    for (int i = 0; i < 10; i++) {
        struct answer answer;
        client_call(&mock, &(struct request){ .id = "r1" }, &answer);
        answer_free(&answer);
    }
    mock_end(&mock, signal);
    cJSON *lines = read_ledger(&mock);
    mock_remove_files(&mock);
    return lines;
}

static void a_ledger_says_when_asked_that_it_is_whole(void **state)
{
    (void)state;
    cJSON *lines = ledger_of_ten((const char *[]){ "--ledger-end", NULL }, SIGTERM);
    assert_int_equal(cJSON_GetArraySize(lines), 11);
    const cJSON *last = cJSON_GetArrayItem(lines, 10);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(last, "end")));
    assert_true(number_of(last, "lines") == 10);
    cJSON_Delete(lines);
    lines = ledger_of_ten((const char *[]){ NULL }, SIGTERM);
    assert_int_equal(cJSON_GetArraySize(lines), 10);
    assert_string_equal(text_of(cJSON_GetArrayItem(lines, 9), "end"), "complete");
    cJSON_Delete(lines);
    lines = ledger_of_ten((const char *[]){ "--ledger-end", NULL }, SIGKILL);
    assert_true(cJSON_GetArraySize(lines) <= 10);
    cJSON_Delete(lines);
}

static void a_killed_mock_leaves_whole_lines(void **state)
{
    (void)state;
    struct mock_process mock;
    char path[128];
    mock_start(&mock, NULL, "");
    mock_ledger_path(&mock, path, sizeof path);
    for (int i = 0; i < 10; i++) {
        struct answer answer;
        client_call(&mock, &(struct request){ .id = "r1" }, &answer);
        answer_free(&answer);
    }
    uint64_t deadline = clock_now() + CLIENT_PATIENCE_MS * NS_PER_MS;
    cJSON *lines = read_ledger(&mock);
    while (cJSON_GetArraySize(lines) < 10) { /* flushed without being asked to */
        assert_true(clock_now() < deadline);
        cJSON_Delete(lines);
        poll(NULL, 0, 5);
        lines = read_ledger(&mock);
    }
    cJSON_Delete(lines);
    mock_end(&mock, SIGKILL);
    lines = read_ledger(&mock);
    assert_int_equal(cJSON_GetArraySize(lines), 10);
    cJSON_Delete(lines);
    mock_remove_files(&mock);
}

static void expect_exit(const char *const *arguments, int exit_code, const char *part)
{
    struct buf err;
    buf_init(&err, BUF_UNBOUNDED);
    assert_int_equal(mock_run(arguments, &err), exit_code);
    if (strstr(buf_text(&err), part) == NULL) fail_msg("\"%s\" lacks %s", buf_text(&err), part);
    buf_deinit(&err);
}

static void bad_usage_exits_with_2_and_a_sentence(void **state)
{
    (void)state;
    expect_exit((const char *[]){ "--nonsense", NULL }, 2, "--help");
    expect_exit((const char *[]){ "surplus", NULL }, 2, "surplus");
    expect_exit((const char *[]){ "--listen", "nowhere", NULL }, 2, "nowhere");
    expect_exit((const char *[]){ "--listen", "127.0.0.1:0", "--seed", "-1", NULL }, 2, "-1");
    expect_exit((const char *[]){ "--parent", "me", NULL }, 2, "me");
    expect_exit((const char *[]){ "--listen", "127.0.0.1:0", "--ledger", "/nowhere/x", NULL }, 2,
                "/nowhere/x");
    expect_exit((const char *[]){ "--scenario", "/nowhere.yaml", NULL }, 2, "/nowhere.yaml");
    expect_exit((const char *[]){ "--help", NULL }, 0, "--scenario FILE");
    expect_exit((const char *[]){ "--version", NULL }, 0, "mock-tollama ");
}

static void a_bad_scenario_exits_with_2_and_its_place(void **state)
{
    (void)state;
    struct err_note note = { .err = ERR_OK };
    char path[] = "/tmp/mock-test-XXXXXX";
    static const char TEXT[] = "version: 1\nname: bad\nteaches: X.\nseed: 1\nduration: 40sec\n";
    close(mkstemp(path));
    assert_int_equal(file_write(path, TEXT, strlen(TEXT), &note), ERR_OK);
    expect_exit((const char *[]){ "--scenario", path, NULL }, 2, ":5:11: error: ");
    unlink(path);
}

static void a_port_in_use_exits_with_4(void **state)
{
    (void)state;
    struct mock_process mock;
    char address[64];
    mock_start(&mock, NULL, "");
    snprintf(address, sizeof address, "127.0.0.1:%u", mock.port);
    expect_exit((const char *[]){ "--listen", address, NULL }, 4, "127.0.0.1");
    mock_stop(&mock);
}

static void control_is_not_served_on_a_public_address(void **state)
{
    (void)state;
    struct mock_process mock = { .pid = 0 };
    struct answer answer;
    int pipes[2];
    char line[128] = "";
    char parent[32];
    unsigned port = 0;
    assert_int_equal(pipe(pipes), 0);
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    mock.pid = fork();
    if (mock.pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execl(TOLLGATE_BINARY_DIR "/bin/mock-tollama", "mock-tollama", "--listen", "0.0.0.0:0",
              "--parent", parent, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    mock.out = pipes[0];
    assert_true(read(pipes[0], line, sizeof line - 1) > 0);
    assert_int_equal(sscanf(line, "mock-tollama ready on http://0.0.0.0:%u", &port), 1);
    mock.port = (uint16_t)port;
    client_call(&mock, &(struct request){ .path = "/__mock/start", .body = "{}" }, &answer);
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
    client_expect_alive(&mock);
    mock_end(&mock, SIGTERM);
}

/* A middle process starts the mock and ends; the mock's end closes the pipe. */
static void it_does_not_outlive_its_parent(void **state)
{
    (void)state;
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t middle = fork();
    if (middle == 0) {
        char parent[32];
        snprintf(parent, sizeof parent, "%d", (int)getpid());
        close(pipes[0]);
        if (fork() == 0) {
            dup2(pipes[1], STDOUT_FILENO);
            close(pipes[1]);
            execl(TOLLGATE_BINARY_DIR "/bin/mock-tollama", "mock-tollama", "--listen",
                  "127.0.0.1:0", "--parent", parent, (char *)NULL);
            _exit(127);
        }
        close(pipes[1]);
        for (;;)
            pause();
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1); /* it is ready */
    assert_int_equal(kill(middle, SIGKILL), 0);
    assert_int_equal(waitpid(middle, NULL, 0), middle);
    for (ssize_t n = 1; n > 0;) {
        struct pollfd readable = { .fd = pipes[0], .events = POLLIN };
        assert_int_equal(poll(&readable, 1, CLIENT_PATIENCE_MS), 1);
        n = read(pipes[0], &byte, 1);
    }
    close(pipes[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_and_attempt_meet_the_same_fate_at_any_concurrency),
        cmocka_unit_test(requests_without_an_id_are_keyed_by_body_and_occurrence),
        cmocka_unit_test(start_sets_which_phase_is_in_force),
        cmocka_unit_test(every_attempt_has_its_line_in_the_ledger),
        cmocka_unit_test(a_client_that_hangs_up_is_noticed_wherever_the_plan_stands),
        cmocka_unit_test(a_ledger_says_when_asked_that_it_is_whole),
        cmocka_unit_test(sigterm_ends_it_at_once_with_the_open_answers_in_the_ledger),
        cmocka_unit_test(a_killed_mock_leaves_whole_lines),
        cmocka_unit_test(bad_usage_exits_with_2_and_a_sentence),
        cmocka_unit_test(a_bad_scenario_exits_with_2_and_its_place),
        cmocka_unit_test(a_port_in_use_exits_with_4),
        cmocka_unit_test(control_is_not_served_on_a_public_address),
        cmocka_unit_test(it_does_not_outlive_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
