/* Somebody wants the program to end while something long goes on: what was found so far is kept and
 * told, and nothing is said of the rest. */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "command.h"
#include "harness/interrupt.h"
#include "harness/report.h"
#include "harness/report_figures.h"
#include "harness/report_text.h"
#include "harness/report_timeline.h"
#include "harness/suite.h"
#include "judge_fixture.h"
#include "report_fixture.h"
#include "scratch.h"

static struct command command;

/* ---- the signals ---- */

/* In a process of its own: says when it listens, and when a signal was noted, and goes on. */
static void listen_and_go_on(int out)
{
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    interrupt_listen();
    bool told = write(out, "listening", 1) == 1;
    instant_ns until = clock_now() + 30 * NS_PER_S;
    while (told && clock_now() < until) {
        if (interrupt_came()) told = write(out, "noted", 1) == 1;
        poll(NULL, 0, 10);
    }
    _exit(0);
}

static void the_first_signal_is_noted_and_a_later_one_ends_the_program(void **state)
{
    (void)state;
    int ends[2];
    int status = 0;
    char said;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) listen_and_go_on(ends[1]);
    close(ends[1]); /* so that its end is seen */
    assert_int_equal(read(ends[0], &said, 1), 1);
    assert_int_equal(said, 'l');
    kill(pid, SIGSTOP); /* so that both come at once, as timeout(1) sends them */
    kill(pid, SIGINT);
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
    instant_ns sent = clock_now();
    while (clock_now() - sent < 400 * NS_PER_MS) {
        assert_int_equal(read(ends[0], &said, 1), 1);
        assert_int_equal(said, 'n');
    }
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    close(ends[0]);
}

/* ---- a simulation that is broken off ---- */

static const struct run *watched;
static unsigned left; /* events, once the breaker has opened */

static int stop_after_the_opening(void)
{
    if (watched->transition_count == 0) return 0;
    return left-- == 0 ? SIGINT : 0;
}

/* The stage's outage, with expectations over all of it, until some time after the breaker opened:
 * in the outage. */
static void open_broken_off(struct stage *stage)
{
    struct err_note note = { .err = ERR_OK };
    struct sim_options options = { .interrupt = stop_after_the_opening };
    stage_open(stage, STAGE_SCENARIO("  - order: guide\n  - recovers: { within: 1s }\n"), NULL);
    watched = &stage->run;
    left = 40;
    assert_int_equal(sim_run(&stage->run, &options, NULL, &note), ERR_OK);
    verdict_judge(&stage->run, &stage->verdicts);
}

static void what_was_not_sent_is_no_part_of_an_interrupted_run(void **state)
{
    (void)state;
    struct stage stage;
    struct figures figures;
    open_broken_off(&stage);
    assert_false(stage.run.complete);
    assert_true(stage.run.interrupted);
    assert_in_range(stage.run.stopped_ns, 8 * NS_PER_S, 16 * NS_PER_S);
    assert_int_equal(run_played_ns(&stage.run), stage.run.stopped_ns);
    figures_make(&figures, &stage.run);
    assert_int_equal(figures.n, figures.answered);
    /* 40 a second; some were still on their way */
    assert_in_range(figures.n, stage.run.stopped_ns / (25 * NS_PER_MS) - 40,
                    stage.run.stopped_ns / (25 * NS_PER_MS) + 1);
    assert_int_not_equal(figures.p95_ns, INSTANT_NEVER);
    for (size_t i = 0; i < stage.run.schedule->count; i++)
        assert_true(stage.run.answers[i].intended_ns <= stage.run.stopped_ns);
    stage_close(&stage);
}

static void what_an_interrupted_run_did_not_come_to_is_not_observed(void **state)
{
    (void)state;
    struct stage stage;
    open_broken_off(&stage);
    assert_int_equal(stage.verdicts.status, CHECK_INVALID);
    for (size_t i = 0; i < stage.verdicts.count; i++) {
        const struct check *check = &stage.verdicts.checks[i];
        assert_int_equal(check->status, CHECK_UNOBSERVABLE);
        assert_non_null(strstr(check->sentence, "not observed: interrupted by signal 2 after "));
    }
    struct buf story;
    buf_init(&story, BUF_UNBOUNDED);
    report_timeline_story(&story, &stage.run);
    assert_null(strstr(buf_text(&story), "did not recover"));
    assert_null(strstr(buf_text(&story), "without an answer"));
    assert_non_null(strstr(buf_text(&story), "was not closed when the run was stopped"));
    buf_deinit(&story);
    stage_close(&stage);
}

