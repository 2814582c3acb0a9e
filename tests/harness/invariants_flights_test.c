#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

/* Crowds that ask for the same at once, while the upstream fails. */
#define CROWD                                                                                      \
    "version: 1\nname: crowd\nteaches: A crowd.\nseed: 7\nduration: 10s\n"                         \
    "runtime:\n  env: prod\n  set:\n    cache_ttl_s: 0.5\n    cache_stale_if_error_s: 0.5\n"       \
    "workload:\n  - arrival: { burst: { size: 10, every: 1s, spread: 5ms } }\n"                    \
    "    keys: { count: 1 }\n"                                                                     \
    "upstream:\n  latency: 40ms\n  phases:\n"                                                      \
    "    - { name: broken, from: 3s, to: 7s, faults: [ { status: 500 } ] }\n"                      \
    "expect:\n  - order: guide\n"

/* The first request that waited for another's call, which failed. */
static struct run_answer *find_waiter(struct stage *stage)
{
    for (size_t i = 0; i < stage->schedule.count; i++) {
        struct run_answer *answer = &stage->run.answers[i];
        for (uint32_t w = 0; w < answer->path_count; w++) {
            if (stage->run.path[answer->path_at + w].step == PATH_FLIGHT_FAILED) return answer;
        }
    }
    fail_msg("nobody waited for a call that failed");
    return NULL;
}

static void who_waited_for_a_call_that_failed_has_its_cause(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, CROWD, NULL);
    stage_simulate(&stage);
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.codes");
    struct run_answer *waiter = find_waiter(&stage);
    assert_int_equal(CODE_RUNTIME_5XX, waiter->cause);
    assert_int_equal(0, waiter->attempt_count);
    waiter->cause = CODE_RUNTIME_OVERLOADED;
    stage_judge(&stage);
    stage_assert_fails(&stage, "invariant.codes",
                       "the first has cause RUNTIME_OVERLOADED, but the call that it waited for "
                       "has another");
    stage_close(&stage);
}

/* Its client hung up, so that nobody knows what became of it. */
static void a_waiter_whose_leader_is_not_known_is_not_judged(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, CROWD, NULL);
    stage_simulate(&stage);
    struct run_answer *waiter = find_waiter(&stage);
    waiter->cause = CODE_RUNTIME_OVERLOADED;
    for (size_t i = 0; i < stage.schedule.count; i++) {
        struct run_answer *answer = &stage.run.answers[i];
        if (answer->attempt_count == 0 || answer->served == SERVED_UPSTREAM) continue;
        answer->answered = false;
        answer->hung_up = true;
    }
    stage_judge(&stage);
    stage_assert_passes(&stage, "invariant.codes");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waited_for_a_call_that_failed_has_its_cause),
        cmocka_unit_test(a_waiter_whose_leader_is_not_known_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
