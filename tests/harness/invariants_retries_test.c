#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

#define CHECK "invariant.retries"

static void set_up(struct stage *stage)
{
    stage_open(stage, STAGE_SCENARIO(STAGE_EXPECT), NULL);
    stage_simulate(stage);
    stage_judge(stage);
    stage_assert_passes(stage, CHECK);
    assert_true(stage_check(stage, CHECK)->n > 300);
}

/* The first request that got through at the first attempt: now it failed, and fell back. */
static struct run_attempt *spoil(struct stage *stage, enum outcome outcome)
{
    struct run_answer *answer = stage_answer(stage, SERVED_UPSTREAM, 1);
    struct run_attempt *attempt = stage_attempt(stage, answer, 0);
    attempt->outcome = outcome;
    return attempt;
}

static void what_may_be_retried_is_retried(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    spoil(&stage, OUTCOME_HTTP_503);
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "the first gave up after attempt 0 (http_503) with 17");
    spoil(&stage, OUTCOME_BAD_SCHEMA); /* another try would not help */
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    stage_close(&stage);
}

/* A path that says why ends the matter; so does a Retry-After, or too little time. */
static void who_is_kept_from_a_retry_may_give_up(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_attempt *attempt = spoil(&stage, OUTCOME_HTTP_503);
    const struct run_answer *answer = &stage.run.answers[attempt->request];
    struct path_entry *last = &stage.run.path[answer->path_at + answer->path_count - 1];
    static const enum path_step refusals[] = { PATH_HOLD,      PATH_BREAKER_OPEN, PATH_POOL_FULL,
                                               PATH_POOL_TIMEOUT, PATH_RETRY_BUDGET,
                                               PATH_BREAKER_PROBES_OUT };
    struct path_entry kept = *last;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        last->step = (uint8_t)refusals[i];
        stage_judge(&stage);
        stage_assert_passes(&stage, CHECK);
    }
    *last = kept;
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "1 of ");
    attempt->latency_ns = 1600 * NS_PER_MS; /* ceiling 100 ms and budget 100 ms do not fit 1.8 s */
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    attempt->latency_ns = 1598 * NS_PER_MS;
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK, "with 202.0 ms left");
    stage_close(&stage);
}

static void a_retry_without_its_least_budget_is_found(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage);
    struct run_answer *answer = NULL;
    for (size_t i = 0; i < stage.schedule.count && answer == NULL; i++) {
        if (stage.run.answers[i].attempt_count > 1) answer = &stage.run.answers[i];
    }
    assert_non_null(answer);
    struct run_attempt *retry = stage_attempt(&stage, answer, 1);
    uint64_t end_ns = answer->sent_ns + stage.config.engine.request_deadline_ns;
    retry->started_ns = end_ns - 100 * NS_PER_MS;
    stage_judge(&stage);
    stage_assert_passes(&stage, CHECK);
    retry->started_ns = end_ns - 98 * NS_PER_MS;
    stage_judge(&stage);
    stage_assert_fails(&stage, CHECK,
                       "attempt 1 of the first began 98.0 ms before the deadline; a retry needs "
                       "100.0 ms");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_retried_is_retried),
        cmocka_unit_test(who_is_kept_from_a_retry_may_give_up),
        cmocka_unit_test(a_retry_without_its_least_budget_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
