#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rig.h"

/* What the runtime lets others see of one request: the caller's trace, and the log lines. */

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define PARENT "00-" TRACE "-" SPAN "-01"

enum { POINTS = 40, LINES_MAX = 64 };

/* The rig's log, in a file. */
struct lines {
    char path[64];
    cJSON *items[LINES_MAX]; /* owned */
    size_t count;
};

static void capture(struct rig *rig, struct lines *lines)
{
    *lines = (struct lines){ .path = "/tmp/tollgate-log-XXXXXX" };
    int fd = mkstemp(lines->path);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, rig->log.fd), rig->log.fd);
    close(fd);
}

/* Every line must be one JSON object. */
static void read_lines(struct lines *lines)
{
    static char text[1 << 16];
    FILE *file = fopen(lines->path, "re");
    assert_non_null(file);
    while (fgets(text, sizeof text, file) != NULL) {
        cJSON *json = cJSON_Parse(text);
        if (json == NULL) fail_msg("not JSON: %s", text);
        assert_true(lines->count < LINES_MAX);
        lines->items[lines->count++] = json;
    }
    fclose(file);
    unlink(lines->path);
}

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) cJSON_Delete(lines->items[i]);
}

static const char *text_of(const cJSON *line, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(line, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* The number `nth` (0 is the first) line of `event`, NULL when there are fewer. */
static const cJSON *line_of(const struct lines *lines, const char *event, size_t nth)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(text_of(lines->items[i], "event"), event) != 0) continue;
        if (nth-- == 0) return lines->items[i];
    }
    return NULL;
}

static struct rig_answer ask(struct rig *rig, const char *headers, const char *body)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    buf_puts(&text, "POST /tsfm/forecast HTTP/1.1\r\nHost: test\r\n");
    buf_printf(&text, "%sContent-Length: %zu\r\n\r\n%s", headers, strlen(body), body);
    struct rig_answer answer = rig_receive(rig, rig_send(rig_port(rig), text.data, text.length));
    buf_deinit(&text);
    return answer;
}

static void a_trace_goes_on_with_a_span_per_attempt_and_into_the_logs(void **state)
{
    (void)state;
    struct rig rig;
    struct lines lines;
    rig_start(&rig, SETS("retry_count=1", "retry_backoff_base_ms=1"));
    capture(&rig, &lines);
    PLAY(&rig, { .move = RIG_STATUS, .status = 503 }, { .move = RIG_FORECAST });
    char *body = rig_body("m1", POINTS);
    struct rig_answer answer = ask(&rig, "X-Request-Id: one\r\ntraceparent: " PARENT
                                         "\r\ntracestate: rojo=1\r\nTraceState: t@v=x\r\n", body);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_header(&answer, "traceparent"), PARENT);
    assert_int_equal(rig.attempts, 2);
    assert_string_equal(rig.last_state, "rojo=1,t@v=x");
    assert_memory_equal(rig.last_parent, "00-" TRACE "-", 36);
    assert_string_equal(rig.last_parent + 52, "-01");
    assert_memory_not_equal(rig.last_parent + 36, SPAN, 16);
    read_lines(&lines);
    const cJSON *attempt = line_of(&lines, "attempt", 0);
    assert_string_equal(text_of(attempt, "request_id"), "one");
    assert_string_equal(text_of(attempt, "trace_id"), TRACE);
    assert_string_equal(text_of(attempt, "code"), "RUNTIME_5XX");
    assert_int_equal(strlen(text_of(attempt, "span_id")), 16);
    /* The log is of the first attempt, the header of the second. */
    assert_memory_not_equal(rig.last_parent + 36, text_of(attempt, "span_id"), 16);
    const cJSON *request = line_of(&lines, "request", 0);
    assert_string_equal(text_of(request, "request_id"), "one");
    assert_string_equal(text_of(request, "trace_id"), TRACE);
    free_lines(&lines);
    rig_answer_free(&answer);
    mem_free(body);
    rig_stop(&rig);
}

