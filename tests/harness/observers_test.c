/* An observer that lost something makes the run invalid: nobody may be judged by half a record. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/ledger.h"
#include "judge_fixture.h"

enum observer { LEDGER, TRACE };

/* The reason for which a run with such a file is invalid; "" when it is not. */
static const char *reason_of(enum observer observer, const char *text)
{
    static char reason[512];
    char path[] = "/tmp/tollgate-observer-XXXXXX";
    struct err_note note = { .err = ERR_OK };
    struct stage stage;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(strlen(text), write(fd, text, strlen(text)));
    close(fd);
    stage_open(&stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    enum err rc = observer == LEDGER ? ledger_read(&stage.run, path, &note)
                                     : trace_read(&stage.run, path, 0, &note);
    unlink(path);
    assert_int_equal(ERR_OK, rc);
    memcpy(reason, stage.run.invalid_reason, sizeof reason);
    assert_int_equal(stage.run.invalid, reason[0] != '\0');
    stage_close(&stage);
    return reason;
}

static void assert_reason(enum observer observer, const char *text, const char *wanted)
{
    const char *reason = reason_of(observer, text);
    bool right = wanted == NULL ? reason[0] == '\0' : strstr(reason, wanted) != NULL;
    if (!right) fail_msg("%s\nis invalid because \"%s\"", text, reason);
}

/* Warm-ups, whose ids are not of the schedule, have their numbers too. */
#define LINE(seq) "{\"seq\":" #seq ",\"id\":\"warmup\"}\n"
#define END(lines) "{\"end\":true,\"lines\":" #lines "}\n"

static void a_gap_in_the_ledger_makes_the_run_invalid(void **state)
{
    (void)state;
    assert_reason(LEDGER, END(0), NULL);
    assert_reason(LEDGER, LINE(0) LINE(1) LINE(2) END(3), NULL);
    assert_reason(LEDGER, LINE(0) LINE(2), "the mock's ledger lost lines: 2 comes where 1 should");
    assert_reason(LEDGER, LINE(1), "1 comes where 0 should");
    assert_reason(LEDGER, LINE(0) LINE(0), "0 comes where 1 should");
    assert_reason(LEDGER, LINE(0) "garbage\n" LINE(2), "2 comes where 1 should");
}

static void a_ledger_cut_short_makes_the_run_invalid(void **state)
{
    (void)state;
    assert_reason(LEDGER, LINE(0) "{\"seq\":1,\"id\":\"war", "ledger is cut off");
    assert_reason(LEDGER, LINE(0) LINE(1) END(2) "{\"seq\":2", "ledger is cut off");
}

/* A full disk, or a mock that was killed, leaves whole lines and nothing behind them. */
static void a_ledger_without_its_end_makes_the_run_invalid(void **state)
{
    (void)state;
    assert_reason(LEDGER, "", "ledger has no end mark, so its end may be missing");
    assert_reason(LEDGER, LINE(0) LINE(1), "ledger has no end mark");
    assert_reason(LEDGER, LINE(0) "{\"end\":tr", "ledger is cut off");
    assert_reason(LEDGER, LINE(0) "{\"seq\":1,{\"end\":true,\"lines\":2}\n", "no end mark");
    assert_reason(LEDGER, LINE(0) LINE(1) END(3),
                  "the mock's ledger lost lines: 3 were written, 2 are there");
    assert_reason(LEDGER, LINE(0) END(1) LINE(1), "ledger goes on behind its end mark");
}

#define HEAD "{\"trace\":1}\n"
#define TIMER "{\"t\":5,\"in\":\"timer\"}\n"

static void a_trace_without_its_end_makes_the_run_invalid(void **state)
{
    (void)state;
    assert_reason(TRACE, HEAD TIMER "{\"end\":true,\"lines\":1}\n", NULL);
    assert_reason(TRACE, HEAD TIMER, "trace has no end mark, so its end may be missing");
    assert_reason(TRACE, HEAD TIMER "{\"end\":tr", "trace has no end mark");
    assert_reason(TRACE, HEAD TIMER "{\"truncated\":true}\n", "trace reached its bound");
}

static void a_trace_that_lost_lines_makes_the_run_invalid(void **state)
{
    (void)state;
    assert_reason(TRACE, HEAD TIMER "{\"end\":true,\"lines\":2}\n",
                  "trace lost lines: 2 were written, 1 are there");
    assert_reason(TRACE, HEAD TIMER "gar\xff" "bage\n" TIMER "{\"end\":true,\"lines\":3}\n",
                  "trace lost lines: 3 were written, 2 are there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_in_the_ledger_makes_the_run_invalid),
        cmocka_unit_test(a_ledger_cut_short_makes_the_run_invalid),
        cmocka_unit_test(a_ledger_without_its_end_makes_the_run_invalid),
        cmocka_unit_test(a_trace_without_its_end_makes_the_run_invalid),
        cmocka_unit_test(a_trace_that_lost_lines_makes_the_run_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