/* ---- what a suite of such runs says ---- */

static void make_suite(struct suite *suite, struct suite_scenario *item, struct stage *stage)
{
    *item = (struct suite_scenario){
        .scenario = stage->scenario,
        .config = stage->config,
        .schedule = stage->schedule,
        .seed = 7,
        .sim = { .present = true, .run = stage->run, .verdict = stage->verdicts },
    };
    *suite = (struct suite){ .scenarios = item, .count = 1, .name = "one", .interrupted = true };
}

static void the_breaker_band_ends_where_the_run_was_stopped(void **state)
{
    (void)state;
    struct stage stage;
    struct suite suite;
    struct suite_scenario *item = mem_alloc(1, sizeof *item);
    open_broken_off(&stage);
    make_suite(&suite, item, &stage);
    char *page = report_text(report_write_html, &suite);
    struct buf title;
    buf_init(&title, BUF_UNBOUNDED);
    buf_puts(&title, "<title>breaker open, ");
    report_text_moment(&title, stage.run.transitions[0].at);
    buf_puts(&title, " to ");
    report_text_moment(&title, stage.run.stopped_ns);
    buf_puts(&title, ": ");
    assert_true(stage.run.stopped_ns > stage.run.transitions[0].at);
    assert_non_null(strstr(page, buf_text(&title)));
    buf_deinit(&title);
    mem_free(page);
    mem_free(item);
    stage_close(&stage);
}

static void a_failed_simulation_is_told_beside_an_invalid_run(void **state)
{
    (void)state;
    struct stage stage;
    struct suite suite;
    struct suite_scenario *item = mem_alloc(1, sizeof *item);
    struct buf sentence;
    stage_simulate_and_judge(&stage, STAGE_SCENARIO("  - latency: { p95: 1ms }\n"));
    make_suite(&suite, item, &stage);
    assert_int_equal(item->sim.verdict.status, CHECK_FAIL);
    item->real.present = true;
    item->real.run.interrupted = item->real.run.invalid = true;
    item->real.verdict.status = CHECK_INVALID;
    buf_init(&sentence, BUF_UNBOUNDED);
    suite_verdict_sentence(&suite, &sentence);
    assert_string_equal(buf_text(&sentence),
                        "Interrupted: what follows is what was measured so far. 1 not played to "
                        "the end, 0 passed, of 1 scenario in both worlds. Of these, judged failed "
                        "in simulation.");
    buf_clear(&sentence);
    suite.interrupted = item->real.run.interrupted = false;
    suite_verdict_sentence(&suite, &sentence);
    assert_non_null(strstr(buf_text(&sentence), "1 invalid (the run says nothing"));
    assert_non_null(strstr(buf_text(&sentence), "Of these, judged failed in simulation."));
    buf_deinit(&sentence);
    mem_free(item);
    stage_close(&stage);
}

/* ---- the command line ---- */

/* So much that it takes some ten seconds, unless it is interrupted. */
static const char *heavy_scenario(void)
{
    return scratch_write("heavy.yaml",
                         "version: 1\nname: heavy\nteaches: A test.\nseed: 1\nduration: 60s\n"
                         "runtime: { env: dev }\nworkload:\n  - arrival: { constant: 200/s }\n"
                         "    keys: { count: 5000 }\nupstream:\n  latency: 10ms\n"
                         "expect:\n  - latency: { p95: 1ms }\n");
}

/* Ends like somebody who was asked to, and not like somebody who was killed. */
static void interrupt(int number)
{
    instant_ns sent = clock_now();
    kill(command.pid, number);
    assert_int_equal(command_finish(&command), 4);
    assert_true(clock_now() - sent < 20 * NS_PER_S);
}

static void an_interrupted_simulation_writes_its_report(int number)
{
    const char *out = scratch_path("heavy");
    command_start(&command, (const char *[]){ "run", "--world", "sim", "--repeat", "100",
                                              "--configs", "configs", "--out", out,
                                              heavy_scenario(), NULL });
    assert_true(command_wait_text(&command, "heavy: sim fail"));
    interrupt(number);
    assert_says(&command, "once more ends it at once");
    assert_says(&command, "Interrupted: what follows is what was measured so far.");
    assert_does_not_say(&command, "heavy-run100: sim");
    assert_true(file_exists(scratch_path("heavy/index.html")));
    char *result = scratch_read("heavy/result.json");
    assert_non_null(strstr(result, "\"interrupted\":true"));
    assert_non_null(strstr(result, "\"verdict\":\"fail\"")); /* what was measured */
    mem_free(result);
}

