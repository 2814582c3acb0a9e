/* What a person sees during a run, on a terminal and in a log. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "harness/progress.h"
#include "report_fixture.h"

struct screen {
    int master;
    FILE *out;
    char text[32768];
    struct suite suite;
    struct progress progress;
};

static struct screen screen;

/* A pseudo terminal, or a pipe. */
static void open_screen(bool terminal, bool quiet)
{
    int slave = -1;
    if (terminal) {
        screen.master = posix_openpt(O_RDWR | O_NOCTTY);
        if (screen.master < 0 || !file_exists(ptsname(screen.master))) skip(); /* no devpts here */
        assert_int_equal(grantpt(screen.master), 0);
        assert_int_equal(unlockpt(screen.master), 0);
        slave = open(ptsname(screen.master), O_RDWR | O_NOCTTY);
        struct termios settings;
        assert_int_equal(tcgetattr(slave, &settings), 0);
        cfmakeraw(&settings);
        assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
    } else {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        screen.master = ends[0];
        slave = ends[1];
    }
    screen.out = fdopen(slave, "w");
    assert_non_null(screen.out);
    suite_fixture_open(&screen.suite);
    /* The runs are not over yet. */
    screen.suite.scenarios[0].real.present = false;
    screen.suite.scenarios[2].scenario.name = "strange";
    progress_init(&screen.progress, screen.out, quiet, &screen.suite);
    screen.progress.jobs = 2;
}

static const char *seen(void)
{
    struct pollfd poll_fd = { .fd = screen.master, .events = POLLIN };
    size_t length = 0;
    fflush(screen.out);
    while (length + 1 < sizeof screen.text && poll(&poll_fd, 1, 0) > 0) {
        ssize_t got = read(screen.master, screen.text + length, sizeof screen.text - 1 - length);
        if (got <= 0) break;
        length += (size_t)got;
    }
    screen.text[length] = '\0';
    return screen.text;
}

static void close_screen(void)
{
    screen.suite.scenarios[0].real.present = true;
    progress_deinit(&screen.progress);
    fclose(screen.out);
    close(screen.master);
    suite_fixture_close(&screen.suite);
}

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("no \"%s\" in:\n%s", wanted, text);
}

static void finish(size_t index)
{
    screen.suite.scenarios[index].real.present = true;
    progress_set(&screen.progress, index, PROGRESS_DONE, 10 * NS_PER_S);
}

static void
a_terminal_shows_what_is_playing_the_time_left_and_a_line_per_finished_scenario(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    open_screen(true, false);
    progress_set(&screen.progress, 0, PROGRESS_STARTING, 0);
    progress_set(&screen.progress, 1, PROGRESS_PLAYING, 4 * NS_PER_S);
    progress_draw(&screen.progress);
    /* 10 s waiting, 10 s starting and 6 s left, two at a time: 13 s. */
    const char *text = seen();
    check_holds(text, "  calm     starting\n");
    check_holds(text, "  outage   [########............] 6 s left\n");
    check_holds(text, "  0 of 3 done, about 13 s left\n");
    finish(0);
    text = seen();
    check_holds(text, "\033[3A\033[J  calm     sim \033[32mpass\033[0m   real "
                      "\033[32mpass\033[0m   1.2 s\n");
    check_holds(text, "  1 of 3 done, about 10 s left\n");
    close_screen();
}

static void a_terminal_without_colour_has_none(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    open_screen(true, false);
    finish(0);
    check_holds(seen(), "sim pass   real pass   1.2 s\n");
    close_screen();
    setenv("NO_COLOR", "", 1);
    open_screen(true, false);
    finish(0);
    check_holds(seen(), "\033[32m");
    close_screen();
    unsetenv("NO_COLOR");
}

static void a_log_gets_plain_lines_with_the_time_left(void **state)
{
    (void)state;
    open_screen(false, false);
    progress_simulated(&screen.progress, 0);
    progress_set(&screen.progress, 0, PROGRESS_STARTING, 0);
    progress_set(&screen.progress, 0, PROGRESS_PLAYING, 0);
    progress_draw(&screen.progress);
    finish(0);
    const char *text = seen();
    assert_null(strchr(text, 0x1b));
    check_holds(text, "calm: sim pass (1234.6 ms)\ncalm: real started, 10 s\n"
                      "calm: real pass (1.2 s); 1 of 3 done, about 10 s left\n");
    close_screen();
}