static void without_a_valid_trace_none_is_invented(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "tracestate: rojo=1\r\n",
        "traceparent: 00-" TRACE "-0000000000000000-01\r\ntracestate: rojo=1\r\n",
        "traceparent: " PARENT "\r\ntraceparent: " PARENT "\r\ntracestate: rojo=1\r\n",
    };
    struct rig rig;
    struct lines lines;
    rig_start(&rig, SETS("retry_count=0", "cache_entries_max=0"));
    capture(&rig, &lines);
    char *body = rig_body("m1", POINTS);
    /* A job that carried a trace must not lend it to the next request. */
    struct rig_answer answer = ask(&rig, "traceparent: " PARENT "\r\ntracestate: a=1\r\n", body);
    assert_string_equal(rig.last_state, "a=1");
    rig_answer_free(&answer);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        answer = ask(&rig, headers[i], body);
        assert_int_equal(answer.status, 200);
        assert_string_equal(rig_header(&answer, "traceparent"), "");
        assert_string_equal(rig.last_parent, "");
        assert_string_equal(rig.last_state, "");
        rig_answer_free(&answer);
    }
    answer = ask(&rig, "traceparent: " PARENT "\r\ntracestate: A=1\r\n", body);
    assert_memory_equal(rig.last_parent, "00-" TRACE "-", 36);
    assert_string_equal(rig.last_state, "");
    rig_answer_free(&answer);
    read_lines(&lines);
    for (size_t i = 1; i <= sizeof headers / sizeof *headers; i++) {
        const cJSON *request = line_of(&lines, "request", i);
        assert_non_null(request);
        assert_null(cJSON_GetObjectItem(request, "trace_id"));
    }
    free_lines(&lines);
    mem_free(body);
    rig_stop(&rig);
}

