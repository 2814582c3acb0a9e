/* What depends on what came before: workers and their queue, token buckets, cold models; and the
 * windows of connect faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fault_fixture.h"

#define MS(n) ((uint64_t)(n)*1000000)

static const char two_workers[] =
    "latency: 100ms\n  capacity: { workers: 2, queue: 3, on_full: 503 }";

static void requests_wait_for_a_worker_in_the_order_they_come(void **state)
{
    (void)state;
    static const uint64_t firsts[] = { 100, 100, 200, 200, 300 };
    struct faults faults;
    faults_open_good(&faults, "{ status: 500, share: 0% }", two_workers);
    for (uint64_t i = 0; i < 5; i++) {
        struct reply_plan plan = faults_plan(&faults, i, 0, 0);
        assert_int_equal(plan.steps[0].after_ns, MS(firsts[i]));
        assert_int_equal(plan.wait_ns, MS(firsts[i] - 100));
    }
    struct reply_plan full = faults_plan(&faults, 5, 0, 0);
    assert_int_equal(full.fired, PLAN_FIRED_FULL);
    assert_int_equal(full.status, 503);
    assert_int_equal(full.steps[0].after_ns, 0);
    /* At 100 ms two of those that waited have begun, so two places are free. */
    assert_int_equal(faults_plan(&faults, 6, 0, 100).wait_ns, MS(100));
    assert_int_equal(faults_plan(&faults, 7, 0, 100).wait_ns, MS(200));
    assert_int_equal(faults_plan(&faults, 8, 0, 100).fired, PLAN_FIRED_FULL);
    /* And when all is over nobody waits. */
    assert_int_equal(faults_plan(&faults, 9, 0, 900).wait_ns, 0);
    plan_state_reset(faults.state);
    assert_int_equal(faults_plan(&faults, 1, 0, 0).wait_ns, 0);
    faults_close(&faults);
}

static void full_queue_answers_as_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *upstream;
        unsigned status;
        const char *steps;
    } cases[] = {
        { "latency: 1s\n  capacity: { workers: 1, queue: 0 }", 503,
          "0ms head, 0ms body 100%, 0ms end" },
        { "latency: 1s\n  capacity: { workers: 1, queue: 0, on_full: 429 }", 429,
          "0ms head, 0ms body 100%, 0ms end" },
        { "latency: 1s\n  capacity: { workers: 1, queue: 0, on_full: reset }", 200, "0ms reset" },
        { "latency: 1s\n  capacity: { workers: 1, queue: 0, on_full: close }", 200, "0ms close" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct faults faults;
        char steps[512];
        faults_open_good(&faults, "{ delay: 1ms }", cases[i].upstream);
        (void)faults_plan(&faults, 1, 0, 0);
        struct reply_plan plan = faults_plan(&faults, 2, 0, 1);
        assert_int_equal(plan.status, cases[i].status);
        assert_string_equal(faults_steps(&plan, steps), cases[i].steps);
        faults_close(&faults);
    }
}

static void delays_keep_a_worker_and_gates_and_stops_do_not(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ delay: 400ms, first: 1 }, { rate_limit: { rate: 1/m, burst: 2 }, after: "
                     "1s, until: 2s }",
                     "latency: 100ms\n  capacity: { workers: 1, queue: 9 }");
    assert_int_equal(faults_plan(&faults, 1, 0, 0).steps[0].after_ns, MS(500));
    assert_int_equal(faults_plan(&faults, 2, 0, 0).wait_ns, MS(500));
    (void)faults_plan(&faults, 3, 0, 1000); /* the two tokens */
    (void)faults_plan(&faults, 4, 0, 1000);
    for (uint64_t i = 0; i < 5; i++) {
        struct reply_plan limited = faults_plan(&faults, 5 + i, 0, 1001);
        assert_int_equal(limited.status, 429);
        assert_int_equal(limited.steps[0].after_ns, 0);
    }
    assert_int_equal(faults_plan(&faults, 20, 0, 2000).wait_ns, 0);
    faults_close(&faults);
    faults_open_good(&faults, "{ at: request_head, do: reset }",
                     "latency: 100ms\n  capacity: { workers: 1, queue: 0 }");
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(faults_plan(&faults, i, 0, 1).fired, 1);
    faults_close(&faults);
}

static void token_bucket_lets_its_burst_and_then_its_rate_through(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults, "{ rate_limit: { rate: 20/s, burst: 4, retry_after: 2s } }", NULL);
    size_t passed = 0;
    for (uint64_t i = 0; i < 1000; i++) { /* 100 per s over 9.99 s */
        struct reply_plan plan = faults_plan(&faults, i, 0, i * 10);
        if (plan.fired == 0) passed++;
        if (plan.fired == 0) continue;
        assert_int_equal(plan.status, 429);
        assert_int_equal(plan.retry_after_s, 2);
        assert_true(i >= 4);
    }
    assert_int_equal(passed, 4 + 199); /* 9.99 s * 20/s, whole tokens */
    plan_state_reset(faults.state);
    passed = 0;
    (void)faults_plan(&faults, 1, 0, 0);
    for (uint64_t i = 0; i < 50; i++) { /* however long nobody came, the bucket holds four */
        if (faults_plan(&faults, i, 0, 9000).fired == 0) passed++;
    }
    assert_int_equal(passed, 4);
    faults_close(&faults);
}

