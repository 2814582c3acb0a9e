/* Several processes on one port. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "crew.h"

#define MORE(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING ((const char *const[]){ NULL })
#define SUCCESS "tsfm_request_total{status=\"success\"}"

/* Until both have answered something, by the log. */
static void ask_both(struct crew *crew)
{
    for (int i = 0; i < 200; i++) {
        crew_ask(crew);
        if (crew_logged(crew, "\"event\":\"request\",\"worker\":0,") > 0 &&
            crew_logged(crew, "\"event\":\"request\",\"worker\":1,") > 0) {
            return;
        }
    }
    fail_msg("one worker has answered all %u requests", crew->asked);
}

static void both_answer_on_one_port_and_any_shows_the_sum(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "2", NOTHING);
    assert_int_equal(crew_logged(&crew, "\"event\":\"start\""), 2);
    ask_both(&crew);
    for (int i = 0; i < 5; i++) crew_until_metric(&crew, SUCCESS, crew.asked);
    assert_true(crew_metric(&crew, "tsfm_cache_entries") == crew.asked);
    assert_true(crew_metric(&crew, "tsfm_workers") == 2);
    assert_true(crew_metric(&crew, "tsfm_worker_restarts_total") == 0);
    assert_true(crew_metric(&crew, "tsfm_breaker_state{worker=\"0\",state=\"closed\"}") == 1);
    assert_true(crew_metric(&crew, "tsfm_breaker_state{worker=\"1\",state=\"closed\"}") == 1);
    crew_stop(&crew);
    char *out = child_out(&crew.child);
    assert_non_null(strstr(out, "ready on"));
    assert_null(strstr(strstr(out, "ready on") + 1, "ready on"));
    mem_free(out);
    crew_clean(&crew);
}

static void killed_worker_comes_back_is_counted_and_forgets_no_count(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "2", NOTHING);
    ask_both(&crew);
    crew_until_metric(&crew, SUCCESS, crew.asked);
    pid_t victim = crew_worker(&crew, 0);
    kill(victim, SIGKILL);
    crew_until_gone(victim);
    instant_ns patience = clock_now() + 20 * NS_PER_S;
    while (crew_metric(&crew, "tsfm_worker_restarts_total") < 1 ||
           crew_metric(&crew, "tsfm_workers") < 2) {
        crew_ask(&crew);
        if (clock_now() > patience) fail_msg("the worker did not come back");
    }
    assert_int_not_equal(crew_worker(&crew, 0), victim);
    unsigned before = crew_logged(&crew, "\"event\":\"request\",\"worker\":0,");
    while (crew_logged(&crew, "\"event\":\"request\",\"worker\":0,") == before) {
        crew_ask(&crew);
        if (clock_now() > patience) fail_msg("it does not answer");
    }
    crew_until_metric(&crew, SUCCESS, crew.asked);
    assert_int_equal(crew_logged(&crew, "\"event\":\"worker_ended\",\"worker\":0,"), 1);
    assert_true(crew_metric(&crew, "tsfm_worker_restarts_total") == 1);
    crew_stop(&crew);
    crew_clean(&crew);
}

static bool four_hang(struct rig *rig)
{
    return rig->hung_count == 4;
}