static void a_refusal_carries_trace_code_and_request_id_too(void **state)
{
    (void)state;
    struct rig rig;
    struct lines lines;
    rig_start(&rig, SETS("retry_count=0"));
    capture(&rig, &lines);
    struct rig_answer answer = ask(&rig, "X-Request-Id: two\r\ntraceparent: " PARENT "\r\n", "{");
    assert_int_equal(answer.status, 400);
    assert_string_equal(rig_header(&answer, "traceparent"), PARENT);
    read_lines(&lines);
    const cJSON *refused = line_of(&lines, "refused", 0);
    assert_string_equal(text_of(refused, "request_id"), "two");
    assert_string_equal(text_of(refused, "trace_id"), TRACE);
    assert_string_equal(text_of(refused, "code"), "INPUT_INVALID");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(refused, "cause")));
    free_lines(&lines);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static void an_answer_other_than_the_forecast_is_logged_with_code_and_cause(void **state)
{
    (void)state;
    struct rig rig;
    struct lines lines;
    rig_start(&rig, SETS("retry_count=0"));
    capture(&rig, &lines);
    PLAY(&rig, { .move = RIG_STATUS, .status = 502 });
    struct rig_answer answer = rig_ask_for(&rig, "m1", POINTS);
    rig_assert_meta(&answer, "code", "BASELINE_FALLBACK");
    read_lines(&lines);
    const cJSON *request = line_of(&lines, "request", 0);
    assert_string_equal(text_of(request, "request_id"), rig_text(&answer, "meta.request_id"));
    assert_string_equal(text_of(request, "served"), "baseline");
    assert_string_equal(text_of(request, "code"), "BASELINE_FALLBACK");
    assert_string_equal(text_of(request, "cause"), "RUNTIME_5XX");
    free_lines(&lines);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

/* Opens the breaker, then has it turn requests away for `for_ns`; their number. */
static uint64_t turn_away(struct rig *rig, struct lines *lines, const char *interval,
                          uint64_t for_ns)
{
    uint64_t skipped = 0;
    rig_start(rig, SETS("retry_count=0", "breaker_failures_30s=1", "breaker_min_volume=1",
                        "breaker_cooldown_s=3600", "breaker_cooldown_jitter=0",
                        "cache_entries_max=0", interval));
    rig->log.level = LOG_LEVEL_INFO;
    capture(rig, lines);
    PLAY(rig, { .move = RIG_STATUS, .status = 503 });
    struct rig_answer answer = rig_ask_for(rig, "m1", POINTS);
    rig_answer_free(&answer);
    instant_ns end = clock_now() + for_ns;
    while (skipped < 10 || clock_now() < end) {
        answer = rig_ask_for(rig, "m1", POINTS);
        rig_assert_meta(&answer, "cause", "CIRCUIT_OPEN");
        rig_answer_free(&answer);
        skipped++;
    }
    assert_int_equal(rig->attempts, 1);
    return skipped;
}

static void an_open_breaker_is_told_of_once_within_the_interval(void **state)
{
    (void)state;
    struct rig rig;
    struct lines lines;
    turn_away(&rig, &lines, "breaker_open_warning_interval_s=3600", 0);
    read_lines(&lines);
    const cJSON *opened = line_of(&lines, "breaker", 0);
    assert_string_equal(text_of(opened, "level"), "warn");
    assert_string_equal(text_of(opened, "rule"), "count");
    assert_null(line_of(&lines, "breaker_open", 0));
    free_lines(&lines);
    rig_stop(&rig);
}

static void an_open_breaker_warns_once_per_interval_with_the_number_it_turned_away(void **state)
{
    (void)state;
    struct rig rig;
    struct lines lines;
    instant_ns start = clock_now();
    uint64_t skipped =
        turn_away(&rig, &lines, "breaker_open_warning_interval_s=0.1", 350 * NS_PER_MS);
    uint64_t intervals = (clock_now() - start) / (100 * NS_PER_MS);
    read_lines(&lines);
    uint64_t told = 0;
    size_t warnings = 0;
    const cJSON *line;
    while ((line = line_of(&lines, "breaker_open", warnings)) != NULL) {
        assert_string_equal(text_of(line, "level"), "warn");
        told += (uint64_t)cJSON_GetObjectItem(line, "skipped")->valuedouble;
        warnings++;
    }
    assert_in_range(warnings, 1, intervals);
    assert_in_range(told, warnings, skipped);
    free_lines(&lines);
    rig_stop(&rig);
}

static void nothing_a_caller_sends_can_forge_a_log_line(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"a\\nb{\\\"level\\\":\\\"error\\\"}\":1}",
        "{\"\\r\\n{\\\"event\\\":\\\"forged\\\"}\\r\\n\":1}",
        "{\"\\u001b[2J\\u009b31m\\u007f\\u2028\\u202e\":1}",
        "{\"\x9b\xff\x80\":1}",
        "{\"market_id\":\"m\\n{\\\"event\\\":\\\"forged\\\"}\",\"freq\":\"x\\ny\"}",
    };
    struct rig rig;
    struct lines lines;
    rig_start(&rig, SETS("retry_count=0"));
    capture(&rig, &lines);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct rig_answer answer =
            ask(&rig, "X-Request-Id: {\"event\":\"forged\"}\r\n", bodies[i]);
        assert_int_equal(answer.status, 400);
        rig_answer_free(&answer);
    }
    FILE *file = fopen(lines.path, "re");
    assert_non_null(file);
    int c;
    while ((c = fgetc(file)) != EOF) {
        /* Nothing that moves a terminal: no control byte, no C1 control in UTF-8. */
        bool moves = (c < 0x20 && c != '\n') || c == 0x7f || c == 0xc2 || c == 0xe2;
        if (moves) fail_msg("byte %02x", (unsigned)c);
    }
    fclose(file);
    read_lines(&lines);
    assert_int_equal(lines.count, sizeof bodies / sizeof *bodies);
    assert_non_null(line_of(&lines, "refused", lines.count - 1));
    assert_null(line_of(&lines, "forged", 0));
    free_lines(&lines);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_goes_on_with_a_span_per_attempt_and_into_the_logs),
        cmocka_unit_test(without_a_valid_trace_none_is_invented),
        cmocka_unit_test(a_refusal_carries_trace_code_and_request_id_too),
        cmocka_unit_test(an_answer_other_than_the_forecast_is_logged_with_code_and_cause),
        cmocka_unit_test(an_open_breaker_is_told_of_once_within_the_interval),
        cmocka_unit_test(
            an_open_breaker_warns_once_per_interval_with_the_number_it_turned_away),
        cmocka_unit_test(nothing_a_caller_sends_can_forge_a_log_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
