/* What workers share, without the processes. */
#include "runtime/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct workers *make(uint32_t count)
{
    static struct runtime_config config;
    struct err_note note = { 0 };
    const struct config_source none = { 0 };
    if (config_load(&config, &none, &note) != ERR_OK) fail_msg("%s", note.sentence);
    struct workers *workers = workers_create(count, &config);
    assert_non_null(workers);
    return workers;
}

static void publish(struct workers *workers, uint32_t worker, uint64_t successes, uint32_t calls,
                    uint64_t stale_sockets, enum breaker_state breaker)
{
    const struct metrics metrics = { .requests = { [METRICS_SUCCESS] = successes } };
    const struct metrics_gauges gauges = {
        .engine = { .calls = calls, .breaker = breaker },
        .stale_sockets = stale_sockets,
    };
    workers_publish(workers, worker, &metrics, &gauges);
}

struct sum {
    struct metrics metrics;
    struct metrics_gauges gauges;
    struct metrics_workers page;
};

static struct sum sum_of(const struct workers *workers)
{
    struct sum sum;
    workers_sum(workers, &sum.metrics, &sum.gauges, &sum.page);
    return sum;
}

static void counters_and_gauges_are_summed_and_breakers_are_not(void **state)
{
    (void)state;
    struct workers *workers = make(2);
    publish(workers, 0, 70, 3, 1, BREAKER_OPEN);
    publish(workers, 1, 30, 4, 2, BREAKER_CLOSED);
    workers_on_ready(workers, 1);
    struct sum sum = sum_of(workers);
    assert_int_equal(sum.metrics.requests[METRICS_SUCCESS], 100);
    assert_int_equal(sum.gauges.engine.calls, 7);
    assert_int_equal(sum.gauges.stale_sockets, 3);
    assert_int_equal(sum.page.count, 2);
    assert_int_equal(sum.page.breakers[0], BREAKER_OPEN);
    assert_int_equal(sum.page.breakers[1], BREAKER_CLOSED);
    assert_false(sum.page.ready[0]);
    assert_true(sum.page.ready[1]);
    workers_destroy(workers);
}

static void next_life_goes_on_with_the_counters_and_without_the_rest(void **state)
{
    (void)state;
    struct workers *workers = make(2);
    publish(workers, 0, 70, 3, 5, BREAKER_OPEN);
    publish(workers, 1, 30, 4, 0, BREAKER_CLOSED);
    workers_on_ready(workers, 0);
    workers_on_end(workers, 0);
    struct sum sum = sum_of(workers);
    assert_int_equal(sum.metrics.requests[METRICS_SUCCESS], 100);
    assert_int_equal(sum.gauges.engine.calls, 4);
    assert_int_equal(sum.gauges.stale_sockets, 5);
    assert_int_equal(sum.page.breakers[0], BREAKER_CLOSED);
    assert_false(sum.page.ready[0]);

    struct metrics metrics;
    struct metrics_gauges before;
    workers_adopt(workers, 0, &metrics, &before);
    assert_int_equal(metrics.requests[METRICS_SUCCESS], 70);
    assert_int_equal(before.stale_sockets, 5);
    assert_int_equal(before.engine.calls, 0);
    workers_destroy(workers);
}

/* As a moment, not as a length: a worker at rest publishes nothing while it passes. */
static void the_longest_hold_of_those_who_live_is_in_the_sum(void **state)
{
    (void)state;
    struct workers *workers = make(2);
    const struct metrics none = { .breaker_open = 0 };
    const struct metrics_gauges early = { .engine = { .held_until = 5 * NS_PER_S } };
    const struct metrics_gauges late = { .engine = { .held_until = 9 * NS_PER_S } };
    workers_publish(workers, 0, &none, &late);
    workers_publish(workers, 1, &none, &early);
    assert_int_equal(sum_of(workers).gauges.engine.held_until, 9 * NS_PER_S);
    workers_on_end(workers, 0);
    assert_int_equal(sum_of(workers).gauges.engine.held_until, 5 * NS_PER_S);
    workers_destroy(workers);
}

static void what_the_supervisor_counts_is_in_the_sum(void **state)
{
    (void)state;
    struct workers *workers = make(1);
    workers_count_restart(workers);
    workers_count_restart(workers);
    workers_count_reload(workers, METRICS_RELOAD_APPLIED);
    workers_count_reload(workers, METRICS_RELOAD_REFUSED);
    workers_count_reload(workers, METRICS_RELOAD_REFUSED);
    struct sum sum = sum_of(workers);
    assert_int_equal(sum.page.restarts, 2);
    assert_int_equal(sum.metrics.reloads[METRICS_RELOAD_APPLIED], 1);
    assert_int_equal(sum.metrics.reloads[METRICS_RELOAD_REFUSED], 2);
    workers_destroy(workers);
}

static void latest_settings_are_the_ones_that_are_read(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct workers *workers = make(1);
    assert_int_equal(workers_get_config(workers, &config), 0);
    for (uint64_t reload = 1; reload <= 3; reload++) {
        config.engine.cache.ttl_ns = reload;
        workers_set_config(workers, &config);
        memset(&config, 0, sizeof config);
        assert_int_equal(workers_get_config(workers, &config), reload);
        assert_int_equal(config.engine.cache.ttl_ns, reload);
    }
    workers_destroy(workers);
}

static void what_a_process_published_outlives_it(void **state)
{
    (void)state;
    struct workers *workers = make(2);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        publish(workers, 1, 42, 1, 0, BREAKER_CLOSED);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(sum_of(workers).metrics.requests[METRICS_SUCCESS], 42);
    workers_destroy(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_summed_and_breakers_are_not),
        cmocka_unit_test(next_life_goes_on_with_the_counters_and_without_the_rest),
        cmocka_unit_test(the_longest_hold_of_those_who_live_is_in_the_sum),
        cmocka_unit_test(what_the_supervisor_counts_is_in_the_sum),
        cmocka_unit_test(latest_settings_are_the_ones_that_are_read),
        cmocka_unit_test(what_a_process_published_outlives_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