static void post_hanging(struct crew *crew, int fds[4])
{
    rig_play(&crew->rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    for (int i = 0; i < 4; i++) {
        char market[32];
        snprintf(market, sizeof market, "hanging-%d", i);
        fds[i] = crew_post(crew, market);
    }
    rig_until(&crew->rig, four_hang);
}

static void sigterm_lets_every_worker_finish_its_requests(void **state)
{
    (void)state;
    struct crew crew;
    int fds[4];
    crew_start(&crew, "2", NOTHING);
    post_hanging(&crew, fds);
    kill(crew.child.pid, SIGTERM);
    crew_until_logged(&crew, "\"event\":\"drain\"", 2);
    rig_answer_hung(&crew.rig);
    for (int i = 0; i < 4; i++) {
        struct rig_answer answer = rig_receive(&crew.rig, fds[i]);
        assert_int_equal(answer.status, 200);
        rig_assert_meta(&answer, "runtime", "tollama");
        rig_answer_free(&answer);
    }
    assert_int_equal(child_wait(&crew.child), 0);
    assert_int_equal(crew_logged(&crew, "\"event\":\"stop\""), 2);
    crew_clean(&crew);
}

static void sigterm_to_a_worker_is_heard_once_more_without_harm(void **state)
{
    (void)state;
    struct crew crew;
    int fds[4];
    crew_start(&crew, "2", NOTHING);
    post_hanging(&crew, fds);
    /* As a service manager does that stops all processes of a service at once. */
    kill(crew.child.pid, SIGTERM);
    crew_until_logged(&crew, "\"event\":\"drain\"", 2);
    kill(crew_worker(&crew, 0), SIGTERM);
    kill(crew_worker(&crew, 1), SIGTERM);
    rig_answer_hung(&crew.rig);
    for (int i = 0; i < 4; i++) {
        struct rig_answer answer = rig_receive(&crew.rig, fds[i]);
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
    }
    assert_int_equal(child_wait(&crew.child), 0);
    crew_clean(&crew);
}

static void second_signal_kills_all(void **state)
{
    (void)state;
    struct crew crew;
    int fds[4];
    crew_start(&crew, "2", NOTHING);
    post_hanging(&crew, fds);
    pid_t workers[] = { crew_worker(&crew, 0), crew_worker(&crew, 1) };
    kill(crew.child.pid, SIGTERM);
    crew_until_logged(&crew, "\"event\":\"drain\"", 2);
    kill(crew.child.pid, SIGINT);
    assert_int_equal(child_wait(&crew.child), 128 + SIGINT);
    for (int i = 0; i < 2; i++) crew_until_gone(workers[i]);
    for (int i = 0; i < 4; i++) close(fds[i]);
    crew_clean(&crew);
}

static void no_worker_outlives_a_killed_supervisor(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "3", NOTHING);
    pid_t workers[] = { crew_worker(&crew, 0), crew_worker(&crew, 1), crew_worker(&crew, 2) };
    kill(crew.child.pid, SIGKILL);
    assert_int_equal(child_wait(&crew.child), 128 + SIGKILL);
    for (int i = 0; i < 3; i++) crew_until_gone(workers[i]);
    crew_clean(&crew);
}

static void each_life_of_a_worker_writes_its_own_trace(void **state)
{
    (void)state;
    struct crew crew;
    char folder[] = "/tmp/tollgate-traces-XXXXXX";
    char trace[64];
    assert_non_null(mkdtemp(folder));
    snprintf(trace, sizeof trace, "%s/t", folder);
    crew_start(&crew, "2", MORE("--trace", trace));
    pid_t victim = crew_worker(&crew, 1);
    kill(victim, SIGKILL);
    crew_until_gone(victim); /* what waits in its queue is reset */
    crew_until_metric(&crew, "tsfm_worker_restarts_total", 1);
    crew_until_metric(&crew, "tsfm_workers", 2);
    crew_stop(&crew);
    static const char *const ends[] = { ".0", ".1", ".1.1" };
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        char *text = NULL;
        size_t length;
        struct err_note note = { 0 };
        snprintf(path, sizeof path, "%s%s", trace, ends[i]);
        if (file_read(path, 1 << 20, &text, &length, &note) != ERR_OK) fail_msg("%s", path);
        assert_non_null(strstr(text, "{\"trace\":"));
        mem_free(text);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    crew_clean(&crew);
}

static void worker_that_refuses_to_start_ends_the_program_with_its_sentence(void **state)
{
    (void)state;
    struct crew crew;
    crew_launch(&crew, "2", MORE("--trace", "/nonexistent/trace"));
    assert_int_equal(child_wait(&crew.child), 2);
    char *out = child_out(&crew.child);
    assert_string_equal(out, "");
    mem_free(out);
    assert_true(crew_logged(&crew, "/nonexistent/trace.") >= 1);
    assert_int_equal(crew_logged(&crew, "\"restarts\":1"), 0);
    crew_clean(&crew);
}

