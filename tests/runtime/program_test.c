#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "child.h"
#include "rig.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { POINTS = 40 };

static void assert_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* Runs to its end: exit code, and a part of what it said. */
static void check(const char *const args[], int exit_code, const char *out, const char *err)
{
    struct child child;
    child_start(&child, args);
    int seen = child_wait(&child);
    char *said = child_out(&child);
    char *complained = child_err(&child);
    if (seen != exit_code) fail_msg("exit %d: %s%s", seen, said, complained);
    assert_in(said, out);
    assert_in(complained, err);
    mem_free(said);
    mem_free(complained);
    child_clean(&child);
}

static void help_version_and_settings_are_printed(void **state)
{
    (void)state;
    check(ARGS("--help"), 0, "usage: tollgate-runtime", "");
    check(ARGS("--version"), 0, "tollgate-runtime 0.", "");
    check(ARGS("--print-config", "--set", "cache_ttl_s=5"), 0, "cache_ttl_s: 5", "");
}

static void bad_usage_and_bad_settings_exit_with_2_and_a_sentence(void **state)
{
    (void)state;
    check(ARGS("--confg", "x"), 2, "", "did you mean \"--config\"");
    check(ARGS("--set", "cache_ttl=5"), 2, "", "cache_ttl");
    check(ARGS("--set", "cache_ttl_s=-5"), 2, "", "cache_ttl_s");
    check(ARGS("--config", "/nonexistent.yaml"), 2, "", "/nonexistent.yaml");
    check(ARGS("--trace", "/nonexistent/t", "--listen", "127.0.0.1:0"), 2, "", "/nonexistent/t");

    char path[] = "/tmp/tollgate-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char text[] = "retry_count: 2\nretry_cout: 3\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    char place[64];
    snprintf(place, sizeof place, "%s:2:1: error: ", path);
    check(ARGS("--config", path), 2, "", place);
    unlink(path);
}

static void port_that_is_taken_exits_with_4_and_a_sentence(void **state)
{
    (void)state;
    struct rig rig;
    char listen[32];
    rig_start_upstream(&rig);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)rig_upstream_port(&rig));
    check(ARGS("--listen", listen), 4, "", "cannot listen");
    rig_stop_upstream(&rig);
}

static struct rig_answer ask(struct rig *rig, uint16_t port, const char *id, const char *market)
{
    char *body = rig_body(market, POINTS);
    struct rig_answer answer = rig_receive(rig, rig_post(port, id, body, strlen(body)));
    mem_free(body);
    return answer;
}

static void start_program(struct child *child, struct rig *rig, const char *trace)
{
    char upstream[64];
    rig_start_upstream(rig);
    snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u", (unsigned)rig_upstream_port(rig));
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    child_start(child, ARGS("--listen", "127.0.0.1:0", "--upstream", upstream, "--parent", pid,
                            "--seed", "7", "--set", "request_deadline_s=60", "--set",
                            "breaker_window_s=300", "--set", "drain_s=60", "--set",
                            "read_timeout_s=50", "--set", "retry_count=0", "--set",
                            "warmup_enabled=false",
                            trace == NULL ? NULL : "--trace", trace));
}

static bool is_hung(struct rig *rig)
{
    return rig->hung_count > 0;
}

static void sigterm_finishes_what_is_in_flight_and_exits_with_0(void **state)
{
    (void)state;
    struct rig rig;
    struct child child;
    start_program(&child, &rig, NULL);
    uint16_t port = child_port(&child);
    rig_play(&rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    char *body = rig_body("m1", POINTS);
    int fd = rig_post(port, "last", body, strlen(body));
    rig_until(&rig, is_hung);
    kill(child.pid, SIGTERM);
    http_reply(rig.hung[0], &(struct http_response){ .status = 500 });
    rig.hung_count = 0;
    struct rig_answer answer = rig_receive(&rig, fd);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_text(&answer, "meta.request_id"), "last");
    assert_int_equal(child_wait(&child), 0);
    char *log = child_err(&child);
    assert_in(log, "\"event\":\"start\"");
    assert_in(log, "\"event\":\"drain\"");
    assert_in(log, "\"event\":\"stop\",\"exit_code\":0");
    mem_free(log);
    rig_answer_free(&answer);
    mem_free(body);
    child_clean(&child);
    rig_stop_upstream(&rig);
}

static void second_signal_ends_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct child child;
    start_program(&child, &rig, NULL);
    uint16_t port = child_port(&child);
    rig_play(&rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    char *body = rig_body("m1", POINTS);
    int fd = rig_post(port, "last", body, strlen(body));
    rig_until(&rig, is_hung);
    kill(child.pid, SIGTERM);
    /* Two signals of one kind may melt into one: the second is of the other kind. */
    kill(child.pid, SIGINT);
    int exit_code = child_wait(&child);
    assert_true(exit_code == 128 + SIGINT || exit_code == 128 + SIGTERM);
    mem_free(body);
    close(fd);
    child_clean(&child);
    rig_stop_upstream(&rig);
}

static void trace_holds_every_input_and_action_of_a_call(void **state)
{
    (void)state;
    struct rig rig;
    struct child child;
    char trace[] = "/tmp/tollgate-trace-XXXXXX";
    close(mkstemp(trace));
    start_program(&child, &rig, trace);
    struct rig_answer answer = ask(&rig, child_port(&child), "traced", "m1");
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    kill(child.pid, SIGTERM);
    assert_int_equal(child_wait(&child), 0);

    char *text = NULL;
    size_t length;
    struct err_note note = { 0 };
    assert_int_equal(file_read(trace, 1 << 20, &text, &length, &note), ERR_OK);
    const char first[] = "{\"trace\":2,\"program\":\"tollgate-runtime\",";
    assert_memory_equal(text, first, sizeof first - 1);
    const char *const parts[] = { "\"seed\":\"7\"",           "\"in\":\"request\"",
                                  "\"do\":\"start_attempt\"", "\"in\":\"attempt_done\"",
                                  "\"do\":\"store\"",         "\"do\":\"answer\"" };
    const char *at = text;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        at = strstr(at, parts[i]);
        if (at == NULL) fail_msg("no %s, in this order, in %s", parts[i], text);
    }
    int lines = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        cJSON *json = cJSON_Parse(line);
        assert_non_null(json);
        cJSON_Delete(json);
        lines++;
    }
    assert_true(lines > 5);
    mem_free(text);
    unlink(trace);
    child_clean(&child);
    rig_stop_upstream(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_version_and_settings_are_printed),
        cmocka_unit_test(bad_usage_and_bad_settings_exit_with_2_and_a_sentence),
        cmocka_unit_test(port_that_is_taken_exits_with_4_and_a_sentence),
        cmocka_unit_test(sigterm_finishes_what_is_in_flight_and_exits_with_0),
        cmocka_unit_test(second_signal_ends_at_once),
        cmocka_unit_test(trace_holds_every_input_and_action_of_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
