/* The ledger says what the client saw: bytes, moments, draws and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire_checks.h"

/* The last line, once there are `lines` of them since the fault was set. */
static cJSON *last_line(const struct wire_rig *rig, int lines)
{
    uint64_t deadline = clock_now() + CLIENT_PATIENCE_MS * NS_PER_MS;
    for (;;) {
        struct answer answer;
        int count = 0;
        client_control(&rig->mock,
                       &(struct request){ .method = "GET", .path = "/__mock/ledger/1000" },
                       &answer);
        assert_int_equal(answer.status, 200);
        const char *text = buf_text(&answer.body);
        const char *last = text;
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
            count++;
            if (at[1] != '\0') last = at + 1;
        }
        cJSON *line = count >= lines ? cJSON_Parse(last) : NULL;
        answer_free(&answer);
        if (line != NULL) return line;
        assert_true(clock_now() < deadline);
        poll(NULL, 0, 2);
    }
}

static double number(const cJSON *line, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, key);
    if (!cJSON_IsNumber(item)) fail_msg("%s is no number", key);
    return item->valuedouble;
}

static const char *text_of(const cJSON *line, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, key));
    assert_non_null(text);
    return text;
}

static bool is_null(const cJSON *line, const char *key)
{
    return cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(line, key));
}

/* Sets the fault, asks once, reads to the end or so many bytes; the line of that attempt. */
static cJSON *line_of(struct wire_rig *rig, const char *fault, size_t until)
{
    static int lines = 1; /* wire_rig_open() has asked once */
    struct wire_peer peer;
    wire_rig_set(rig, fault);
    wire_ask(rig, &peer, false);
    wire_read(&peer, until, CLIENT_PATIENCE_MS);
    client_expect_alive(&rig->mock); /* what was to be done at once is done */
    wire_close(&peer);
    cJSON *line = last_line(rig, ++lines);
    assert_string_equal(text_of(line, "id"), "r000001");
    assert_int_equal(number(line, "seq"), lines - 1);
    return line;
}

static struct wire_rig rig;