static void quiet_says_only_what_did_not_pass_and_the_verdict(void **state)
{
    (void)state;
    open_screen(false, true);
    progress_simulated(&screen.progress, 0);
    progress_set(&screen.progress, 0, PROGRESS_PLAYING, 0);
    finish(0);
    assert_string_equal(seen(), "");
    progress_summary(&screen.progress, "reports/x");
    const char *text = seen();
    check_holds(text, "fixtures/outage.yaml:31:9: fail (sim): latency.p95: expected");
    check_holds(text, "1 invalid (the run says nothing about the service), 1 failed, 1 passed");
    assert_null(strstr(text, "scenario world"));
    assert_null(strstr(text, "all in time"));
    close_screen();
}

/* The longest row of the table, which ends with an empty line; sentences below a row may wrap. */
static size_t table_width(const char *text)
{
    size_t widest = 0;
    const char *line = strstr(text, "  scenario ");
    assert_non_null(line);
    for (; *line != '\n'; line += strcspn(line, "\n") + 1) {
        size_t width = strcspn(line, "\n");
        if (line[2] != ' ' && width > widest) widest = width;
    }
    return widest;
}

static const char *summary_on(unsigned short columns, const char *name)
{
    struct winsize size = { .ws_row = 24, .ws_col = columns };
    open_screen(true, false);
    assert_int_equal(ioctl(screen.master, TIOCSWINSZ, &size), 0);
    screen.suite.scenarios[0].real.present = true;
    screen.suite.scenarios[0].scenario.name = name;
    progress_deinit(&screen.progress);
    progress_init(&screen.progress, screen.out, false, &screen.suite);
    progress_summary(&screen.progress, "");
    return seen();
}

static void the_table_is_as_wide_as_what_stands_in_it_and_no_wider_than_the_terminal(void **state)
{
    (void)state;
    static const char name[] = "redis-outage-during-upstream-outage";
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    const char *text = summary_on(200, name);
    check_holds(text, "  scenario                            world verdict ");
    check_holds(text, "  redis-outage-during-upstream-outage sim   pass    ");
    check_holds(text, "  outage                              sim   fail    ");
    check_holds(text, " cache upstream stale baseline error\n");
    close_screen();
    text = summary_on(80, name);
    assert_in_range(table_width(text), 60, 80);
    check_holds(text, " p95 ms stale baseline error\n");
    check_holds(text, "  redis-outage");
    check_holds(text, ".. sim   pass    ");
    close_screen();
    text = summary_on(60, name);
    assert_in_range(table_width(text), 40, 60);
    check_holds(text, " p95 ms error\n");
    check_holds(text, "  (no room for cache, upstream, stale, baseline)\n");
    close_screen();
    text = summary_on(80, "calm");
    assert_null(strstr(text, "no room"));
    assert_in_range(table_width(text), 60, 80);
    check_holds(text, "  calm     sim   pass    ");
    check_holds(text, " p95 ms cache upstream stale baseline error\n");
    close_screen();
    unsetenv("NO_COLOR");
}

static void verbose_says_every_check_and_what_was_not_reached(void **state)
{
    (void)state;
    open_screen(false, false);
    screen.progress.verbose = true;
    finish(0);
    progress_summary(&screen.progress, "");
    const char *text = seen();
    check_holds(text, "pass (real): invariant.deadline: all in time");
    check_holds(text, "behaviour coverage: ");
    check_holds(text, "  not reached: code: INPUT_INVALID\n");
    close_screen();
}

static void a_scenario_to_be_played_again_is_not_done(void **state)
{
    (void)state;
    open_screen(false, false);
    finish(0);
    progress_again(&screen.progress, 0, "the load generator lagged", RUN_ALONE);
    check_holds(seen(), "calm: the load generator lagged; playing it again, alone; "
                        "0 of 3 done, about 15 s left\n");
    progress_set(&screen.progress, 1, PROGRESS_DONE, 10 * NS_PER_S);
    check_holds(seen(), "; 1 of 3 done");
    close_screen();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_terminal_shows_what_is_playing_the_time_left_and_a_line_per_finished_scenario),
        cmocka_unit_test(a_terminal_without_colour_has_none),
        cmocka_unit_test(a_log_gets_plain_lines_with_the_time_left),
        cmocka_unit_test(quiet_says_only_what_did_not_pass_and_the_verdict),
        cmocka_unit_test(the_table_is_as_wide_as_what_stands_in_it_and_no_wider_than_the_terminal),
        cmocka_unit_test(verbose_says_every_check_and_what_was_not_reached),
        cmocka_unit_test(a_scenario_to_be_played_again_is_not_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
