#include "runtime/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

enum { TEXT_MAX = 64 * 1024 };

struct pipe_log {
    struct log log;
    int fds[2];
};

static void open_log(struct pipe_log *out, enum log_level level)
{
    assert_int_equal(pipe(out->fds), 0);
    log_init(&out->log, out->fds[1], level);
}

static void close_log(struct pipe_log *log, char text[TEXT_MAX])
{
    close(log->fds[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(log->fds[0], text + length, TEXT_MAX - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    close(log->fds[0]);
}

static void line_is_one_json_object_with_time_level_and_event(void **state)
{
    (void)state;
    struct pipe_log log;
    char text[TEXT_MAX];
    struct log_line line;
    open_log(&log, LOG_LEVEL_INFO);
    assert_true(log_begin(&log.log, &line, LOG_LEVEL_WARN, "breaker"));
    log_text(&line, "rule", "count \"12\"\n");
    log_text(&line, "cause", NULL);
    log_u64(&line, "failures", 12);
    log_ms(&line, "latency_ms", 1500000);
    log_end(&log.log, &line);
    close_log(&log, text);

    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    assert_int_equal(strlen(cJSON_GetObjectItem(json, "ts")->valuestring), 24);
    assert_string_equal(cJSON_GetObjectItem(json, "level")->valuestring, "warn");
    assert_string_equal(cJSON_GetObjectItem(json, "event")->valuestring, "breaker");
    assert_string_equal(cJSON_GetObjectItem(json, "rule")->valuestring, "count \"12\"\n");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "cause")));
    assert_int_equal(cJSON_GetObjectItem(json, "failures")->valueint, 12);
    assert_true(cJSON_GetObjectItem(json, "latency_ms")->valuedouble > 1.4);
    cJSON_Delete(json);
}

static void lines_under_the_level_are_not_written(void **state)
{
    (void)state;
    struct pipe_log log;
    char text[TEXT_MAX];
    struct log_line line;
    open_log(&log, LOG_LEVEL_WARN);
    assert_false(log_begin(&log.log, &line, LOG_LEVEL_INFO, "start"));
    assert_false(log_begin_limited(&log.log, &line, LOG_LEVEL_DEBUG, "request"));
    close_log(&log, text);
    assert_string_equal(text, "");
}

static void flood_is_cut_and_counted(void **state)
{
    (void)state;
    struct pipe_log log;
    char text[TEXT_MAX];
    struct log_line line;
    open_log(&log, LOG_LEVEL_INFO);
    /* Some seconds may begin meanwhile, each with a new allowance. */
    int written = 0;
    for (int i = 0; i < 1000; i++) {
        if (!log_begin_limited(&log.log, &line, LOG_LEVEL_WARN, "refused")) continue;
        written++;
        log_end(&log.log, &line);
    }
    assert_in_range(written, LOG_LIMITED_PER_SECOND, 500);
    assert_true(log_begin(&log.log, &line, LOG_LEVEL_INFO, "stop"));
    log_end(&log.log, &line);
    close_log(&log, text);
    assert_non_null(strstr(text, "\"event\":\"stop\",\"suppressed\":"));
}

/* A log whose pipe takes 4 KiB. */
static void open_small(struct pipe_log *out)
{
    open_log(out, LOG_LEVEL_INFO);
    assert_int_equal(fcntl(out->fds[1], F_SETPIPE_SZ, 4096), 4096);
    assert_int_equal(fcntl(out->fds[0], F_SETFL, O_NONBLOCK), 0);
    alarm(60); /* who waits for the reader waits for ever */
}

static void put(struct pipe_log *log, const char *text)
{
    struct log_line line;
    assert_true(log_begin(&log->log, &line, LOG_LEVEL_INFO, "start"));
    log_text(&line, "text", text);
    log_end(&log->log, &line);
}

/* What has been written so far. */
static void take(struct pipe_log *log, char text[TEXT_MAX])
{
    ssize_t got = read(log->fds[0], text, TEXT_MAX - 1);
    text[got > 0 ? got : 0] = '\0';
}

static void while_nobody_reads_lines_are_lost_and_counted_and_nothing_waits(void **state)
{
    (void)state;
    struct pipe_log log;
    char text[TEXT_MAX];
    char wanted[64];
    open_small(&log);
    for (int i = 0; i < 500; i++) put(&log, "x");
    take(&log, text);
    unsigned written = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) written++;
    assert_in_range(written, 1, 100);
    assert_string_equal(text + strlen(text) - 2, "}\n"); /* whole lines only */
    put(&log, "y");
    put(&log, "z");
    take(&log, text);
    snprintf(wanted, sizeof wanted, "\"suppressed\":%u,\"text\":\"y\"}", 500 - written);
    assert_non_null(strstr(text, wanted));
    assert_null(strstr(strstr(text, wanted) + strlen(wanted), "suppressed"));
    close_log(&log, text);
    alarm(0);
}

static void a_line_cut_short_does_not_spoil_the_next(void **state)
{
    (void)state;
    struct pipe_log log;
    char text[TEXT_MAX];
    static char large[6000];
    memset(large, 'x', sizeof large - 1);
    open_small(&log);
    put(&log, large);
    put(&log, "lost");
    take(&log, text);
    assert_int_equal(strlen(text), 4096);
    put(&log, "next");
    close_log(&log, text);
    assert_int_equal(text[0], '\n');
    cJSON *json = cJSON_Parse(text + 1);
    assert_non_null(json);
    assert_string_equal(cJSON_GetObjectItem(json, "text")->valuestring, "next");
    assert_int_equal(cJSON_GetObjectItem(json, "suppressed")->valueint, 2);
    cJSON_Delete(json);
    alarm(0);
}

static void nothing_that_turns_or_breaks_a_line_for_its_reader_is_written(void **state)
{
    (void)state;
    static const char *const unseen[] = {
        "\x7f", "\xc2\x80", "\xc2\x9b", "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
        "\xe2\x81\xa9",
    };
    static const char *const kept[] = { "\xc2\xa0", "\xd8\x9b", "\xe2\x80\x90", "\xe2\x81\xaa" };
    struct pipe_log log;
    struct log_line line;
    char text[TEXT_MAX];
    char value[16];
    open_log(&log, LOG_LEVEL_INFO);
    assert_true(log_begin(&log.log, &line, LOG_LEVEL_INFO, "start"));
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        snprintf(value, sizeof value, "<%s>", unseen[i]);
        log_text(&line, "unseen", value);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) log_text(&line, "kept", kept[i]);
    log_end(&log.log, &line);
    close_log(&log, text);
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        if (strstr(text, unseen[i]) != NULL) fail_msg("the unseen text %zu is there", i);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) assert_non_null(strstr(text, kept[i]));
    assert_non_null(strstr(text, "\"unseen\":\"<?>\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_one_json_object_with_time_level_and_event),
        cmocka_unit_test(lines_under_the_level_are_not_written),
        cmocka_unit_test(flood_is_cut_and_counted),
        cmocka_unit_test(while_nobody_reads_lines_are_lost_and_counted_and_nothing_waits),
        cmocka_unit_test(a_line_cut_short_does_not_spoil_the_next),
        cmocka_unit_test(nothing_that_turns_or_breaks_a_line_for_its_reader_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