static int open_rig(void **state)
{
    (void)state;
    wire_rig_open(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    wire_rig_close(&rig);
    return 0;
}

static void a_cut_answer_has_the_bytes_that_left(void **state)
{
    (void)state;
    cJSON *line = line_of(&rig, "{ at: response_body@40%, do: reset, share: 100% }", SIZE_MAX);
    assert_int_equal(number(line, "head_bytes"), rig.head.length);
    assert_int_equal(number(line, "body_bytes"), rig.body.length * 40 / 100);
    assert_int_equal(number(line, "other_bytes"), 0);
    assert_string_equal(text_of(line, "end"), "reset");
    assert_string_equal(text_of(line, "phase"), "now");
    assert_string_equal(text_of(line, "rules"), "reset at response_body@40%");
    assert_int_equal(number(line, "fired"), 1);
    const cJSON *drawn = cJSON_GetObjectItemCaseSensitive(line, "drawn_ppm");
    assert_int_equal(cJSON_GetArraySize(drawn), 1);
    assert_true(cJSON_GetArrayItem(drawn, 0)->valuedouble < 1000000);
    assert_true(number(line, "first_ns") <= number(line, "last_ns"));
    cJSON_Delete(line);
    line = line_of(&rig, "{ at: response_head@20B, do: close }", SIZE_MAX);
    assert_int_equal(number(line, "head_bytes"), 20);
    assert_int_equal(number(line, "body_bytes"), 0);
    assert_string_equal(text_of(line, "end"), "close");
    cJSON_Delete(line);
    line = line_of(&rig, "{ at: response_head, do: reset }", SIZE_MAX);
    assert_int_equal(number(line, "head_bytes"), 0);
    assert_true(is_null(line, "first_ns"));
    assert_true(is_null(line, "last_ns"));
    cJSON_Delete(line);
}

static void each_rule_that_fired_has_its_draw(void **state)
{
    (void)state;
    cJSON *line = line_of(&rig,
                          "[ { delay: 1ms, share: 0% }, { delay: 1ms, share: 99.9999% }, "
                          "{ at: response_head, do: reset, share: 99.9998% } ]",
                          SIZE_MAX);
    assert_int_equal(number(line, "fired"), 6);
    const cJSON *drawn = cJSON_GetObjectItemCaseSensitive(line, "drawn_ppm");
    assert_int_equal(cJSON_GetArraySize(drawn), 2);
    double first = cJSON_GetArrayItem(drawn, 0)->valuedouble;
    double second = cJSON_GetArrayItem(drawn, 1)->valuedouble;
    /* Each rule has luck of its own, and this request's is no extreme one. */
    assert_true(first > 0 && first < 999999);
    assert_true(second > 0 && second < 999998);
    assert_true(first != second);
    cJSON_Delete(line);
}

static void bytes_that_are_not_the_answers_are_counted_apart(void **state)
{
    (void)state;
    size_t all = rig.head.length + rig.body.length;
    cJSON *line = line_of(&rig, "{ at: response_body@40%, do: garbage, bytes: 64 }", all + 64);
    assert_int_equal(number(line, "body_bytes"), rig.body.length);
    assert_int_equal(number(line, "other_bytes"), 64);
    assert_string_equal(text_of(line, "end"), "complete");
    cJSON_Delete(line);
    line = line_of(&rig, "{ interim: 3 }", all + 3 * 25);
    assert_int_equal(number(line, "head_bytes"), rig.head.length);
    assert_int_equal(number(line, "other_bytes"), 3 * 25);
    cJSON_Delete(line);
    line = line_of(&rig, "{ malformed: length_long }", SIZE_MAX);
    assert_string_equal(text_of(line, "malformed"), "length_long");
    cJSON_Delete(line);
}

static void moments_are_never_before_what_was_asked_for(void **state)
{
    (void)state;
    cJSON *line = line_of(&rig, "{ delay: 30ms }", rig.body.length);
    assert_int_equal(number(line, "asked_ns"), 30 * NS_PER_MS);
    assert_true(number(line, "first_ns") >= 30 * NS_PER_MS);
    assert_true(number(line, "last_ns") >= number(line, "first_ns"));
    /* A head that the library made: its length is what came. */
    assert_int_equal(number(line, "head_bytes"), rig.head.length);
    assert_int_equal(number(line, "body_bytes"), rig.body.length);
    assert_string_equal(text_of(line, "end"), "complete");
    cJSON_Delete(line);
    line = line_of(&rig, "{ at: response_body@50%, do: delay, for: 30ms }",
                   rig.head.length + rig.body.length);
    assert_true(number(line, "last_ns") >= number(line, "first_ns") + 30 * NS_PER_MS);
    assert_true(number(line, "late_max_ns") >= number(line, "late_ns"));
    cJSON_Delete(line);
}

static void clients_that_leave_are_told_from_faults(void **state)
{
    (void)state;
    cJSON *line = line_of(&rig, "{ at: response_body@50%, do: stall }",
                          rig.head.length + rig.body.length / 2);
    assert_string_equal(text_of(line, "end"), "stalled");
    cJSON_Delete(line);
    line = line_of(&rig, "{ delay: 60s }", 0);
    assert_string_equal(text_of(line, "end"), "client_gone");
    assert_true(is_null(line, "first_ns"));
    cJSON_Delete(line);
    line = line_of(&rig, "{ at: response_body@50%, do: delay, for: 60s }", rig.head.length);
    assert_string_equal(text_of(line, "end"), "client_gone");
    assert_int_equal(number(line, "body_bytes"), rig.body.length / 2);
    cJSON_Delete(line);
    line = line_of(&rig, "{ at: request_body@50%, do: stall }", 0);
    assert_string_equal(text_of(line, "end"), "stalled");
    cJSON_Delete(line);
}

static void a_request_that_never_became_whole_has_its_line(void **state)
{
    (void)state;
    struct wire_peer peer;
    struct buf request;
    cJSON *line = line_of(&rig, "{ at: request_body@90%, do: reset }", SIZE_MAX);
    int lines = (int)number(line, "seq") + 1;
    assert_string_equal(text_of(line, "end"), "reset");
    cJSON_Delete(line);
    wire_open(&peer, &rig.mock);
    wire_request(&request, "r000001~0", 0);
    wire_send(&peer, request.data, request.length / 2);
    client_expect_alive(&rig.mock); /* read by now */
    wire_close(&peer);
    buf_deinit(&request);
    line = last_line(&rig, lines + 1);
    assert_string_equal(text_of(line, "end"), "client_gone");
    assert_int_equal(number(line, "fired"), 1);
    cJSON_Delete(line);
}

/* Ends a mock whose one request is in the middle of this; its only line. */
static cJSON *line_of_stopped(const char *fault, const char *path, const char *body)
{
    struct mock_process mock;
    struct err_note note = { .err = ERR_OK };
    char *text = NULL;
    size_t length = 0;
    char ledger[128];
    mock_start(&mock, fault, "0s");
    int fd = client_connect(&mock);
    client_send(fd, &(struct request){ .path = path, .id = "r000001", .body = body });
    client_expect_alive(&mock);
    client_expect_alive(&mock);
    int status = mock_end(&mock, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    mock_ledger_path(&mock, ledger, sizeof ledger);
    assert_int_equal(file_read(ledger, 1 << 20, &text, &length, &note), ERR_OK);
    cJSON *line = cJSON_Parse(text);
    assert_non_null(line);
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    mem_free(text);
    mock_remove_files(&mock);
    close(fd);
    return line;
}

static void whatever_is_open_when_the_mock_ends_has_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *end;
    } rows[] = {
        { "{ delay: 60s }", "stopped" },
        { "{ at: response_head@20B, do: delay, for: 60s }", "stopped" },
        { "{ at: response_head, do: dribble, piece: 1B, every: 1s }", "stopped" },
        { "{ at: response_head, do: stall }", "stalled" },
        { "{ at: response_body@50%, do: stall }", "stalled" },
        { "{ at: request_body@50%, do: stall }", "stalled" },
        { "{ huge_body: 64MiB }", "stopped" }, /* which nobody reads */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *line = line_of_stopped(rows[i].fault, NULL, NULL);
        assert_string_equal(text_of(line, "end"), rows[i].end);
        cJSON_Delete(line);
    }
    /* An ordinary answer of megabytes, which is the server's to send. */
    cJSON *line = line_of_stopped("{ delay: 0s, share: 0% }", "/v1/timeseries/forecast",
                                  "{\"model\":\"m\",\"horizon_steps\":60000,\"series\":[1,2,3],"
                                  "\"quantiles\":[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]}");
    assert_string_equal(text_of(line, "end"), "stopped");
    cJSON_Delete(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_answer_has_the_bytes_that_left),
        cmocka_unit_test(each_rule_that_fired_has_its_draw),
        cmocka_unit_test(bytes_that_are_not_the_answers_are_counted_apart),
        cmocka_unit_test(moments_are_never_before_what_was_asked_for),
        cmocka_unit_test(clients_that_leave_are_told_from_faults),
        cmocka_unit_test(whatever_is_open_when_the_mock_ends_has_its_line),
        cmocka_unit_test(a_request_that_never_became_whole_has_its_line),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