static void ctrl_c_in_simulation_keeps_what_was_simulated(void **state)
{
    (void)state;
    an_interrupted_simulation_writes_its_report(SIGINT);
    an_interrupted_simulation_writes_its_report(SIGTERM);
}

static void an_interrupted_hunt_says_how_to_go_on(void **state)
{
    (void)state;
    const char *out = scratch_path("hunt");
    command_start(&command, (const char *[]){ "hunt", "--minutes", "5", "--seed", "1", "--config",
                                              "configs/prod.yaml", "--out", out, NULL });
    assert_true(command_wait_text(&command, "hunting with seed 1"));
    kill(command.pid, SIGINT);
    int code = command_finish(&command);
    assert_true(code == 4 || code == 1);
    assert_says(&command, "interrupted");
    assert_says(&command, "go on with: tollgate hunt ");
}

static void an_interrupted_check_says_how_much_is_missing(void **state)
{
    (void)state;
    command_start(&command, (const char *[]){ "check", "--vacuity", "scenarios/", NULL });
    assert_true(command_wait_text(&command, ".yaml: ok, "));
    interrupt(SIGTERM);
    assert_says(&command, " scenarios were not checked");
}

/* Whether it has computed for so long: it says nothing before its end, but works by then. */
static bool has_computed(double seconds)
{
    char path[64];
    char text[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)command.pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    const char *line = fgets(text, sizeof text, file);
    fclose(file);
    return line != NULL && strtod(line, NULL) > seconds * 1e9;
}

static void an_interrupted_shrink_writes_the_smallest_so_far(void **state)
{
    (void)state;
    const char *out = scratch_path("small.yaml");
    command_start(&command, (const char *[]){ "shrink", "--configs", "configs", "--out", out,
                                              heavy_scenario(), NULL });
    instant_ns until = clock_now() + 30 * NS_PER_S;
    while (!has_computed(0.2) && clock_now() < until) poll(NULL, 0, 10);
    interrupt(SIGINT);
    assert_says(&command, "interrupted: this is the smallest so far");
    assert_true(file_exists(out));
}

/* ---- while a scenario is played again ---- */

static void a_complete_playing_outlives_an_interrupted_one(void **state)
{
    (void)state;
    const char *path = scratch_write(
        "lag.yaml", "version: 1\nname: lag\nteaches: A test.\nseed: 1\nduration: 4s\n"
                    "runtime: { env: dev }\nworkload:\n  - arrival: { constant: 40/s }\n"
                    "    keys: { count: 5 }\nupstream:\n  latency: 10ms\n"
                    "expect:\n  - order: guide\n");
    command_start_run(&command, "real", scratch_path("lag"), path, NULL);
    assert_true(command_wait_text(&command, "real started"));
    kill(command.pid, SIGSTOP);
    poll(NULL, 0, 500);
    kill(command.pid, SIGCONT);
    assert_true(command_wait_text(&command, "playing it again"));
    assert_true(command_wait_text(&command, "s left")); /* in a log, too */
    command.length = 0;
    command.text[0] = '\0';
    assert_true(command_wait_text(&command, "real started"));
    interrupt(SIGINT);
    char *result = scratch_read("lag/result.json");
    assert_non_null(strstr(result, "\"complete\":true,\"interrupted\":false,"));
    assert_non_null(strstr(result, "\"invalid_reason\":\"the load generator lagged"));
    assert_non_null(strstr(result, "\"n\":160,"));
    assert_non_null(strstr(result, "\"earlier_plays\":[]"));
    mem_free(result);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_is_noted_and_a_later_one_ends_the_program),
        cmocka_unit_test(what_was_not_sent_is_no_part_of_an_interrupted_run),
        cmocka_unit_test(what_an_interrupted_run_did_not_come_to_is_not_observed),
        cmocka_unit_test(the_breaker_band_ends_where_the_run_was_stopped),
        cmocka_unit_test(a_failed_simulation_is_told_beside_an_invalid_run),
        cmocka_unit_test(ctrl_c_in_simulation_keeps_what_was_simulated),
        cmocka_unit_test(an_interrupted_hunt_says_how_to_go_on),
        cmocka_unit_test(an_interrupted_check_says_how_much_is_missing),
        cmocka_unit_test(an_interrupted_shrink_writes_the_smallest_so_far),
        cmocka_unit_test(a_complete_playing_outlives_an_interrupted_one),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