static struct reply_plan call(struct faults *faults, const char *model, uint64_t at_ms)
{
    struct plan_query query = { .request_key = at_ms, .offset_ns = MS(at_ms), .model = model };
    struct reply_plan plan;
    plan_make(faults->state, &query, &plan);
    return plan;
}

static void model_is_loaded_by_its_first_call(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults, "{ cold_start: 2s }", NULL);
    assert_int_equal(call(&faults, "a", 1000).steps[0].after_ns, MS(2040));
    assert_int_equal(call(&faults, "a", 2500).steps[0].after_ns, MS(540));
    assert_int_equal(call(&faults, "b", 2500).wait_ns, MS(2000));
    assert_int_equal(call(&faults, "a", 3000).fired, 0);
    assert_int_equal(call(&faults, "a", 9999).fired, 0);
    faults_close(&faults);
    faults_open_good(&faults, "{ cold_start: { load: 1s, idle: 3s } }", NULL);
    assert_int_equal(call(&faults, "a", 0).wait_ns, MS(1000));
    assert_int_equal(call(&faults, "a", 3900).fired, 0);
    assert_int_equal(call(&faults, "a", 6900).fired, 0);
    assert_int_equal(call(&faults, "a", 9901).wait_ns, MS(1000)); /* unloaded at 9,900 */
    faults_close(&faults);
}

static void more_models_than_are_remembered_are_loaded_again(void **state)
{
    (void)state;
    struct faults faults;
    char name[8];
    faults_open_good(&faults, "{ cold_start: 1ms }", NULL);
    for (unsigned i = 0; i < 17; i++) {
        snprintf(name, sizeof name, "m%u", i);
        assert_int_equal(call(&faults, name, i * 10).wait_ns, MS(1));
    }
    assert_int_equal(call(&faults, "m16", 200).wait_ns, 0);
    assert_int_equal(call(&faults, "m0", 200).wait_ns, MS(1)); /* its place was given away */
    faults_close(&faults);
}

static void connect_faults_are_windows(void **state)
{
    (void)state;
    struct faults faults;
    faults_open_good(&faults,
                     "{ at: connect, do: refuse, after: 1s, until: 2s }, { at: connect, do: stall, "
                     "after: 3s }, { status: 503 }",
                     NULL);
    assert_int_equal(plan_connect_at(faults.state, MS(999)), CONNECT_OPEN);
    assert_int_equal(plan_connect_at(faults.state, MS(1000)), CONNECT_REFUSE);
    assert_int_equal(plan_connect_at(faults.state, MS(2000)), CONNECT_OPEN);
    assert_int_equal(plan_connect_at(faults.state, MS(9999)), CONNECT_STALL);
    assert_int_equal(plan_connect_at(faults.state, MS(10000)), CONNECT_OPEN);
    assert_int_equal(plan_connect_next(faults.state, 0), MS(1000));
    assert_int_equal(plan_connect_next(faults.state, MS(1000)), MS(2000));
    assert_int_equal(plan_connect_next(faults.state, MS(2000)), MS(3000));
    assert_int_equal(plan_connect_next(faults.state, MS(3000)), MS(10000));
    assert_int_equal(plan_connect_next(faults.state, MS(10000)), UINT64_MAX);
    assert_int_equal(faults_plan(&faults, 1, 0, 1500).fired, 4); /* never of a request */
    faults_close(&faults);
}

static void without_a_scenario_all_is_healthy_at_once(void **state)
{
    (void)state;
    struct plan_state *plans = plan_state_create(NULL, 1);
    struct plan_query query = { .request_key = 1, .offset_ns = UINT64_MAX };
    struct reply_plan plan;
    char steps[512];
    plan_make(plans, &query, &plan);
    assert_string_equal(faults_steps(&plan, steps), "0ms head, 0ms body 100%, 0ms end");
    assert_false(plan_needs_head(plans, 5));
    assert_int_equal(plan_connect_at(plans, 5), CONNECT_OPEN);
    plan_state_reset(plans);
    plan_state_destroy(plans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_wait_for_a_worker_in_the_order_they_come),
        cmocka_unit_test(full_queue_answers_as_it_is_told),
        cmocka_unit_test(delays_keep_a_worker_and_gates_and_stops_do_not),
        cmocka_unit_test(token_bucket_lets_its_burst_and_then_its_rate_through),
        cmocka_unit_test(model_is_loaded_by_its_first_call),
        cmocka_unit_test(more_models_than_are_remembered_are_loaded_again),
        cmocka_unit_test(connect_faults_are_windows),
        cmocka_unit_test(without_a_scenario_all_is_healthy_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