static void worker_that_can_never_start_again_ends_the_program(void **state)
{
    (void)state;
    struct crew crew;
    char folder[] = "/tmp/tollgate-traces-XXXXXX";
    char trace[64];
    char path[80];
    assert_non_null(mkdtemp(folder));
    snprintf(trace, sizeof trace, "%s/t", folder);
    /* Where the later lives of worker 0 would write: no file can be. */
    for (int life = 1; life <= 5; life++) {
        snprintf(path, sizeof path, "%s.0.%d", trace, life);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    crew_start(&crew, "2", MORE("--trace", trace));
    kill(crew_worker(&crew, 0), SIGKILL);
    assert_int_equal(child_wait(&crew.child), 2);
    assert_int_equal(crew_logged(&crew, "worker 0 ended 5 times in a row right after its"), 1);
    for (int life = 1; life <= 5; life++) {
        snprintf(path, sizeof path, "%s.0.%d", trace, life);
        assert_int_equal(rmdir(path), 0);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s.%d", trace, i);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    crew_clean(&crew);
}

static void port_that_other_workers_serve_is_refused(void **state)
{
    (void)state;
    struct crew crew;
    struct child second;
    char listen[32];
    crew_start(&crew, "2", NOTHING);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)crew.port);
    child_start(&second, MORE("--workers", "2", "--listen", listen));
    assert_int_equal(child_wait(&second), 4);
    char *err = child_err(&second);
    assert_non_null(strstr(err, "cannot listen on 127.0.0.1 port"));
    mem_free(err);
    child_clean(&second);
    crew_stop(&crew);
    crew_clean(&crew);
}

static bool one_hangs(struct rig *rig)
{
    return rig->hung_count > 0;
}

/* Who is told 503 has not gone away. */
static void what_a_draining_worker_cuts_off_counts_as_an_error(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "2", MORE("--set", "drain_s=0.05"));
    rig_play(&crew.rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    int fd = crew_post(&crew, "m1");
    rig_until(&crew.rig, one_hangs);
    for (unsigned i = 0; i < 2; i++) { /* it is with one of them */
        pid_t worker = crew_worker(&crew, i);
        kill(worker, SIGTERM);
        crew_until_gone(worker);
        crew_until_metric(&crew, "tsfm_worker_restarts_total", i + 1);
        crew_until_metric(&crew, "tsfm_workers", 2);
    }
    struct rig_answer answer = rig_receive(&crew.rig, fd);
    assert_int_equal(answer.status, 503);
    rig_answer_free(&answer);
    crew_until_metric(&crew, "tsfm_request_total{status=\"error\"}", 1);
    assert_true(crew_metric(&crew, "tsfm_request_total{status=\"abandoned\"}") == 0);
    crew_stop(&crew);
    crew_clean(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_answer_on_one_port_and_any_shows_the_sum),
        cmocka_unit_test(killed_worker_comes_back_is_counted_and_forgets_no_count),
        cmocka_unit_test(sigterm_lets_every_worker_finish_its_requests),
        cmocka_unit_test(sigterm_to_a_worker_is_heard_once_more_without_harm),
        cmocka_unit_test(second_signal_kills_all),
        cmocka_unit_test(no_worker_outlives_a_killed_supervisor),
        cmocka_unit_test(each_life_of_a_worker_writes_its_own_trace),
        cmocka_unit_test(worker_that_refuses_to_start_ends_the_program_with_its_sentence),
        cmocka_unit_test(worker_that_can_never_start_again_ends_the_program),
        cmocka_unit_test(port_that_other_workers_serve_is_refused),
        cmocka_unit_test(what_a_draining_worker_cuts_off_counts_as_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
