#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crew.h"
#include "promtool.h"

/* The page of a program with several workers: whichever answers, it tells of all. */

static double sample_of(struct crew *crew, const char *name, unsigned worker)
{
    char sample[96];
    snprintf(sample, sizeof sample, "%s{worker=\"%u\"}", name, worker);
    return crew_metric(crew, sample);
}

static void the_page_of_several_workers_satisfies_prometheus_own_checker(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "2", (const char *const[]){ NULL });
    for (int i = 0; i < 4; i++) crew_ask(&crew);
    static const char get[] = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
    struct rig_answer page = rig_receive(&crew.rig, rig_send(crew.port, get, sizeof get - 1));
    assert_int_equal(page.status, 200);
    promtool_check(page.body);
    rig_answer_free(&page);
    crew_stop(&crew);
    crew_clean(&crew);
}

static void each_worker_shows_its_own_process_and_a_new_one_when_it_was_killed(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, "2", (const char *const[]){ NULL });
    for (unsigned worker = 0; worker < 2; worker++) {
        double started_s = sample_of(&crew, "process_start_time_seconds", worker);
        assert_true(started_s > 1e9);
        assert_true(sample_of(&crew, "process_resident_memory_bytes", worker) > 1e6);
        assert_true(sample_of(&crew, "process_open_fds", worker) > 3);
        assert_true(sample_of(&crew, "process_cpu_seconds_total", worker) > -0.5);
    }
    assert_true(crew_metric(&crew, "process_open_fds") < 0); /* never without its worker */
    double before_s = sample_of(&crew, "process_start_time_seconds", 1);
    pid_t victim = crew_worker(&crew, 1);
    kill(victim, SIGKILL);
    crew_until_gone(victim);
    crew_until_metric(&crew, "tsfm_worker_restarts_total", 1);
    crew_until_metric(&crew, "tsfm_workers", 2);
    assert_true(sample_of(&crew, "process_start_time_seconds", 1) > before_s);
    crew_stop(&crew);
    crew_clean(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_several_workers_satisfies_prometheus_own_checker),
        cmocka_unit_test(each_worker_shows_its_own_process_and_a_new_one_when_it_was_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
