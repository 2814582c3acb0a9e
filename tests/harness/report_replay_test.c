#include "harness/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "report_fixture.h"

static void a_replay_that_diverged_is_in_every_report(void **state)
{
    (void)state;
    struct suite suite;
    suite_fixture_open(&suite);
    size_t count = suite.count;
    suite.count = 1; /* the calm one alone */
    suite.scenarios[0].has_replay = true;
    suite.scenarios[0].replay = (struct replay){ .identical = true, .inputs = 1234 };
    static void (*const writers[])(struct buf *out, const struct suite *suite) = {
        report_write_json, report_write_junit, report_write_summary, report_write_html
    };
    static const char *const good[] = { "\"replay\":{\"identical\":true,\"inputs\":1234",
                                        "name=\"parity.replay\"", "1 of 1 traces identical",
                                        "identical, 1234 inputs" };
    static const char *const bad[] = { "\"line\":17,\"sentence\":\"it differs\"",
                                       "DIVERGED at line 17: it differs</failure>",
                                       "diverges at line 17: it differs",
                                       "DIVERGED at line 17: it differs" };
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    assert_int_equal(suite_exit_code(&suite), 0);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        buf_clear(&out);
        writers[i](&out, &suite);
        if (strstr(buf_text(&out), good[i]) == NULL) fail_msg("not written: %s", good[i]);
    }
    suite.scenarios[0].replay =
        (struct replay){ .identical = false, .line = 17, .sentence = "it differs" };
    assert_int_equal(suite_exit_code(&suite), 5);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        buf_clear(&out);
        writers[i](&out, &suite);
        if (strstr(buf_text(&out), bad[i]) == NULL) fail_msg("not written: %s", bad[i]);
    }
    buf_deinit(&out);
    suite.count = count;
    suite_fixture_close(&suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_that_diverged_is_in_every_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
