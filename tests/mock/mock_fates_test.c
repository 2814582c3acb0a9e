/* What the mock tells of fates before it serves and after it did, and when a scenario begins. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"

enum { TEXT_MAX = 8192, CALLS = 40 };

static void read_all(int fd, char *text)
{
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, text + length, TEXT_MAX - 1 - length);
        if (got <= 0) break;
        length += (size_t)got;
    }
    text[length] = '\0';
}

static void dry_run_tells_the_fates_and_ends(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    FILE *program = popen(TOLLGATE_BINARY_DIR "/bin/mock-tollama --seed 9 --latency 40ms --dry-run "
                                              "3 --fault '{ status: 503, nth: 2 }'",
                          "r");
    assert_non_null(program);
    read_all(fileno(program), text);
    assert_int_equal(pclose(program), 0);
    assert_non_null(strstr(text, "fate of the first attempt\n"
                                 "r000000         0s  now              200 after 40ms\n"
                                 "r000001         1s  now              503 after 40ms\n"
                                 "    status 503 nth 2\n"
                                 "r000002         2s  now              200 after 40ms\nand "));
}

static void dry_run_tells_of_retries_too(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    FILE *program = popen(TOLLGATE_BINARY_DIR "/bin/mock-tollama --seed 9 --latency 40ms --dry-run "
                                              "1 --attempts 2 --fault '{ status: 503, attempt: 0 "
                                              "}'",
                          "r");
    assert_non_null(program);
    read_all(fileno(program), text);
    assert_int_equal(pclose(program), 0);
    const char *first = strstr(text, "r000000         0s  now              503 after 40ms\n");
    assert_non_null(first);
    assert_non_null(strstr(first, "\n     ~1                              200 after 40ms\nand "));
}

static unsigned call(const struct mock_process *mock, const char *path, const char *id)
{
    struct answer answer;
    client_call(mock, &(struct request){ .path = path, .id = id }, &answer);
    unsigned status = answer.status;
    answer_free(&answer);
    return status;
}

static void summary_says_what_was_realised(void **state)
{
    (void)state;
    static const char *const arguments[] = { "--summary", "--fault",
                                             "{ status: 503, exact_share: 25% }", NULL };
    struct mock_process mock;
    char text[TEXT_MAX];
    char id[32];
    unsigned hits = 0;
    mock_start_with(&mock, arguments);
    for (int i = 0; i < CALLS; i++) {
        snprintf(id, sizeof id, "q%d", i);
        if (call(&mock, NULL, id) == 503) hits++;
    }
    assert_int_equal(hits, CALLS / 4);
    assert_int_equal(kill(mock.pid, SIGTERM), 0);
    read_all(mock.out, text);
    assert_non_null(strstr(text, "now: status 503 exactly 25%: fired 10 of 40 attempts (25%, 99% "
                                 "interval "));
    assert_non_null(strstr(text, ", asked 10\n"));
    assert_non_null(strstr(text, "\nlatency 0s: 40 attempts; p50 "));
    mock_stop(&mock);
}

static void held_scenario_begins_when_it_is_told_to(void **state)
{
    (void)state;
    static const char *const arguments[] = { "--hold", "--fault", "{ status: 503 }", NULL };
    struct mock_process mock;
    mock_start_with(&mock, arguments);
    assert_int_equal(call(&mock, NULL, "a"), 200);
    assert_int_equal(call(&mock, NULL, "b"), 200);
    assert_int_equal(call(&mock, "/__mock/start", NULL), 400); /* its body is no moment */
    assert_int_equal(call(&mock, NULL, "c"), 200);
    struct answer answer;
    client_call(&mock, &(struct request){ .path = "/__mock/start", .body = "{}" }, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    assert_int_equal(call(&mock, NULL, "d"), 503);
    mock_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dry_run_tells_the_fates_and_ends),
        cmocka_unit_test(dry_run_tells_of_retries_too),
        cmocka_unit_test(summary_says_what_was_realised),
        cmocka_unit_test(held_scenario_begins_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
